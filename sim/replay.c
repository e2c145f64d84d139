/* replay.c - feeds a recorded ledger to its policy again.
 *
 * sim/host.h builds what the policy sees from the notes it is told, so a replay needs no backend and no load: it
 * tells the policy each recorded event and holds what it then asks for against the record.  A record comes from a
 * file, so an event is checked against what went before it and refused when it cannot have happened. */
#include "config.h"

#include "sim/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/host.h"
#include "sim/text.h"

struct replay {
  struct cr_host host;
  const struct cr_note *note; /* [n] */
  uint64_t n, at;
  uint32_t n_client; /* told of so far */
  struct cr_replay_report *out;
};

static CR_COLD void print(const struct cr_note *note, char *out, size_t n)
{
  struct cr_text text = {0};
  if (note)
    cr_note_print(note, &text);
  else
    cr_text_add(&text, "nothing");
  snprintf(out, n, "%s", text.s ? text.s : "?");
  cr_text_fini(&text);
}

static CR_COLD void differ(struct replay *r, const struct cr_note *replayed)
{
  struct cr_replay_report *out = r->out;
  out->same = 0;
  out->first_difference = r->at;
  print(&r->note[r->at], out->recorded, sizeof out->recorded);
  print(replayed, out->replayed, sizeof out->replayed);
}

/* Holds one note against the record, and goes on to the next.  A record that ends in the middle of an instant is that
 * of a run that was ended there. */
static void compare(struct replay *r, const struct cr_note *replayed)
{
  if (r->at == r->n || !r->out->same)
    return;
  if (memcmp(&r->note[r->at], replayed, sizeof *replayed) != 0) {
    differ(r, replayed);
    return;
  }
  r->at++;
  r->out->n_asked++;
}

static int compare_asked(struct replay *r, struct cr_err *err)
{
  struct cr_host *h = &r->host;
  for (uint32_t i = 0; i < h->asker.n && r->out->same; i++) {
    struct cr_note asked = h->asker.note[i];
    enum cr_refusal refusal;
    if (cr_host_grant(h, &asked, &refusal) != CR_OK)
      return cr_fail_nomem(err, "a replay");
    compare(r, &asked);
    if (refusal != CR_GRANTED)
      compare(r, &(struct cr_note){.at_ns = asked.at_ns, .kind = CR_NOTE_REFUSED, .a = refusal});
  }
  return CR_OK;
}

static int in_flight(const struct cr_host *h, uint32_t request)
{
  return request < h->view.request_cap && h->request_client[request] != CR_NONE &&
         h->flight[request].stream != CR_NONE && h->flight[request].batch_of == CR_NONE;
}

/* Whether the blocks that a CUT note before it told of are some of the op's that follows. */
static int fits_cut(const struct cr_host *h, const struct cr_note *note)
{
  uint32_t block = h->flight[note->a].is_cut ? h->request_next_block[note->a] : 0;
  return block == 0 || (note->b < cr_host_n_op(h, note->a) && !cr_host_is_job(h, h->request_client[note->a]) &&
                        block < h->workload->op[cr_host_model(h, note->a)->op0 + note->b].blocks);
}

/* The same, of notes of jobs. */
static const char *job_fault(const struct replay *r, const struct cr_note *note)
{
  const struct cr_host *h = &r->host;
  if (note->a >= r->n_client || !cr_host_is_job(h, note->a))
    return "there is no such job in the scenario";
  uint8_t step = h->job_step[note->a];
  int fits = note->kind == CR_NOTE_JOB     ? step == CR_JOB_TO_COME
             : note->kind == CR_NOTE_READY ? step == CR_JOB_STARTING
                                           : step == CR_JOB_ADMITTED || step == CR_JOB_READY;
  return fits ? NULL : "the job is not there in its life";
}

