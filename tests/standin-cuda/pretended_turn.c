/* pretended_turn.c - two words of a file that processes share: who takes turns. */
#include "config.h"

#include "tests/standin-cuda/pretended_turn.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/standin-cuda/pretended_times.h"

static struct {
  _Atomic int *process; /* [2]; NULL: none take turns */
  int mine;
} turn;

void turn_take(void)
{
  const char *path = getenv("STANDIN_TURNS");
  int file = path ? open(path, O_RDWR | O_CREAT, 0600) : -1;
  if (file < 0)
    return;
  void *at = ftruncate(file, 64) == 0 ? mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  close(file);
  turn.process = at == MAP_FAILED ? NULL : at;
  for (int i = 0; turn.process && i < 2; i++) {
    int free_one = 0;
    turn.mine = i;
    if (__atomic_compare_exchange_n((int *)turn.process + i, &free_one, (int)getpid(), 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
      return;
  }
  turn.process = NULL;
}

void turn_leave(void)
{
  if (turn.process)
    turn.process[turn.mine] = 0;
}

int64_t turn_begin_ns(int64_t at_ns)
{
  const struct times *t = times_of_gpu();
  int64_t each_ns = t->slice + t->change, phase_ns, begin_ns;
  if (!turn.process || !t->slice || !turn.process[0] || !turn.process[1])
    return at_ns;
  begin_ns = turn.mine * each_ns;
  phase_ns = at_ns % (2 * each_ns);
  if (phase_ns >= begin_ns && phase_ns < begin_ns + t->slice)
    return at_ns;
  return at_ns - phase_ns + begin_ns + (phase_ns < begin_ns ? 0 : 2 * each_ns);
}
