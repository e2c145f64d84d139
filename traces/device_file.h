/* device_file.h - device descriptions: calib/devices/NAME.yaml, with the source of every number. */
#ifndef CR_DEVICE_FILE_H
#define CR_DEVICE_FILE_H
#include "sim/base.h"
#include "sim/machine.h"
#include "sim/mem.h"

/* name_or_path: "h200" for a bundled one, or a file.  set: [n_set] "K=V" overrides of its keys ("sms=66",
 * "constants.cold=0us").  Strings live in the arena.  A description without constants is one of a device that was never
 * calibrated; one with some has all. */
int cr_device_load(const char *name_or_path, const char *const *set, uint32_t n_set, struct cr_arena *arena,
                   struct cr_device_desc *out, struct cr_err *err) CR_MUST;

/* Every key that a description may have, as cr_scenario_each_key: "sms", "constants.cold.value". */
void cr_device_each_key(void (*each)(void *ctx, const char *path), void *ctx);

#endif
