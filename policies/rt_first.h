/* rt_first.h - what reef, reef-n and wait share: real-time requests take the device away from best-effort ones.
 *
 * The scheduler of REEF (Han et al., OSDI 2022, section 4; its artifact's scheduler.cpp): all real-time requests of a device wait
 * in one queue, and run one after the other, whole, in a stream of their own.  Each best-effort client has a queue and a stream;
 * of each the first request runs.  When a real-time request comes and best-effort ones run, these are preempted, in the way that
 * the policy has; it starts when the device is known to be free of them, or at once with wait=no.  When no real-time request is
 * left, best-effort ones go on.  With several devices, clients are dealt out in turn. */
#ifndef CR_RT_FIRST_H
#define CR_RT_FIRST_H
#include "policies/queue.h"

enum { CR_RT_FIRST_DEVICES = 16 };

/* Of a client of the class be. */
struct cr_be {
  struct cr_queue waiting; /* requests behind the first */
  cr_stream stream;
  uint32_t device;
  uint32_t next;      /* be client + 1 of its device, in order */
  uint32_t first;     /* slot + 1 of the request that runs, or is to go on; 0: none */
  int is_launched;    /* it runs, and was not given back yet */
  int is_wanted;      /* back */
  uint32_t op, block; /* where it goes on, once the pads that were asked for have run */
  uint32_t restart;   /* op from which it went on after it was stopped */
};

struct cr_rt_first_device {
  struct cr_queue rt; /* requests that wait */
  cr_stream stream;   /* of real-time requests */
  uint32_t be;        /* first be client + 1 */
  uint32_t running;   /* slot + 1 of the rt request that runs */
  uint32_t n_back;    /* be streams that were preempted and have not come back */
  int is_rt;          /* rt requests run or are to run */
};

struct cr_rt_first_rule {
  enum cr_cap how;
  uint32_t queue; /* of be streams' device queues */
  enum cr_reclaim reclaim;
  int waits; /* rt requests for the device */
  /* May be NULL.  A be request was given back: rewinds it to where it is to go on, and sets op and block. */
  void (*restore)(struct cr_policy *p, cr_request r, struct cr_be *be);
  /* May be NULL.  rt is about to be launched: pads it. */
  void (*pad)(struct cr_policy *p, uint32_t device, cr_request rt);
};

struct cr_rt_first {
  struct cr_rt_first_rule rule;
  struct cr_rt_first_device device[CR_RT_FIRST_DEVICES];
};

/* The client's first request, or none. */
void cr_be_begin(const struct cr_policy *p, struct cr_be *be);

static inline struct cr_be *cr_be_of(const struct cr_policy *p, uint32_t client)
{
  return cr_client_state(p, (cr_client){client});
}

/* The policy's state begins with a struct cr_rt_first, its client state with a struct cr_be, its request state with a
 * struct cr_link.  The callbacks of its table that are not here are none. */
int cr_rt_first_init(struct cr_policy *p, struct cr_rt_first_rule rule, struct cr_err *err) CR_MUST;
void cr_rt_first_on_request(struct cr_policy *p, cr_request r);
void cr_rt_first_on_done(struct cr_policy *p, cr_request r, int complete);
void cr_rt_first_on_back(struct cr_policy *p, cr_request r, enum cr_cap how);
void cr_rt_first_dump(struct cr_policy *p, struct cr_text *out);

/* The same by EVICT, as the options below say: for policies that have these, in this order, and no others. */
int cr_rt_first_init_evict(struct cr_policy *p, struct cr_err *err) CR_MUST;

enum { CR_EVICT_DQ, CR_EVICT_RESUME, CR_EVICT_WAIT };
#define CR_EVICT_OPTIONS(DQ, DQ_SOURCE, RESUME_SOURCE)                                                        \
  [CR_EVICT_DQ] = {.name = "dq",                                                                              \
                   .kind = CR_OPT_COUNT,                                                                      \
                   .fallback = DQ,                                                                            \
                   .min = 1,                                                                                  \
                   .max = CR_QUEUE_MAX,                                                                       \
                   .help = "kernels that the device queue of a best-effort stream holds",                     \
                   .source = DQ_SOURCE},                                                                      \
  [CR_EVICT_RESUME] = {.name = "resume",                                                                      \
                       .kind = CR_OPT_CHOICE,                                                                 \
                       .choices = "kernel|block",                                                             \
                       .fallback = "kernel",                                                                  \
                       .help = "where a request goes on whose kernel was cut",                                \
                       .source = RESUME_SOURCE},                                                              \
  [CR_EVICT_WAIT] = {.name = "wait",                                                                          \
                     .kind = CR_OPT_BOOL,                                                                     \
                     .fallback = "yes",                                                                       \
                     .help = "real-time requests start when best-effort ones are known to be off the device", \
                     .source = "REEF, OSDI 2022, section 4"}

#endif
