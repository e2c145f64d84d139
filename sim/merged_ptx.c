/* merged_ptx.c - writes the kernel of a merged launch.
 *
 * The work is a stand-in's (sim/standin_ptx.c), in a loop over tasks.  The first thread alone reads the words, and tells the others
 * through shared memory between barriers, so that all threads of a block agree on which tasks it does. */
#include "config.h"

#include "sim/merged_ptx.h"

#include <stddef.h>

#include "sim/stream_ptx.h"

enum { CHUNKS = 1 }; /* under way at once in a warp: more would take registers of all parts */

#define AT(member) (unsigned)offsetof(struct cr_merged_part, member)

/* r1 epoch, r2 tasks, r3 rounds, r4 fmas, r5 workers, r7 thread, r10 threads, r11 tasks done, r12 task, r30 chains; d1
 * counters, d2 words, d3 data, d16 part. */
static const char HEAD[] =
  ".version 7.0\n"
  ".target sm_70\n"
  ".address_size 64\n"
  ".visible .entry merged(\n"
  "  .param .align 8 .b8 part[%u], .param .u32 n_part, .param .u32 columns, .param .u64 data,\n"
  "  .param .u64 stream, .param .u32 stream_mask, .param .u32 l2_mask)\n"
  "{\n"
  "  .reg .pred %%p<14>;\n"
  "  .reg .b32 %%r<40>;\n"
  "  .reg .b64 %%d<18>;\n"
  "  .reg .f32 %%f<%u>;\n"
  "  .reg .f32 %%c<2>;\n"
  "  .reg .f32 %%b;\n"
  "  .shared .align 4 .u32 stop;\n";

static const char FIND[] = "  mov.u32 %r7, %tid.x;\n"
                           "  mov.u32 %r8, %ctaid.x;\n"
                           "  ld.param.u32 %r31, [columns];\n"
                           "  ld.param.u32 %r32, [n_part];\n"
                           "  div.u32 %r33, %r8, %r31;\n"
                           "  rem.u32 %r34, %r8, %r31;\n"
                           "  mov.b64 %d16, part;\n"
                           "FIND:\n";

static const char IS_IT[] = "  sub.u32 %r35, %r34, %r35;\n"
                            "  sub.u32 %r37, %r33, %r37;\n"
                            "  setp.lt.u32 %p1, %r35, %r36;\n"
                            "  setp.lt.and.u32 %p1, %r37, %r38, %p1;\n"
                            "  @%p1 bra FOUND;\n";

static const char NEXT[] = "  sub.u32 %r32, %r32, 1;\n"
                           "  setp.ne.u32 %p1, %r32, 0;\n"
                           "  @%p1 bra FIND;\n"
                           "  ret;\n"
                           "FOUND:\n";

static const char BEGIN[] = "  mad.lo.u32 %r12, %r37, %r36, %r35;\n"
                            "  setp.ge.u32 %p1, %r12, %r5;\n"
                            "  setp.ge.or.u32 %p1, %r7, %r10, %p1;\n"
                            "  @%p1 bra END;\n"
                            "  cvta.to.global.u64 %d2, %d2;\n"
                            "  ld.param.u64 %d3, [data];\n"
                            "  cvta.to.global.u64 %d3, %d3;\n"
                            "  mov.u32 %r9, %ntid.x;\n"
                            "  mov.u32 %r11, 0;\n"
                            "  mov.u32 %r15, 0;\n"
                            "  setp.eq.u32 %p0, %r7, 0;\n"
                            "  setp.eq.u32 %p12, %r30, 4;\n"
                            "  mad.lo.u32 %r13, %r8, %r9, %r7;\n"
                            "  cvt.rn.f32.u32 %b, %r13;\n"
                            "  mov.f32 %c0, 0f3F7FFFFF;\n"
                            "  mov.f32 %c1, 0f33800000;\n"
                            "  setp.eq.u32 %p3, %r3, 0;\n";

