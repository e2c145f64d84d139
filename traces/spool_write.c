/* spool_write.c - writes a spool from inside a foreign process.
 *
 * A chunk is put together in the writer's own memory, header first, and goes out in one write: a process that is killed
 * leaves whole chunks and at most the beginning of one.  Texts and shapes are found again by hashing; where a table would be
 * more than half full, or texts take more than they may, a RESET record empties all of them. */
#include "config.h"

#include "traces/spool_write.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "a spool is written as the machine has its numbers, and they are little-endian"
#endif

enum {
  CRC_BYTES = 20,     /* of the chunk's header that the checksum is over */
  TEXTS_A_RECORD = 6, /* at most: struct cr_spool_process */
  SLOT_MASK = CR_SPOOL_WRITE_SLOTS - 1,
};

/* ---- checksum: CRC-32 as zlib has it, eight bytes at a time ---- */

static void crc_tables(uint32_t crc[8][256])
{
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++)
      c = (c >> 1) ^ (0xedb88320U & (0U - (c & 1)));
    crc[0][i] = c;
  }
  for (int t = 1; t < 8; t++)
    for (uint32_t i = 0; i < 256; i++)
      crc[t][i] = (crc[t - 1][i] >> 8) ^ crc[0][crc[t - 1][i] & 255];
}

static uint32_t crc_add(const uint32_t crc[8][256], uint32_t sum, const uint8_t *p, size_t n)
{
  uint32_t c = ~sum;
  for (; n >= 8; p += 8, n -= 8) {
    uint32_t a, b;
    memcpy(&a, p, 4);
    memcpy(&b, p + 4, 4);
    a ^= c;
    c = crc[7][a & 255] ^ crc[6][(a >> 8) & 255] ^ crc[5][(a >> 16) & 255] ^ crc[4][a >> 24] ^ crc[3][b & 255] ^
        crc[2][(b >> 8) & 255] ^ crc[1][(b >> 16) & 255] ^ crc[0][b >> 24];
  }
  for (; n; p++, n--)
    c = (c >> 8) ^ crc[0][(c ^ *p) & 255];
  return ~c;
}

/* ---- the file ---- */

/* 0, or errno; what was written of a failed one is left to the caller. */
static int write_all(int fd, const uint8_t *p, size_t n)
{
  while (n) {
    ssize_t got = write(fd, p, n);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return got < 0 ? errno : ENOSPC;
    p += got;
    n -= (size_t)got;
  }
  return 0;
}

/* Whether n more bytes may be written: 0, or errno. */
static int may_write(const struct cr_spool_writer *w, size_t n)
{
  struct statvfs fs;
  if (w->limit_bytes && w->n_bytes + n > w->limit_bytes)
    return EFBIG;
  if (w->reserve_bytes && !fstatvfs(w->fd, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize < w->reserve_bytes + n)
    return ENOSPC;
  return 0;
}

static void begin_chunk(struct cr_spool_writer *w)
{
  w->n = sizeof(struct cr_spool_chunk);
  w->n_record = 0;
  w->n_activity_pending = 0;
}

/* The chunk as it is, whatever became of earlier ones: 0, or errno with the file as it was before. */
static int put_chunk(struct cr_spool_writer *w)
{
  struct cr_spool_chunk head = {
    .magic = CR_SPOOL_CHUNK_MAGIC, .n_bytes = (uint32_t)(w->n - sizeof head), .seq = w->seq, .n_record = w->n_record};
  memcpy(w->chunk, &head, sizeof head);
  head.crc = crc_add(w->crc, 0, w->chunk, CRC_BYTES);
  head.crc = crc_add(w->crc, head.crc, w->chunk + sizeof head, w->n - sizeof head);
  memcpy(w->chunk, &head, sizeof head);
  int code = write_all(w->fd, w->chunk, w->n);
  if (code) {
    /* Where even this fails, a reader sees a chunk that is cut off. */
    if (!ftruncate(w->fd, (off_t)w->n_bytes))
      (void)lseek(w->fd, (off_t)w->n_bytes, SEEK_SET);
    return code;
  }
  w->seq++;
  w->n_bytes += w->n;
  return 0;
}

void cr_spool_write_flush(struct cr_spool_writer *w)
{
  if (!w->n_record)
    return;
  if (!w->code && w->fd >= 0)
    w->code = may_write(w, w->n);
  if (!w->code && w->fd >= 0)
    w->code = put_chunk(w);
  if (w->code || w->fd < 0)
    w->n_not_written += w->n_activity_pending;
  else
    w->n_activity += w->n_activity_pending;
  begin_chunk(w);
}

int cr_spool_write_begin(struct cr_spool_writer *w, int fd)
{
  struct cr_spool_file head = {.magic = CR_SPOOL_MAGIC, .version = CR_SPOOL_VERSION, .order = CR_SPOOL_ORDER};
  int code = write_all(fd, (const uint8_t *)&head, sizeof head);
  if (code)
    return code;
  w->fd = fd;
  w->n_bytes = sizeof head;
  crc_tables(w->crc);
  begin_chunk(w);
  return 0;
}

void cr_spool_write_leave(struct cr_spool_writer *w)
{
  if (w->fd >= 0)
    close(w->fd);
  w->fd = -1;
}

/* ---- records ---- */

/* Room for a record of n bytes in the chunk, a multiple of 8, with its head filled in; zeroed behind it. */
static uint8_t *take(struct cr_spool_writer *w, enum cr_spool_kind kind, size_t n)
{
  struct cr_spool_head head = {.kind = (uint16_t)kind, .n_bytes = (uint32_t)(sizeof head + n)};
  if (w->n + head.n_bytes > sizeof w->chunk)
    cr_spool_write_flush(w);
  uint8_t *at = w->chunk + w->n;
  memcpy(at, &head, sizeof head);
  w->n += head.n_bytes;
  w->n_record++;
  w->n_activity_pending += kind >= CR_SPOOL_KERNEL;
  return at + sizeof head;
}

void cr_spool_write(struct cr_spool_writer *w, enum cr_spool_kind kind, const void *payload, size_t n)
{
  memcpy(take(w, kind, n), payload, n);
}

static size_t up_to_8(size_t n)
{
  return (n + 7) & ~(size_t)7;
}

/* A struct of n bytes and a text behind it. */
static void write_with_text(struct cr_spool_writer *w, enum cr_spool_kind kind, const void *payload, size_t n,
                            const char *text, size_t n_text)
{
  uint8_t *at = take(w, kind, n + up_to_8(n_text));
  memcpy(at, payload, n);
  memset(at + n, 0, up_to_8(n_text));
  memcpy(at + n, text, n_text);
}

void cr_spool_write_note(struct cr_spool_writer *w, enum cr_spool_level level, uint32_t code, const char *text)
{
  struct cr_spool_note note = {.level = level, .code = code, .n = (uint32_t)strnlen(text, CR_SPOOL_TEXT_BYTES_MAX)};
  write_with_text(w, CR_SPOOL_NOTE, &note, sizeof note, text, note.n);
}

void cr_spool_write_end(struct cr_spool_writer *w, struct cr_spool_end *end)
{
  cr_spool_write_flush(w);
  if (w->fd < 0)
    return;
  end->code = (uint32_t)w->code;
  end->counts.recorded = w->n_activity;
  end->counts.not_written = w->n_not_written;
  cr_spool_write(w, CR_SPOOL_END, end, sizeof *end);
  (void)put_chunk(w); /* also where there was no room for a longer one */
  begin_chunk(w);
  cr_spool_write_leave(w);
}

/* ---- what is written once ---- */

static uint32_t hash_bytes(const void *bytes, size_t n)
{
  const uint8_t *p = bytes;
  uint64_t h = n * UINT64_C(0x9e3779b97f4a7c15);
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t part;
    memcpy(&part, p, 8);
    h = (h ^ part) * UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 32;
  }
  uint64_t rest = 0;
  memcpy(&rest, p, n);
  h = (h ^ rest) * UINT64_C(0xff51afd7ed558ccd);
  return (uint32_t)(h ^ (h >> 29) ^ (h >> 47));
}

