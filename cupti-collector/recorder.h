/* recorder.h - one recording a process: begun by the driver, ended when the program ends, begun anew after a fork. */
#ifndef CR_RECORDER_H
#define CR_RECORDER_H
#include "cupti-collector/cupti_calls.h"

/* Begins as CORUN_COLLECT says; at most once a process, and never a word to the program.  Without the variable: nothing. */
void recorder_start(void);

/* CUPTI's calls, once recorder_start has found them; NULL when there is no recording. */
const struct cupti_calls *recorder_calls(void);

#endif