static const char TASK[] = "TASK:\n"
                           "  bar.sync 0, %r10;\n"
                           "  @!%p0 bra READY;\n"
                           "  mov.u32 %r21, 0;\n"
                           "  setp.eq.u64 %p2, %d2, 0;\n"
                           "  @%p2 bra SAY;\n"
                           "  ld.volatile.global.u32 %r22, [%d2];\n"
                           "  setp.ge.u32 %p1, %r22, %r1;\n"
                           "  selp.u32 %r21, 1, 0, %p1;\n"
                           "SAY:\n"
                           "  st.volatile.shared.u32 [stop], %r21;\n"
                           "  or.b32 %r22, %r21, %r15;\n"
                           "  setp.ne.u32 %p1, %r22, 0;\n"
                           "  setp.eq.or.u64 %p1, %d1, 0, %p1;\n"
                           "  @%p1 bra READY;\n"
                           "  mov.u32 %r15, 1;\n"
                           "  cvta.to.global.u64 %d14, %d1;\n"
                           "  mov.u64 %d4, %globaltimer;\n"
                           "  not.b64 %d4, %d4;\n"
                           "  red.global.max.u64 [%d14+8], %d4;\n"
                           "READY:\n"
                           "  bar.sync 0, %r10;\n"
                           "  ld.volatile.shared.u32 %r22, [stop];\n"
                           "  setp.ne.u32 %p1, %r22, 0;\n"
                           "  @%p1 bra GONE;\n"
                           "  mov.u32 %r16, 0;\n"
                           "  @%p3 bra DONE;\n"
                           "ROUND:\n";

static const char WORK[] = "  mov.u32 %r19, %r4;\n"
                           "  setp.eq.u32 %p4, %r19, 0;\n"
                           "  @%p4 bra LOOK;\n"
                           "  @%p12 bra FMAS4;\n";

static const char AGAIN[] = "  sub.u32 %%r19, %%r19, 1;\n"
                            "  setp.ne.u32 %%p5, %%r19, 0;\n"
                            "  @%%p5 bra FMAS%u;\n"
                            "  bra LOOK;\n";

static const char LOOK[] = "LOOK:\n"
                           "  setp.eq.or.u64 %p6, %d2, 0, !%p0;\n"
                           "  @%p6 bra NEXT;\n"
                           "  and.b32 %r20, %r16, 3;\n"
                           "  setp.ne.u32 %p6, %r20, 0;\n"
                           "  @%p6 bra NEXT;\n"
                           "  ld.volatile.global.u32 %r21, [%d2+4];\n"
                           "  setp.lt.u32 %p7, %r21, %r1;\n"
                           "  @%p7 bra NEXT;\n"
                           "  st.volatile.shared.u32 [stop], 1;\n"
                           "NEXT:\n";

static const char AFTER[] = "  ld.volatile.shared.u32 %r22, [stop];\n"
                            "  add.u32 %r16, %r16, 1;\n"
                            "  setp.lt.u32 %p8, %r16, %r3;\n"
                            "  setp.eq.and.u32 %p8, %r22, 0, %p8;\n"
                            "  @%p8 bra ROUND;\n"
                            "DONE:\n"
                            "  bar.sync 0, %r10;\n"
                            "  ld.volatile.shared.u32 %r22, [stop];\n"
                            "  setp.ne.u32 %p1, %r22, 0;\n"
                            "  @%p1 bra GONE;\n"
                            "  add.u32 %r11, %r11, 1;\n"
                            "  add.u32 %r12, %r12, %r5;\n"
                            "  setp.lt.u32 %p1, %r12, %r2;\n"
                            "  @%p1 bra TASK;\n"
                            "GONE:\n";

/* The part's last block to go writes its record. */
static const char LEAVE[] = "  setp.eq.f32 %p9, %f0, 0f7F000001;\n"
                            "  @!%p9 bra COUNT;\n"
                            "  st.global.f32 [%d3], %f0;\n"
                            "COUNT:\n"
                            "  setp.eq.or.u64 %p1, %d1, 0, !%p0;\n"
                            "  @%p1 bra END;\n"
                            "  cvta.to.global.u64 %d1, %d1;\n"
                            "  cvt.u64.u32 %d9, %r11;\n"
                            "  shl.b64 %d9, %d9, 32;\n"
                            "  add.u64 %d9, %d9, 1;\n"
                            "  membar.gl;\n"
                            "  atom.global.add.u64 %d10, [%d1], %d9;\n"
                            "  add.u64 %d10, %d10, %d9;\n"
                            "  cvt.u32.u64 %r26, %d10;\n"
                            "  setp.ne.u32 %p11, %r26, %r5;\n"
                            "  @%p11 bra END;\n"
                            "  mov.u64 %d7, %globaltimer;\n"
                            "  shr.u64 %d10, %d10, 32;\n"
                            "  ld.volatile.global.u64 %d11, [%d1+8];\n"
                            "  setp.eq.u64 %p10, %d11, 0;\n"
                            "  not.b64 %d11, %d11;\n"
                            "  @%p10 mov.u64 %d11, 0;\n"
                            "  st.volatile.global.u64 [%d1], 0;\n"
                            "  st.volatile.global.u64 [%d1+8], 0;\n";

