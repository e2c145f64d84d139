/* t_ledger.c - the record of a run. */
#include "config.h"

#include "sim/ask.h"
#include "sim/ledger.h"
#include "sim/rng.h"
#include "sim/stats.h"
#include "sim/text.h"
#include "tests/load.h"
#include "tests/t.h"

static struct cr_note some_note(uint64_t i)
{
  uint64_t d = cr_draw(3, CR_RNG_TEST, 1, i);
  return (struct cr_note){
    .at_ns = (cr_ns)(i * 1000003),
    .t = i % 3 ? d : d & 0xff00,
    .kind = (uint32_t)(i % CR_N_NOTE),
    .a = (uint32_t)(d >> 40),
    .b = i % 5 ? 0 : CR_ALL,
    .c = (uint32_t)d,
  };
}

static uint64_t fnv(uint64_t hash, uint64_t value, int n_byte)
{
  for (int i = 0; i < n_byte; i++)
    hash = (hash ^ (value >> 8 * i & 0xff)) * UINT64_C(0x100000001b3);
  return hash;
}

static void the_hash_is_fnv_1a_over_members_least_byte_first(void **state)
{
  (void)state;
  struct cr_ledger *l = cr_ledger_new(NULL);
  assert_non_null(l);
  uint64_t want = UINT64_C(0xcbf29ce484222325);
  assert_true(cr_ledger_hash(l) == want);
  for (uint64_t i = 0; i < 10000; i++) {
    struct cr_note n = some_note(i);
    cr_ledger_add(l, &n);
    want = fnv(fnv(want, (uint64_t)n.at_ns, 8), n.t, 8);
    want = fnv(fnv(fnv(fnv(want, n.kind, 4), n.a, 4), n.b, 4), n.c, 4);
    assert_true(cr_ledger_hash(l) == want);
  }
  assert_int_equal(cr_ledger_count(l), 10000);
  cr_ledger_free(l);
}

static void every_note_reaches_the_sink_in_order(void **state)
{
  (void)state;
  struct load_record r = {0};
  struct cr_ledger *l = cr_ledger_new(load_record(&r));
  assert_non_null(l);
  for (uint64_t i = 0; i < 10000; i++) {
    struct cr_note n = some_note(i);
    cr_ledger_add(l, &n);
  }
  assert_int_equal(r.n, 8192); /* two whole blocks */
  assert_int_equal(cr_ledger_flush(l, NULL), CR_OK);
  assert_int_equal(cr_ledger_flush(l, NULL), CR_OK);
  assert_int_equal(r.n, 10000);
  for (uint64_t i = 0; i < r.n; i++) {
    struct cr_note n = some_note(i);
    assert_memory_equal(&r.note[i], &n, sizeof n);
  }
  cr_ledger_free(l);
  load_record_fini(&r);
}

static int full_disk(void *ctx, const struct cr_note *note, uint32_t n, struct cr_err *err)
{
  (void)note;
  (void)n;
  (*(int *)ctx)++;
  return cr_fail(err, CR_ERUN, "the disk is full");
}

static void a_failed_sink_shows_at_the_flush_and_is_not_asked_again(void **state)
{
  (void)state;
  int asked = 0;
  struct cr_ledger_sink sink = {.ctx = &asked, .write = full_disk};
  struct cr_ledger *l = cr_ledger_new(&sink);
  assert_non_null(l);
  for (uint64_t i = 0; i < 20000; i++) {
    struct cr_note n = some_note(i);
    cr_ledger_add(l, &n);
  }
  struct cr_err err = {""};
  assert_int_equal(cr_ledger_flush(l, &err), CR_ERUN);
  assert_string_equal(err.text, "the disk is full");
  assert_int_equal(asked, 1);
  cr_ledger_free(l);
}

