/* datadir.h - where bundled data lies: the H200 store, device descriptions, scenarios, job traces.
 *
 * Searched in order: $CORUN_DATA, share/corun beside the executable (build tree), ../share/corun from it (an installed
 * tree that was moved), the configured pkgdatadir. */
#ifndef CR_DATADIR_H
#define CR_DATADIR_H
#include "sim/base.h"
#include "sim/mem.h"

/* The bundled trace stores, in the order in which models are looked for; NULL ends it. */
extern const char *const cr_datadir_stores[];

/* The path of dir/name (name "h200.db", "devices/h200.yaml") in the arena; CR_EINPUT with the places searched. */
int cr_datadir_find(const char *name, struct cr_arena *arena, const char **out, struct cr_err *err) CR_MUST;

/* A shared object of the house (name "libcorun-cupti.so"), absolute.  Searched: $CORUN_LIBDIR, beside the executable (build
 * tree), ../lib/corun from it, the configured pkglibdir. */
int cr_datadir_library(const char *name, struct cr_arena *arena, const char **out, struct cr_err *err) CR_MUST;

/* A file the user named: itself when it has a slash or ends in .yaml, else the bundled folder/NAME.yaml.  what
 * ("device", "scenario") begins the error, which lists those there are. */
int cr_datadir_resolve(const char *what, const char *folder, const char *name_or_path, struct cr_arena *arena,
                       const char **out, struct cr_err *err) CR_MUST;

/* Says that no bundled file of the folder has this name, which one was probably meant, or which there are ("there is none
 * bundled of that name; ..."); returns CR_EINPUT. */
int cr_datadir_none(const char *folder, const char *suffix, const char *name, struct cr_err *err);

/* Names in a folder ("devices", "scenarios") that end in suffix, without it, sorted; called for each. */
int cr_datadir_each(const char *folder, const char *suffix, void (*each)(void *ctx, const char *name), void *ctx,
                    struct cr_err *err) CR_MUST;

#endif
