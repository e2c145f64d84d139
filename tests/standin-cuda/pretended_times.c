/* pretended_times.c - times as they are usually, and as the environment says. */
#include "config.h"

#include "tests/standin-cuda/pretended_times.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct times usual = {
  .launch = 2000, .write = COPY_NS, .evict = 2000, .kill = 1000, .duplex = 100, .speed = 1000000, .pace = 100};

static struct times times;

static void read_list(const char *text)
{
  const struct {
    const char *name;
    int64_t *value;
  } known[] = {{"launch=", &times.launch}, {"gap=", &times.gap},       {"single=", &times.single},
               {"write=", &times.write},   {"evict=", &times.evict},   {"block=", &times.block},
               {"kill=", &times.kill},     {"duplex=", &times.duplex}, {"speed=", &times.speed},
               {"slice=", &times.slice},   {"switch=", &times.change}};
  for (; text && *text; text += strcspn(text, ","), text += *text == ',')
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
      if (strncmp(text, known[i].name, strlen(known[i].name)) == 0)
        *known[i].value = strtoll(text + strlen(known[i].name), NULL, 10);
}

void times_read(void)
{
  const char *pace = getenv("STANDIN_CUDA_PACE");
  times = usual;
  read_list(getenv("STANDIN_TIMES"));
  if (pace)
    times.pace = strtol(pace, NULL, 10);
}

const struct times *times_of_gpu(void)
{
  return &times;
}

int64_t now_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
