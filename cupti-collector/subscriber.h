/* subscriber.h - asks CUPTI for what is to be recorded. */
#ifndef CR_SUBSCRIBER_H
#define CR_SUBSCRIBER_H
#include "cupti-collector/collect_options.h"
#include "cupti-collector/cupti_calls.h"

struct subscriber {
  void *handle;      /* CUPTI's, of our subscription */
  uint64_t recorded; /* bit k: records of enum cr_spool_kind k will come */
};

/* What is to be called back, and whom to tell of a kind that cannot be had (a whole sentence, and CUPTI's result). */
struct subscriber_callbacks {
  cupti_callback on_resource;
  cupti_request on_request;
  cupti_complete on_complete;
  void (*on_warning)(int result, const char *text);
};

/* 0, or CUPTI's result with a sentence in why: nothing is recorded then, and nothing is left behind in CUPTI. */
int subscriber_start(struct subscriber *s, const struct cupti_calls *c, const struct collect_options *o,
                     const struct subscriber_callbacks *callbacks, char *why, size_t why_cap);

/* Bit k: records of enum cr_spool_kind k are asked for. */
uint64_t subscriber_kinds(const struct collect_options *o);

#endif
