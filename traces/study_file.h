/* study_file.h - a sweep's design as a YAML file, in place of a long command line.
 *
 *   scenario: disb-d
 *   policies: [streams, priority]
 *   grid: ["clients[0].rate=50,100/s"]
 *   seeds: 1..10
 *   metrics: [p99(rt), throughput(be)]
 *
 * docs/sweeps.md lists the keys; each says what the option of its name does. */
#ifndef CR_STUDY_FILE_H
#define CR_STUDY_FILE_H
#include "studies/design.h"

/* Appends its words.  A scenario, device or store that it names as a file is looked for beside it.  Errors name file, line
 * and key. */
int cr_study_file_load(const char *path, struct cr_design_words *out, struct cr_err *err) CR_MUST;

#endif
