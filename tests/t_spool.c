/* t_spool.c - spools: what is written is what is read, and what is cut, damaged or not written is said. */
#include "config.h"

#include "tests/t.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/mem.h"
#include "traces/spool.h"
#include "traces/spool_write.h"

static struct cr_spool_writer *begin(const char *path)
{
  struct cr_spool_writer *w = cr_mem_new(1, sizeof *w);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  assert_true(w && fd >= 0);
  assert_int_equal(cr_spool_write_begin(w, fd), 0);
  return w;
}

static void put_process(struct cr_spool_writer *w)
{
  struct cr_spool_process p = {.pid = 4711, .parent_pid = 1, .cupti_version = 130001, .realtime_ns = 5};
  cr_spool_write_room(w);
  p.host = cr_spool_write_text(w, "node7");
  p.command = cr_spool_write_text(w, "python3 serve.py");
  p.corun = cr_spool_write_text(w, "0.1.0");
  cr_spool_write(w, CR_SPOOL_PROCESS, &p, sizeof p);
  cr_spool_write_flush(w);
}

static void put_clock(struct cr_spool_writer *w, uint64_t cupti_ns, uint64_t realtime_ns)
{
  struct cr_spool_clock c = {.cupti_ns = cupti_ns, .realtime_ns = realtime_ns, .monotonic_ns = cupti_ns + 3};
  cr_spool_write(w, CR_SPOOL_CLOCK, &c, sizeof c);
}

static void put_kernel(struct cr_spool_writer *w, const char *name, int grid, uint32_t correlation)
{
  struct cr_spool_shape shape = {.grid = {grid, 1, 1}, .block = {128, 1, 1}, .registers = 32};
  struct cr_spool_kernel k = {.start_ns = 1000 + correlation, .end_ns = 1500 + correlation, .correlation = correlation};
  cr_spool_write_room(w);
  shape.name = cr_spool_write_text(w, name);
  k.shape = cr_spool_write_shape(w, &shape);
  cr_spool_write(w, CR_SPOOL_KERNEL, &k, sizeof k);
}

static void put_api(struct cr_spool_writer *w, uint32_t cbid, const char *name)
{
  struct cr_spool_api api = {.domain = CR_SPOOL_RUNTIME, .cbid = cbid, .tid = 9, .correlation = 77};
  cr_spool_write_room(w);
  if (!cr_spool_write_knows_api(w, CR_SPOOL_RUNTIME, cbid))
    cr_spool_write_api_name(w, CR_SPOOL_RUNTIME, cbid, name);
  cr_spool_write(w, CR_SPOOL_API, &api, sizeof api);
}

static void end(struct cr_spool_writer *w, uint64_t dropped)
{
  struct cr_spool_end e = {.realtime_ns = 6, .counts = {.dropped = dropped}};
  cr_spool_write_end(w, &e);
  cr_mem_free(w);
}

static struct cr_spool *opened(const char *path)
{
  struct cr_spool *s = NULL;
  struct cr_err err = {{0}};
  if (cr_spool_open(path, &s, &err) < 0)
    fail_msg("%s", err.text);
  return s;
}

/* Reads to the end and says how many kernels there were. */
static uint64_t kernels(struct cr_spool *s)
{
  struct cr_spool_record r;
  struct cr_err err = {{0}};
  uint64_t n = 0;
  int rc;
  while ((rc = cr_spool_next(s, &r, &err)) == 1)
    n += r.kind == CR_SPOOL_KERNEL;
  assert_int_equal(rc, 0);
  return n;
}

static void has_missing(const struct cr_spool *s, const char *want)
{
  struct cr_text text = {0};
  cr_spool_missing(s, "a.spool", &text);
  if (!want)
    assert_null(text.s);
  else if (!text.s || !strstr(text.s, want))
    fail_msg("\"%s\" lacks \"%s\"", text.s ? text.s : "", want);
  cr_text_fini(&text);
}

static void next_is(struct cr_spool *s, struct cr_spool_record *r, enum cr_spool_kind kind)
{
  struct cr_err err = {{0}};
  assert_int_equal(cr_spool_next(s, r, &err), 1);
  assert_int_equal(r->kind, kind);
}

