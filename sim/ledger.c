/* ledger.c - the record of a run: blocks of notes on their way to a sink, and a hash over all of them.
 *
 * The hash is 64-bit FNV-1a (Fowler, Noll and Vo) over the members of each note in the order at_ns, t, kind, a, b,
 * c, each least significant byte first, whatever the machine's own byte order. */
#include "config.h"

#include "sim/ledger.h"

#include <inttypes.h>

#include "sim/ask.h"
#include "sim/mem.h"
#include "sim/stats.h"
#include "sim/text.h"

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

enum { BLOCK = 4096 }; /* 128 KiB: one write of some size, and still in the cache */

const char *const cr_note_name[CR_N_NOTE] = {
  [CR_NOTE_CLIENT] = "client",   [CR_NOTE_REQUEST] = "request",   [CR_NOTE_DONE] = "done",
  [CR_NOTE_BACK] = "back",       [CR_NOTE_TIMER] = "timer",       [CR_NOTE_ROOM] = "room",
  [CR_NOTE_STREAM] = "stream",   [CR_NOTE_LAUNCH] = "launch",     [CR_NOTE_PREEMPT] = "preempt",
  [CR_NOTE_DROP] = "drop",       [CR_NOTE_SETTIMER] = "settimer", [CR_NOTE_REFUSED] = "refused",
  [CR_NOTE_PROCESS] = "process", [CR_NOTE_SHARE] = "share",       [CR_NOTE_JOB] = "job",
  [CR_NOTE_READY] = "ready",     [CR_NOTE_LEAVE] = "leave",       [CR_NOTE_START] = "start",
  [CR_NOTE_REJECT] = "reject",   [CR_NOTE_LANE] = "lane",         [CR_NOTE_CLOSE] = "close",
  [CR_NOTE_ADMIT] = "admit",     [CR_NOTE_MOVE] = "move",         [CR_NOTE_QUEUE] = "queue",
  [CR_NOTE_REWIND] = "rewind",   [CR_NOTE_SLICE] = "slice",       [CR_NOTE_PAD] = "pad",
  [CR_NOTE_CUT] = "cut",         [CR_NOTE_THOUGHT] = "thought",   [CR_NOTE_TURN] = "turn",
  [CR_NOTE_TURNED] = "turned",   [CR_NOTE_RAN] = "ran",           [CR_NOTE_VERDICT] = "verdict",
  [CR_NOTE_BATCH] = "batch",
};

struct cr_ledger {
  struct cr_ledger_sink sink; /* write NULL: none */
  uint64_t hash, count;
  uint64_t zeros[9]; /* FNV_PRIME to the power of the index: what that many zero bytes do to the hash */
  int rc;            /* of the sink, once it failed */
  struct cr_err err;
  uint32_t n;
  struct cr_note block[BLOCK];
};

struct cr_ledger *cr_ledger_new(const struct cr_ledger_sink *sink)
{
  struct cr_ledger *l = cr_mem_new(1, sizeof *l);
  if (!l)
    return NULL;
  if (sink)
    l->sink = *sink;
  l->hash = FNV_BASIS;
  l->zeros[0] = 1;
  for (int i = 1; i < 9; i++)
    l->zeros[i] = l->zeros[i - 1] * FNV_PRIME;
  return l;
}

void cr_ledger_free(struct cr_ledger *l)
{
  cr_mem_free(l);
}

/* A zero byte only multiplies, and most bytes of a note are leading zeros, so these are taken all at once. */
static inline uint64_t hash_number(const struct cr_ledger *l, uint64_t hash, uint64_t value, uint32_t n_byte)
{
  if (value < 256) /* most ids and counts: one multiplication, and nothing to predict */
    return (hash ^ value) * l->zeros[n_byte];
  for (; value; value >>= 8, n_byte--)
    hash = (hash ^ (value & 0xff)) * FNV_PRIME;
  return hash * l->zeros[n_byte];
}

static uint64_t hash_note(const struct cr_ledger *l, uint64_t hash, const struct cr_note *note)
{
  hash = hash_number(l, hash, (uint64_t)note->at_ns, 8);
  hash = hash_number(l, hash, note->t, 8);
  hash = hash_number(l, hash, note->kind, 4);
  hash = hash_number(l, hash, note->a, 4);
  hash = hash_number(l, hash, note->b, 4);
  return hash_number(l, hash, note->c, 4);
}