/* What is wrong with a told note after those before it; NULL: nothing. */
static const char *fault(const struct replay *r, const struct cr_note *note)
{
  const struct cr_host *h = &r->host;
  switch (note->kind) {
  case CR_NOTE_CLIENT:
    return note->a == r->n_client && note->a < h->view.n_client ? NULL : "it is not the next client of the scenario";
  case CR_NOTE_REQUEST:
    if (note->b >= r->n_client)
      return "there is no such client in the scenario";
    if (note->a > h->view.request_cap || (note->a < h->view.request_cap && h->request_client[note->a] != CR_NONE))
      return "the slot is not free";
    if (cr_host_is_job(h, note->b) && (h->job_step[note->b] != CR_JOB_ADMITTED || h->job_request[note->b] != CR_NONE))
      return "the job does not make a request now";
    return NULL;
  case CR_NOTE_DONE:
    return in_flight(h, note->a) && note->b == h->flight[note->a].end_op && fits_cut(h, note)
             ? NULL
             : "nothing was launched that ends so";
  case CR_NOTE_BACK:
  case CR_NOTE_TURNED:
    return in_flight(h, note->a) && h->request_batch[note->a] && note->b >= h->request_next_op[note->a] &&
               note->b <= h->flight[note->a].end_op && fits_cut(h, note)
             ? NULL
             : "nothing was launched that comes back so";
  case CR_NOTE_CUT:
    return in_flight(h, note->a) && !h->flight[note->a].is_cut && note->c <= cr_host_n_op(h, note->a)
             ? NULL
             : "nothing was launched that could be cut";
  case CR_NOTE_THOUGHT:
    return in_flight(h, note->a) && cr_host_is_job(h, h->request_client[note->a])
             ? NULL
             : "no job was launched whose client thinks";
  case CR_NOTE_RAN:
    return in_flight(h, note->a) && cr_host_flight_ns(h, note->a) != CR_NS_NEVER && (cr_ns)note->t > 0
             ? NULL
             : "no layers were launched that could have run so long";
  case CR_NOTE_JOB:
  case CR_NOTE_READY:
  case CR_NOTE_LEAVE:
    return job_fault(r, note);
  case CR_NOTE_ROOM:
    return note->a < h->view.n_stream ? NULL : "there is no such stream";
  case CR_NOTE_TIMER:
    return NULL;
  default:
    return "its kind is unknown";
  }
}

static int is_asked(const struct cr_note *note)
{
  return note->kind < CR_N_NOTE && !cr_note_is_told(note->kind);
}

static int tell(struct replay *r, struct cr_err *err)
{
  const struct cr_note *note = &r->note[r->at];
  const char *why = fault(r, note);
  if (why) {
    char text[128];
    print(note, text, sizeof text);
    return cr_fail(err, CR_EINPUT,
                   "note %" PRIu64 " of the ledger cannot be (%s): %s; is it of this scenario, and complete?", r->at,
                   text, why);
  }
  if (note->kind == CR_NOTE_REQUEST && cr_host_reserve(&r->host, note->a) != CR_OK)
    return cr_fail_nomem(err, "a replay");
  r->n_client += note->kind == CR_NOTE_CLIENT;
  r->at++;
  r->out->n_told++;
  cr_host_tell(&r->host, note);
  return compare_asked(r, err);
}

int cr_replay(const struct cr_workload *w, const struct cr_machine *m, const struct cr_policy_ops *policy,
              const char *policy_options, const struct cr_note *note, uint64_t n, struct cr_replay_report *out,
              struct cr_err *err)
{
  struct cr_replay_report report = {.same = 1};
  struct replay r = {.note = note, .n = n, .out = &report};
  int rc = cr_host_init(&r.host, w, m, policy, policy_options, err);
  if (rc != CR_OK)
    return rc;
  rc = compare_asked(&r, err);
  while (rc == CR_OK && report.same && r.at < n) {
    if (is_asked(&note[r.at])) /* the policy asked for more then than it does now */
      differ(&r, NULL);
    else
      rc = tell(&r, err);
  }
  cr_host_fini(&r.host);
  if (rc == CR_OK)
    *out = report;
  return rc;
}
