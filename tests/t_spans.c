/* t_spans.c - ledgers by hand, and the spans that they stand for. */
#include "config.h"

#include "pages/spans.h"
#include "tests/t.h"

static const cr_ns never = CR_NS_NEVER;

static void check(const struct cr_span *s, cr_ns start_ns, cr_ns end_ns, uint32_t client, uint32_t stream,
                  enum cr_span_end how)
{
  assert_int_equal(s->start_ns, start_ns);
  assert_int_equal(s->end_ns, end_ns);
  assert_int_equal(s->client, client);
  assert_int_equal(s->stream, stream);
  assert_int_equal(s->how, how);
}

#define MAKE(note, from_ns, to_ns, out) \
  assert_int_equal(cr_spans_make(note, sizeof note / sizeof *note, from_ns, to_ns, out, NULL), CR_OK)

static void a_range_runs_from_when_its_stream_reached_it(void **state)
{
  (void)state;
  const struct cr_note note[] = {
    {.kind = CR_NOTE_STREAM, .a = 0, .b = 0},
    {.kind = CR_NOTE_STREAM, .a = 1, .b = 2},
    {.at_ns = 5, .kind = CR_NOTE_REQUEST, .a = 3, .b = 7},
    {.at_ns = 5, .kind = CR_NOTE_LAUNCH, .a = 3, .b = 9, .c = 1},
    {.at_ns = 30, .kind = CR_NOTE_DONE, .a = 3, .b = 9, .t = 11},
  };
  struct cr_spans s;
  MAKE(note, 0, never, &s);
  assert_int_equal(s.n, 1);
  check(&s.span[0], 11, 30, 7, 1, CR_SPAN_DONE);
  assert_int_equal(s.n_stream, 2);
  assert_int_equal(s.stream_device[1], 2);
  cr_spans_fini(&s);
}

static void one_given_back_goes_on_later_elsewhere(void **state)
{
  (void)state;
  const struct cr_note note[] = {
    {.kind = CR_NOTE_STREAM, .a = 0},
    {.kind = CR_NOTE_STREAM, .a = 1},
    {.kind = CR_NOTE_REQUEST, .a = 0, .b = 4},
    {.kind = CR_NOTE_LAUNCH, .a = 0, .b = 9, .c = 0},
    {.at_ns = 20, .kind = CR_NOTE_BACK, .a = 0, .b = 5, .t = 2},
    {.at_ns = 40, .kind = CR_NOTE_LAUNCH, .a = 0, .b = 4, .c = 1},
    {.at_ns = 60, .kind = CR_NOTE_DONE, .a = 0, .b = 9, .t = 41},
  };
  struct cr_spans s;
  MAKE(note, 0, never, &s);
  assert_int_equal(s.n, 2);
  check(&s.span[0], 2, 20, 4, 0, CR_SPAN_BACK);
  check(&s.span[1], 41, 60, 4, 1, CR_SPAN_DONE);
  cr_spans_fini(&s);
}

static void what_was_refused_or_never_reached_is_none(void **state)
{
  (void)state;
  const struct cr_note note[] = {
    {.kind = CR_NOTE_STREAM, .a = 0},
    {.kind = CR_NOTE_STREAM, .a = 1},
    {.kind = CR_NOTE_REQUEST, .a = 0, .b = 0},
    {.kind = CR_NOTE_LAUNCH, .a = 0, .b = 1, .c = 0},
    {.kind = CR_NOTE_LAUNCH, .a = 0, .b = 1, .c = 1}, /* refused: it is launched already */
    {.kind = CR_NOTE_REFUSED, .a = 1},
    {.at_ns = 9, .kind = CR_NOTE_BACK, .a = 0, .t = (uint64_t)CR_NS_NEVER},
    {.at_ns = 9, .kind = CR_NOTE_LAUNCH, .a = 0, .b = 1, .c = 0},
    {.at_ns = 12, .kind = CR_NOTE_DONE, .a = 0, .b = 1, .t = 10},
    {.at_ns = 12,
     .kind = CR_NOTE_REQUEST,
     .a = 0,
     .b = 1}, /* another one of that number, on its way when the run ends */
    {.at_ns = 12, .kind = CR_NOTE_LAUNCH, .a = 0, .b = 1, .c = 1},
  };
  struct cr_spans s;
  MAKE(note, 0, never, &s);
  assert_int_equal(s.n, 1);
  check(&s.span[0], 10, 12, 0, 0, CR_SPAN_DONE);
  cr_spans_fini(&s);
}

