/* stream_ptx.c - writes what reads DRAM and the L2.
 *
 * s0 chunks a round, s1 the warp, s2 their fraction carried, s3 the next chunk, s4 chunks left in the round, s6 the sum, s7 and s10 the
 * masks of the two working sets, s8 the share of DRAM, s9 its fraction carried; t0 where the lane reads in a chunk.
 *
 * The warps before this one read floor(warp * rounds * chunks a round) chunks.  A chunk comes from DRAM where adding the share to what
 * is carried runs over: of the first n chunks of a launch ceil(n * share / 2^32), since the first warp begins with all but one. */
#include "config.h"

#include "sim/stream_ptx.h"

/* From the clock and the warp's number to a chunk: the last steps of MurmurHash3 (Appleby, 2011), by which every bit decides on
 * every other. */
static const char BEGIN[] = "  ld.param.u64 %t0, [stream];\n"
                            "  cvta.to.global.u64 %t0, %t0;\n"
                            "  ld.param.u32 %s7, [stream_mask];\n"
                            "  ld.param.u32 %s10, [l2_mask];\n"
                            "  and.b32 %s1, %r13, 31;\n"
                            "  shl.b32 %s1, %s1, 5;\n"
                            "  cvt.u64.u32 %t1, %s1;\n"
                            "  add.s64 %t0, %t0, %t1;\n"
                            "  shr.u32 %s1, %r13, 5;\n"
                            "  mul.wide.u32 %t1, %s1, %r3;\n"
                            "  cvt.u64.u32 %t2, %s0;\n"
                            "  mul.lo.u64 %t1, %t1, %t2;\n"
                            "  cvt.u32.u64 %s2, %t1;\n"
                            "  and.b32 %s2, %s2, 0xFFFFFF;\n"
                            "  shr.u64 %t1, %t1, 24;\n"
                            "  cvt.u32.u64 %s9, %t1;\n"
                            "  mul.lo.u32 %s9, %s9, %s8;\n"
                            "  sub.u32 %s9, %s9, 1;\n"
                            "  mov.u32 %s3, %clock;\n"
                            "  mad.lo.u32 %s3, %s1, 0x9E3779B1, %s3;\n"
                            "  shr.u32 %s4, %s3, 16;\n"
                            "  xor.b32 %s3, %s3, %s4;\n"
                            "  mul.lo.u32 %s3, %s3, 0x85EBCA6B;\n"
                            "  shr.u32 %s4, %s3, 13;\n"
                            "  xor.b32 %s3, %s3, %s4;\n"
                            "  mul.lo.u32 %s3, %s3, 0xC2B2AE35;\n"
                            "  shr.u32 %s4, %s3, 16;\n"
                            "  xor.b32 %s3, %s3, %s4;\n"
                            "  mov.u32 %s6, 0;\n";

void cr_stream_ptx_declare(uint32_t n_load, struct cr_text *out)
{
  cr_text_add(out, "  .reg .pred %%q<3>;\n  .reg .b32 %%s<11>;\n  .reg .b32 %%v<%u>;\n  .reg .b64 %%t<3>;\n", n_load);
}

void cr_stream_ptx_begin(uint32_t n_load, struct cr_text *out)
{
  cr_text_add(out, "%s", BEGIN);
  for (uint32_t i = 0; i < n_load; i++)
    cr_text_add(out, "  mov.u32 %%v%u, 0;\n", i);
}

void cr_stream_ptx_load(uint32_t n_load, struct cr_text *out)
{
  cr_text_add(out, "  add.u32 %%s2, %%s2, %%s0;\n"
                   "  shr.u32 %%s4, %%s2, 24;\n"
                   "  and.b32 %%s2, %%s2, 0xFFFFFF;\n"
                   "  setp.eq.u32 %%q1, %%s4, 0;\n"
                   "  @%%q1 bra STREAMED;\n"
                   "STREAM:\n");
  for (uint32_t i = 0; i < n_load; i++)
    cr_text_add(out,
                "  setp.gt.s32 %%q0, %%s4, %u;\n"
                "  @%%q0 add.u32 %%s9, %%s9, %%s8;\n"
                "  setp.lt.u32 %%q2, %%s9, %%s8;\n"
                "  selp.b32 %%s5, %%s7, %%s10, %%q2;\n"
                "  and.b32 %%s5, %%s5, %%s3;\n"
                "  mul.wide.u32 %%t1, %%s5, %d;\n"
                "  add.s64 %%t1, %%t1, %%t0;\n"
                "  @%%q0 ld.global.cg.u32 %%v%u, [%%t1];\n"
                "  add.u32 %%s3, %%s3, 1;\n",
                i, CR_STREAM_CHUNK_BYTES, i);
  cr_text_add(out,
              "  sub.s32 %%s4, %%s4, %u;\n"
              "  setp.le.s32 %%q1, %%s4, 0;\n"
              "  @%%q1 bra STREAMED;\n",
              n_load);
  cr_stream_ptx_take(n_load, out);
  cr_text_add(out, "  bra STREAM;\nSTREAMED:\n");
}

void cr_stream_ptx_take(uint32_t n_load, struct cr_text *out)
{
  for (uint32_t i = 0; i < n_load; i++)
    cr_text_add(out, "  add.u32 %%s6, %%s6, %%v%u;\n", i);
}

void cr_stream_ptx_end(struct cr_text *out)
{
  cr_text_add(out, "  setp.eq.u32 %%q0, %%s6, 0x7F000001;\n  @%%q0 st.global.u32 [%%t0], %%s6;\n");
}
