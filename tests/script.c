/* script.c - a policy made of what a test puts into it, and runs of it. */
#include "config.h"

#include "tests/script.h"

#include "policies/list.h"
#include "tests/t.h"

int script_init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  ((struct script *)p->state)->stream = cr_stream_new(p, (cr_device){0}, 0);
  return CR_OK;
}

void script_launch_op(struct cr_policy *p, cr_request r)
{
  cr_launch(p, r, 1, ((struct script *)p->state)->stream);
}

struct cr_core_cfg script_request(struct cr_workload_builder *b, const struct cr_policy_ops *ops, uint32_t n_op)
{
  static const cr_ns at[] = {0};
  load_add(b, load_trace("one", load_model(b, "m", n_op, 10), CR_RT, at, 1));
  return load_cfg(load_seal(b), ops);
}

const struct cr_workload *script_three_requests(struct cr_workload_builder *b)
{
  static const cr_ns rt_at[] = {0, 5}, be_at[] = {1};
  cr_model small = load_model(b, "small", 2, 10), large = load_model(b, "large", 1, 30);
  load_add(b, load_trace("be", large, CR_BE, be_at, 1));
  load_add(b, load_trace("rt", small, CR_RT, rt_at, 2));
  return load_seal(b);
}

const struct cr_policy_ops *script_policy(const char *name)
{
  const struct cr_policy_ops *ops = cr_policy_find(name, strlen(name));
  assert_non_null(ops);
  return ops;
}

struct cr_result script_run(const struct cr_core_cfg *cfg)
{
  struct cr_result r;
  struct cr_err err = {""};
  if (cr_core_run(cfg, &r, &err) != CR_OK)
    fail_msg("%s", err.text);
  assert_int_equal(r.outcome, CR_DONE);
  return r;
}

void script_run_finds(const struct cr_core_cfg *cfg, int rc, enum cr_outcome outcome, const char *const *word)
{
  struct cr_result r;
  struct cr_err err = {""};
  assert_int_equal(cr_core_run(cfg, &r, &err), rc);
  assert_int_equal(r.outcome, outcome);
  assert_memory_equal(r.why, err.text, strlen(r.why));
  for (; *word; word++)
    if (!strstr(err.text, *word))
      fail_msg("\"%s\" does not say \"%s\"", err.text, *word);
  cr_result_fini(&r);
}

void script_run_refused(const struct cr_core_cfg *cfg, const char *word)
{
  struct cr_result r = {.n_event = 77};
  struct cr_err err = {""};
  assert_int_equal(cr_core_run(cfg, &r, &err), CR_EINPUT);
  assert_int_equal(r.n_event, 77);
  if (!strstr(err.text, word))
    fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}