static void each_kind_has_its_line(void **state)
{
  (void)state;
  static const struct {
    struct cr_note note;
    const char *line;
  } is[] = {
    {{.at_ns = 1, .kind = CR_NOTE_CLIENT, .a = 2}, "1 client 2"},
    {{.at_ns = 1, .kind = CR_NOTE_REQUEST, .a = 2, .b = 3, .t = 4}, "1 request 2 client 3 arrived 4"},
    {{.at_ns = 1, .kind = CR_NOTE_DONE, .a = 2, .b = 3, .t = 4}, "1 done 2 next 3 reached 4"},
    {{.at_ns = 1, .kind = CR_NOTE_BACK, .a = 2, .b = 3, .c = CR_CAP_KILL, .t = 4}, "1 back 2 next 3 by kill reached 4"},
    {{.at_ns = 1, .kind = CR_NOTE_BACK, .a = 2, .b = 3, .c = CR_CAP_PARK, .t = (uint64_t)CR_NS_NEVER},
     "1 back 2 next 3 by park"},
    {{.at_ns = 1, .kind = CR_NOTE_TIMER, .t = 9}, "1 timer 9"},
    {{.at_ns = 1, .kind = CR_NOTE_ROOM, .a = 2}, "1 room 2"},
    {{.at_ns = 1, .kind = CR_NOTE_STREAM, .a = 2, .b = 0, .c = (uint32_t)-5}, "1   stream 2 device 0 priority -5"},
    {{.at_ns = 1, .kind = CR_NOTE_LAUNCH, .a = 2, .b = CR_ALL, .c = 1}, "1   launch 2 all ops stream 1"},
    {{.at_ns = 1, .kind = CR_NOTE_LAUNCH, .a = 2, .b = 7, .c = 1}, "1   launch 2 ops 7 stream 1"},
    {{.at_ns = 1, .kind = CR_NOTE_PREEMPT, .a = 2, .b = CR_CAP_PARK}, "1   preempt 2 by park"},
    {{.at_ns = 1, .kind = CR_NOTE_DROP, .a = 2}, "1   drop 2"},
    {{.at_ns = 1, .kind = CR_NOTE_SETTIMER, .t = 9, .a = 5, .b = 1}, "1   settimer 9 at 4294967301"},
    {{.at_ns = 1, .kind = CR_NOTE_REFUSED, .a = CR_REFUSED_OWNER}, "1   refused: the policy does not own the request"},
    {{.at_ns = 1, .kind = CR_NOTE_PREEMPT, .a = 2, .b = 3}, "1   preempt 2 by ?"},
    {{.at_ns = 1, .kind = CR_NOTE_PROCESS, .a = 2, .b = 7, .t = 5}, "1   process 7 stream 2 slice 5"},
    {{.at_ns = 1, .kind = CR_NOTE_PROCESS, .a = 2, .b = 7, .t = (uint64_t)CR_NS_NEVER}, "1   process 7 stream 2"},
    {{.at_ns = 1, .kind = CR_NOTE_SHARE, .a = 2, .b = 250000}, "1   share 2 ppm 250000"},
    {{.at_ns = 1, .kind = CR_NOTE_JOB, .a = 2, .t = 4}, "1 job 2 submitted 4"},
    {{.at_ns = 1, .kind = CR_NOTE_READY, .a = 2}, "1 ready 2"},
    {{.at_ns = 1, .kind = CR_NOTE_LEAVE, .a = 2, .b = CR_JOB_NO_MEMORY}, "1 leave 2: out of memory"},
    {{.at_ns = 1, .kind = CR_NOTE_LEAVE, .a = 2, .b = 77}, "1 leave 2: unknown"},
    {{.at_ns = 1, .kind = CR_NOTE_START, .a = 2}, "1   start 2"},
    {{.at_ns = 1, .kind = CR_NOTE_REJECT, .a = 2}, "1   reject 2"},
    {{.at_ns = 1, .kind = CR_NOTE_LANE, .a = 2, .b = 3, .t = 5000000000}, "1   lane 2 device 3 bytes 5000000000"},
    {{.at_ns = 1, .kind = CR_NOTE_CLOSE, .a = 2}, "1   close lane 2"},
    {{.at_ns = 1, .kind = CR_NOTE_ADMIT, .a = 2, .b = 3, .t = 9}, "1   admit 2 lane 3 holds 9"},
    {{.at_ns = 1, .kind = CR_NOTE_MOVE, .a = 2, .b = 3}, "1   move 2 lane 3"},
    {{.at_ns = 1, .kind = CR_NOTE_THOUGHT, .a = 2, .t = 3}, "1 thought 2 by 3"},
    {{.at_ns = 1, .kind = CR_NOTE_TURN, .a = 2, .b = CR_CHARGE_TIME, .c = 3, .t = 4}, "1   turn 2 stream 3 key 4 by time"},
    {{.at_ns = 1, .kind = CR_NOTE_TURN, .a = 2, .c = 3, .t = 4}, "1   turn 2 stream 3 key 4 by iteration"},
    {{.at_ns = 1, .kind = CR_NOTE_TURNED, .a = 2, .b = 3, .t = 4}, "1 turned 2 next 3 used 4"},
    {{.at_ns = 1, .kind = CR_NOTE_QUEUE, .a = 2, .b = 4, .c = CR_RECLAIM_LATER}, "1   queue 4 ops stream 2"},
    {{.at_ns = 1, .kind = CR_NOTE_QUEUE, .a = 2, .b = 4, .c = CR_RECLAIM_NOW},
     "1   queue 4 ops stream 2 release at once"},
    {{.at_ns = 1, .kind = CR_NOTE_REWIND, .a = 2, .b = 3}, "1   rewind 2 to 3"},
    {{.at_ns = 1, .kind = CR_NOTE_SLICE, .a = 2, .b = 30, .c = 1}, "1   slice 2 blocks 30 stream 1"},
    {{.at_ns = 1,
      .kind = CR_NOTE_PAD,
      .a = 2,
      .b = 3,
      .c = 7,
      .t = UINT64_C(268435455) << 36 | UINT64_C(4095) << 24 | UINT64_C(255) << 16 | 65535},
     "1   pad 2 op 7 SMs 4095 with 3 blocks 268435455 an SM 255 stream 65535"},
    {{.at_ns = 1, .kind = CR_NOTE_CUT, .a = 2, .b = 5, .c = 4}, "1 cut 2 blocks 5 handed 4"},
    {{.at_ns = 1, .kind = CR_NOTE_BACK, .a = 2, .b = 3, .c = CR_CAP_PAD, .t = 4}, "1 back 2 next 3 by pad reached 4"},
    {{.at_ns = 1, .kind = CR_NOTE_REFUSED, .a = 4000}, "1   refused: unknown"},
    {{.at_ns = 1, .kind = 4000}, "1 unknown kind 4000"},
  };
  for (size_t i = 0; i < sizeof is / sizeof is[0]; i++) {
    struct cr_text text = {0};
    cr_note_print(&is[i].note, &text);
    assert_string_equal(text.s, is[i].line);
    cr_text_fini(&text);
  }
  for (uint32_t i = 0; i < CR_N_NOTE; i++)
    assert_non_null(cr_note_name[i]);
  for (uint32_t i = 0; i < CR_N_REFUSAL; i++)
    assert_string_not_equal(cr_refusal_text(i), "unknown");
  for (uint32_t i = 0; i < CR_N_CAP; i++)
    assert_string_not_equal(cr_cap_text(UINT32_C(1) << i), "?");
  assert_string_equal(cr_cap_text(UINT32_C(1) << CR_N_CAP), "?");
}