static void reset(struct cr_spool_writer *w)
{
  (void)take(w, CR_SPOOL_RESET, 0);
  memset(w->text, 0, sizeof w->text);
  memset(w->shape, 0, sizeof w->shape);
  memset(w->named, 0, sizeof w->named);
  w->n_text = w->n_shape = w->n_text_bytes = 0;
}

void cr_spool_write_room(struct cr_spool_writer *w)
{
  if (w->n_text + TEXTS_A_RECORD > CR_SPOOL_WRITE_SLOTS / 2 || w->n_shape + 1 > CR_SPOOL_WRITE_SLOTS / 2 ||
      w->n_text_bytes + TEXTS_A_RECORD * CR_SPOOL_TEXT_BYTES_MAX > CR_SPOOL_WRITE_TEXTS)
    reset(w);
}

uint32_t cr_spool_write_text(struct cr_spool_writer *w, const char *text)
{
  if (!text)
    return 0;
  uint32_t n = (uint32_t)strnlen(text, CR_SPOOL_TEXT_BYTES_MAX), hash = hash_bytes(text, n);
  uint32_t i = hash & SLOT_MASK;
  for (; w->text[i].id; i = (i + 1) & SLOT_MASK)
    if (w->text[i].hash == hash && w->text[i].n == n && !memcmp(w->texts + w->text[i].at, text, n))
      return w->text[i].id;
  struct cr_spool_text head = {.id = ++w->n_text, .n = n};
  w->text[i] = (struct cr_spool_slot){.id = head.id, .hash = hash, .at = w->n_text_bytes, .n = n};
  memcpy(w->texts + w->n_text_bytes, text, n);
  w->n_text_bytes += n;
  write_with_text(w, CR_SPOOL_TEXT, &head, sizeof head, text, n);
  return head.id;
}

uint32_t cr_spool_write_shape(struct cr_spool_writer *w, const struct cr_spool_shape *shape)
{
  struct cr_spool_shape copy = *shape;
  copy.id = 0;
  uint32_t hash = hash_bytes(&copy, sizeof copy), i = hash & SLOT_MASK;
  for (; w->shape[i].id; i = (i + 1) & SLOT_MASK) {
    copy.id = w->shape[i].id;
    if (w->shape[i].hash == hash && !memcmp(&w->shapes[copy.id], &copy, sizeof copy))
      return copy.id;
  }
  copy.id = ++w->n_shape;
  w->shape[i] = (struct cr_spool_slot){.id = copy.id, .hash = hash};
  w->shapes[copy.id] = copy;
  cr_spool_write(w, CR_SPOOL_SHAPE, &copy, sizeof copy);
  return copy.id;
}

int cr_spool_write_knows_api(const struct cr_spool_writer *w, enum cr_spool_domain domain, uint32_t cbid)
{
  return cbid >= CR_SPOOL_WRITE_CBIDS || w->named[domain & 3][cbid];
}

void cr_spool_write_api_name(struct cr_spool_writer *w, enum cr_spool_domain domain, uint32_t cbid, const char *name)
{
  struct cr_spool_api_name record = {.domain = domain, .cbid = cbid};
  w->named[domain & 3][cbid] = 1;
  record.name = cr_spool_write_text(w, name);
  if (record.name)
    cr_spool_write(w, CR_SPOOL_API_NAME, &record, sizeof record);
}
