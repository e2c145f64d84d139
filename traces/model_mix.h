/* model_mix.h - models with weights, from which jobs that name none get theirs. */
#ifndef CR_MODEL_MIX_H
#define CR_MODEL_MIX_H
#include "sim/base.h"

struct cr_model_mix;

struct cr_model_mix *cr_model_mix_new(void) CR_MUST;
void cr_model_mix_free(struct cr_model_mix *mix);

/* Adds "NAME" (of weight 1) or "NAME=WEIGHT".  A name that is there already is an error. */
int cr_model_mix_add(struct cr_model_mix *mix, const char *entry, struct cr_err *err) CR_MUST;

/* Adds "NAME[=WEIGHT],NAME[=WEIGHT],...". */
int cr_model_mix_parse(struct cr_model_mix *mix, const char *text, struct cr_err *err) CR_MUST;

uint32_t cr_model_mix_count(const struct cr_model_mix *mix);
const char *cr_model_mix_name(const struct cr_model_mix *mix, uint32_t i);

/* The model of the job-th job: the same whoever asks first.  The mix must not be empty. */
const char *cr_model_mix_draw(const struct cr_model_mix *mix, uint64_t seed, uint32_t job);

#endif
