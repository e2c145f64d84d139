/* nearest.c - edit distance between short words (Damerau's, restricted to swaps of neighbours). */
#include "config.h"

#include "sim/nearest.h"

#include <string.h>

enum { WORD_MAX = 64 }; /* longer words are not compared: nobody mistypes one letter in so many and wants a hint */

static unsigned least(unsigned a, unsigned b)
{
  return a < b ? a : b;
}

static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
  unsigned row[3][WORD_MAX + 1]; /* the present row of the table, and the two before */
  for (size_t j = 0; j <= m; j++)
    row[0][j] = (unsigned)j;
  for (size_t i = 1; i <= n; i++) {
    unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
    now[0] = (unsigned)i;
    for (size_t j = 1; j <= m; j++) {
      now[j] = least(least(now[j - 1], up[j]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = least(now[j], up2[j - 2] + 1);
    }
  }
  return row[n % 3][m];
}

const char *cr_nearest(const char *word, const char *const *name, uint32_t n_name)
{
  size_t n = strlen(word);
  if (n == 0 || n > WORD_MAX)
    return NULL;
  const char *best = NULL;
  unsigned best_distance = n <= 3 ? 2 : (unsigned)n / 3 + 1; /* to be beaten: about a third of the letters wrong */
  for (uint32_t i = 0; i < n_name; i++) {
    size_t m = strlen(name[i]);
    if (m > WORD_MAX)
      continue;
    unsigned d = distance(word, n, name[i], m);
    if (n >= 3 && m > n && !strncmp(word, name[i], n))
      d = least(d, 1);
    if (d < best_distance) {
      best = name[i];
      best_distance = d;
    }
  }
  return best;
}
