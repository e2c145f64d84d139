/* standin_ptx.c - writes the stand-in.
 *
 * Registers are filled by values that begin different, change in the loop or not, and are all summed at the end, where the sum
 * could be stored: the assembler can drop none.  (It drops what no store depends on: a load of which each address came from the load
 * before never reached a GPU.)  A round reads a word of shared memory; what a warp issues in it follows from `fmas`.  Only the first
 * warp of a block looks at the stop word, every fourth round, and tells the others through shared memory: all of them polling one word
 * would be a load of its own.  It asks for the word before it reads and works, since a load of its own to wait for made kernels up to
 * half as long again (NVIDIA H200, vgg19: 98 to 146 us), and asks for none where nobody stops what runs. */
#include "config.h"

#include "sim/standin_ptx.h"

#include "sim/stream_ptx.h"

/* Whether a driver launches in clusters what was written for a GPU without them, nobody has tried: so it is written for 9.0, which PTX
 * ISA 7.8 is the first to know.  ptxas of CUDA 13.0 makes the same code of both and notes for which they were written. */
static const char ANY[] = ".version 7.0\n"
                          ".target sm_70\n",
                  CLUSTERS[] = ".version 7.8\n"
                               ".target sm_90\n";

static const char HEAD[] =
  ".address_size 64\n"
  ".visible .entry standin(\n"
  "  .param .u64 counters, .param .u64 words, .param .u32 epoch, .param .u32 blocks, .param .u32 rounds,\n"
  "  .param .u32 fmas, .param .u64 data, .param .u64 record, .param .u64 first, .param .u64 halt,\n"
  "  .param .u32 per_round, .param .u32 dram_share, .param .u64 stream, .param .u32 stream_mask,\n"
  "  .param .u32 l2_mask)%s\n"
  "{\n"
  "  .reg .pred %%p<13>;\n"
  "  .reg .b32 %%r<32>;\n"
  "  .reg .b64 %%d<16>;\n";

/* With the fewest values ptxas of CUDA 13.0 takes 25 registers where chunks are read, which are given out as 32; told so, it gets by with
 * 24, and spills none. */
static const char FEWEST[] = " .maxnreg 24";

/* r1 epoch, r3 rounds, r4 fmas, r7 thread, r11 whether the block did its work, r21 the stop word; d1 counters, d2 words, d3 data,
 * d15 where the stop word is; p12 whether the thread does not look at it. */
static const char BEGIN[] = "  .reg .f32 %c<2>;\n"
                            "  .reg .f32 %b;\n"
                            "  .shared .align 4 .u32 stop;\n"
                            "  ld.param.u64 %d1, [counters];\n"
                            "  ld.param.u64 %d2, [words];\n"
                            "  ld.param.u32 %r1, [epoch];\n"
                            "  ld.param.u32 %r3, [rounds];\n"
                            "  ld.param.u32 %r4, [fmas];\n"
                            "  ld.param.u64 %d3, [data];\n"
                            "  cvta.to.global.u64 %d3, %d3;\n"
                            "  mov.u32 %r7, %tid.x;\n"
                            "  mov.u32 %r8, %ctaid.x;\n"
                            "  mov.u32 %r9, %ntid.x;\n"
                            "  mov.u32 %r11, 0;\n"
                            "  setp.eq.u32 %p0, %r7, 0;\n"
                            "  ld.param.u64 %d15, [halt];\n"
                            "  setp.eq.or.u64 %p12, %d15, 0, !%p0;\n"
                            "  cvta.to.global.u64 %d15, %d15;\n"
                            "  setp.eq.u64 %p3, %d2, 0;\n"
                            "  @%p3 bra BEGIN;\n"
                            "  cvta.to.global.u64 %d2, %d2;\n"
                            "  ld.volatile.global.u32 %r10, [%d2];\n"
                            "  setp.ge.u32 %p1, %r10, %r1;\n"
                            "  @%p1 bra GONE;\n"
                            "BEGIN:\n"
                            "  @!%p0 bra WORK;\n"
                            "  st.volatile.shared.u32 [stop], 0;\n"
                            "  setp.eq.u64 %p2, %d1, 0;\n"
                            "  @%p2 bra WORK;\n"
                            "  cvta.to.global.u64 %d14, %d1;\n"
                            "  mov.u64 %d4, %globaltimer;\n"
                            "  not.b64 %d4, %d4;\n"
                            "  red.global.max.u64 [%d14+8], %d4;\n"
                            "WORK:\n"
                            "  bar.sync 0;\n"
                            "  mad.lo.u32 %r13, %r8, %r9, %r7;\n"
                            "  cvt.rn.f32.u32 %b, %r13;\n"
                            "  mov.f32 %c0, 0f3F7FFFFF;\n"
                            "  mov.f32 %c1, 0f33800000;\n"
                            "  mov.u32 %r16, 0;\n"
                            "  setp.eq.u32 %p3, %r3, 0;\n";

