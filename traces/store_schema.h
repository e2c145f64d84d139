/* store_schema.h - the tables of a trace store, as SQL.
 *
 * A new version raises CR_STORE_VERSION in store.h; `corun export` writes these statements, so a store and its text say
 * the same.  NULL is "not recorded", never 0.  docs/formats.md explains each column. */
#ifndef CR_STORE_SCHEMA_H
#define CR_STORE_SCHEMA_H

/* What profiles by block say of kernels (store_profile.c); `temp` is "", or "TEMP " for stores that are older (store_version.c). */
#define CR_STORE_PROFILE_SCHEMA(temp) \
  "CREATE " temp "TABLE profile(\n" \
  "  model INTEGER NOT NULL REFERENCES model,\n" \
  "  i INTEGER NOT NULL CHECK(i >= 0),\n" \
  "  sm_blocks INTEGER CHECK(sm_blocks > 0),\n" \
  "  idempotent INTEGER CHECK(idempotent IN (0, 1)),\n" \
  "  PRIMARY KEY(model, i)\n" \
  ") STRICT, WITHOUT ROWID;\n" \
  "CREATE " temp "TABLE block_time(\n" \
  "  model INTEGER NOT NULL REFERENCES model,\n" \
  "  i INTEGER NOT NULL CHECK(i >= 0),\n" \
  "  n_block INTEGER NOT NULL CHECK(n_block > 0),\n" \
  "  ns INTEGER NOT NULL CHECK(ns > 0),\n" \
  "  PRIMARY KEY(model, i, n_block)\n" \
  ") STRICT, WITHOUT ROWID;\n"

/* Of kernels, what clusters of blocks they were launched in: so many blocks each (store_cluster.c). */
#define CR_STORE_CLUSTER_SCHEMA(temp) \
  "CREATE " temp "TABLE cluster(\n" \
  "  model INTEGER NOT NULL REFERENCES model,\n" \
  "  i INTEGER NOT NULL CHECK(i >= 0),\n" \
  "  blocks INTEGER NOT NULL CHECK(blocks > 0),\n" \
  "  PRIMARY KEY(model, i)\n" \
  ") STRICT, WITHOUT ROWID;\n"

#define CR_STORE_VIEW \
  "CREATE VIEW ops AS\n" \
  "  SELECT m.name AS model, o.i, n.text AS name, o.kind, o.stage, o.duration_ns, o.spread_ns, o.gap_ns, o.launch_ns,\n" \
  "    o.blocks, o.threads, o.regs, o.smem_bytes, o.carveout_bytes, o.bytes, o.dram_bytes, o.l2_bytes, o.instructions,\n" \
  "    o.tensor_instructions, o.active_warps_q16, o.calls, o.pageable, p.sm_blocks, p.idempotent,\n" \
  "    c.blocks AS cluster_blocks\n" \
  "  FROM op o JOIN model m ON m.id = o.model JOIN name n ON n.id = o.name\n" \
  "    LEFT JOIN profile p ON p.model = o.model AND p.i = o.i\n" \
  "    LEFT JOIN cluster c ON c.model = o.model AND c.i = o.i;\n"

#define CR_STORE_SCHEMA \
  "CREATE TABLE model(\n" \
  "  id INTEGER PRIMARY KEY,\n" \
  "  name TEXT NOT NULL UNIQUE CHECK(name <> ''),\n" \
  "  class TEXT NOT NULL CHECK(class IN ('graph', 'eager')),\n" \
  "  n_iteration INTEGER NOT NULL CHECK(n_iteration >= 1),\n" \
  "  n_left_out INTEGER NOT NULL CHECK(n_left_out >= 0),\n" \
  "  period_ns INTEGER CHECK(period_ns > 0),\n" \
  "  weight_bytes INTEGER CHECK(weight_bytes >= 0),\n" \
  "  persistent_bytes INTEGER CHECK(persistent_bytes >= 0),\n" \
  "  ephemeral_bytes INTEGER CHECK(ephemeral_bytes >= 0),\n" \
  "  framework_bytes INTEGER CHECK(framework_bytes >= 0),\n" \
  "  report TEXT NOT NULL\n" \
  ") STRICT;\n" \
  "CREATE TABLE origin(\n" \
  "  id INTEGER PRIMARY KEY,\n" \
  "  model INTEGER REFERENCES model,\n" \
  "  file TEXT, sha256 TEXT, tool TEXT, host TEXT, gpu TEXT, driver TEXT, command TEXT, recorded TEXT\n" \
  ") STRICT;\n" \
  "CREATE TABLE name(\n" \
  "  id INTEGER PRIMARY KEY,\n" \
  "  text TEXT NOT NULL UNIQUE\n" \
  ") STRICT;\n" \
  "CREATE TABLE op(\n" \
  "  model INTEGER NOT NULL REFERENCES model,\n" \
  "  i INTEGER NOT NULL CHECK(i >= 0),\n" \
  "  name INTEGER NOT NULL REFERENCES name,\n" \
  "  kind TEXT NOT NULL CHECK(kind IN ('kernel', 'h2d', 'd2h', 'd2d', 'memset', 'host')),\n" \
  "  stage INTEGER NOT NULL CHECK(stage >= 0),\n" \
  "  duration_ns INTEGER NOT NULL CHECK(duration_ns > 0),\n" \
  "  spread_ns INTEGER CHECK(spread_ns >= 0),\n" \
  "  gap_ns INTEGER CHECK(gap_ns >= 0),\n" \
  "  launch_ns INTEGER CHECK(launch_ns >= 0),\n" \
  "  blocks INTEGER CHECK(blocks > 0),\n" \
  "  threads INTEGER CHECK(threads > 0),\n" \
  "  regs INTEGER CHECK(regs >= 0),\n" \
  "  smem_bytes INTEGER CHECK(smem_bytes >= 0),\n" \
  "  carveout_bytes INTEGER CHECK(carveout_bytes >= 0),\n" \
  "  bytes INTEGER CHECK(bytes >= 0),\n" \
  "  dram_bytes INTEGER CHECK(dram_bytes >= 0),\n" \
  "  l2_bytes INTEGER CHECK(l2_bytes >= 0),\n" \
  "  instructions INTEGER CHECK(instructions >= 0),\n" \
  "  tensor_instructions INTEGER CHECK(tensor_instructions >= 0),\n" \
  "  active_warps_q16 INTEGER CHECK(active_warps_q16 >= 0),\n" \
  "  calls INTEGER CHECK(calls > 0),\n" \
  "  pageable INTEGER CHECK(pageable IN (0, 1)),\n" \
  "  PRIMARY KEY(model, i)\n" \
  ") STRICT, WITHOUT ROWID;\n" \
  CR_STORE_PROFILE_SCHEMA("") CR_STORE_CLUSTER_SCHEMA("") CR_STORE_VIEW

/* The columns of op after (model, i, name), in order, as cr_store's readers and writers use them. */
#define CR_STORE_OP_COLUMNS \
  "kind, stage, duration_ns, spread_ns, gap_ns, launch_ns, blocks, threads, regs, smem_bytes, carveout_bytes, bytes, " \
  "dram_bytes, l2_bytes, instructions, tensor_instructions, active_warps_q16, calls, pageable"

#endif