static void hand_over(struct cr_ledger *l)
{
  if (l->rc == CR_OK && l->sink.write && l->n)
    l->rc = l->sink.write(l->sink.ctx, l->block, l->n, &l->err);
  l->n = 0;
}

void cr_ledger_add(struct cr_ledger *l, const struct cr_note *note)
{
  l->hash = hash_note(l, l->hash, note);
  l->count++;
  if (!l->sink.write)
    return;
  l->block[l->n++] = *note;
  if (l->n == BLOCK)
    hand_over(l);
}

int cr_ledger_flush(struct cr_ledger *l, struct cr_err *err)
{
  hand_over(l);
  return l->rc == CR_OK ? CR_OK : cr_fail(err, l->rc, "%s", l->err.text);
}

uint64_t cr_ledger_hash(const struct cr_ledger *l)
{
  return l->hash;
}

uint64_t cr_ledger_count(const struct cr_ledger *l)
{
  return l->count;
}

static void print_launch(const struct cr_note *note, struct cr_text *out)
{
  if (note->b == CR_ALL)
    cr_text_add(out, "  launch %" PRIu32 " all ops stream %" PRIu32, note->a, note->c);
  else
    cr_text_add(out, "  launch %" PRIu32 " ops %" PRIu32 " stream %" PRIu32, note->a, note->b, note->c);
}

static void print_process(const struct cr_note *note, struct cr_text *out)
{
  cr_text_add(out, "  process %" PRIu32 " stream %" PRIu32, note->b, note->a);
  if ((cr_ns)note->t != CR_NS_NEVER)
    cr_text_add(out, " slice %" PRId64, (cr_ns)note->t);
}

/* Of jobs and their memory. */
static void print_job(const struct cr_note *note, struct cr_text *out)
{
  switch (note->kind) {
  case CR_NOTE_JOB:
    cr_text_add(out, "job %" PRIu32 " submitted %" PRIu64, note->a, note->t);
    break;
  case CR_NOTE_READY:
    cr_text_add(out, "ready %" PRIu32, note->a);
    break;
  case CR_NOTE_LEAVE:
    cr_text_add(out, "leave %" PRIu32 ": %s", note->a, note->b < CR_N_JOB_END ? cr_job_end_name[note->b] : "unknown");
    break;
  case CR_NOTE_START:
    cr_text_add(out, "  start %" PRIu32, note->a);
    break;
  case CR_NOTE_REJECT:
    cr_text_add(out, "  reject %" PRIu32, note->a);
    break;
  case CR_NOTE_LANE:
    cr_text_add(out, "  lane %" PRIu32 " device %" PRIu32 " bytes %" PRId64, note->a, note->b, (int64_t)note->t);
    break;
  case CR_NOTE_CLOSE:
    cr_text_add(out, "  close lane %" PRIu32, note->a);
    break;
  case CR_NOTE_ADMIT:
    cr_text_add(out, "  admit %" PRIu32 " lane %" PRIu32 " holds %" PRId64, note->a, note->b, (int64_t)note->t);
    break;
  case CR_NOTE_MOVE:
    cr_text_add(out, "  move %" PRIu32 " lane %" PRIu32, note->a, note->b);
    break;
  case CR_NOTE_TURN:
    cr_text_add(out, "  turn %" PRIu32 " stream %" PRIu32 " key %" PRId64 " by %s", note->a, note->c, (int64_t)note->t,
                note->b == CR_CHARGE_TIME ? "time" : "iteration");
    break;
  case CR_NOTE_TURNED:
    cr_text_add(out, "turned %" PRIu32 " next %" PRIu32 " used %" PRIu64, note->a, note->b, note->t);
    break;
  case CR_NOTE_THOUGHT:
    cr_text_add(out, "thought %" PRIu32 " by %" PRIu64, note->a, note->t);
    break;
  default:
    cr_text_add(out, "unknown kind %" PRIu32, note->kind);
  }
}

static void print_verdict(const struct cr_note *note, struct cr_text *out)
{
  cr_text_add(out, "  client %" PRIu32 " %s: %s", note->a,
              note->b < CR_N_VERDICT ? cr_verdict_name[note->b] : "unknown",
              note->c < CR_N_WHY ? cr_why_name[note->c] : "unknown");
  if (note->t != CR_NONE)
    cr_text_add(out, " of client %" PRIu64, note->t);
}

