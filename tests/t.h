/* t.h - what every test program includes: cmocka and what it needs, and a few helpers of the house.
 *
 * Without cmocka the same programs are built against tests/no_cmocka.h and report each case as skipped, so that a missing
 * library never shows as fewer tests. */
#ifndef CR_T_H
#define CR_T_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifndef CR_NO_CMOCKA
#include <cmocka.h>
#else
#include "tests/no_cmocka.h"
#endif

/* |value - want| <= tolerance; none of them may be nan.  cmocka 1.1.5 has nothing for doubles. */
#define assert_near(value, want, tolerance) t_assert_near((value), (want), (tolerance), #value, __FILE__, __LINE__)

/* Whether all of the host's side takes several times as long, as under the thread sanitizer: what is to be as soon as on a GPU, whose
 * times do not grow with it, is allowed more then. */
#ifdef CR_SANITIZES_THREAD
enum { T_HOST_IS_SLOW = 1 };
#else
enum { T_HOST_IS_SLOW = 0 };
#endif

/* The case ends here as skipped, for the reason given. */
#define t_skip(why)            \
  do {                         \
    print_message("# %s\n", (why)); \
    skip();                    \
  } while (0)

void t_assert_near(double value, double want, double tolerance, const char *what, const char *file, int line);

/* Paths are good until the eighth next call of any of these. */
const char *t_data(const char *path);   /* in the source tree */
const char *t_build(const char *path);  /* in the build tree: t_build("corun") is the program */
const char *t_shared(const char *path); /* in $CORUN_SHARED_DATA, else ../shared/data beside the source tree; NULL, and a
                                           note that says so, when it is not there: the case then calls skip() */
const char *t_tmp(void);                /* a fresh folder, removed with all that is in it when the program ends */
const char *t_join(const char *folder, const char *name); /* folder/name */

/* Contents of a file, terminated, from t_tmp's heap: free with t_free.  Fails the case when it cannot be read. */
char *t_read(const char *path, size_t *n); /* n may be NULL */
void t_write(const char *path, const char *text); /* fails the case when it cannot be written */
void t_free(void *ptr);

/* Every malloc, calloc, realloc and aligned_alloc of the house (not those inside other libraries) is counted.  After a call of
 * t_fail_allocation_after(n), n of them succeed and all that follow fail, until t_allocations_succeed(). */
void t_fail_allocation_after(uint64_t n);
void t_allocations_succeed(void);
uint64_t t_allocation_count(void); /* since the program began, failed ones included */

#endif
