/* pretended_fault.h - what goes wrong with the pretended GPU; STANDIN_CUDA names one of:
 *
 *   no-device, old-gpu, no-memory, small-sm   what it is and has: no GPU, compute capability 6.0, no memory, 8 warps an SM
 *   no-clusters, small-gpc   compute capability 8.0; 4 SMs a GPC
 *   memory=BYTES  it has so much in all
 *   alloc=N       another program has all that is left from the N-th allocation on
 *   measure       the first stand-in that runs never ends
 *   graph=N       the N-th graph finds no memory
 *   late=N        the launches of the N-th graph come half a ms apart, as where the host is busy, and those of no other
 *   launch=N      the N-th launch of a graph, or of a kernel by itself that the host is told of, fails
 *   lost=N        the end of the N-th range or kernel that the host is told of, clock readings aside, is never told
 *   hang=N        it never ends */
#ifndef CR_PRETENDED_FAULT_H
#define CR_PRETENDED_FAULT_H

void fault_read(void); /* from the environment; what it counts begins anew */

int fault_is(const char *name);
long fault_number(void); /* behind the = */

/* One more has come of what this fault counts: the how manieth it is; 0: the GPU has another fault, or none. */
long fault_count(const char *name);
int fault_strikes(const char *name); /* the same: whether it is the N-th */

#endif
