/* yaml_load.h - a YAML document into structs, checked against a libcyaml schema. */
#ifndef CR_YAML_LOAD_H
#define CR_YAML_LOAD_H
#include <cyaml/cyaml.h>

#include "sim/base.h"
#include "traces/yaml_set.h"

/* Fills *out as the schema (a pointer to a mapping) says.  An unknown, missing or misplaced key fails with its place in
 * the document, its name, and the key that was probably meant. */
int cr_yaml_load(const struct cr_yaml *y, const struct cyaml_schema_value *schema, void **out,
                 struct cr_err *err) CR_MUST;

/* Calls each for every key that the schema of a mapping knows, in its order: "duration", "clients", "clients[].name". */
void cr_yaml_each_key(const struct cyaml_schema_value *schema, void (*each)(void *ctx, const char *path), void *ctx);

void cr_yaml_unload(const struct cyaml_schema_value *schema, void *data); /* NULL is fine */

#endif
