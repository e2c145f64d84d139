/* standin_fit.h - chooses the work of stand-ins, so that each takes the time wanted. */
#ifndef CR_STANDIN_FIT_H
#define CR_STANDIN_FIT_H
#include "sim/standin_bench.h"

/* In so many steps a stand-in for which all its chunks take too long gives up those from the L2, then those from DRAM; shapes that one
 * fit adds at most. */
enum { CR_STANDIN_STEPS = 5, CR_STANDIN_CUTS = 1 + 2 * CR_STANDIN_STEPS };
static const double CR_STANDIN_MATCH = 0.03; /* off by more, a stand-in does not match */

struct cr_standin_fit {
  uint32_t asked, shape, rounds; /* shape with all its chunks; with those that it has */
  double slope_ns;               /* a round more */
  double wanted_ns, measured_ns; /* alone, the gap before it included */
};

/* Shapes and their lines; the table has room for what is added. */
struct cr_standin_fitter {
  const struct cr_standin_bench *bench;
  struct cr_standin_shape *shape; /* [n_shape] */
  uint32_t n_shape;
};

/* Its place among the shapes; a new one is looked at by the GPU, and measured when something is fitted. */
int cr_standin_fitter_shape(struct cr_standin_fitter *f, const struct cr_standin_shape *like, uint32_t *out,
                            struct cr_err *err) CR_MUST;

/* The shape asked for, but with so many chunks, and so many of these from DRAM. */
int cr_standin_fitter_chunks(struct cr_standin_fitter *f, struct cr_standin_fit *fit, uint32_t chunks,
                             uint32_t dram_chunks, struct cr_err *err) CR_MUST;

/* Of asked, shape (the same) and wanted_ns all the rest: with all chunks if the time allows, else fewer,
 * those from DRAM for the longest. */
int cr_standin_fitter_fit(struct cr_standin_fitter *f, struct cr_standin_fit *fit, struct cr_err *err) CR_MUST;

#endif
