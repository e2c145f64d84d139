/* yaml_set.h - a YAML document that --set can change and that still knows where every value came from.
 *
 * A document is a tree of mappings, sequences and scalars (all scalars are text; anchors, aliases and tags are
 * refused). A value is reached by its path: duration, clients[0].rate, or clients.rt.rate for the entry of a
 * sequence whose name is rt.  Errors about a value begin with its place: "disb-a.yaml:12: ..." or "--set
 * clients.rt.rate=5: ...". */
#ifndef CR_YAML_SET_H
#define CR_YAML_SET_H
#include "sim/base.h"
#include "sim/text.h"

struct cr_yaml;

/* A file, whose path begins its errors; or a text in memory, whose errors begin with name. */
int cr_yaml_read(const char *path, struct cr_yaml **out, struct cr_err *err) CR_MUST;
int cr_yaml_parse(const char *text, size_t n, const char *name, struct cr_yaml **out, struct cr_err *err) CR_MUST;
void cr_yaml_free(struct cr_yaml *y);

/* set: "PATH=VALUE"; the value is text, or YAML when it begins with [ { " or '.  Mappings on the way that are
 * missing are made; clients[2] of two clients adds a third.  No VALUE removes what is at PATH.  option ("--set")
 * names what the user wrote it with, "" if nothing. */
int cr_yaml_set(struct cr_yaml *y, const char *set, const char *option, struct cr_err *err) CR_MUST;

/* A scalar at path becomes a mapping with the scalar under key, or with key NULL a sequence of one.  What is not a
 * scalar stays as it is. */
int cr_yaml_wrap(struct cr_yaml *y, const char *path, const char *key, struct cr_err *err) CR_MUST;

/* Whether there is a value; its text when it is a scalar, else NULL; its entries when it is not. */
int cr_yaml_has(const struct cr_yaml *y, const char *path);
const char *cr_yaml_scalar(const struct cr_yaml *y, const char *path);
uint32_t cr_yaml_count(const struct cr_yaml *y, const char *path);

/* The i-th entry of what path names: its key ("" in a sequence) and its text (NULL: not a scalar).  i <
 * cr_yaml_count. */
void cr_yaml_entry(const struct cr_yaml *y, const char *path, uint32_t i, const char **key, const char **text);

/* The path with entries of sequences by their places, clients[0].rate for clients.web.rate, appended: two paths are one when these
 * are.  From where the document has nothing on it stays as it is. */
void cr_yaml_add_place(const struct cr_yaml *y, const char *path, struct cr_text *out);

/* Whether the value was given by cr_yaml_set, not by the file. */
int cr_yaml_is_set(const struct cr_yaml *y, const char *path);

/* "FILE:LINE" or "--set K=V" of the value, or of what encloses it when there is none.  Writes to buf and returns it. */
const char *cr_yaml_where(const struct cr_yaml *y, const char *path, char *buf, size_t n);

/* Fails with "WHERE: sentence". */
int cr_yaml_fail(const struct cr_yaml *y, const char *path, struct cr_err *err, const char *fmt, ...)
  CR_PRINTF(4, 5) CR_COLD;

/* The document as YAML again, every change made; comments are gone. */
void cr_yaml_print(const struct cr_yaml *y, struct cr_text *out);

#endif
