/* finding.c - the sentences in which a run reports a policy that misbehaves. */
#include "config.h"

#include "sim/finding.h"

#include <inttypes.h>

#include "sim/text.h"
#include "sim/unit.h"

/* "policy exclusive at 4.31 ms (4310000 ns)": how every finding begins. */
static void begin(const struct cr_host *h, struct cr_text *out)
{
  char when[32];
  cr_text_add(out, "policy %s at %s (%" PRId64 " ns)", h->policy.ops->name,
              cr_format_ns(h->view.now_ns, when, sizeof when), h->view.now_ns);
}

/* " request 3 of client rt (model resnet152, next op 0 of 512)", as far as there is such a request. */
static void add_request(const struct cr_host *h, uint32_t request, struct cr_text *out)
{
  cr_text_add(out, " request %" PRIu32, request);
  if (request >= h->view.request_cap || h->request_client[request] == CR_NONE)
    return;
  const struct cr_model_info *m = cr_host_model(h, request);
  cr_text_add(out, " of client %s (model %s, next op %" PRIu32 " of %" PRIu32 ")",
              h->workload->client[h->request_client[request]].name, m->name, h->request_next_op[request],
              cr_host_n_op(h, request));
}

static void finish(struct cr_text *text, struct cr_err *err)
{
  cr_fail(err, CR_ERUN, "%s",
          text->failed || !text->s ? "the policy misbehaves, and there is no memory to say how" : text->s);
  cr_text_fini(text);
}

static void add_job(const struct cr_host *h, uint32_t job, struct cr_text *out)
{
  if (job < h->view.n_client)
    cr_text_add(out, " %s", h->workload->client[job].name);
  else
    cr_text_add(out, " %" PRIu32, job);
}

static void add_asked_of_job(const struct cr_host *h, const struct cr_note *asked, struct cr_text *out)
{
  switch (asked->kind) {
  case CR_NOTE_START:
  case CR_NOTE_REJECT:
    add_job(h, asked->a, out);
    break;
  case CR_NOTE_LANE:
    cr_text_add(out, " %" PRIu32 " of device %" PRIu32 ", %" PRId64 " bytes", asked->a, asked->b, (int64_t)asked->t);
    break;
  case CR_NOTE_CLOSE:
    cr_text_add(out, " lane %" PRIu32, asked->a);
    break;
  case CR_NOTE_ADMIT:
    add_job(h, asked->a, out);
    cr_text_add(out, " to lane %" PRIu32 ", holding %" PRId64 " bytes", asked->b, (int64_t)asked->t);
    break;
  case CR_NOTE_MOVE:
    add_job(h, asked->a, out);
    cr_text_add(out, " to lane %" PRIu32, asked->b);
    break;
  default:
    break;
  }
}

static void add_asked(const struct cr_host *h, const struct cr_note *asked, struct cr_text *out)
{
  switch (asked->kind) {
  case CR_NOTE_LAUNCH:
    add_request(h, asked->a, out);
    cr_text_add(out, asked->b == CR_ALL ? ", all ops," : ", %" PRIu32 " ops,", asked->b);
    cr_text_add(out, " on stream %" PRIu32, asked->c);
    break;
  case CR_NOTE_TURN:
    add_request(h, asked->a, out);
    cr_text_add(out, " on stream %" PRIu32, asked->c);
    break;
  case CR_NOTE_DROP:
    add_request(h, asked->a, out);
    break;
  case CR_NOTE_BATCH:
    add_request(h, asked->a, out);
    cr_text_add(out, " and");
    add_request(h, asked->b, out);
    break;
  case CR_NOTE_PREEMPT:
    cr_text_add(out, " stream %" PRIu32 " by %s", asked->a, cr_cap_text(asked->b));
    break;
  case CR_NOTE_STREAM:
    cr_text_add(out, " on device %" PRIu32 " with priority %" PRId32, asked->b, (int32_t)asked->c);
    break;
  case CR_NOTE_PROCESS:
    cr_text_add(out, " %" PRIu32 " for stream %" PRIu32 ", slice %" PRId64 " ns", asked->b, asked->a, (cr_ns)asked->t);
    break;
  case CR_NOTE_SHARE:
    cr_text_add(out, " of stream %" PRIu32 ", %" PRIu32 " ppm", asked->a, asked->b);
    break;
  default:
    add_asked_of_job(h, asked, out);
    break;
  }
}

void cr_finding_refused(const struct cr_host *h, const struct cr_note *asked, enum cr_refusal refusal,
                        struct cr_err *err)
{
  struct cr_text text = {0};
  begin(h, &text);
  cr_text_add(&text, " asks for what it cannot have: %s", cr_note_name[asked->kind]);
  add_asked(h, asked, &text);
  cr_text_add(&text, ": %s", cr_refusal_text(refusal));
  finish(&text, err);
}

static void add_first_request(const struct cr_host *h, struct cr_text *out)
{
  uint32_t slot = 0;
  while (h->request_client[slot] == CR_NONE)
    slot++;
  cr_text_add(out, " %" PRIu32 " request%s, first", h->n_live, h->n_live == 1 ? "" : "s");
  add_request(h, slot, out);
}

static void add_first_job(const struct cr_host *h, struct cr_text *out)
{
  uint32_t job = 0;
  while (h->job_step[job] != CR_JOB_SUBMITTED && h->job_step[job] != CR_JOB_READY)
    job++;
  cr_text_add(out, " %" PRIu32 " job%s waiting, first %s (%s)", h->n_job_kept, h->n_job_kept == 1 ? "" : "s",
              h->workload->client[job].name,
              h->job_step[job] == CR_JOB_READY ? "asks for memory" : "its process is not started");
}

void cr_finding_stalled(struct cr_host *h, struct cr_err *err)
{
  struct cr_text text = {0};
  begin(h, &text);
  cr_text_add(&text, " stalls: nothing runs, no arrival or timer is due, and it keeps");
  if (h->n_live)
    add_first_request(h, &text);
  if (h->n_live && h->n_job_kept)
    cr_text_add(&text, " and");
  if (h->n_job_kept)
    add_first_job(h, &text);
  if (h->policy.ops->dump) {
    cr_text_add(&text, "; it says: ");
    h->policy.ops->dump(&h->policy, &text);
  }
  finish(&text, err);
}

void cr_finding_livelocked(const struct cr_host *h, const char *what, struct cr_err *err)
{
  struct cr_text text = {0};
  begin(h, &text);
  cr_text_add(&text, " never comes to the end of this instant: %s", what);
  finish(&text, err);
}
