/* base.h - time, ids, return codes and error texts: what every module may use.
 *
 * Time is cr_ns, int64 nanoseconds since the run began.  An id is a one-field struct, so that an op cannot be passed
 * where a stream is meant; its number indexes the columns of workload.h and policy.h.  Sums and products of numbers
 * that come from outside go through the saturating helpers at the end. */
#ifndef CR_BASE_H
#define CR_BASE_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define CR_MUST __attribute__((warn_unused_result))
#define CR_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define CR_COLD __attribute__((cold))

#define cr_container_of(ptr, type, member) \
  ((type *)(void *)((char *)(1 ? (ptr) : (__typeof__(((type *)0)->member) *)0) - offsetof(type, member)))

typedef int64_t cr_ns;
#define CR_NS_NEVER INT64_MAX /* no such time: never, or not known */

#define CR_NONE UINT32_MAX     /* no such id */
#define CR_ALL UINT32_MAX      /* a count: as many as there are */
#define CR_UNKNOWN INT64_C(-1) /* a byte count or other quantity that was not recorded */

typedef struct {
  uint32_t i;
} cr_op; /* of all models, one after the other */
typedef struct {
  uint32_t i;
} cr_model;
typedef struct {
  uint32_t i;
} cr_client;
typedef struct {
  uint32_t i;
} cr_request; /* a slot, reused when its request has left */
typedef struct {
  uint32_t i;
} cr_stream;
typedef struct {
  uint32_t i;
} cr_device;
typedef struct {
  uint32_t i;
} cr_node;
typedef struct {
  uint32_t i;
} cr_lane;

/* What a function returns that can fail.  cr_rc_exit() maps each to the program's exit status. */
enum cr_rc {
  CR_OK = 0,
  CR_EINPUT = -1, /* a file, option or value the user gave: exit 2 */
  CR_ERUN = -2,   /* the run failed: a stall, a refused action under --strict, a full disk: exit 1 */
  CR_ENOMEM = -3, /* exit 1 */
  CR_EINTR = -4,  /* stopped by the user; results so far are kept: exit 1 */
};

/* One sentence for the user: what, where, what to do.  Owned by the caller; untouched unless something failed. */
struct cr_err {
  char text[1024];
};

/* Writes the sentence and returns rc, so that `return cr_fail(err, CR_EINPUT, ...)` reads well.  err may be NULL. */
int cr_fail(struct cr_err *err, int rc, const char *fmt, ...) CR_PRINTF(3, 4) CR_COLD;

/* The same for memory that could not be had; what names the thing it was for. */
int cr_fail_nomem(struct cr_err *err, const char *what) CR_COLD;

/* Puts "prefix: " before the text already there; returns rc. */
int cr_fail_in(struct cr_err *err, int rc, const char *fmt, ...) CR_PRINTF(3, 4) CR_COLD;

/* 0, 1 or 2, as DESIGN section 10 promises. */
int cr_rc_exit(int rc);

/* a + b, saturating at CR_NS_NEVER and INT64_MIN; NEVER plus anything is NEVER. */
cr_ns cr_ns_add(cr_ns a, cr_ns b);

/* a * b / c in 128 bits, rounded to nearest (halves away from zero), saturating.  c must not be 0. */
int64_t cr_muldiv(int64_t a, int64_t b, int64_t c);

static inline uint32_t cr_min_u32(uint32_t a, uint32_t b)
{
  return a < b ? a : b;
}
static inline cr_ns cr_min_ns(cr_ns a, cr_ns b)
{
  return a < b ? a : b;
}
static inline cr_ns cr_max_ns(cr_ns a, cr_ns b)
{
  return a > b ? a : b;
}

#endif
