/* ask.h - the action buffer: what a policy asks for during a callback, and why a thing asked for is refused.
 *
 * An action is a note of the ledger from the start: cr_launch and its like only append one.  When the callback has
 * returned, the core takes them in order, checks each against the state that those before it left, and carries it out
 * or refuses it; a replay compares them with the recorded ones instead. */
#ifndef CR_ASK_H
#define CR_ASK_H
#include "sim/base.h"
#include "sim/ledger.h"
#include "sim/policy.h"

enum cr_refusal { /* appended only: stored in run databases */
                  CR_GRANTED,
                  CR_REFUSED_REQUEST,  /* no such request, or it has left */
                  CR_REFUSED_OWNER,    /* the request is launched already */
                  CR_REFUSED_RANGE,    /* no ops, or more than are left */
                  CR_REFUSED_STREAM,   /* no such stream */
                  CR_REFUSED_LATE,     /* a stream made, or put into a process, outside init and on_client */
                  CR_REFUSED_DEVICE,   /* no such device */
                  CR_REFUSED_PRIORITY, /* not a priority of that device */
                  CR_REFUSED_HOW,      /* not one way to preempt */
                  CR_REFUSED_NEED,     /* a capability that the policy does not list in needs */
                  CR_REFUSED_PROCESS,  /* a process number or time slice that cannot be */
                  CR_REFUSED_SHARE,    /* not a share */
                  CR_REFUSED_JOB,      /* no such job, not submitted yet, or it has left */
                  CR_REFUSED_BEGUN,    /* the job's process was started before */
                  CR_REFUSED_READY,    /* the job does not ask for memory now */
                  CR_REFUSED_ADMITTED, /* the job is admitted already */
                  CR_REFUSED_PASS,     /* part of a job's iteration */
                  CR_REFUSED_PLACE,    /* a stream of another device than the one that holds the job */
                  CR_REFUSED_BUSY,     /* a job of the same lane is in flight on another stream */
                  CR_REFUSED_LANE,     /* a lane's number or size that cannot be, or a lane of another device */
                  CR_REFUSED_CLOSED,   /* the lane is not open */
                  CR_REFUSED_FULL,     /* memory does not suffice */
                  CR_REFUSED_SMALL,    /* the lane is or would be smaller than a job in it says that it needs */
                  CR_REFUSED_IN_USE,   /* jobs are in the lane */
                  CR_REFUSED_HOLD,     /* so many bytes cannot be held */
                  CR_REFUSED_MANAGE,   /* the policy does not manage jobs */
                  CR_REFUSED_QUEUE,    /* a device queue that cannot be */
                  CR_REFUSED_AGAIN,    /* ops that are not done, or are known not to bear being done again */
                  CR_REFUSED_KERNEL,   /* an op that has no blocks */
                  CR_REFUSED_PAD,      /* a pad that cannot be */
                  CR_REFUSED_PADDED,   /* a request or stream that is bound to the pads of another launch */
                  CR_REFUSED_TURN,     /* not one that can take turns by itself */
                  CR_REFUSED_ALONE,    /* jobs that take turns have the device to themselves */
                  CR_REFUSED_NODE,     /* an op that cannot run on the stream's device */
                  CR_REFUSED_VERDICT,  /* a verdict of no client, or none that can be */
                  CR_REFUSED_BATCHED,  /* a request that runs together with another one, which stands for it */
                  CR_REFUSED_CLIENT,   /* requests of different clients */
                  CR_REFUSED_UNDERWAY, /* a request that has begun */
                  CR_REFUSED_BATCH,    /* more requests than the client's batch */
                  CR_N_REFUSAL
};
const char *cr_refusal_text(uint32_t refusal); /* "the policy does not own the request" */
const char *cr_cap_text(uint32_t cap);         /* name of exactly one CR_CAP_*; "?" for all else */

/* Most actions of one callback.  A policy that asks for more is in a loop. */
#define CR_ASK_MAX (UINT32_C(1) << 20)

struct cr_asker {
  struct cr_note *note; /* [n], in order */
  uint32_t n, cap;
  uint32_t n_stream; /* made so far, those of this callback included */
  int set_up;        /* in init or on_client: streams may be made */
  int flooded;       /* more than CR_ASK_MAX were asked for; the rest is lost */
  int failed;        /* no memory for more; the rest is lost */
};

int cr_asker_init(struct cr_asker *a) CR_MUST; /* CR_OK or CR_ENOMEM */
void cr_asker_fini(struct cr_asker *a);

/* Whether an action may be carried out now. */
struct cr_host;
enum cr_refusal cr_ask_check(const struct cr_host *h, const struct cr_note *asked);

/* What PAD keeps in its t: most SMs of a device, blocks an SM, streams and blocks of a pad that can be written so. */
#define CR_PAD_SMS_MAX UINT32_C(4095)
#define CR_PAD_SM_BLOCKS_MAX UINT32_C(255)
#define CR_PAD_STREAM_MAX UINT32_C(65535)
#define CR_PAD_BLOCKS_MAX UINT32_C(268435455)

struct cr_pad_note {
  uint32_t n_block, rt_sms, sm_blocks, stream;
};

static inline uint64_t cr_note_pad(const struct cr_pad_note *p)
{
  return (uint64_t)p->n_block << 36 | (uint64_t)p->rt_sms << 24 | (uint64_t)p->sm_blocks << 16 | p->stream;
}

static inline struct cr_pad_note cr_note_pad_of(const struct cr_note *note)
{
  return (struct cr_pad_note){.n_block = (uint32_t)(note->t >> 36),
                              .rt_sms = note->t >> 24 & CR_PAD_SMS_MAX,
                              .sm_blocks = note->t >> 16 & CR_PAD_SM_BLOCKS_MAX,
                              .stream = note->t & CR_PAD_STREAM_MAX};
}

/* SETTIMER keeps its time in two halves, as t holds the cookie. */
static inline cr_ns cr_note_timer_ns(const struct cr_note *note)
{
  return (cr_ns)((uint64_t)note->b << 32 | note->a);
}

#endif
