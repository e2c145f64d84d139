/* spans.h - who was on which stream from when to when, out of a run's ledger.
 *
 * A span is a launched range of ops from the moment its stream reached it to its end, or until it was given back; of a job that takes
 * turns with others, from when it was let in to when it came back.  So spans are as fine as what the policy decides about, whatever
 * ran: the simulator or a GPU.  Blocks that ran as padding of another range are no span. */
#ifndef CR_SPANS_H
#define CR_SPANS_H
#include "sim/base.h"
#include "sim/ledger.h"

enum cr_span_end { CR_SPAN_DONE, CR_SPAN_BACK, CR_SPAN_TURNS };

struct cr_span {
  cr_ns start_ns, end_ns;
  uint32_t client, stream;
  enum cr_span_end how;
};

struct cr_spans {
  struct cr_span *span; /* [n], in order of their ends until cr_spans_keep */
  uint64_t n;
  uint32_t n_stream;
  uint32_t *stream_device; /* [n_stream] */
};

/* Those that overlap the time from from_ns to to_ns.  What had not ended when the run did is none.  CR_EINPUT: the ledger is none of
 * a run. */
int cr_spans_make(const struct cr_note *note, uint64_t n_note, cr_ns from_ns, cr_ns to_ns, struct cr_spans *out,
                  struct cr_err *err) CR_MUST;
void cr_spans_fini(struct cr_spans *s);

/* Keeps the longest, at most so many, in order of their starts; returns how many went. */
uint64_t cr_spans_keep(struct cr_spans *s, uint64_t most);

#endif