static void a_batch_runs_where_its_leader_does(void **state)
{
  (void)state;
  const struct cr_note note[] = {
    {.kind = CR_NOTE_STREAM, .a = 0},
    {.kind = CR_NOTE_REQUEST, .a = 0, .b = 6},
    {.kind = CR_NOTE_REQUEST, .a = 1, .b = 6},
    {.kind = CR_NOTE_BATCH, .a = 0, .b = 1},
    {.kind = CR_NOTE_LAUNCH, .a = 0, .b = 1, .c = 0},
    {.at_ns = 8, .kind = CR_NOTE_DONE, .a = 0, .t = 3},
    {.at_ns = 8, .kind = CR_NOTE_DONE, .a = 1, .t = 3},
  };
  struct cr_spans s;
  MAKE(note, 0, never, &s);
  assert_int_equal(s.n, 2);
  check(&s.span[1], 3, 8, 6, 0, CR_SPAN_DONE);
  cr_spans_fini(&s);
}

static void turns_are_spans_of_their_own_kind(void **state)
{
  (void)state;
  const struct cr_note note[] = {
    {.kind = CR_NOTE_STREAM, .a = 0},
    {.kind = CR_NOTE_REQUEST, .a = 0, .b = 2},
    {.at_ns = 3, .kind = CR_NOTE_TURN, .a = 0, .c = 0},
    {.at_ns = 50, .kind = CR_NOTE_TURNED, .a = 0, .b = 5, .t = 20},
    {.at_ns = 60, .kind = CR_NOTE_TURN, .a = 0, .c = 0},
    {.at_ns = 90, .kind = CR_NOTE_DONE, .a = 0, .b = 9, .t = 61},
  };
  struct cr_spans s;
  MAKE(note, 0, never, &s);
  assert_int_equal(s.n, 2);
  check(&s.span[0], 3, 50, 2, 0, CR_SPAN_TURNS);
  check(&s.span[1], 60, 90, 2, 0, CR_SPAN_TURNS);
  cr_spans_fini(&s);
}

static void padding_is_no_span(void **state)
{
  (void)state;
  const struct cr_note note[] = {
    {.kind = CR_NOTE_STREAM, .a = 0},
    {.kind = CR_NOTE_REQUEST, .a = 0, .b = 0},
    {.kind = CR_NOTE_REQUEST, .a = 1, .b = 1},
    {.kind = CR_NOTE_PAD, .a = 0, .b = 1},
    {.at_ns = 9, .kind = CR_NOTE_BACK, .a = 1, .t = 1},
  };
  struct cr_spans s;
  MAKE(note, 0, never, &s);
  assert_int_equal(s.n, 0);
  cr_spans_fini(&s);
}

static void a_window_keeps_what_overlaps_and_the_longest_stay_in_order(void **state)
{
  (void)state;
  struct cr_note note[1 + 3 * 10] = {{.kind = CR_NOTE_STREAM}};
  for (uint32_t i = 0; i < 10; i++) { /* the i-th from 100 i, i + 1 long */
    note[1 + 3 * i] = (struct cr_note){.at_ns = 100 * i, .kind = CR_NOTE_REQUEST, .a = i, .b = i};
    note[2 + 3 * i] = (struct cr_note){.at_ns = 100 * i, .kind = CR_NOTE_LAUNCH, .a = i, .c = 0};
    note[3 + 3 * i] = (struct cr_note){.at_ns = 101 * i + 1, .kind = CR_NOTE_DONE, .a = i, .t = 100 * i};
  }
  struct cr_spans s;
  MAKE(note, 202, 801, &s);
  assert_int_equal(s.n, 7); /* 2 to 8: the second ends at 203, the eighth begins at 800 */
  assert_int_equal(cr_spans_keep(&s, 3), 4);
  for (uint32_t i = 0; i < 3; i++)
    assert_int_equal(s.span[i].client, 6 + i);
  cr_spans_fini(&s);
}

static void a_damaged_ledger_is_refused(void **state)
{
  (void)state;
  const struct cr_note note[2][2] = {
    {{.kind = CR_NOTE_LAUNCH, .a = 0, .c = 5}, {.at_ns = 9, .kind = CR_NOTE_DONE, .a = 0, .t = 1}},
    {{.kind = CR_NOTE_STREAM, .a = 3}, {.kind = CR_NOTE_REQUEST, .a = 1u << 31}},
  };
  for (int i = 0; i < 2; i++) {
    struct cr_spans s;
    struct cr_err err;
    assert_int_equal(cr_spans_make(note[i], 2, 0, never, &s, &err), CR_EINPUT);
    assert_non_null(strstr(err.text, "do the run again"));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_range_runs_from_when_its_stream_reached_it),
    cmocka_unit_test(one_given_back_goes_on_later_elsewhere),
    cmocka_unit_test(what_was_refused_or_never_reached_is_none),
    cmocka_unit_test(a_batch_runs_where_its_leader_does),
    cmocka_unit_test(turns_are_spans_of_their_own_kind),
    cmocka_unit_test(padding_is_no_span),
    cmocka_unit_test(a_window_keeps_what_overlaps_and_the_longest_stay_in_order),
    cmocka_unit_test(a_damaged_ledger_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
