/* work.h - what every simulator is given here: the same gaps between events, and the same work of tasks; C and C++. */
#ifndef CR_PEER_WORK_H
#define CR_PEER_WORK_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PEER_WORKS = 4096 };

/* Numbers from 1 to 2^20, ns: drawn beforehand, so that the simulator is measured and not the generator.  peer_simpy.py has them too. */
static inline const int64_t *peer_works(void)
{
  static int64_t work[PEER_WORKS];
  uint64_t x = 1;
  for (int i = 0; i < PEER_WORKS; i++) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    work[i] = (int64_t)(x >> 44) + 1;
  }
  return work;
}

static inline double peer_spent_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* PROGRAM hold|share NUMBER TOTAL: NUMBER pending events or tasks, TOTAL of them until the end. */
struct peer_ask {
  int is_hold;
  uint32_t number;
  uint64_t total;
};

static inline struct peer_ask peer_asked(int argc, char **argv)
{
  struct peer_ask ask = {0, 0, 0};
  if (argc == 4 && (strcmp(argv[1], "hold") == 0 || strcmp(argv[1], "share") == 0)) {
    ask.is_hold = strcmp(argv[1], "hold") == 0;
    ask.number = (uint32_t)strtoul(argv[2], NULL, 10);
    ask.total = strtoull(argv[3], NULL, 10);
  }
  if (!ask.number || !ask.total) {
    fprintf(stderr, "usage: %s hold|share NUMBER TOTAL\n", argv[0]);
    exit(2);
  }
  return ask;
}

/* What bench_peers.sh reads: how many a second of processor time, and the simulated time of the last one, ns. */
static inline void peer_tell(uint64_t total, double took_s, double end_ns)
{
  printf("%.6g %.17g\n", (double)total / took_s, end_ns);
}

#endif