static void what_is_written_is_read(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "whole.spool");
  struct cr_spool_writer *w = begin(path);
  struct cr_spool_marker m = {.time_ns = 8, .id = 3, .flags = 2, .tid = 9};
  struct cr_spool_device d = {.n_sm = 132, .major = 9};
  put_process(w);
  put_kernel(w, "gemm", 10, 1);
  put_kernel(w, "gemm", 10, 2);
  put_kernel(w, "gemm", 11, 3);
  put_api(w, 211, "cudaLaunchKernel_v7000");
  m.name = cr_spool_write_text(w, "step");
  cr_spool_write(w, CR_SPOOL_MARKER, &m, sizeof m);
  d.name = cr_spool_write_text(w, "H200");
  cr_spool_write(w, CR_SPOOL_DEVICE, &d, sizeof d);
  cr_spool_write_note(w, CR_SPOOL_WARNING, 39, "another subscriber");
  end(w, 0);

  struct cr_spool *s = opened(path);
  struct cr_spool_record r;
  assert_string_equal(cr_spool_who(s)->host, "node7");
  assert_string_equal(cr_spool_who(s)->command, "python3 serve.py");
  assert_string_equal(cr_spool_who(s)->options, "");
  assert_int_equal(cr_spool_who(s)->process.pid, 4711);
  next_is(s, &r, CR_SPOOL_KERNEL);
  assert_string_equal(r.name, "gemm");
  assert_int_equal(r.shape->grid[0], 10);
  assert_int_equal(r.shape->registers, 32);
  uint32_t first = r.shape->id;
  next_is(s, &r, CR_SPOOL_KERNEL);
  assert_int_equal(r.shape->id, first);
  assert_int_equal(r.u.kernel.correlation, 2);
  next_is(s, &r, CR_SPOOL_KERNEL);
  assert_int_equal(r.shape->grid[0], 11);
  next_is(s, &r, CR_SPOOL_API);
  assert_string_equal(r.name, "cudaLaunchKernel_v7000");
  next_is(s, &r, CR_SPOOL_MARKER);
  assert_string_equal(r.name, "step");
  assert_null(r.domain);
  next_is(s, &r, CR_SPOOL_DEVICE);
  assert_string_equal(r.name, "H200");
  assert_int_equal(r.u.device.n_sm, 132);
  next_is(s, &r, CR_SPOOL_NOTE);
  assert_string_equal(r.name, "another subscriber");
  assert_int_equal(r.u.note.code, 39);
  next_is(s, &r, CR_SPOOL_END);
  assert_int_equal(r.u.end.counts.recorded, 6);
  assert_int_equal(kernels(s), 0);
  assert_true(cr_spool_state(s)->ended);
  assert_int_equal(cr_spool_state(s)->broken, CR_SPOOL_WHOLE);
  has_missing(s, NULL);
  cr_spool_close(s);
}

/* A spool of several chunks: one kernel in each. */
static size_t chunks(const char *path, int n)
{
  struct cr_spool_writer *w = begin(path);
  size_t bytes = 0;
  put_process(w);
  for (int i = 0; i < n; i++) {
    put_kernel(w, i % 2 ? "odd" : "even", i % 3, (uint32_t)i);
    cr_spool_write_flush(w);
  }
  end(w, 0);
  t_free(t_read(path, &bytes));
  return bytes;
}

static void a_spool_cut_anywhere_is_read_up_to_its_last_whole_chunk(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "cut.spool");
  size_t n = chunks(path, 7);
  uint64_t before = 7;
  for (size_t cut = n - 1; cut > 0; cut--) {
    struct cr_spool *s = NULL;
    struct cr_err err = {{0}};
    assert_int_equal(truncate(path, (off_t)cut), 0);
    if (cr_spool_open(path, &s, &err) < 0) {
      assert_int_equal(before, 0);
      continue;
    }
    uint64_t have = kernels(s);
    assert_true(have == before || have + 1 == before);
    assert_false(cr_spool_state(s)->ended);
    has_missing(s, "has no end: process 4711");
    if (cr_spool_state(s)->whole_bytes < (int64_t)cut)
      has_missing(s, "is cut off");
    before = have;
    cr_spool_close(s);
  }
  assert_int_equal(before, 0);
}

