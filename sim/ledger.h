/* ledger.h - the record of a run: every event a policy was told and every action it asked for, in order.
 *
 * Fed to the same policy again (sim/replay.h), a ledger must give the same actions, byte for byte.  Records are fixed
 * in size; they are collected in a block that is handed to a sink when full, so that a run of any length needs no
 * memory. */
#ifndef CR_LEDGER_H
#define CR_LEDGER_H
#include "sim/base.h"

enum cr_note_kind {                   /* appended only: stored in run databases */
                    CR_NOTE_CLIENT,   /* told: a = client */
                    CR_NOTE_REQUEST,  /* told: a = request, b = client, t = arrival */
                    CR_NOTE_DONE,     /* told: a = request, b = next op (from the model's first), t = reach time */
                    CR_NOTE_BACK,     /* told: a = request, b = next op, c = how, t = reach time */
                    CR_NOTE_TIMER,    /* told: t = cookie */
                    CR_NOTE_ROOM,     /* told: a = stream */
                    CR_NOTE_STREAM,   /* asked: a = stream, b = device, c = priority (int32) */
                    CR_NOTE_LAUNCH,   /* asked: a = request, b = n_op, c = stream */
                    CR_NOTE_PREEMPT,  /* asked: a = stream, b = how */
                    CR_NOTE_DROP,     /* asked: a = request */
                    CR_NOTE_SETTIMER, /* asked: t = cookie; a,b = time (low, high half) */
                    CR_NOTE_REFUSED,  /* the core's answer to the note before: a = enum cr_refusal */
                    CR_NOTE_PROCESS,  /* asked: a = stream, b = process, t = slice_ns */
                    CR_NOTE_SHARE,    /* asked: a = stream, b = share_ppm */
                    CR_NOTE_JOB,      /* told: a = client, t = submission */
                    CR_NOTE_READY,    /* told: a = client */
                    CR_NOTE_LEAVE,    /* told: a = client, b = enum cr_job_end */
                    CR_NOTE_START,    /* asked: a = client */
                    CR_NOTE_REJECT,   /* asked: a = client */
                    CR_NOTE_LANE,     /* asked: a = lane, b = device, t = bytes */
                    CR_NOTE_CLOSE,    /* asked: a = lane */
                    CR_NOTE_ADMIT,    /* asked: a = client, b = lane, t = bytes held */
                    CR_NOTE_MOVE,     /* asked: a = client, b = lane */
                    CR_NOTE_QUEUE,    /* asked: a = stream, b = n, c = enum cr_reclaim */
                    CR_NOTE_REWIND,   /* asked: a = request, b = op (from the model's first) */
                    CR_NOTE_SLICE,    /* asked: a = request, b = n_block, c = stream */
                    CR_NOTE_PAD,      /* asked: a = rt, b = be, c = rt's op, t = cr_note_pad(...) */
                    CR_NOTE_CUT, /* told, before the DONE or BACK that it belongs to: a = request, b = blocks of the next
                                         op that are done, c = past the last op that was in the device queue */
                    CR_NOTE_THOUGHT, /* told, with the BACK that follows: a = request, t = when its client will have thought */
                    CR_NOTE_TURN,   /* asked: a = request, b = enum cr_charge, c = stream, t = key */
                    CR_NOTE_TURNED, /* told: a = request, b = next op, t = time on the device */
                    CR_NOTE_RAN, /* told, before the DONE of layers that did not take what was recorded: a = request, t = ns */
                    CR_NOTE_VERDICT, /* asked: a = client, b = enum cr_verdict, c = enum cr_why, t = client it is about, or CR_NONE */
                    CR_NOTE_BATCH, /* asked: a = leader, b = request */
                    CR_N_NOTE
};
extern const char *const cr_note_name[CR_N_NOTE];

/* What a policy was told; all else is what it asked for, and the answers. */
static inline int cr_note_is_told(uint32_t kind)
{
  return kind <= CR_NOTE_ROOM || (kind >= CR_NOTE_JOB && kind <= CR_NOTE_LEAVE) || kind == CR_NOTE_CUT ||
         kind == CR_NOTE_THOUGHT || kind == CR_NOTE_TURNED || kind == CR_NOTE_RAN;
}

struct cr_note {
  cr_ns at_ns;
  uint64_t t;
  uint32_t kind, a, b, c;
};
_Static_assert(sizeof(struct cr_note) == 32, "a note is a hot record");

/* Gets notes in blocks, in order.  Anything but CR_OK ends the run. */
struct cr_ledger_sink {
  void *ctx;
  int (*write)(void *ctx, const struct cr_note *note, uint32_t n, struct cr_err *err);
};

struct cr_ledger;

struct cr_ledger *cr_ledger_new(const struct cr_ledger_sink *sink) CR_MUST; /* sink NULL: only hashed */
void cr_ledger_free(struct cr_ledger *l);
void cr_ledger_add(struct cr_ledger *l, const struct cr_note *note); /* a failed sink shows at the next flush */
int cr_ledger_flush(struct cr_ledger *l, struct cr_err *err) CR_MUST;
uint64_t cr_ledger_hash(const struct cr_ledger *l); /* FNV-1a over all notes so far */
uint64_t cr_ledger_count(const struct cr_ledger *l);

/* One note as one line of text, without newline: the form of golden files. */
struct cr_text;
void cr_note_print(const struct cr_note *note, struct cr_text *out);

#endif
