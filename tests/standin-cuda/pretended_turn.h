/* pretended_turn.h - processes that take turns on the pretended GPU: two that name one file with STANDIN_TURNS, for the slice and
 * the switch of STANDIN_TIMES. */
#ifndef CR_PRETENDED_TURN_H
#define CR_PRETENDED_TURN_H
#include <stdint.h>

void turn_take(void); /* this process is one of them, if there is such a file and room */
void turn_leave(void);

/* When a kernel may begin that could at that time. */
int64_t turn_begin_ns(int64_t at_ns);

#endif
