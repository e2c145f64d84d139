/* capture_parts.c - parts a capture into chains of ops, of each of which a model is made.
 *
 * A chain is what one process did on one device.  Where its streams run at the same time, these are chains of their own:
 * one program, and as many clients of the device. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "traces/capture_int.h"
#include "traces/capture_model.h"

struct part {
  uint32_t op0, n_op;
  uint32_t process, device;
  uint32_t stream; /* the only one, of a process whose streams are parted; CR_NONE */
  uint32_t n_kernel;
};

struct parting {
  struct cr_capture *c;
  uint32_t *part_of; /* [n_stream] */
  uint32_t *first;   /* [n_part + 1] for placing ops */
  struct part *part; /* [n_part], at most a stream each */
  uint32_t n_part;
};

/* Streams of one process and device together, in order of their first appearance. */
static void part_by_device(struct parting *p)
{
  const struct cr_capture *c = p->c;
  for (uint32_t i = 0; i < c->n_stream; i++) {
    uint32_t k = 0;
    while (k < p->n_part && (p->part[k].process != c->stream[i].process || p->part[k].device != c->stream[i].device))
      k++;
    if (k == p->n_part)
      p->part[p->n_part++] =
        (struct part){.process = c->stream[i].process, .device = c->stream[i].device, .stream = CR_NONE};
    p->part_of[i] = k;
  }
}

static int in_order(const struct parting *p)
{
  const struct cr_capture *c = p->c;
  for (uint32_t i = 1; i < c->n_op; i++) {
    uint32_t a = p->part_of[c->op[i - 1].stream], b = p->part_of[c->op[i].stream];
    if (a > b || (a == b && cr_chain_by_start(&c->op[i - 1], &c->op[i]) > 0))
      return 0;
  }
  return 1;
}

/* Puts the ops of each part together. */
static int place_ops(struct parting *p, struct cr_err *err)
{
  struct cr_capture *c = p->c;
  struct cr_capture_op *placed = cr_mem_new(c->op_cap, sizeof *placed);
  if (!placed)
    return cr_fail_nomem(err, c->path);
  for (uint32_t i = 0; i < c->n_op; i++)
    placed[p->first[p->part_of[c->op[i].stream]]++] = c->op[i];
  cr_mem_free(c->op);
  c->op = placed;
  return CR_OK;
}

/* Puts the ops in order of part and start, and counts them. */
static int sort_ops(struct parting *p, struct cr_err *err)
{
  struct cr_capture *c = p->c;
  for (uint32_t k = 0; k < p->n_part; k++)
    p->part[k].n_op = p->part[k].n_kernel = 0;
  for (uint32_t i = 0; i < c->n_op; i++) {
    struct part *part = &p->part[p->part_of[c->op[i].stream]];
    part->n_op++;
    part->n_kernel += c->op[i].kind == CR_OP_KERNEL;
  }
  for (uint32_t k = 0, at = 0; k < p->n_part; at += p->part[k++].n_op)
    p->part[k].op0 = p->first[k] = at;
  if (in_order(p))
    return CR_OK;
  int rc = p->n_part > 1 ? place_ops(p, err) : CR_OK;
  if (rc)
    return rc;
  for (uint32_t k = 0; k < p->n_part; k++)
    qsort(c->op + p->part[k].op0, p->part[k].n_op, sizeof *c->op, cr_chain_by_start);
  return CR_OK;
}

static int streams_overlap(const struct cr_capture *c, const struct part *part)
{
  const struct cr_capture_op *op = c->op + part->op0, *last = op;
  for (uint32_t i = 1; i < part->n_op; i++) {
    if (op[i].stream != last->stream && op[i].start_ns < last->start_ns + last->duration_ns)
      return 1;
    if (op[i].start_ns + op[i].duration_ns > last->start_ns + last->duration_ns)
      last = &op[i];
  }
  return 0;
}

/* Parts whose streams run at the same time become one a stream. */
static int part_by_stream(struct parting *p, struct cr_err *err)
{
  struct cr_capture *c = p->c;
  uint32_t n = p->n_part;
  int any = 0;
  for (uint32_t k = 0; k < n; k++) {
    int taken = 0; /* the part itself is the first of its streams */
    if (!streams_overlap(c, &p->part[k]))
      continue;
    any = 1;
    for (uint32_t i = 0; i < c->n_stream; i++) {
      if (p->part_of[i] != k)
        continue;
      uint32_t to = taken ? p->n_part++ : k;
      taken = 1;
      p->part[to] = (struct part){.process = p->part[k].process, .device = p->part[k].device, .stream = i};
      p->part_of[i] = to;
    }
  }
  return any ? sort_ops(p, err) : CR_OK;
}

/* -- what is said of a part ---------------------------------------------------------------------------------------- */

static void say_stream(struct cr_text *t, const struct cr_capture_stream *s)
{
  cr_text_add(t, "stream %u", s->id);
  if (s->has_priority)
    cr_text_add(t, " of priority %" PRId32, s->priority);
  if (s->green)
    cr_text_add(t, " in green context %u", s->green);
}

