/* report_node.h - the part of a report that is about nodes: their cores and the layers that they have finished. */
#ifndef CR_REPORT_NODE_H
#define CR_REPORT_NODE_H
#include "sim/summary.h"
#include "sim/text.h"

int cr_report_has_nodes(const struct cr_summary *s); /* whether devices are nodes: all are, or none */

/* A row a policy and node. */
void cr_report_node_table(const struct cr_summary *s, int color, struct cr_text *out);

/* Fields of CSV, a comma before each: of the header, and of a device, node or not. */
enum { CR_REPORT_NODE_FIELDS = 2 };
void cr_report_node_header(struct cr_text *out);
void cr_report_node_csv(const struct cr_device_summary *d, struct cr_text *out);

/* Members of a node's JSON object behind its name, a comma before each. */
void cr_report_node_json(const struct cr_device_summary *d, struct cr_text *out);

#endif