static void what_a_pad_says_fits_its_note(void **state)
{
  (void)state;
  static const struct cr_pad_note is[] = {
    {1, 1, 1, 0},
    {CR_PAD_BLOCKS_MAX, 1, 1, 0},
    {1, CR_PAD_SMS_MAX, 1, 0},
    {1, 1, CR_PAD_SM_BLOCKS_MAX, 0},
    {1, 1, 1, CR_PAD_STREAM_MAX},
    {123456, 131, 16, 77},
  };
  for (size_t i = 0; i < sizeof is / sizeof is[0]; i++) {
    struct cr_note note = {.kind = CR_NOTE_PAD, .t = cr_note_pad(&is[i])};
    struct cr_pad_note back = cr_note_pad_of(&note);
    assert_memory_equal(&back, &is[i], sizeof back);
  }
}

static void told_and_asked_are_told_apart(void **state)
{
  (void)state;
  static const enum cr_note_kind asked[] = {CR_NOTE_QUEUE, CR_NOTE_REWIND, CR_NOTE_SLICE, CR_NOTE_PAD};
  for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
    assert_false(cr_note_is_told(asked[i]));
  assert_true(cr_note_is_told(CR_NOTE_CUT));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_hash_is_fnv_1a_over_members_least_byte_first),
    cmocka_unit_test(every_note_reaches_the_sink_in_order),
    cmocka_unit_test(a_failed_sink_shows_at_the_flush_and_is_not_asked_again),
    cmocka_unit_test(each_kind_has_its_line),
    cmocka_unit_test(what_a_pad_says_fits_its_note),
    cmocka_unit_test(told_and_asked_are_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
