-- A corun trace store as SQL: `corun import sql THIS -o STORE.db` builds it.  Times are in ns, NULL is not recorded.
PRAGMA application_id=1668445298;
PRAGMA user_version=4;
BEGIN;
CREATE TABLE model(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE CHECK(name <> ''),
  class TEXT NOT NULL CHECK(class IN ('graph', 'eager')),
  n_iteration INTEGER NOT NULL CHECK(n_iteration >= 1),
  n_left_out INTEGER NOT NULL CHECK(n_left_out >= 0),
  period_ns INTEGER CHECK(period_ns > 0),
  weight_bytes INTEGER CHECK(weight_bytes >= 0),
  persistent_bytes INTEGER CHECK(persistent_bytes >= 0),
  ephemeral_bytes INTEGER CHECK(ephemeral_bytes >= 0),
  framework_bytes INTEGER CHECK(framework_bytes >= 0),
  report TEXT NOT NULL
) STRICT;
CREATE TABLE origin(
  id INTEGER PRIMARY KEY,
  model INTEGER REFERENCES model,
  file TEXT, sha256 TEXT, tool TEXT, host TEXT, gpu TEXT, driver TEXT, command TEXT, recorded TEXT
) STRICT;
CREATE TABLE name(
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE op(
  model INTEGER NOT NULL REFERENCES model,
  i INTEGER NOT NULL CHECK(i >= 0),
  name INTEGER NOT NULL REFERENCES name,
  kind TEXT NOT NULL CHECK(kind IN ('kernel', 'h2d', 'd2h', 'd2d', 'memset', 'host')),
  stage INTEGER NOT NULL CHECK(stage >= 0),
  duration_ns INTEGER NOT NULL CHECK(duration_ns > 0),
  spread_ns INTEGER CHECK(spread_ns >= 0),
  gap_ns INTEGER CHECK(gap_ns >= 0),
  launch_ns INTEGER CHECK(launch_ns >= 0),
  blocks INTEGER CHECK(blocks > 0),
  threads INTEGER CHECK(threads > 0),
  regs INTEGER CHECK(regs >= 0),
  smem_bytes INTEGER CHECK(smem_bytes >= 0),
  carveout_bytes INTEGER CHECK(carveout_bytes >= 0),
  bytes INTEGER CHECK(bytes >= 0),
  dram_bytes INTEGER CHECK(dram_bytes >= 0),
  l2_bytes INTEGER CHECK(l2_bytes >= 0),
  instructions INTEGER CHECK(instructions >= 0),
  tensor_instructions INTEGER CHECK(tensor_instructions >= 0),
  active_warps_q16 INTEGER CHECK(active_warps_q16 >= 0),
  calls INTEGER CHECK(calls > 0),
  pageable INTEGER CHECK(pageable IN (0, 1)),
  PRIMARY KEY(model, i)
) STRICT, WITHOUT ROWID;
CREATE TABLE profile(
  model INTEGER NOT NULL REFERENCES model,
  i INTEGER NOT NULL CHECK(i >= 0),
  sm_blocks INTEGER CHECK(sm_blocks > 0),
  idempotent INTEGER CHECK(idempotent IN (0, 1)),
  PRIMARY KEY(model, i)
) STRICT, WITHOUT ROWID;
CREATE TABLE block_time(
  model INTEGER NOT NULL REFERENCES model,
  i INTEGER NOT NULL CHECK(i >= 0),
  n_block INTEGER NOT NULL CHECK(n_block > 0),
  ns INTEGER NOT NULL CHECK(ns > 0),
  PRIMARY KEY(model, i, n_block)
) STRICT, WITHOUT ROWID;
CREATE TABLE cluster(
  model INTEGER NOT NULL REFERENCES model,
  i INTEGER NOT NULL CHECK(i >= 0),
  blocks INTEGER NOT NULL CHECK(blocks > 0),
  PRIMARY KEY(model, i)
) STRICT, WITHOUT ROWID;
CREATE VIEW ops AS
  SELECT m.name AS model, o.i, n.text AS name, o.kind, o.stage, o.duration_ns, o.spread_ns, o.gap_ns, o.launch_ns,
    o.blocks, o.threads, o.regs, o.smem_bytes, o.carveout_bytes, o.bytes, o.dram_bytes, o.l2_bytes, o.instructions,
    o.tensor_instructions, o.active_warps_q16, o.calls, o.pageable, p.sm_blocks, p.idempotent,
    c.blocks AS cluster_blocks
  FROM op o JOIN model m ON m.id = o.model JOIN name n ON n.id = o.name
    LEFT JOIN profile p ON p.model = o.model AND p.i = o.i
    LEFT JOIN cluster c ON c.model = o.model AND c.i = o.i;
INSERT INTO model VALUES
(1,'collected/gemm-bf16','graph',90,0,211616,NULL,NULL,NULL,NULL,'recorded on stream 7 of priority 0
recorded on stream 13 of priority 0
iterations are what repeats (sure): of 2259 ops 2160 are in clean ones, 99 before, 0 between, 0 after
1 ops began up to 5 us before the one before them in their stream had ended: moved
');
INSERT INTO origin VALUES
(1,1,'763.spool','b737276581c7d0b2bee301a13eadb4d2c37347eeac026e3e608fd3ba7e008d62','corun collect 0.1.0, CUPTI 130001','a virtual machine with one H200','NVIDIA H200','580.159.04, CUDA 13.0, PyTorch 2.11','corun collect, record-gemm.py','2026-11-29T05:54:32Z');
INSERT INTO name VALUES
(1,'nvjet_sm90_tst_128x128_64x6_2x1_v_bz_bias_TNT'),
(2,'void at::native::vectorized_elementwise_kernel<8, at::native::GeluCUDAKernelImpl(at::TensorIteratorBase&, at::native::GeluType)::{lambda()#2}::operator()() const::{lambda()#4}::operator()() const::{lambda(c10::BFloat16)#1}, std::array<char*, 2ul> >(int, at::native::GeluCUDAKernelImpl(at::TensorIteratorBase&, at::native::GeluType)::{lambda()#2}::operator()() const::{lambda()#4}::operator()() const::{lambda(c10::BFloat16)#1}, std::array<char*, 2ul>)');
INSERT INTO op VALUES
(1,0,1,'kernel',0,14144,32,4417,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,1,2,'kernel',0,3520,0,160,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,2,1,'kernel',0,13568,32,160,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,3,2,'kernel',0,3488,1,160,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,4,1,'kernel',0,13536,32,128,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,5,2,'kernel',0,3488,1,160,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,6,1,'kernel',0,13536,64,160,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,7,2,'kernel',0,3520,0,160,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,8,1,'kernel',0,13600,64,96,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,9,2,'kernel',0,3552,32,128,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,10,1,'kernel',0,13472,64,96,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,11,2,'kernel',0,3520,0,96,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,12,1,'kernel',0,13376,32,96,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,13,2,'kernel',0,3520,0,97,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,14,1,'kernel',0,13344,64,128,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,15,2,'kernel',0,3520,0,128,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,16,1,'kernel',0,13312,63,96,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,17,2,'kernel',0,3520,0,128,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,18,1,'kernel',0,13248,64,127,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,19,2,'kernel',0,3520,0,128,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,20,1,'kernel',0,13280,32,96,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,21,2,'kernel',0,3520,0,128,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,22,1,'kernel',0,13280,64,96,NULL,128,384,168,213220,233472,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(1,23,2,'kernel',0,3744,0,96,NULL,2048,128,32,0,32768,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO cluster VALUES
(1,0,2),
(1,1,1),
(1,2,2),
(1,3,1),
(1,4,2),
(1,5,1),
(1,6,2),
(1,7,1),
(1,8,2),
(1,9,1),
(1,10,2),
(1,11,1),
(1,12,2),
(1,13,1),
(1,14,2),
(1,15,1),
(1,16,2),
(1,17,1),
(1,18,2),
(1,19,1),
(1,20,2),
(1,21,1),
(1,22,2),
(1,23,1);
COMMIT;
