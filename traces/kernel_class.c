/* kernel_class.c - what a kernel does, guessed from words in its name.  The first rule that fits decides. */
#include "config.h"

#include "traces/kernel_class.h"

#include <string.h>

const char *const cr_kernel_class_name[CR_N_KERNEL_CLASS] = {
  "convolution", "matmul",      "attention", "softmax", "normalisation", "pooling", "reduction",
  "layout",      "elementwise", "other",     "copy",    "memset",        "host"};

/* Words of cuDNN, cuBLAS, CUTLASS and PyTorch; looked for in the whole name, so the more special ones come first. */
static const struct rule {
  const char *word;
  enum cr_kernel_class class;
} rule[] = {{"sdpa", CR_KERNEL_ATTENTION},
            {"fmha", CR_KERNEL_ATTENTION},
            {"flash", CR_KERNEL_ATTENTION},
            {"ttention", CR_KERNEL_ATTENTION},
            {"oftmax", CR_KERNEL_SOFTMAX},
            {"layer_norm", CR_KERNEL_NORM},
            {"batch_norm", CR_KERNEL_NORM},
            {"bn_fw", CR_KERNEL_NORM},
            {"bn_bw", CR_KERNEL_NORM},
            {"rms_norm", CR_KERNEL_NORM},
            {"group_norm", CR_KERNEL_NORM},
            {"pool", CR_KERNEL_POOL},
            {"ToNhwc", CR_KERNEL_LAYOUT},
            {"ToNchw", CR_KERNEL_LAYOUT},
            {"CatArray", CR_KERNEL_LAYOUT},
            {"transpose_kernel", CR_KERNEL_LAYOUT},
            {"scatter", CR_KERNEL_LAYOUT},
            {"gather_kernel", CR_KERNEL_LAYOUT},
            {"fprop", CR_KERNEL_CONVOLUTION},
            {"wgrad", CR_KERNEL_CONVOLUTION},
            {"dgrad", CR_KERNEL_CONVOLUTION},
            {"implicit_conv", CR_KERNEL_CONVOLUTION},
            {"implicit_gemm", CR_KERNEL_CONVOLUTION},
            {"conv2d", CR_KERNEL_CONVOLUTION},
            {"conv_depthwise", CR_KERNEL_CONVOLUTION},
            {"winograd", CR_KERNEL_CONVOLUTION},
            {"elementwise", CR_KERNEL_ELEMENTWISE},
            {"splitKreduce", CR_KERNEL_MATMUL},
            {"reduce", CR_KERNEL_REDUCE},
            {"gemm", CR_KERNEL_MATMUL},
            {"gemv", CR_KERNEL_MATMUL},
            {"nvjet", CR_KERNEL_MATMUL},
            {"cutlass", CR_KERNEL_MATMUL},
            {"cublasLt", CR_KERNEL_MATMUL},
            {"dot_kernel", CR_KERNEL_MATMUL},
            {"scal_kernel", CR_KERNEL_ELEMENTWISE}};

enum cr_kernel_class cr_kernel_class_of(const struct cr_op_spec *op)
{
  switch (op->kind) {
  case CR_OP_COPY_H2D:
  case CR_OP_COPY_D2H:
  case CR_OP_COPY_D2D:
    return CR_KERNEL_COPY;
  case CR_OP_MEMSET:
    return CR_KERNEL_MEMSET;
  case CR_OP_HOST:
    return CR_KERNEL_HOST;
  default:
    break;
  }
  for (size_t i = 0; i < sizeof rule / sizeof *rule; i++)
    if (strstr(op->name, rule[i].word))
      return rule[i].class;
  return CR_KERNEL_OTHER;
}

/* Where the parameter list begins: the first bracket outside templates that is no unnamed namespace. */
static const char *parameters(const char *s)
{
  static const char unnamed[] = "(anonymous namespace)";
  int depth = 0;
  for (; *s; s++) {
    if (!strncmp(s, unnamed, sizeof unnamed - 1)) {
      s += sizeof unnamed - 2;
      continue;
    }
    if (*s == '(' && depth == 0)
      break;
    depth += *s == '<' || *s == '(';
    depth -= (*s == '>' || *s == ')') && depth > 0;
  }
  return s;
}

void cr_kernel_short_name(const char *name, char *out, size_t n)
{
  const char *end = parameters(name), *from = name;
  int depth = 0;
  for (const char *p = name; p < end; p++) {
    depth += *p == '<' || *p == '(';
    depth -= (*p == '>' || *p == ')') && depth > 0;
    if (depth == 0 && ((*p == ':' && p[1] != ':') || *p == ' ') && p + 1 < end)
      from = p + 1;
  }
  size_t length = (size_t)(end - from);
  if (length >= n) {
    length = n - 4;
    memcpy(out, from, length);
    memcpy(out + length, "...", 4);
    return;
  }
  memcpy(out, from, length);
  out[length] = '\0';
}
