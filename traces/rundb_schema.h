/* rundb_schema.h - the tables of a run database, version CR_RUNDB_VERSION; docs/formats.md explains them. */
#ifndef CR_RUNDB_SCHEMA_H
#define CR_RUNDB_SCHEMA_H

/* Times are ns since the run began, NULL where there is none.  64-bit seeds and hashes: seed as a signed integer of the
 * same bits, hashes as 16 hexadecimal digits.  The ledger is kept in rows, so that anyone can query it; a row is 20 to 30
 * bytes and a million of them are written in a fifth of a second (traces/row_feed.h). */
#define CR_RUNDB_SCHEMA \
  "CREATE TABLE provenance(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;" \
  "CREATE TABLE store(place INTEGER PRIMARY KEY, path TEXT NOT NULL) STRICT;" \
  "CREATE TABLE client(client INTEGER PRIMARY KEY, name TEXT NOT NULL, class TEXT NOT NULL, model TEXT NOT NULL," \
  " arrival TEXT NOT NULL, priority INTEGER NOT NULL, deadline_ns INTEGER, bound_ns INTEGER) STRICT;" \
  "CREATE TABLE job(client INTEGER PRIMARY KEY REFERENCES client, iterations INTEGER NOT NULL, startup_ns INTEGER NOT NULL," \
  " think_ns INTEGER NOT NULL, declared_ns INTEGER, declared_persistent_bytes INTEGER, declared_ephemeral_bytes INTEGER)" \
  " STRICT;" \
  "CREATE TABLE device(device INTEGER PRIMARY KEY, name TEXT NOT NULL, is_node INTEGER NOT NULL," \
  " undivided INTEGER NOT NULL) STRICT;" \
  "CREATE TABLE run(run INTEGER PRIMARY KEY, policy TEXT NOT NULL, backend TEXT NOT NULL, outcome TEXT NOT NULL," \
  " why TEXT NOT NULL, end_ns INTEGER NOT NULL, events INTEGER NOT NULL, callbacks INTEGER NOT NULL," \
  " actions INTEGER NOT NULL, refused INTEGER NOT NULL, preemptions INTEGER NOT NULL, ops INTEGER NOT NULL," \
  " ledger_notes INTEGER NOT NULL, ledger_hash TEXT NOT NULL) STRICT;" \
  "CREATE TABLE client_result(run INTEGER NOT NULL REFERENCES run, client INTEGER NOT NULL REFERENCES client," \
  " requests_arrived INTEGER NOT NULL, requests_done INTEGER NOT NULL, requests_dropped INTEGER NOT NULL," \
  " requests_pending INTEGER NOT NULL, deadline_missed INTEGER NOT NULL, bound_exceeded INTEGER," \
  " throughput_per_s REAL NOT NULL," \
  " PRIMARY KEY(run, client)) STRICT, WITHOUT ROWID;" \
  "CREATE TABLE distribution(run INTEGER NOT NULL REFERENCES run, client INTEGER NOT NULL REFERENCES client," \
  " metric TEXT NOT NULL, count INTEGER NOT NULL, mean_ns REAL, min_ns INTEGER, p50_ns INTEGER, p95_ns INTEGER," \
  " p99_ns INTEGER, max_ns INTEGER, PRIMARY KEY(run, client, metric)) STRICT, WITHOUT ROWID;" \
  "CREATE TABLE job_result(run INTEGER NOT NULL REFERENCES run, client INTEGER NOT NULL REFERENCES job, outcome TEXT NOT NULL," \
  " submit_ns INTEGER, start_ns INTEGER, ready_ns INTEGER, admit_ns INTEGER, first_ns INTEGER, end_ns INTEGER," \
  " used_ns INTEGER NOT NULL, PRIMARY KEY(run, client)) STRICT, WITHOUT ROWID;" \
  "CREATE TABLE device_result(run INTEGER NOT NULL REFERENCES run, device INTEGER NOT NULL REFERENCES device," \
  " kernels INTEGER NOT NULL, copies INTEGER NOT NULL, memsets INTEGER NOT NULL, busy_ratio REAL, sm_use_ratio REAL," \
  " warp_use_ratio REAL, dram_use_ratio REAL, copy_use_ratio REAL, PRIMARY KEY(run, device)) STRICT, WITHOUT ROWID;" \
  "CREATE TABLE preemption(run INTEGER PRIMARY KEY REFERENCES run, count INTEGER NOT NULL, mean_ns REAL, min_ns INTEGER," \
  " p50_ns INTEGER, p95_ns INTEGER, p99_ns INTEGER, max_ns INTEGER, ops_stopped INTEGER NOT NULL, ops_cut INTEGER NOT NULL," \
  " ops_run_again INTEGER NOT NULL, in_vain_ns INTEGER NOT NULL) STRICT;" \
  "CREATE TABLE memory_result(run INTEGER NOT NULL REFERENCES run, device INTEGER NOT NULL REFERENCES device," \
  " reserved_mean_bytes REAL, reserved_peak_bytes INTEGER NOT NULL, used_mean_bytes REAL, used_peak_bytes INTEGER NOT NULL," \
  " PRIMARY KEY(run, device)) STRICT, WITHOUT ROWID;" \
  "CREATE TABLE use_curve(run INTEGER NOT NULL REFERENCES run, device INTEGER NOT NULL REFERENCES device,"                \
  " at_ns INTEGER NOT NULL, busy_ns REAL NOT NULL, sm_use_ns REAL, PRIMARY KEY(run, device, at_ns)) STRICT, WITHOUT ROWID;" \
  "CREATE TABLE memory_curve(run INTEGER NOT NULL REFERENCES run, device INTEGER NOT NULL REFERENCES device,"             \
  " from_ns INTEGER NOT NULL, held_bytes INTEGER NOT NULL, reserved_bytes INTEGER NOT NULL,"                              \
  " PRIMARY KEY(run, device, from_ns)) STRICT, WITHOUT ROWID;"                                                            \
  "CREATE TABLE live(run INTEGER NOT NULL REFERENCES run, fact INTEGER NOT NULL, name TEXT NOT NULL, text TEXT,"          \
  " value REAL, PRIMARY KEY(run, fact)) STRICT, WITHOUT ROWID;"                                                         \
  "CREATE TABLE verdict(run INTEGER NOT NULL REFERENCES run, client INTEGER NOT NULL REFERENCES client, admission TEXT," \
  " demotions INTEGER NOT NULL, restorations INTEGER NOT NULL, demoted INTEGER NOT NULL, stages_without_bound INTEGER NOT NULL," \
  " reason TEXT NOT NULL, about INTEGER REFERENCES client, PRIMARY KEY(run, client)) STRICT, WITHOUT ROWID;" \
  "CREATE TABLE request(run INTEGER NOT NULL, client INTEGER NOT NULL, arrive_ns INTEGER NOT NULL," \
  " reach_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, missed INTEGER NOT NULL) STRICT;" \
  "CREATE TABLE note_kind(kind INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;" \
  "CREATE TABLE ledger(run INTEGER NOT NULL, at_ns INTEGER NOT NULL, kind INTEGER NOT NULL, a INTEGER NOT NULL," \
  " b INTEGER NOT NULL, c INTEGER NOT NULL, t INTEGER NOT NULL) STRICT;" \
  "CREATE VIEW result AS SELECT run.policy, client.name AS client, client.class, client.model, r.requests_done," \
  " r.throughput_per_s, l.mean_ns AS latency_mean_ns, l.p50_ns AS latency_p50_ns, l.p95_ns AS latency_p95_ns," \
  " l.p99_ns AS latency_p99_ns, r.deadline_missed FROM client_result r JOIN run USING(run) JOIN client USING(client)" \
  " JOIN distribution l ON l.run = r.run AND l.client = r.client AND l.metric = 'latency' ORDER BY r.run, r.client;" \
  "CREATE VIEW job_time AS SELECT run.policy, client.name AS job, client.model, job.iterations, r.outcome, r.submit_ns," \
  " r.end_ns, (r.start_ns - r.submit_ns) + (r.admit_ns - r.ready_ns) AS queuing_ns, r.end_ns - r.submit_ns AS jct_ns," \
  " r.used_ns FROM job_result r JOIN run USING(run) JOIN client USING(client) JOIN job USING(client)" \
  " ORDER BY r.run, r.client;"

#endif
