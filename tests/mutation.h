/* mutation.h - free inputs changed at random, by seed, and what a program makes of them.
 *
 * A case gets a mutation, changes its input by it, and hands that to the house: it does the job or refuses it with a sentence.  Cases
 * run in a process of their own, so that one that crashes, leaks or hangs is told of with its seed and with what was changed.
 *
 * CORUN_MUTATIONS=N tries so many times as many; CORUN_MUTATION=SEED tries that one alone. */
#ifndef CR_TEST_MUTATION_H
#define CR_TEST_MUTATION_H
#include <stddef.h>
#include <stdint.h>

struct mutation;

/* 0: fine; else what mutation_fail returned. */
typedef int mutation_case(void *ctx, struct mutation *m);

/* Fails the test at the first mutation of n that is not fine.  One that takes longer than 20 s hangs. */
void mutation_each(const char *name, uint32_t n, mutation_case *each, void *ctx);

/* Below n, which is not 0. */
uint32_t mutation_draw(struct mutation *m, uint32_t n);
uint64_t mutation_seed(const struct mutation *m);

/* What was changed, for whoever has to mend it; appended. */
void mutation_note(struct mutation *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
int mutation_fail(struct mutation *m, const char *format, ...) __attribute__((format(printf, 2, 3))); /* returns 1 */

/* Changes 1 to 4 times: bytes flipped, dropped, repeated or inserted, or all cut off from a place on.  text has room for cap. */
void mutation_bytes(struct mutation *m, char *text, size_t *n, size_t cap);

/* The same of words and numbers, terminated: two words swapped, a number made huge, negative, NaN or nothing, a line doubled or
 * dropped, and one time of three bytes, too. */
void mutation_words(struct mutation *m, char *text, size_t cap);

/* A SQLite file: one time of four bytes; else one to three cells, rows, columns or tables are changed, whatever its schema forbids. */
int mutation_sqlite(struct mutation *m, const char *path); /* 0: done */
int mutation_sql(const char *path, const char *sql);       /* the same of statements that are known */

/* Runs the program with argv, up to a NULL, in a folder; its output goes to out (or NULL: nowhere), of n bytes, terminated.  0: it did
 * the job, or refused it with a sentence and status 1 or 2, and printed no NaN or infinity, and left no half-written file. */
int mutation_run(struct mutation *m, const char *folder, const char *const *argv, int *status);

#endif