static void a_flipped_bit_is_seen_and_what_comes_before_it_is_read(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "flip.spool");
  size_t n = chunks(path, 5), got = 0;
  char *bytes = t_read(path, &got);
  assert_int_equal(got, n);
  for (size_t i = 16; i < n; i++) {
    struct cr_spool *s = NULL;
    struct cr_err err = {{0}};
    int fd = open(path, O_RDWR);
    char flipped = (char)(bytes[i] ^ (1 << i % 8));
    assert_int_equal(pwrite(fd, &flipped, 1, (off_t)i), 1);
    if (cr_spool_open(path, &s, &err) == 0) {
      assert_in_range(kernels(s), 0, 5);
      assert_int_not_equal(cr_spool_state(s)->broken, CR_SPOOL_WHOLE);
      assert_true(cr_spool_state(s)->whole_bytes <= (int64_t)i);
      cr_spool_close(s);
    }
    assert_int_equal(pwrite(fd, bytes + i, 1, (off_t)i), 1);
    close(fd);
  }
  t_free(bytes);
}

static void texts_and_shapes_beyond_the_tables_begin_again(void **state)
{
  (void)state;
  enum { N = 60000 };
  const char *path = t_join(t_tmp(), "many.spool");
  struct cr_spool_writer *w = begin(path);
  char name[64];
  put_process(w);
  for (int i = 0; i < N; i++) {
    snprintf(name, sizeof name, "kernel_%d", i % 20000);
    put_kernel(w, name, i % 30000, (uint32_t)i);
    put_api(w, 5, "cudaMalloc_v3020");
  }
  end(w, 0);
  struct cr_spool *s = opened(path);
  struct cr_spool_record r;
  struct cr_err err = {{0}};
  int n = 0;
  while (cr_spool_next(s, &r, &err) == 1) {
    if (r.kind == CR_SPOOL_API)
      assert_string_equal(r.name, "cudaMalloc_v3020");
    if (r.kind != CR_SPOOL_KERNEL)
      continue;
    snprintf(name, sizeof name, "kernel_%d", n % 20000);
    assert_string_equal(r.name, name);
    assert_int_equal(r.shape->grid[0], n % 30000);
    n++;
  }
  assert_int_equal(n, N);
  assert_int_equal(cr_spool_state(s)->counts.recorded, 2 * N);
  has_missing(s, NULL);
  cr_spool_close(s);
}

static void a_text_that_is_too_long_is_cut(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "long.spool");
  struct cr_spool_writer *w = begin(path);
  char *name = cr_mem_new(200001, 1);
  put_process(w);
  for (int i = 0; i < 40; i++) {
    memset(name, 'a' + i % 26, 200000);
    put_kernel(w, name, 1, 1);
  }
  end(w, 0);
  struct cr_spool *s = opened(path);
  struct cr_spool_record r;
  next_is(s, &r, CR_SPOOL_KERNEL);
  assert_int_equal(strlen(r.name), CR_SPOOL_TEXT_BYTES_MAX);
  assert_int_equal(kernels(s), 39);
  cr_mem_free(name);
  cr_spool_close(s);
}

static void what_there_is_no_room_for_is_counted(void **state)
{
  (void)state;
  enum { N = 20000 };
  const char *path = t_join(t_tmp(), "limit.spool");
  struct cr_spool_writer *w = begin(path);
  w->limit_bytes = 600000;
  put_process(w);
  for (uint32_t i = 0; i < N; i++)
    put_kernel(w, "k", 1, i);
  end(w, 17);
  struct cr_spool *s = opened(path);
  uint64_t have = kernels(s);
  const struct cr_spool_state *st = cr_spool_state(s);
  assert_in_range(have, 1000, N - 1);
  assert_true(st->ended);
  assert_int_equal(st->counts.recorded, have);
  assert_int_equal(st->counts.not_written, N - have);
  has_missing(s, "records were not written: no room");
  has_missing(s, "17 records were dropped by CUPTI");
  cr_spool_close(s);
}

