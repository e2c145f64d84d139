/* pretended_fault.c - a fault, its number, and how many have come of what it counts. */
#include "config.h"

#include "tests/standin-cuda/pretended_fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
  char name[16];
  long number, n_come;
} fault;

void fault_read(void)
{
  const char *text = getenv("STANDIN_CUDA"), *number = text ? strchr(text, '=') : NULL;
  fault.name[0] = '\0';
  fault.number = number ? strtol(number + 1, NULL, 10) : 0;
  fault.n_come = 0;
  if (text)
    snprintf(fault.name, sizeof fault.name, "%.*s", number ? (int)(number - text) : 15, text);
}

int fault_is(const char *name)
{
  return strcmp(fault.name, name) == 0;
}

long fault_number(void)
{
  return fault.number;
}

long fault_count(const char *name)
{
  return fault_is(name) ? ++fault.n_come : 0;
}

int fault_strikes(const char *name)
{
  return fault_is(name) && fault_count(name) == fault.number;
}