/* ", of python3 (17), device 0, stream 7 of priority -5". */
static void say_where(const struct parting *p, const struct part *part, struct cr_text *t)
{
  const struct cr_capture_process *process = &p->c->process[part->process];
  const char *name = process->name ? process->name : "process";
  cr_text_add(t, ", %s", name);
  if (process->pid)
    cr_text_add(t, " (%u)", process->pid);
  cr_text_add(t, ", device %u", part->device);
  for (uint32_t i = 0; i < p->c->n_stream; i++)
    if (&p->part[p->part_of[i]] == part) {
      cr_text_add(t, ", ");
      say_stream(t, &p->c->stream[i]);
    }
}

/* The endings that tell a part's model from the others'. */
static void end_name(const struct parting *p, const struct part *part, struct cr_text *t)
{
  const struct cr_capture *c = p->c;
  int other_process = 0, same_pid = 0, other_device = 0, other_context = 0;
  for (uint32_t k = 0; k < p->n_part; k++) {
    const struct part *q = &p->part[k];
    if (!q->n_kernel)
      continue;
    other_process |= q->process != part->process;
    same_pid |= q->process != part->process && c->process[q->process].pid == c->process[part->process].pid;
    other_device |= q->process == part->process && q->device != part->device;
    other_context |= q != part && part->stream != CR_NONE && q->stream != CR_NONE && q->process == part->process &&
                     q->device == part->device && c->stream[q->stream].id == c->stream[part->stream].id;
  }
  if (same_pid) /* of several machines, or not known */
    cr_text_add(t, ".process%u", part->process);
  else if (other_process)
    cr_text_add(t, ".pid%u", c->process[part->process].pid);
  if (other_device)
    cr_text_add(t, ".gpu%u", part->device);
  if (other_context)
    cr_text_add(t, ".context%u", c->stream[part->stream].context);
  if (part->stream != CR_NONE)
    cr_text_add(t, ".stream%u", c->stream[part->stream].id);
}

/* Streams that stand in one model, or wait for one another, and what holds of them. */
static void note_streams(const struct parting *p, const struct part *part, struct cr_text *report)
{
  const struct cr_capture *c = p->c;
  for (uint32_t i = 0; i < c->n_stream; i++) {
    const struct cr_capture_stream *s = &c->stream[i];
    if (&p->part[p->part_of[i]] != part)
      continue;
    if (s->has_priority || s->green) {
      cr_text_add(report, "recorded on ");
      say_stream(report, s);
      cr_text_add(report, "\n");
    }
    if (part->stream != CR_NONE && s->n_wait)
      cr_text_add(report, "stream %u waits %u time%s for events, which the model does not keep\n", s->id, s->n_wait,
                  s->n_wait == 1 ? "" : "s");
  }
}

static void say_left_out(const struct parting *p, const struct part *part, struct cr_text *said)
{
  if (!said || !part->n_op)
    return;
  cr_text_add(said, "left out");
  say_where(p, part, said);
  cr_text_add(said, ": %u cop%s or memset%s and no kernel\n", part->n_op, part->n_op == 1 ? "y" : "ies",
              part->n_op == 1 ? "" : "s");
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

static int add_part(struct cr_store *s, const struct parting *p, const struct part *part,
                    const struct cr_capture_use *use, uint32_t *n_model, struct cr_err *err)
{
  struct cr_capture *c = p->c;
  struct cr_text name = {0}, where = {0};
  struct cr_chain ch = {.c = c,
                        .use = use,
                        .arena = c->arena,
                        .op = c->op + part->op0,
                        .n_op = part->n_op,
                        .by_thread = part->stream != CR_NONE,
                        .has_memory = c->n_alloc > 0 && part->stream == CR_NONE};
  cr_text_add(&name, "%s", use->model);
  end_name(p, part, &name);
  say_where(p, part, &where);
  note_streams(p, part, &ch.report);
  int rc = name.failed || where.failed ? cr_fail_nomem(err, c->path) : CR_OK;
  ch.name = name.s;
  ch.where = where.s;
  if (!rc)
    rc = cr_chain_add(s, &ch, err);
  if (!rc && ch.it.n_clean)
    ++*n_model;
  else if (!rc && use->said)
    cr_text_add(use->said, "left out%s: no op within a range %s\n", where.s, use->range);
  cr_text_fini(&name);
  cr_text_fini(&where);
  return rc;
}

int cr_capture_add_models(struct cr_store *s, struct cr_capture *c, const struct cr_capture_use *use, uint32_t *n_model,
                          struct cr_err *err)
{
  struct parting p = {.c = c};
  uint32_t n = 0;
  p.part_of = cr_arena_take(c->arena, c->n_stream, sizeof *p.part_of);
  p.first = cr_arena_take(c->arena, c->n_stream, sizeof *p.first);
  p.part = cr_arena_take(c->arena, c->n_stream, sizeof *p.part);
  if (!p.part_of || !p.first || !p.part)
    return cr_fail_nomem(err, c->path);
  cr_capture_sort(c);
  part_by_device(&p);
  int rc = sort_ops(&p, err);
  if (!rc)
    rc = part_by_stream(&p, err);
  for (uint32_t k = 0; !rc && k < p.n_part; k++) {
    if (!p.part[k].n_kernel) {
      say_left_out(&p, &p.part[k], use->said);
      continue;
    }
    rc = add_part(s, &p, &p.part[k], use, &n, err);
  }
  if (!rc && !n)
    rc = cr_fail(err, CR_EINPUT, "%s: no kernel was launched within a range %s", c->path, use->range);
  if (!rc && use->said && use->said->failed)
    rc = cr_fail_nomem(err, c->path);
  if (!rc)
    *n_model = n;
  return rc;
}