static void a_failed_write_leaves_whole_chunks(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "failed.spool");
  struct cr_spool_writer *w = begin(path);
  put_process(w);
  put_kernel(w, "k", 1, 1);
  cr_spool_write_flush(w);
  int fd = open("/dev/full", O_WRONLY), kept = dup(w->fd);
  if (fd < 0) {
    end(w, 0);
    close(kept);
    t_skip("there is no /dev/full");
  }
  dup2(fd, w->fd);
  close(fd);
  put_kernel(w, "k", 1, 2);
  cr_spool_write_flush(w);
  assert_int_equal(w->code, ENOSPC);
  assert_int_equal(w->n_not_written, 1);
  put_kernel(w, "k", 1, 3);
  cr_spool_write_flush(w);
  assert_int_equal(w->n_not_written, 2);
  dup2(kept, w->fd);
  close(kept);
  end(w, 0);
  struct cr_spool *s = opened(path);
  assert_int_equal(kernels(s), 1);
  assert_int_equal(cr_spool_state(s)->counts.not_written, 2);
  assert_int_equal(cr_spool_state(s)->counts.recorded, 1);
  cr_spool_close(s);
}

static void times_are_put_on_the_real_time_clock(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "clock.spool");
  struct cr_spool_writer *w = begin(path);
  put_process(w);
  put_clock(w, 1000, 1700000000000000000);
  put_clock(w, 1001000, 1700000000002000000); /* twice as fast */
  end(w, 0);
  struct cr_spool *s = opened(path);
  assert_int_equal(kernels(s), 0);
  assert_int_equal(cr_spool_state(s)->n_clock, 2);
  assert_int_equal(cr_spool_realtime_ns(cr_spool_state(s), 1000), 1700000000000000000);
  assert_int_equal(cr_spool_realtime_ns(cr_spool_state(s), 501000), 1700000000001000000);
  assert_int_equal(cr_spool_realtime_ns(cr_spool_state(s), 0), 0);
  cr_spool_close(s);
}

/* A chunk by hand, with a right checksum. */
static void append_chunk(const char *path, uint64_t seq, const void *records, size_t n)
{
  struct cr_spool_chunk head = {.magic = CR_SPOOL_CHUNK_MAGIC, .n_bytes = (uint32_t)n, .seq = seq, .n_record = 1};
  head.crc = (uint32_t)crc32(crc32(0, (const Bytef *)&head, 20), records, (uInt)n);
  int fd = open(path, O_WRONLY | O_APPEND);
  assert_int_equal(write(fd, &head, sizeof head), sizeof head);
  assert_int_equal(write(fd, records, n), (ssize_t)n);
  close(fd);
}

static void records_of_a_later_writer_are_taken_as_far_as_they_are_known(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "later.spool");
  struct cr_spool_writer *w = begin(path);
  put_process(w);
  cr_spool_write_leave(w);
  cr_mem_free(w);
  struct {
    struct cr_spool_head unknown_head;
    uint64_t unknown;
    struct cr_spool_head short_head;
    uint64_t start_ns;
    struct cr_spool_head long_head;
    struct cr_spool_stream stream;
    uint64_t more;
    struct cr_spool_head lost_head;
    struct cr_spool_kernel lost;
  } records = {.unknown_head = {.kind = 999, .n_bytes = 16},
               .short_head = {.kind = CR_SPOOL_MEMCPY, .n_bytes = 16},
               .start_ns = 12,
               .long_head = {.kind = CR_SPOOL_STREAM, .n_bytes = 8 + sizeof records.stream + 8},
               .stream = {.priority = -5},
               .more = 1,
               .lost_head = {.kind = CR_SPOOL_KERNEL, .n_bytes = 8 + sizeof records.lost},
               .lost = {.shape = 12}};
  append_chunk(path, 1, &records, sizeof records);
  struct cr_spool *s = opened(path);
  struct cr_spool_record r;
  next_is(s, &r, CR_SPOOL_MEMCPY);
  assert_int_equal(r.u.copy.start_ns, 12);
  assert_int_equal(r.u.copy.n_bytes, 0);
  next_is(s, &r, CR_SPOOL_STREAM);
  assert_int_equal(r.u.stream.priority, -5);
  assert_int_equal(kernels(s), 0);
  assert_int_equal(cr_spool_state(s)->n_unknown, 1);
  assert_int_equal(cr_spool_state(s)->n_unresolved, 1);
  has_missing(s, "1 records of the spool refer to what it does not hold");
  cr_spool_close(s);
}

