/* studydb_schema.h - the tables of a results database, version CR_STUDYDB_VERSION; docs/formats.md explains them. */
#ifndef CR_STUDYDB_SCHEMA_H
#define CR_STUDYDB_SCHEMA_H

#define CR_STUDYDB_SCHEMA                                                                                            \
  "CREATE TABLE provenance(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"                                       \
  "CREATE TABLE design(place INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL) STRICT;"                   \
  "CREATE TABLE point(point INTEGER PRIMARY KEY, workload_hash TEXT, length_ppm INTEGER NOT NULL) STRICT;"           \
  "CREATE TABLE setting(point INTEGER NOT NULL REFERENCES point, key TEXT NOT NULL, value TEXT NOT NULL,"            \
  " PRIMARY KEY(point, key)) STRICT, WITHOUT ROWID;"                                                                 \
  "CREATE TABLE policy(policy INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"                                      \
  "CREATE TABLE seed(place INTEGER PRIMARY KEY, seed INTEGER NOT NULL UNIQUE) STRICT;"                               \
  "CREATE TABLE metric(metric INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL) STRICT;"                  \
  "CREATE TABLE run(point INTEGER NOT NULL REFERENCES point, policy INTEGER NOT NULL REFERENCES policy,"             \
  " seed INTEGER NOT NULL REFERENCES seed(seed), outcome TEXT NOT NULL, why TEXT NOT NULL, end_ns INTEGER NOT NULL," \
  " events INTEGER NOT NULL, ledger_hash TEXT NOT NULL, PRIMARY KEY(point, policy, seed)) STRICT, WITHOUT ROWID;"    \
  "CREATE TABLE value(point INTEGER NOT NULL, policy INTEGER NOT NULL, seed INTEGER NOT NULL,"                       \
  " metric INTEGER NOT NULL REFERENCES metric, value REAL,"                                                          \
  " PRIMARY KEY(point, policy, seed, metric)) STRICT, WITHOUT ROWID;"                                                \
  "CREATE TABLE round(round INTEGER PRIMARY KEY, step TEXT NOT NULL) STRICT;"                                        \
  "CREATE TABLE asked(round INTEGER NOT NULL REFERENCES round, place INTEGER NOT NULL, point INTEGER NOT NULL "      \
  "REFERENCES point,"                                                                                                \
  " policy INTEGER NOT NULL REFERENCES policy, seed INTEGER NOT NULL REFERENCES seed(seed), PRIMARY KEY(round, "     \
  "place))"                                                                                                          \
  " STRICT, WITHOUT ROWID;"                                                                                          \
  "CREATE TABLE ranking(rank INTEGER PRIMARY KEY, point INTEGER NOT NULL REFERENCES point, policy INTEGER NOT NULL " \
  "REFERENCES policy,"                                                                                               \
  " seeds INTEGER NOT NULL, goals TEXT NOT NULL, confirmed INTEGER, best INTEGER NOT NULL) STRICT;"                  \
  "CREATE VIEW result AS SELECT v.point, policy.name AS policy, v.seed, metric.name AS metric, metric.unit, v.value" \
  " FROM value v JOIN policy USING(policy) JOIN metric USING(metric) ORDER BY v.point, v.policy, v.seed, v.metric;"

#endif
