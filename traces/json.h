/* json.h - small JSON files as a whole, with a sentence for everything that is not as it should be.
 *
 * A place is a value and the way to it, so that errors read `vgg.json: kernels[3].name: ...`.  Places are made on the stack, each
 * holding on to the one above it.  Files of any size are for streaming readers (traces/kineto_read.c); here 256 MiB are enough. */
#ifndef CR_JSON_H
#define CR_JSON_H
#include <yajl/yajl_tree.h>

#include "sim/base.h"

enum cr_json_type { CR_JSON_TEXT, CR_JSON_NUMBER, CR_JSON_LIST, CR_JSON_OBJECT, CR_JSON_ANY };

struct cr_json_place {
  const char *path;               /* of the file */
  yajl_val value;                 /* NULL: the member is not there */
  const struct cr_json_place *up; /* NULL: the whole file */
  const char *key;                /* NULL: an element */
  uint32_t i;
};

/* The file's value, an object; path must outlive it.  Not JSON: CR_EINPUT, with the line. */
int cr_json_read(const char *path, struct cr_json_place *out, struct cr_err *err) CR_MUST;
void cr_json_free(struct cr_json_place *file); /* zeroed is fine */

/* A member of an object: its first of that name. */
int cr_json_member(const struct cr_json_place *at, const char *key, enum cr_json_type type, struct cr_json_place *out,
                   struct cr_err *err) CR_MUST;
/* The same where it may be missing, or null: then value is NULL. */
int cr_json_optional(const struct cr_json_place *at, const char *key, enum cr_json_type type, struct cr_json_place *out,
                     struct cr_err *err) CR_MUST;

/* Of a list or an object. */
uint32_t cr_json_count(const struct cr_json_place *at);
int cr_json_element(const struct cr_json_place *at, uint32_t i, enum cr_json_type type, struct cr_json_place *out,
                    struct cr_err *err) CR_MUST; /* i below the count */

const char *cr_json_text(const struct cr_json_place *at); /* of one that is CR_JSON_TEXT */
int cr_json_integer(const struct cr_json_place *at, int64_t min, int64_t max, int64_t *out, struct cr_err *err) CR_MUST;
int cr_json_real(const struct cr_json_place *at, double *out, struct cr_err *err) CR_MUST;

/* CR_EINPUT, with file and place before the sentence. */
int cr_json_fail(const struct cr_json_place *at, struct cr_err *err, const char *fmt, ...) CR_PRINTF(3, 4) CR_COLD;

#endif