static const char ROUND[] = "  mov.u32 %r21, 0;\n"
                            "  @%p12 bra READ;\n"
                            "  and.b32 %r20, %r16, 3;\n"
                            "  setp.eq.u32 %p6, %r20, 0;\n"
                            "  @%p6 ld.volatile.global.u32 %r21, [%d15];\n"
                            "READ:\n";

static const char WORK[] = "  mov.u32 %r19, %r4;\n"
                           "  setp.eq.u32 %p4, %r19, 0;\n"
                           "  @%p4 bra LOOK;\n"
                           "FMAS:\n";

static const char LOOK[] = "  sub.u32 %r19, %r19, 1;\n"
                           "  setp.ne.u32 %p5, %r19, 0;\n"
                           "  @%p5 bra FMAS;\n"
                           "LOOK:\n"
                           "  @%p12 bra NEXT;\n"
                           "  setp.lt.u32 %p7, %r21, %r1;\n"
                           "  @%p7 bra NEXT;\n"
                           "  st.volatile.shared.u32 [stop], 1;\n"
                           "NEXT:\n";

static const char NEXT[] = "  ld.volatile.shared.u32 %r22, [stop];\n"
                           "  add.u32 %r16, %r16, 1;\n"
                           "  setp.lt.u32 %p8, %r16, %r3;\n"
                           "  setp.eq.and.u32 %p8, %r22, 0, %p8;\n";

/* The last block to go writes the record; begun blocks that stopped are not among those that worked. */
static const char END[] = "  setp.eq.f32 %p9, %f0, 0f7F000001;\n"
                          "  @!%p9 bra LEFT;\n"
                          "  st.global.f32 [%d3], %f0;\n"
                          "LEFT:\n"
                          "  mov.u32 %r11, 1;\n"
                          "  setp.lt.u32 %p9, %r16, %r3;\n"
                          "  @%p9 mov.u32 %r11, 0;\n"
                          "  bar.sync 0;\n"
                          "GONE:\n"
                          "  setp.eq.or.u64 %p1, %d1, 0, !%p0;\n"
                          "  @%p1 bra END;\n"
                          "  cvta.to.global.u64 %d1, %d1;\n"
                          "  ld.param.u64 %d8, [record];\n"
                          "  cvta.to.global.u64 %d8, %d8;\n"
                          "  cvt.u64.u32 %d9, %r11;\n"
                          "  shl.b64 %d9, %d9, 32;\n"
                          "  add.u64 %d9, %d9, 1;\n"
                          "  membar.gl;\n"
                          "  atom.global.add.u64 %d10, [%d1], %d9;\n"
                          "  add.u64 %d10, %d10, %d9;\n"
                          "  cvt.u32.u64 %r26, %d10;\n"
                          "  ld.param.u32 %r2, [blocks];\n"
                          "  setp.ne.u32 %p11, %r26, %r2;\n"
                          "  @%p11 bra END;\n"
                          "  mov.u64 %d7, %globaltimer;\n"
                          "  shr.u64 %d10, %d10, 32;\n"
                          "  ld.volatile.global.u64 %d11, [%d1+8];\n"
                          "  setp.eq.u64 %p10, %d11, 0;\n"
                          "  not.b64 %d11, %d11;\n"
                          "  @%p10 mov.u64 %d11, 0;\n"
                          "  st.volatile.global.u64 [%d1], 0;\n"
                          "  st.volatile.global.u64 [%d1+8], 0;\n"
                          "  st.volatile.global.u64 [%d8], %d11;\n"
                          "  st.volatile.global.u64 [%d8+16], %d10;\n"
                          "  ld.param.u64 %d12, [first];\n"
                          "  setp.eq.u64 %p10, %d12, 0;\n"
                          "  @%p10 bra TELL;\n"
                          "  cvta.to.global.u64 %d12, %d12;\n"
                          "  ld.volatile.global.u64 %d13, [%d12];\n"
                          "  st.volatile.global.u64 [%d8+8], %d13;\n"
                          "  membar.sys;\n"
                          "TELL:\n"
                          "  st.volatile.global.u64 [%d8+24], %d7;\n"
                          "END:\n"
                          "  ret;\n"
                          "}\n";