static void records_that_reach_out_of_their_chunk_are_damage(void **state)
{
  (void)state;
  const uint32_t lengths[] = {0, 7, 12, 24, 0xfffffff8};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    const char *path = t_join(t_tmp(), "reach.spool");
    struct cr_spool_writer *w = begin(path);
    struct cr_spool_head head = {.kind = CR_SPOOL_STREAM, .n_bytes = lengths[i]};
    uint8_t records[16] = {0};
    put_process(w);
    cr_spool_write_leave(w);
    cr_mem_free(w);
    memcpy(records, &head, sizeof head);
    append_chunk(path, 1, records, sizeof records);
    struct cr_spool *s = opened(path);
    assert_int_equal(kernels(s), 0);
    assert_int_equal(cr_spool_state(s)->broken, CR_SPOOL_DAMAGED);
    has_missing(s, "is damaged after");
    cr_spool_close(s);
  }
}

static void what_is_no_spool_is_refused(void **state)
{
  (void)state;
  struct cr_spool *s = NULL;
  struct cr_err err = {{0}};
  const char *path = t_join(t_tmp(), "none.spool");
  t_write(path, "SQLite format 3, or so");
  assert_int_equal(cr_spool_open(path, &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "is not a spool"));
  t_write(path, "");
  assert_int_equal(cr_spool_open(path, &s, &err), CR_EINPUT);
  t_write(path, CR_SPOOL_MAGIC "\x02zzz\x04\x03\x02\x01");
  assert_int_equal(cr_spool_open(path, &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "of version"));
  assert_int_equal(cr_spool_open(t_tmp(), &s, &err), CR_EINPUT);
  assert_int_equal(cr_spool_open(t_join(t_tmp(), "no.spool"), &s, &err), CR_EINPUT);
  struct cr_spool_writer *w = begin(path);
  cr_spool_write_leave(w);
  cr_mem_free(w);
  assert_int_equal(cr_spool_open(path, &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "holds no whole chunk"));
}

static void memory_that_runs_out_is_said(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "memory.spool");
  chunks(path, 3);
  for (uint64_t n = 0;; n++) {
    struct cr_spool *s = NULL;
    struct cr_spool_record r;
    struct cr_err err = {{0}};
    t_fail_allocation_after(n);
    int rc = cr_spool_open(path, &s, &err);
    while (rc >= 0 && (rc = cr_spool_next(s, &r, &err)) == 1)
      ;
    t_allocations_succeed();
    cr_spool_close(s);
    if (!rc)
      return;
    assert_int_equal(rc, CR_ENOMEM);
    assert_true(n < 100);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_written_is_read),
    cmocka_unit_test(a_spool_cut_anywhere_is_read_up_to_its_last_whole_chunk),
    cmocka_unit_test(a_flipped_bit_is_seen_and_what_comes_before_it_is_read),
    cmocka_unit_test(texts_and_shapes_beyond_the_tables_begin_again),
    cmocka_unit_test(a_text_that_is_too_long_is_cut),
    cmocka_unit_test(what_there_is_no_room_for_is_counted),
    cmocka_unit_test(a_failed_write_leaves_whole_chunks),
    cmocka_unit_test(times_are_put_on_the_real_time_clock),
    cmocka_unit_test(records_of_a_later_writer_are_taken_as_far_as_they_are_known),
    cmocka_unit_test(records_that_reach_out_of_their_chunk_are_damage),
    cmocka_unit_test(what_is_no_spool_is_refused),
    cmocka_unit_test(memory_that_runs_out_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
