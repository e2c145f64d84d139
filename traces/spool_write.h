/* spool_write.h - writes a spool from inside a foreign process: no heap, no other part of the house, write(2) alone.
 *
 * One thread writes.  Nothing fails outwards: when the file system has no room (or a limit is reached), the file is cut back
 * to its last whole chunk, writing stops for good, and records are counted instead; cr_spool_write_end then tries to say so
 * in one last short chunk. */
#ifndef CR_SPOOL_WRITE_H
#define CR_SPOOL_WRITE_H
#include <stddef.h>

#include "traces/spool_layout.h"

enum {
  CR_SPOOL_WRITE_CHUNK = 256 * 1024,  /* bytes of a chunk before it is written */
  CR_SPOOL_WRITE_TEXTS = 1024 * 1024, /* bytes of texts that are remembered */
  CR_SPOOL_WRITE_SLOTS = 16384,       /* of a table; at most half are used */
  CR_SPOOL_WRITE_CBIDS = 4096,        /* of a domain */
};

struct cr_spool_slot {
  uint32_t id; /* 0: free */
  uint32_t hash;
  uint32_t at, n; /* where its bytes lie among the texts */
};

struct cr_spool_writer {
  int fd;   /* -1: none */
  int code; /* errno of the write that failed; 0: none */
  uint64_t seq;
  uint64_t n_bytes;       /* in the file, all in whole chunks */
  uint64_t limit_bytes;   /* 0: none */
  uint64_t reserve_bytes; /* free space of the file system that is left alone */
  uint64_t n_activity;    /* records of kind CR_SPOOL_KERNEL and above that are in the file */
  uint64_t n_not_written;
  uint32_t n_record;           /* in the chunk */
  uint32_t n_activity_pending; /* in the chunk */
  size_t n;                    /* bytes of the chunk, its header included */
  uint32_t n_text, n_shape;    /* ids given since the last reset */
  uint32_t n_text_bytes;
  uint32_t crc[8][256];
  uint8_t named[4][CR_SPOOL_WRITE_CBIDS];
  struct cr_spool_slot text[CR_SPOOL_WRITE_SLOTS];
  struct cr_spool_slot shape[CR_SPOOL_WRITE_SLOTS];
  struct cr_spool_shape shapes[CR_SPOOL_WRITE_SLOTS / 2 + 1];
  char texts[CR_SPOOL_WRITE_TEXTS];
  uint8_t chunk[CR_SPOOL_WRITE_CHUNK];
};

/* Begins a spool in fd, which the writer closes in the end.  w: sizeof(struct cr_spool_writer) bytes, zeroed.  Nothing but
 * the file's first bytes is written.  0, or errno, with fd still open. */
int cr_spool_write_begin(struct cr_spool_writer *w, int fd);

/* The number of a text, which is written first when it is new; 0 for NULL.  A number is good until the next call of
 * cr_spool_write_room. */
uint32_t cr_spool_write_text(struct cr_spool_writer *w, const char *text);

/* The number of a launch shape; its id is ignored. */
uint32_t cr_spool_write_shape(struct cr_spool_writer *w, const struct cr_spool_shape *shape);

/* Whether an API call has its name already; if not, cr_spool_write_api_name gives it one (NULL: it has none, not asked
 * again). */
int cr_spool_write_knows_api(const struct cr_spool_writer *w, enum cr_spool_domain domain, uint32_t cbid);
void cr_spool_write_api_name(struct cr_spool_writer *w, enum cr_spool_domain domain, uint32_t cbid, const char *name);

/* To be called before the texts and shapes of a record are numbered: makes room for them, with a RESET if need be. */
void cr_spool_write_room(struct cr_spool_writer *w);

/* A record of a kind with its struct of n bytes. */
void cr_spool_write(struct cr_spool_writer *w, enum cr_spool_kind kind, const void *payload, size_t n);

void cr_spool_write_note(struct cr_spool_writer *w, enum cr_spool_level level, uint32_t code, const char *text);

/* Writes the chunk as it is, so that it survives the process. */
void cr_spool_write_flush(struct cr_spool_writer *w);

/* The END record, whose recorded and not_written are filled in here, and the file is closed. */
void cr_spool_write_end(struct cr_spool_writer *w, struct cr_spool_end *end);

/* Closes without a word, as a forked child does with its parent's. */
void cr_spool_write_leave(struct cr_spool_writer *w);

#endif
