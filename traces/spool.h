/* spool.h - reads a spool, record by record: what the collector recorded of one process (traces/spool_layout.h).
 *
 * A spool that is cut off, or damaged, is read up to its last whole chunk, and cr_spool_state says what is missing.  Memory
 * does not grow with the length of the recording. */
#ifndef CR_SPOOL_H
#define CR_SPOOL_H
#include "sim/base.h"
#include "sim/text.h"
#include "traces/spool_layout.h"

struct cr_spool;

/* Pointers are good until the next call of cr_spool_next. */
struct cr_spool_record {
  enum cr_spool_kind kind; /* CR_SPOOL_PROCESS and above: those below are resolved */
  const char *name;        /* KERNEL, COUNTED, API, MARKER, MEMORY, DEVICE, NOTE: its name or text; NULL: none */
  const char *domain;      /* MARKER: the domain; MEMORY: the source; NULL: none */
  const struct cr_spool_shape *shape; /* KERNEL, COUNTED: never NULL */
  union {
    struct cr_spool_process process;
    struct cr_spool_clock clock;
    struct cr_spool_note note;
    struct cr_spool_counts counts;
    struct cr_spool_end end;
    struct cr_spool_kernel kernel;
    struct cr_spool_memcpy copy;
    struct cr_spool_memset set;
    struct cr_spool_api api;
    struct cr_spool_sync sync;
    struct cr_spool_memory memory;
    struct cr_spool_pool pool;
    struct cr_spool_stream stream;
    struct cr_spool_context context;
    struct cr_spool_device device;
    struct cr_spool_graph_node node;
    struct cr_spool_marker marker;
    struct cr_spool_marker_data marker_data;
    struct cr_spool_overhead overhead;
    struct cr_spool_environment environment;
    struct cr_spool_graph_trace graph_trace;
    struct cr_spool_event event;
    struct cr_spool_counted counted;
  } u;
};

enum cr_spool_break {
  CR_SPOOL_WHOLE,   /* not broken, though the end record may be missing */
  CR_SPOOL_CUT,     /* the file ends within a chunk */
  CR_SPOOL_DAMAGED, /* a chunk is not what its checksum says */
};

/* What is known of the recording so far; final once cr_spool_next has returned 0. */
struct cr_spool_state {
  int ended; /* the end record was read: the program came to its end */
  enum cr_spool_break broken;
  int64_t done_bytes, all_bytes; /* read so far; of the file */
  int64_t whole_bytes;           /* up to the last whole chunk */
  uint64_t n_chunk, n_record;    /* read, resolved ones included */
  uint64_t n_unknown;            /* records of kinds that this reader does not know */
  uint64_t n_unresolved;         /* records that refer to a text or shape that is not there: left out */
  struct cr_spool_counts counts; /* the last that were read */
  uint64_t n_clock;
  struct cr_spool_clock clock_first, clock_last; /* when n_clock > 0 */
};

/* What the first record says: who was recorded.  Texts are never NULL. */
struct cr_spool_who {
  struct cr_spool_process process;
  const char *host, *command, *program, *corun, *options, *cupti_path;
};

/* Opens and reads the first chunk.  CR_EINPUT: not a spool, of another version, or without a whole chunk. */
int cr_spool_open(const char *path, struct cr_spool **out, struct cr_err *err) CR_MUST;
void cr_spool_close(struct cr_spool *s);

/* 1: a record; 0: there are no more, and cr_spool_state is final; CR_EINPUT when the file cannot be read, CR_ENOMEM. */
int cr_spool_next(struct cr_spool *s, struct cr_spool_record *out, struct cr_err *err) CR_MUST;

const struct cr_spool_state *cr_spool_state(const struct cr_spool *s);

/* Good until cr_spool_close. */
const struct cr_spool_who *cr_spool_who(const struct cr_spool *s);

/* A sentence for each thing that is missing (a cut, damage, dropped records, no end ...), one a line; nothing when the
 * spool is whole.  To be asked after cr_spool_next has returned 0. */
void cr_spool_missing(const struct cr_spool *s, const char *path, struct cr_text *out);

/* A time of a record on the host's real-time clock, in ns since 1970: between two clock records that were read, by the
 * first and the last of them.  0 for 0, and for a spool without clocks. */
int64_t cr_spool_realtime_ns(const struct cr_spool_state *state, uint64_t cupti_ns);

#endif