/* Of queues, and of requests that are done in parts. */
static void print_part(const struct cr_note *note, struct cr_text *out)
{
  struct cr_pad_note pad;
  switch (note->kind) {
  case CR_NOTE_CUT:
    cr_text_add(out, "cut %" PRIu32 " blocks %" PRIu32 " handed %" PRIu32, note->a, note->b, note->c);
    break;
  case CR_NOTE_QUEUE:
    cr_text_add(out, "  queue %" PRIu32 " ops stream %" PRIu32 "%s", note->b, note->a,
                note->c == CR_RECLAIM_NOW ? " release at once" : "");
    break;
  case CR_NOTE_REWIND:
    cr_text_add(out, "  rewind %" PRIu32 " to %" PRIu32, note->a, note->b);
    break;
  case CR_NOTE_SLICE:
    cr_text_add(out, "  slice %" PRIu32 " blocks %" PRIu32 " stream %" PRIu32, note->a, note->b, note->c);
    break;
  case CR_NOTE_PAD:
    pad = cr_note_pad_of(note);
    cr_text_add(out,
                "  pad %" PRIu32 " op %" PRIu32 " SMs %" PRIu32 " with %" PRIu32 " blocks %" PRIu32 " an SM %" PRIu32,
                note->a, note->c, pad.rt_sms, note->b, pad.n_block, pad.sm_blocks);
    cr_text_add(out, " stream %" PRIu32, pad.stream);
    break;
  default:
    cr_text_add(out, "unknown kind %" PRIu32, note->kind);
  }
}

static void print_kind(const struct cr_note *note, struct cr_text *out)
{
  switch (note->kind) {
  case CR_NOTE_CLIENT:
    cr_text_add(out, "client %" PRIu32, note->a);
    break;
  case CR_NOTE_REQUEST:
    cr_text_add(out, "request %" PRIu32 " client %" PRIu32 " arrived %" PRIu64, note->a, note->b, note->t);
    break;
  case CR_NOTE_DONE:
    cr_text_add(out, "done %" PRIu32 " next %" PRIu32 " reached %" PRIu64, note->a, note->b, note->t);
    break;
  case CR_NOTE_BACK:
    cr_text_add(out, "back %" PRIu32 " next %" PRIu32 " by %s", note->a, note->b, cr_cap_text(note->c));
    if ((cr_ns)note->t != CR_NS_NEVER)
      cr_text_add(out, " reached %" PRIu64, note->t);
    break;
  case CR_NOTE_TIMER:
    cr_text_add(out, "timer %" PRIu64, note->t);
    break;
  case CR_NOTE_ROOM:
    cr_text_add(out, "room %" PRIu32, note->a);
    break;
  case CR_NOTE_STREAM:
    cr_text_add(out, "  stream %" PRIu32 " device %" PRIu32 " priority %" PRId32, note->a, note->b, (int32_t)note->c);
    break;
  case CR_NOTE_LAUNCH:
    print_launch(note, out);
    break;
  case CR_NOTE_PREEMPT:
    cr_text_add(out, "  preempt %" PRIu32 " by %s", note->a, cr_cap_text(note->b));
    break;
  case CR_NOTE_DROP:
    cr_text_add(out, "  drop %" PRIu32, note->a);
    break;
  case CR_NOTE_BATCH:
    cr_text_add(out, "  batch %" PRIu32 " with %" PRIu32, note->a, note->b);
    break;
  case CR_NOTE_SETTIMER:
    cr_text_add(out, "  settimer %" PRIu64 " at %" PRId64, note->t, cr_note_timer_ns(note));
    break;
  case CR_NOTE_PROCESS:
    print_process(note, out);
    break;
  case CR_NOTE_SHARE:
    cr_text_add(out, "  share %" PRIu32 " ppm %" PRIu32, note->a, note->b);
    break;
  case CR_NOTE_RAN:
    cr_text_add(out, "ran %" PRIu32 " for %" PRIu64, note->a, note->t);
    break;
  case CR_NOTE_VERDICT:
    print_verdict(note, out);
    break;
  case CR_NOTE_REFUSED:
    cr_text_add(out, "  refused: %s", cr_refusal_text(note->a));
    break;
  default:
    if (note->kind >= CR_NOTE_QUEUE && note->kind <= CR_NOTE_CUT)
      print_part(note, out);
    else
      print_job(note, out);
  }
}

void cr_note_print(const struct cr_note *note, struct cr_text *out)
{
  cr_text_add(out, "%" PRId64 " ", note->at_ns);
  print_kind(note, out);
}