/* How often a round is written out, one after the other.  Code that others' has displaced costs a kernel more the more of it there is,
 * which makes kernels of many registers slow in company (sim/gpu.h: `cold`, `cold_reg` x^2).  By the square of registers beyond 40, as
 * that law has it; of 0, 4 and 12 in its place the last came nearest to what the real kernels of DISB C took on an H200
 * (calib/data/h200/standin/code.csv). */
static uint32_t count_copies(uint32_t n_live)
{
  const double few = 28, unit = 64, square = 12; /* few: with a stand-in's own, 40 registers */
  double x = n_live > few ? (n_live - few) / unit : 0;
  return 1 + (uint32_t)(square * x * x);
}

/* Each copy ends the work if it was the last round, and the last one goes on with the first. */
static void add_rounds(uint32_t n_live, uint32_t n_chain, uint32_t n_load, struct cr_text *out)
{
  enum { FMAS = 8 };
  uint32_t n = count_copies(n_live);
  cr_text_add(out, "  @%%p3 bra DONE;\nROUND:\n");
  for (uint32_t k = 0; k < n; k++) {
    cr_text_add(out, "{\n%s", ROUND);
    if (n_load)
      cr_stream_ptx_load(n_load, out);
    cr_text_add(out, "%s", WORK);
    for (uint32_t i = 0; i < FMAS; i++)
      cr_text_add(out, "  fma.rn.f32 %%f%u, %%f%u, %%c0, %%c1;\n", i % n_chain, i % n_chain);
    cr_text_add(out, "%s", LOOK);
    if (n_load)
      cr_stream_ptx_take(n_load, out);
    cr_text_add(out, "%s}\n%s", NEXT, k + 1 < n ? "  @!%p8 bra DONE;\n" : "  @%p8 bra ROUND;\nDONE:\n");
  }
}

void cr_standin_ptx(uint32_t n_live, uint32_t n_chain, uint32_t n_load, int in_clusters, struct cr_text *out)
{
  enum { LIVE_MIN = 4 };
  uint32_t n = n_live;
  cr_text_add(out, "%s", in_clusters ? CLUSTERS : ANY);
  cr_text_add(out, HEAD, n_load && n == LIVE_MIN ? FEWEST : "");
  cr_text_add(out, "  .reg .f32 %%f<%u>;\n", n);
  if (n_load)
    cr_stream_ptx_declare(n_load, out);
  cr_text_add(out, "%s", BEGIN);
  for (uint32_t i = 0; i < n; i++)
    cr_text_add(out, "  add.f32 %%f%u, %%b, 0f%08X;\n", i, 0x3F800000U + 0x10000U * i);
  if (n_load) {
    cr_text_add(out, "  ld.param.u32 %%s0, [per_round];\n  ld.param.u32 %%s8, [dram_share];\n");
    cr_stream_ptx_begin(n_load, out);
  }
  add_rounds(n_live, n_chain, n_load, out);
  if (n_load)
    cr_stream_ptx_end(out);
  for (uint32_t i = 1; i < n; i++)
    cr_text_add(out, "  fma.rn.f32 %%f0, %%f0, %%f%u, %%c1;\n", i);
  cr_text_add(out, "%s", END);
}