static const char TELL[] = "  cvta.to.global.u64 %d8, %d8;\n"
                           "  st.volatile.global.u64 [%d8], %d11;\n"
                           "  st.volatile.global.u64 [%d8+16], %d10;\n"
                           "  setp.eq.u64 %p10, %d12, 0;\n"
                           "  @%p10 bra TELL;\n"
                           "  cvta.to.global.u64 %d12, %d12;\n"
                           "  ld.volatile.global.u64 %d13, [%d12];\n"
                           "  st.volatile.global.u64 [%d8+8], %d13;\n"
                           "TELL:\n"
                           "  membar.sys;\n"
                           "  st.volatile.global.u64 [%d8+24], %d7;\n"
                           "END:\n"
                           "  ret;\n"
                           "}\n";

static void add_fmas(uint32_t n_chain, struct cr_text *out)
{
  enum { FMAS = 8 };
  cr_text_add(out, "FMAS%u:\n", n_chain);
  for (uint32_t i = 0; i < FMAS; i++)
    cr_text_add(out, "  fma.rn.f32 %%f%u, %%f%u, %%c0, %%c1;\n", i % n_chain, i % n_chain);
  cr_text_add(out, AGAIN, n_chain);
}

static void add_load(const char *to, unsigned offset, struct cr_text *out)
{
  cr_text_add(out, "  ld.param.%s %s, [%%d16+%u];\n", to[1] == 'd' ? "u64" : "u32", to, offset);
}

/* To the part in which the block lies. */
static void add_find(struct cr_text *out)
{
  cr_text_add(out, "%s", FIND);
  add_load("%r35", AT(column), out);
  add_load("%r36", AT(n_column), out);
  add_load("%r37", AT(row), out);
  add_load("%r38", AT(n_row), out);
  cr_text_add(out, "%s  add.s64 %%d16, %%d16, %u;\n%s", IS_IT, (unsigned)sizeof(struct cr_merged_part), NEXT);
}

static void add_begin(struct cr_text *out)
{
  add_load("%d1", AT(counters), out);
  add_load("%d2", AT(words), out);
  add_load("%r1", AT(epoch), out);
  add_load("%r2", AT(n_task), out);
  add_load("%r3", AT(rounds), out);
  add_load("%r4", AT(fmas), out);
  add_load("%r5", AT(n_worker), out);
  add_load("%r10", AT(threads), out);
  add_load("%r30", AT(n_chain), out);
  add_load("%s0", AT(per_round), out);
  add_load("%s8", AT(dram_share), out);
  cr_text_add(out, "%s", BEGIN);
  cr_stream_ptx_begin(CHUNKS, out);
}

void cr_merged_ptx(uint32_t n_live, struct cr_text *out)
{
  cr_text_add(out, HEAD, (unsigned)(CR_MERGED_PARTS * sizeof(struct cr_merged_part)), n_live);
  cr_stream_ptx_declare(CHUNKS, out);
  add_find(out);
  add_begin(out);
  for (uint32_t i = 0; i < n_live; i++)
    cr_text_add(out, "  add.f32 %%f%u, %%b, 0f%08X;\n", i, 0x3F800000U + 0x10000U * i);
  cr_text_add(out, "%s", TASK);
  cr_stream_ptx_load(CHUNKS, out);
  cr_text_add(out, "%s", WORK);
  add_fmas(1, out);
  add_fmas(4, out);
  cr_text_add(out, "%s", LOOK);
  cr_stream_ptx_take(CHUNKS, out);
  cr_text_add(out, "%s", AFTER);
  cr_stream_ptx_end(out);
  for (uint32_t i = 1; i < n_live; i++)
    cr_text_add(out, "  fma.rn.f32 %%f0, %%f0, %%f%u, %%c1;\n", i);
  cr_text_add(out, "%s", LEAVE);
  add_load("%d8", AT(record), out);
  add_load("%d12", AT(first), out);
  cr_text_add(out, "%s", TELL);
}
