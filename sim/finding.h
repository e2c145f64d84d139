/* finding.h - the sentences in which a run reports a policy that misbehaves: who, what, which request, when. */
#ifndef CR_FINDING_H
#define CR_FINDING_H
#include "sim/ask.h"
#include "sim/base.h"
#include "sim/host.h"

/* Each fills err->text. */
void cr_finding_refused(const struct cr_host *h, const struct cr_note *asked, enum cr_refusal refusal,
                        struct cr_err *err) CR_COLD;
void cr_finding_stalled(struct cr_host *h, struct cr_err *err) CR_COLD; /* ends with what the policy's dump says */
void cr_finding_livelocked(const struct cr_host *h, const char *what, struct cr_err *err) CR_COLD;

#endif
