/* preempt.cu - what each step of preempting streams of kernels costs on one GPU: pushing, fetching, bounding a queue, setting
 * a flag, blocks that see the flag and leave, stop words polled by running blocks, knowing that a stream is idle, restarting,
 * and whole preemptions in the manner of REEF-N, of a wait-based scheduler and of a stop word.
 *
 *   nvcc -O2 -arch=sm_90 -o preempt preempt.cu -lcuda && ./preempt preempt.csv [all | parts, such as 1,2,5] [seconds at most]
 *
 * A row: test,variant,streams,blocks,length_us,queue,metric,unit,reps,p50,p10,p90,min,max,mean.  Blocks have 256 threads, eight
 * fit an SM.  Kernels spin by the global timer; instants of the host are put on the global timer's scale by ping-pong through
 * mapped memory at most 20 ms before (test clock: the round trip and the drift).  `call` is the processor time of a call.
 *
 * Nothing waits for ever: a block spins for 50 ms at most by either clock, a gate (a kernel that holds a stream back until the
 * host has queued what follows) for 40 ms, the host for a deadline, and the program for the seconds given (110). */
#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <string>
#include <unistd.h>
#include <vector>
#include <cuda.h>
#include <cuda_runtime.h>
typedef unsigned long long ull;
typedef int64_t ns_t;
#define OK(x) do { cudaError_t e_ = (x); if (e_) die("%s:%d: %s: %s", __FILE__, __LINE__, #x, cudaGetErrorString(e_)); } while (0)
#define DR(x) do { CUresult e_ = (x); if (e_) { const char *t_ = "?"; cuGetErrorString(e_, &t_); die("%s:%d: %s: %s", __FILE__, __LINE__, #x, t_); } } while (0)
static FILE *csv;
static void die(const char *f, ...)
{
  va_list v; va_start(v, f); fprintf(stderr, "preempt: "); vfprintf(stderr, f, v); fprintf(stderr, "\n"); va_end(v);
  if (csv) fflush(csv);
  fflush(stdout); _exit(1);
}
static void too_long(int) { static const char t[] = "preempt: out of time\n"; if (write(2, t, sizeof t - 1)) {} _exit(3); }

/* ---- the device's side ---- */
enum { BLOCK = 256, N_BE = 5, N_SLOT = 1100 };
#define SPIN_MAX 50000000ull
#define SPIN_CLOCKS 110000000ll
#define GATE_NS 40000000ull
#define POLLER_NS 20000000ull
struct slot { ull start, end; };
struct arg { ull ns, poll; const unsigned *flag; slot *s; unsigned *done, *ran; };
__device__ __forceinline__ ull gt() { ull t; asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t)); return t; }
__device__ __forceinline__ unsigned see(const unsigned *p) { return *(const volatile unsigned *)p; }
/* CHECK: a block that finds the flag set leaves.  POLL: a running block looks every a.poll ns.  COUNT: blocks count themselves
 * out, evicted ones too, and the last one stamps the end.  The start is block 0's, behind its look at the flag. */
template <bool CHECK, bool POLL, bool COUNT> __global__ void __launch_bounds__(BLOCK) work(arg a)
{
  bool out = CHECK && see(a.flag) != 0;
  if (out && !COUNT) return;
  if (threadIdx.x == 0) {
    if (!out) {
      ull t0 = gt(), ns = a.ns < SPIN_MAX ? a.ns : SPIN_MAX, next = a.poll;
      long long c0 = clock64();
      if (a.s && blockIdx.x == 0) ((volatile slot *)a.s)->start = t0;
      if (a.ran) atomicAdd(a.ran, 1u);
      for (;;) {
        ull t = gt() - t0;
        if (t >= ns || clock64() - c0 > SPIN_CLOCKS) break;
        if (POLL && t >= next) { if (see(a.flag)) break; next = t + a.poll; }
      }
    }
    if (COUNT && atomicAdd(a.done, 1u) == gridDim.x - 1) {
      *(volatile unsigned *)a.done = 0;
      if (a.s) ((volatile slot *)a.s)->end = gt();
    }
  }
  __syncthreads();
}
__global__ void gate(const unsigned *go, unsigned want, unsigned *late)
{
  ull t0 = gt(); long long c0 = clock64();
  while (see(go) != want) if (gt() - t0 > GATE_NS || clock64() - c0 > SPIN_CLOCKS) { *(volatile unsigned *)late = 1; break; }
}
__global__ void stamp(slot *s) { ((volatile slot *)s)->start = gt(); }
__global__ void tiny(unsigned *p) { if (p) *(volatile unsigned *)p = 1; }
__global__ void __launch_bounds__(BLOCK) poller(const unsigned *flag, slot *s)
{
  if (threadIdx.x == 0) {
    ull t0 = gt(), t; long long c0 = clock64();
    ((volatile slot *)s)->start = t0;
    for (;;) {
      unsigned v = see(flag);
      t = gt();
      if (v) break;
      if (t - t0 > POLLER_NS || clock64() - c0 > SPIN_CLOCKS) { t = 1; break; }
    }
    ((volatile slot *)s)->end = t;
  }
  __syncthreads();
}
__global__ void ping(const unsigned *req, ull *resp, unsigned n)
{
  ull t0 = gt(); long long c0 = clock64();
  for (unsigned k = 1; k <= n; k++) {
    while (see(req) != k) if (gt() - t0 > POLLER_NS || clock64() - c0 > SPIN_CLOCKS) return;
    *(volatile ull *)&resp[k] = gt();
  }
}
__global__ void clocks(ull *out)
{
  ull t0 = gt(), step = ~0ull; long long c0 = clock64();
  for (ull last = t0; last - t0 < 1000000 && clock64() - c0 < SPIN_CLOCKS;) { ull t = gt(); if (t != last && t - last < step) step = t - last; last = t; }
  out[0] = gt() - t0; out[1] = (ull)(clock64() - c0); out[2] = step;
}

/* ---- the host's side ---- */
static ns_t now() { timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * (ns_t)1000000000 + t.tv_nsec; }
static void spin_until(ns_t t) { while (now() < t) {} }
static void idle(double us) { spin_until(now() + (ns_t)(us * 1e3)); }
static uint64_t rng = 88172645463325252ull;
static double uniform(double a, double b) { rng ^= rng << 13; rng ^= rng >> 7; rng ^= rng << 17; return a + (b - a) * (double)(rng >> 11) / 9007199254740992.0; }
template <class P> static bool until(P p, double ms)
{
  ns_t end = now() + (ns_t)(ms * 1e6);
  while (!p()) if (now() > end) return p();
  return true;
}
template <class P> static void need(const char *what, P p, double ms = 3000) { if (!until(p, ms)) die("deadline: %s", what); }

static cudaStream_t be[N_BE], rt, hp, sf, sn, sc; /* best effort, real time plain and high, flag high and plain, clock */
static std::vector<cudaStream_t> streams;
static unsigned *dflag, *dcount, *dran, *dlate;          /* device memory */
static volatile unsigned *hflag, *go[N_BE], *req;        /* mapped, a cache line each */
static volatile ull *resp; static volatile slot *hs[N_BE], *hx; static slot *ds; /* slots: mapped, one of them spare; device */
static unsigned *pin, epoch;
template <class T> static T *dev(volatile T *h) { void *d; OK(cudaHostGetDevicePointer(&d, (void *)h, 0)); return (T *)d; }
static bool ready(cudaError_t e) { if (e && e != cudaErrorNotReady) die("query: %s", cudaGetErrorString(e)); return e == cudaSuccess; }
static void quiesce() { for (cudaStream_t s : streams) need("stream idle", [=] { return ready(cudaStreamQuery(s)); }, 5000); }

enum kind { PLAIN, PLAIN_C, LAZY, LAZY_C, STOP_C };
static const void *const fn[] = {(const void *)work<false, false, false>, (const void *)work<false, false, true>, (const void *)work<true, false, false>,
                                 (const void *)work<true, false, true>, (const void *)work<true, true, true>};
static void launch(kind k, cudaStream_t s, int blocks, arg a) { void *p[] = {&a}; OK(cudaLaunchKernel(fn[k], dim3(blocks), dim3(BLOCK), p, 0, s)); }
static arg make(double us, const unsigned *flag = nullptr, slot *s = nullptr, unsigned *done = nullptr, double poll_us = 1, unsigned *ran = nullptr)
{
  arg a = {(ull)(us * 1e3), (ull)(poll_us * 1e3), flag, s, done, ran};
  return a;
}
static void put_gate(int i, cudaStream_t s) { const unsigned *g = dev(go[i]); unsigned e = epoch, *l = dlate; void *p[] = {&g, &e, &l}; OK(cudaLaunchKernel((const void *)gate, dim3(1), dim3(1), p, 0, s)); }
static void put_stamp(cudaStream_t s, slot *x) { void *p[] = {&x}; OK(cudaLaunchKernel((const void *)stamp, dim3(1), dim3(1), p, 0, s)); }
static void open_gates() { for (int i = 0; i < N_BE; i++) *go[i] = epoch; std::atomic_thread_fence(std::memory_order_seq_cst); }
static void zero(volatile slot *s, int n) { for (int i = 0; i < n; i++) s[i].start = s[i].end = 0; std::atomic_thread_fence(std::memory_order_seq_cst); }
static unsigned take(unsigned *d) { unsigned v, z = 0; OK(cudaMemcpy(&v, d, 4, cudaMemcpyDeviceToHost)); if (v) OK(cudaMemcpy(d, &z, 4, cudaMemcpyHostToDevice)); return v; }

/* flags: how one is written, and where it lies */
enum how { SW, SWN, CP, MAP, SWMAP, SET, KER };
static const char *const how_name[] = {"stream_write", "stream_write_plain_stream", "memcpy", "mapped_store", "stream_write_mapped", "memset", "kernel"};
static bool have_sw; static how best;
static const unsigned *flag_of(how h) { return h == MAP || h == SWMAP ? dev(hflag) : dflag; }
static void write_flag(how h, unsigned v)
{
  switch (h) {
    case SW: DR(cuStreamWriteValue32((CUstream)sf, (CUdeviceptr)dflag, v, 0)); break;
    case SWN: DR(cuStreamWriteValue32((CUstream)sn, (CUdeviceptr)dflag, v, 0)); break;
    case SWMAP: DR(cuStreamWriteValue32((CUstream)sf, (CUdeviceptr)(uintptr_t)flag_of(h), v, 0)); break;
    case CP: OK(cudaMemcpyAsync(dflag, pin + (v ? 1 : 0), 4, cudaMemcpyHostToDevice, sf)); break;
    case SET: OK(cudaMemsetAsync(dflag, v ? 1 : 0, 4, sf)); break;
    case KER: { unsigned *p = dflag; void *a[] = {&p}; OK(cudaLaunchKernel((const void *)tiny, dim3(1), dim3(1), a, 0, sf)); break; }
    case MAP: *hflag = v; std::atomic_thread_fence(std::memory_order_seq_cst); break;
  }
}
static void clear_flags() { *hflag = 0; OK(cudaMemsetAsync(dflag, 0, 4, sf)); need("flag cleared", [] { return ready(cudaStreamQuery(sf)); }); }

/* one clock: now() put on the global timer's scale */
static ns_t h0, h1, g0, g1; static double slope = 1, rtt_us;
static bool map_once()
{
  enum { N = 100 };
  for (int k = 0; k <= N; k++) resp[k] = 0;
  *req = 0; std::atomic_thread_fence(std::memory_order_seq_cst);
  const unsigned *rq = dev(req); ull *rs = dev(resp); unsigned n = N; void *p[] = {&rq, &rs, &n};
  OK(cudaLaunchKernel((const void *)ping, dim3(1), dim3(1), p, 0, sc));
  ns_t least = INT64_MAX;
  for (unsigned k = 1; k <= N; k++) {
    ns_t a = now(); *req = k;
    if (!until([=] { return resp[k] != 0; }, 30)) { if (k > 10) break; need("ping kernel's end", [] { return ready(cudaStreamQuery(sc)); }); return false; }
    ns_t b = now();
    if (b - a < least) { least = b - a; h1 = a + (b - a) / 2; g1 = (ns_t)resp[k]; }
  }
  rtt_us = least * 1e-3;
  if (!h0) { h0 = h1; g0 = g1; }
  if (h1 - h0 > 250000000) slope = (double)(g1 - g0) / (double)(h1 - h0);
  need("ping kernel's end", [] { return ready(cudaStreamQuery(sc)); });
  return true;
}
static void map_clock() { for (int i = 0; i < 5; i++) if (map_once()) return; die("deadline: ping"); }
static void fresh() { if (now() - h1 > 20000000) map_clock(); }
static ns_t h2g(ns_t h) { return g1 + (ns_t)llround((double)(h - h1) * slope); }
static ns_t g2h(ull g) { return h1 + (ns_t)llround((double)((ns_t)g - g1) / slope); }
static double us(ns_t d) { return (double)d * 1e-3; }

/* rows */
struct where { const char *test; std::string variant; int streams, blocks; double length; int queue; };
typedef std::vector<double> vec;
static std::vector<std::string> keys;
static double quant(const vec &v, double q) { return v[(size_t)llround(q * (double)(v.size() - 1))]; }
static double row(const where &w, const char *metric, const char *unit, vec v, bool key = false)
{
  if (v.empty()) { fprintf(csv, "%s,%s,%d,%d,%g,%d,%s,%s,0,,,,,,\n", w.test, w.variant.c_str(), w.streams, w.blocks, w.length, w.queue, metric, unit); fflush(csv); return NAN; }
  std::sort(v.begin(), v.end());
  double sum = 0; for (double x : v) sum += x;
  fprintf(csv, "%s,%s,%d,%d,%g,%d,%s,%s,%zu,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g\n", w.test, w.variant.c_str(), w.streams, w.blocks, w.length, w.queue, metric, unit, v.size(),
          quant(v, .5), quant(v, .1), quant(v, .9), v.front(), v.back(), sum / (double)v.size());
  fflush(csv);
  if (key) {
    char t[256]; snprintf(t, sizeof t, "%-8s %-34s %7d %6d %6g %5d  %-22s %9.3f %9.3f %9.3f %s", w.test, w.variant.c_str(), w.streams, w.blocks, w.length, w.queue, metric, quant(v, .5), quant(v, .1), quant(v, .9), unit);
    keys.push_back(t);
  }
  return quant(v, .5);
}
static ns_t part_began;
static void began(const char *what) { printf("%s\n", what); fflush(stdout); part_began = now(); quiesce(); clear_flags(); map_clock(); }
static void ended(const char *what)
{
  quiesce();
  if (take(dlate)) printf("  %s: a gate opened by its bound, not by the host\n", what);
  printf("  %s took %.2f s\n", what, (double)(now() - part_began) * 1e-9); fflush(stdout);
}

/* 0. clocks */
static void part0()
{
  ull *o; OK(cudaMalloc(&o, 24)); vec mhz, step, cost, err;
  for (int r = 0; r < 100; r++) {
    void *p[] = {&o}; OK(cudaLaunchKernel((const void *)clocks, dim3(1), dim3(1), p, 0, be[0])); quiesce();
    ull x[3]; OK(cudaMemcpy(x, o, 24, cudaMemcpyDeviceToHost));
    mhz.push_back((double)x[1] / (double)x[0] * 1e3); step.push_back((double)x[2]);
    ns_t a = now(); for (int i = 0; i < 1000; i++) (void)now();
    cost.push_back((double)(now() - a) / 1000);
  }
  map_clock(); idle(300000);
  for (int r = 0; r < 30; r++) { map_clock(); err.push_back(rtt_us / 2); }
  where w = {"clock", "", 1, 1, 0, 0};
  row(w, "sm_clock", "MHz", mhz, true); row(w, "globaltimer_step", "ns", step, true); row(w, "host_clock_call", "ns", cost, true);
  row(w, "mapping_error_bound", "us", err, true); row(w, "drift", "ppm", vec{(slope - 1) * 1e6}, true);
  OK(cudaFree(o));
}

/* 1. push */
static int fill(cudaStream_t s, int most)
{
  arg a = make(0.1); void *p[] = {&a};
  for (int i = 0; i < most; i++) {
    ns_t t = now();
    OK(cudaLaunchKernel(fn[PLAIN], dim3(1), dim3(BLOCK), p, 0, s));
    if (i > 16 && now() - t > 3000000) return i;
  }
  return -1;
}
static void part1()
{
  enum { MOST = 500 };
  cudaFunction_t f; OK(cudaGetFuncBySymbol(&f, fn[LAZY]));
  cudaEvent_t ev[MOST]; for (auto &e : ev) OK(cudaEventCreateWithFlags(&e, cudaEventDisableTiming));
  for (int v = 0; v < 4; v++) {
    static const char *const name[] = {"chevrons", "cuLaunchKernel", "event_record", "chevrons_event_record"};
    const int N = v == 3 ? 300 : MOST; /* two entries each: stay clear of the window */
    vec mean, each;
    for (int r = 0; r < 30; r++) {
      arg a = make(1, dflag); void *p[] = {&a};
      epoch++; put_gate(0, be[0]);
      ns_t t[MOST + 1]; t[0] = now();
      for (int i = 0; i < N; i++) {
        if (v == 1) DR(cuLaunchKernel((CUfunction)f, 132, 1, 1, BLOCK, 1, 1, 0, (CUstream)be[0], p, nullptr));
        if (v == 0 || v == 3) work<true, false, false><<<132, BLOCK, 0, be[0]>>>(a);
        if (v >= 2) OK(cudaEventRecord(ev[i], be[0]));
        t[i + 1] = now();
      }
      open_gates();
      mean.push_back(us(t[N] - t[0]) / N);
      for (int i = 0; i < N; i++) each.push_back(us(t[i + 1] - t[i]));
      quiesce();
      cudaError_t e = cudaGetLastError(); if (e && e != cudaErrorNotReady) die("launch: %s", cudaGetErrorString(e));
    }
    where w = {"push", name[v], 1, 132, 1, N};
    row(w, "call_mean", "us", mean, true); row(w, "call_each", "us", each);
  }
  for (auto &e : ev) OK(cudaEventDestroy(e));
  vec win, second; int least = 1 << 30;
  for (int r = 0; r < 3; r++) {
    epoch++; put_gate(0, be[0]);
    int n = fill(be[0], 2500);
    open_gates(); quiesce();
    if (n >= 0) { win.push_back(n); least = std::min(least, n); }
  }
  row({"push", "window", 1, 1, 0.1, 2500}, "launches_before_block", "kernels", win, true);
  if (!win.empty() && least > 64) for (int r = 0; r < 3; r++) {
    epoch++; put_gate(0, be[0]); put_gate(1, be[1]);
    fill(be[0], least - 32);
    int n = fill(be[1], 2500);
    open_gates(); quiesce();
    if (n >= 0) second.push_back(n);
  }
  row({"push", "window_beside_full", 2, 1, 0.1, 2500}, "launches_before_block", "kernels", second, true);
  take(dlate); /* the gates of these six runs end by their bound */
}

/* 2. fetch */
static void part2()
{
  for (int blocks : {1, 132, 1056}) for (double rest : {50., 500., 5000.}) {
    vec call, start, seen;
    for (int r = 0; r < (rest > 1000 ? 30 : 60); r++) {
      fresh(); zero(hx, 1); idle(rest);
      ns_t a = now(); launch(PLAIN_C, be[0], blocks, make(5, nullptr, dev(hx), dcount)); ns_t b = now();
      need("kernel", [] { return hx->end != 0; }); ns_t c = now();
      call.push_back(us(b - a)); start.push_back(us((ns_t)hx->start - h2g(a))); seen.push_back(us(h2g(c) - (ns_t)hx->end));
      quiesce();
    }
    char v[32]; snprintf(v, sizeof v, "idle_%g_us", rest);
    where w = {"fetch", v, 1, blocks, 5, 0};
    row(w, "call", "us", call, blocks == 132); row(w, "call_to_first_instruction", "us", start, blocks == 132); row(w, "end_to_host_poll", "us", seen, blocks == 132);
  }
  enum { N = 100 };
  std::vector<slot> x(N);
  for (int v = 0; v < 3; v++) for (int blocks : {1, 132, 1056, 4224}) {
    static const char *const name[] = {"queued_device_stamps", "queued_mapped_stamps", "graph_device_stamps"};
    slot *d = v == 1 ? dev(hs[0]) : ds; cudaGraph_t g = nullptr; cudaGraphExec_t ge = nullptr;
    if (v == 2) OK(cudaStreamBeginCapture(be[0], cudaStreamCaptureModeThreadLocal));
    vec gap, total;
    for (int r = 0; r < 10; r++) {
      if (v != 2) { epoch++; put_gate(0, be[0]); }
      if (v != 2 || r == 0) for (int i = 0; i < N; i++) launch(PLAIN_C, be[0], blocks, make(5, nullptr, d + i, dcount));
      if (v == 2) {
        if (r == 0) { OK(cudaStreamEndCapture(be[0], &g)); OK(cudaGraphInstantiate(&ge, g, 0)); OK(cudaGraphUpload(ge, be[0])); quiesce(); }
        epoch++; put_gate(0, be[0]); OK(cudaGraphLaunch(ge, be[0]));
      }
      idle(300); open_gates(); quiesce();
      if (v == 1) for (int i = 0; i < N; i++) { x[i].start = hs[0][i].start; x[i].end = hs[0][i].end; }
      else OK(cudaMemcpy(x.data(), ds, N * sizeof(slot), cudaMemcpyDeviceToHost));
      for (int i = 3; i < N; i++) gap.push_back(us((ns_t)(x[i].start - x[i - 1].end)));
      total.push_back(us((ns_t)(x[N - 1].start - x[3].start)) / (N - 4));
    }
    if (ge) { OK(cudaGraphExecDestroy(ge)); OK(cudaGraphDestroy(g)); }
    where w = {"fetch", name[v], 1, blocks, 5, N};
    row(w, "end_to_next_start", "us", gap, blocks <= 132); row(w, "period", "us", total);
  }
}

/* 3. bounded queue */
static void part3()
{
  enum { N = 200, WARM = 3 };
  cudaEvent_t ev[N]; for (auto &e : ev) OK(cudaEventCreateWithFlags(&e, cudaEventDisableTiming));
  std::vector<slot> x(N);
  for (int byevent = 0; byevent < 2; byevent++) for (double L : {5., 20., 50., 100.}) {
    double base = 0;
    for (int C : {0, 1, 2, 3, 4, 8, 16, 64, 256}) { /* 0: all queued behind a gate */
      slot *d = byevent ? ds : dev(hs[0]); vec total, per, gap, notice, host;
      for (int r = 0; r < 9; r++) {
        fresh(); zero(hs[0], N);
        static ns_t seen[N]; static bool waited[N];
        int pushed = 0, done = 0; bool polled = false;
        if (!C) { epoch++; put_gate(0, be[0]); }
        ns_t a = now(), end = a + 3000000000ll;
        while (done < N) {
          if (pushed < N && (!C || pushed - done < C)) {
            launch(PLAIN_C, be[0], 132, make(L, nullptr, d + pushed, dcount));
            if (byevent) OK(cudaEventRecord(ev[pushed], be[0]));
            pushed++; polled = false;
            if (!C && pushed == N) open_gates();
            continue;
          }
          bool over = byevent ? ready(cudaEventQuery(ev[done])) : hs[0][done].end != 0;
          if (over) { seen[done] = now(); waited[done] = polled; done++; polled = false; }
          else { polled = true; if (now() > end) die("deadline: bounded queue"); }
        }
        ns_t b = now();
        quiesce();
        if (byevent) OK(cudaMemcpy(x.data(), ds, N * sizeof(slot), cudaMemcpyDeviceToHost));
        else for (int i = 0; i < N; i++) { x[i].start = hs[0][i].start; x[i].end = hs[0][i].end; }
        if (r == 0) continue;
        double t = us((ns_t)(x[N - 1].end - x[WARM].start));
        total.push_back(t); host.push_back(us(b - a)); per.push_back((t - base) / (N - WARM));
        for (int i = WARM + 1; i < N; i++) gap.push_back(us((ns_t)(x[i].start - x[i - 1].end)));
        for (int i = WARM; i < N; i++) if (waited[i]) notice.push_back(us(h2g(seen[i]) - (ns_t)x[i].end));
      }
      where w = {"bounded", byevent ? "event_query" : "counter", 1, 132, L, C};
      double m = row(w, "chain", "us", total); row(w, "chain_host", "us", host);
      if (!C) base = m; else row(w, "cost_per_kernel", "us", per, L == 50 || C <= 2);
      row(w, "gap", "us", gap); row(w, "end_to_host", "us", notice, L == 50 && C == 2);
    }
  }
  for (auto &e : ev) OK(cudaEventDestroy(e));
}

/* 4. flag */
static void part4()
{
  for (int busy = 0; busy < 2; busy++) for (how h : {SW, SWN, CP, MAP, SWMAP, SET, KER}) {
    if (!have_sw && (h == SW || h == SWN || h == SWMAP)) continue;
    vec call, lat; int lost = 0;
    for (int r = 0; r < 50 && lost < 4; r++) {
      clear_flags(); quiesce(); fresh(); zero(hx, 1);
      const unsigned *f = flag_of(h); slot *d = dev(hx); void *p[] = {&f, &d};
      OK(cudaLaunchKernel((const void *)poller, dim3(1), dim3(BLOCK), p, 0, be[0]));
      need("poller", [] { return hx->start != 0; });
      if (busy) for (int i = 0; i < 40; i++) launch(PLAIN, be[1], 1055, make(20)); /* with the poller, every slot of the GPU */
      idle(uniform(40, 80));
      ns_t a = now(); write_flag(h, 1); ns_t b = now();
      need("flag", [] { return hx->end != 0; });
      if (hx->end == 1) { lost++; continue; }
      call.push_back(us(b - a)); lat.push_back(us((ns_t)hx->end - h2g(a)));
    }
    quiesce();
    where w = {"flag", std::string(how_name[h]) + (busy ? "_busy" : ""), 1, 1, 0, 0};
    row(w, "call", "us", call, true); row(w, "call_to_seen", "us", lat, true);
    if (lost) row(w, "never_seen", "reps", vec{(double)lost}, true);
  }
}

/* 5. evict */
static void part5()
{
  static const struct { const char *name; kind k; bool graph, mapped; double L; } cases[] = {
    {"stream", LAZY, false, false, 50}, {"stream", LAZY, false, false, 200}, {"graph", LAZY, true, false, 50}, {"graph", LAZY, true, false, 200},
    {"stream_mapped_flag", LAZY, false, true, 50}, {"stream_counted", LAZY_C, false, false, 50}};
  for (auto &c : cases) for (int blocks : {132, 1000, 10000}) {
    how h = c.mapped ? MAP : best; vec ns, ms;
    for (int N : {1, 2, 4, 8, 16, 64, 200, 500}) {
      if (c.mapped && blocks == 10000 && N > 64) continue; /* tens of thousands of reads over the bus a kernel */
      cudaGraph_t g = nullptr; cudaGraphExec_t ge = nullptr;
      auto queued = [&] { for (int i = 0; i < N; i++) launch(c.k, be[0], blocks, make(2, flag_of(h), nullptr, dcount + 1, 1, dran)); };
      if (c.graph) {
        OK(cudaStreamBeginCapture(be[0], cudaStreamCaptureModeThreadLocal)); queued();
        OK(cudaStreamEndCapture(be[0], &g)); OK(cudaGraphInstantiate(&ge, g, 0)); OK(cudaGraphUpload(ge, be[0])); quiesce();
      }
      vec total, split, seen, push; int late = 0;
      for (int r = 0; r < (N >= 200 && blocks >= 10000 ? 20 : 30); r++) {
        clear_flags(); quiesce(); fresh(); zero(hx, 2); epoch++;
        put_gate(0, be[0]);
        ns_t p = now();
        launch(PLAIN_C, be[0], 132, make(c.L, nullptr, dev(hx), dcount));
        if (c.graph) OK(cudaGraphLaunch(ge, be[0])); else queued();
        put_stamp(be[0], dev(hx + 1));
        push.push_back(us(now() - p));
        idle(20); open_gates();
        need("running kernel", [] { return hx->start != 0; });
        spin_until(g2h(hx->start) + (ns_t)(c.L * 500));
        ns_t a = now(); write_flag(h, 1);
        need("eviction", [] { return hx[1].start != 0; });
        ns_t b = now();
        quiesce();
        if (take(dran)) { late++; continue; }
        total.push_back(us((ns_t)hx[1].start - h2g(a))); split.push_back(us((ns_t)(hx[1].start - hx->end))); seen.push_back(us(b - a));
      }
      if (ge) { OK(cudaGraphExecDestroy(ge)); OK(cudaGraphDestroy(g)); }
      where w = {"evict", c.name, 1, blocks, c.L, N};
      row(w, "push_all", "us", push); row(w, "flag_to_idle", "us", total); row(w, "flag_to_idle_host", "us", seen);
      double m = row(w, "end_to_idle", "us", split, N == 500 && c.L == 50);
      if (late) row(w, "flag_too_late", "reps", vec{(double)late}, N == 500);
      if (!std::isnan(m)) { ns.push_back(N); ms.push_back(m); }
    }
    if (ns.size() < 3) continue;
    double sx = 0, sy = 0, sxx = 0, sxy = 0, n = (double)ns.size();
    for (size_t i = 0; i < ns.size(); i++) { sx += ns[i]; sy += ms[i]; sxx += ns[i] * ns[i]; sxy += ns[i] * ms[i]; }
    double b = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    where w = {"evict", c.name, 1, blocks, c.L, 0};
    row(w, "slope_per_kernel", "us", vec{b}, true); row(w, "intercept", "us", vec{(sy - b * sx) / n}, true);
  }
}

/* 6. stop word */
static void part6()
{
  cudaEvent_t ev; OK(cudaEventCreateWithFlags(&ev, cudaEventDisableTiming));
  for (how h : {SW, CP, MAP}) for (int blocks : {132, 1056, 4224}) for (double poll : {1., 10.}) for (int notice = 0; notice < 3; notice++) {
    static const char *const name[] = {"counter", "event_query", "stream_sync"};
    if (h == SW && !have_sw) continue;
    vec call, end, host, total; int unseen = 0;
    for (int r = 0; r < 30; r++) {
      clear_flags(); quiesce(); fresh(); zero(hx, 1);
      launch(STOP_C, be[0], blocks, make(2000, flag_of(h), dev(hx), dcount, poll));
      if (notice == 1) OK(cudaEventRecord(ev, be[0]));
      need("stop kernel", [] { return hx->start != 0; });
      spin_until(g2h(hx->start) + (ns_t)(uniform(200, 600) * 1e3));
      ns_t a = now(); write_flag(h, 1); ns_t b = now();
      if (notice == 0) need("stop", [] { return hx->end != 0; });
      if (notice == 1) need("stop", [=] { return ready(cudaEventQuery(ev)); });
      if (notice == 2) OK(cudaStreamSynchronize(be[0]));
      ns_t c = now();
      need("end stamp", [] { return hx->end != 0; });
      double e = us((ns_t)hx->end - h2g(a));
      if (e > 1300) unseen++; /* the spin's own end, 1400 us and later */
      call.push_back(us(b - a)); end.push_back(e); host.push_back(us(h2g(c) - (ns_t)hx->end)); total.push_back(us(c - a));
    }
    char v[96]; snprintf(v, sizeof v, "%s/poll_%g_us/%s", how_name[h], poll, name[notice]);
    where w = {"stop", v, 1, blocks, 2000, 0};
    row(w, "call", "us", call); row(w, "flag_to_end", "us", end, poll == 1 && notice == 0); row(w, "end_to_host", "us", host, blocks == 132 && poll == 1); row(w, "flag_to_host", "us", total);
    if (unseen) row(w, "ended_by_itself", "reps", vec{(double)unseen}, true);
  }
  OK(cudaEventDestroy(ev));
}

/* 7. sync */
static void part7()
{
  cudaEvent_t ev; OK(cudaEventCreateWithFlags(&ev, cudaEventDisableTiming));
  enum { N = 500 };
  for (int busy = 0; busy < 2; busy++) for (int v = 0; v < 5; v++) {
    static const char *const name[] = {"cudaStreamQuery", "cudaEventQuery", "cudaStreamQuery_x5", "cudaStreamSynchronize", "cudaDeviceSynchronize"};
    if (busy && v > 2) continue;
    for (int s = 0; s < N_BE; s++) launch(PLAIN, be[s], 132, make(1));
    OK(cudaEventRecord(ev, be[0])); quiesce();
    if (busy) { epoch++; put_gate(0, be[0]); OK(cudaEventRecord(ev, be[0])); }
    vec t;
    for (int i = 0; i < N; i++) {
      ns_t a = now(); bool r = true;
      if (v == 0) r = ready(cudaStreamQuery(be[0]));
      if (v == 1) r = ready(cudaEventQuery(ev));
      if (v == 2) for (int s = 0; s < N_BE; s++) ready(cudaStreamQuery(be[s]));
      if (v == 3) OK(cudaStreamSynchronize(be[0]));
      if (v == 4) OK(cudaDeviceSynchronize());
      if (r == !busy || v == 2) t.push_back(us(now() - a));
    }
    open_gates(); quiesce();
    row({"sync", std::string(name[v]) + (busy ? "_busy" : "_idle"), v == 2 ? 5 : 1, 132, 0, 0}, "call", "us", t, true);
  }
  for (int v = 0; v < 3; v++) { /* the first call after work has ended, a kernel's end known by polling */
    static const char *const name[] = {"cudaStreamQuery", "cudaStreamSynchronize", "cudaDeviceSynchronize"};
    vec t, n;
    for (int r = 0; r < 50; r++) {
      fresh(); zero(hx, 1);
      for (int s = 1; s < N_BE; s++) launch(PLAIN, be[s], 132, make(5));
      launch(PLAIN_C, be[0], 132, make(20, nullptr, dev(hx), dcount));
      need("kernel", [] { return hx->end != 0; });
      ns_t a = now();
      if (v == 0) need("query", [] { return ready(cudaStreamQuery(be[0])); });
      if (v == 1) OK(cudaStreamSynchronize(be[0]));
      if (v == 2) OK(cudaDeviceSynchronize());
      ns_t b = now();
      t.push_back(us(b - a)); n.push_back(us(h2g(b) - (ns_t)hx->end)); quiesce();
    }
    where w = {"sync", std::string(name[v]) + "_after_work", N_BE, 132, 20, 0};
    row(w, "seen_to_known_idle", "us", t, true); row(w, "end_to_known_idle", "us", n);
  }
  OK(cudaEventDestroy(ev));
}

/* 8. clear the flag and start again */
static void part8()
{
  for (int v = 0; v < 5; v++) {
    static const char *const name[] = {"launch_only", "stream_write_same_stream", "stream_write_sync", "mapped_store", "memcpy_same_stream"};
    if (!have_sw && (v == 1 || v == 2)) continue;
    vec call, start; int failed = 0;
    for (int r = 0; r < 50; r++) {
      clear_flags(); if (v) { if (v == 3) *hflag = 1; else write_flag(best, 1); }
      quiesce(); fresh(); zero(hx, 1); idle(100);
      ns_t a = now();
      if (v == 1) DR(cuStreamWriteValue32((CUstream)be[0], (CUdeviceptr)dflag, 0, 0));
      if (v == 2) { write_flag(SW, 0); OK(cudaStreamSynchronize(sf)); }
      if (v == 3) write_flag(MAP, 0);
      if (v == 4) OK(cudaMemcpyAsync(dflag, pin, 4, cudaMemcpyHostToDevice, be[0]));
      launch(LAZY_C, be[0], 132, make(5, flag_of(v == 3 ? MAP : SW), dev(hx), dcount));
      ns_t b = now();
      need("kernel", [] { return hx->end != 0; });
      if (!hx->start) { failed++; continue; }
      call.push_back(us(b - a)); start.push_back(us((ns_t)hx->start - h2g(a)));
    }
    where w = {"restart", name[v], 1, 132, 5, 0};
    row(w, "calls", "us", call, true); row(w, "call_to_first_instruction", "us", start, true);
    if (failed) row(w, "evicted", "reps", vec{(double)failed}, true);
  }
}

/* 9. whole preemptions */
struct steps { vec seen, flag, drop, wait, preempt, notice, call, start, end, push; };
static void rt_run(cudaStream_t s, ns_t arrive, steps &x)
{
  zero(hx, 1);
  ns_t a = now(); launch(PLAIN_C, s, 132, make(20, nullptr, dev(hx), dcount + N_BE)); ns_t b = now();
  need("rt kernel", [] { return hx->end != 0; });
  x.call.push_back(us(b - a)); x.start.push_back(us((ns_t)hx->start - h2g(arrive))); x.end.push_back(us((ns_t)hx->end - h2g(arrive)));
}
static void rows(where w, steps &x, bool key)
{
  if (!x.push.empty()) row(w, "push_all", "us", x.push);
  if (!x.preempt.empty()) {
    row(w, "arrival_to_seen", "us", x.seen); row(w, "flag_call", "us", x.flag);
    if (!x.drop.empty()) row(w, "drop", "us", x.drop);
    row(w, "wait_idle", "us", x.wait); row(w, "preemption", "us", x.preempt, key);
    if (!x.notice.empty()) row(w, "last_end_to_known", "us", x.notice);
  }
  row(w, "rt_call", "us", x.call); row(w, "arrival_to_rt_start", "us", x.start, key); row(w, "arrival_to_rt_end", "us", x.end);
}
/* At most C kernels a stream in flight, Q in its virtual host queue; the host keeps them going until the arrival. */
static void reef_n(kind k, int S, int C, double L, int blocks, int Q, bool query, bool key)
{
  steps x; std::vector<arg> vhq[N_BE];
  for (int r = 0; r < 30; r++) {
    clear_flags(); quiesce(); fresh();
    int head[N_BE] = {0}, pushed[N_BE] = {0}, done[N_BE] = {0};
    for (int s = 0; s < S; s++) {
      zero(hs[s], Q); vhq[s].clear();
      slot *d = dev(hs[s]);
      for (int i = 0; i < Q; i++) vhq[s].push_back(make(L, dflag, d + i, dcount + s));
    }
    ns_t arrive = now() + (ns_t)((uniform(4, 10) * L + 60) * 1e3), t;
    for (int s = 0; (t = now()) < arrive; s = s + 1 == S ? 0 : s + 1) {
      while (done[s] < pushed[s] && hs[s][done[s]].end) done[s]++;
      if (pushed[s] - done[s] < C && head[s] < Q) { launch(k, be[s], blocks, vhq[s][head[s]++]); pushed[s]++; }
    }
    write_flag(best, 1);
    ns_t a = now();
    for (int s = 0; s < S; s++) ((volatile int *)head)[s] = Q;
    ns_t b = now();
    for (int s = 0; s < S; s++) {
      if (!pushed[s]) continue;
      if (query) need("idle", [=] { return ready(cudaStreamQuery(be[s])); });
      else { volatile slot *last = &hs[s][pushed[s] - 1]; need("idle", [=] { return last->end != 0; }); }
    }
    ns_t c = now();
    ull end = 0; for (int s = 0; s < S; s++) if (pushed[s]) { volatile slot *last = &hs[s][pushed[s] - 1]; need("stamp", [=] { return last->end != 0; }); end = std::max(end, (ull)last->end); }
    rt_run(rt, arrive, x);
    x.seen.push_back(us(t - arrive)); x.flag.push_back(us(a - t)); x.drop.push_back(us(b - a)); x.wait.push_back(us(c - b)); x.preempt.push_back(us(c - t)); x.notice.push_back(us(h2g(c) - (ns_t)end));
    quiesce();
  }
  char v[64]; snprintf(v, sizeof v, "%s_C%d_%s", k == STOP_C ? "stop_word" : "reef_n", C, query ? "query" : "counter");
  rows({"preempt", v, S, blocks, L, Q}, x, key);
}
/* All kernels in the driver's queues.  mode: 0 flag by stream write, idle by queries; 1 flag by copy, both synchronised as REEF's
 * wait-based baseline does; 2 no preemption, real-time kernel in a plain stream; 3 the same, high-priority stream. */
static void wait_based(int mode, int S, double L, int blocks, int Q, bool key)
{
  static const char *const name[] = {"wait_query", "wait_copy_device_sync", "nothing_plain", "nothing_high_priority"};
  steps x; how h = mode == 1 ? CP : best; int blocked = 0;
  for (int r = 0; r < (mode < 2 ? 20 : 30) && blocked < 2; r++) {
    clear_flags(); quiesce(); fresh(); epoch++;
    zero(hs[0], 1);
    ns_t p = now();
    for (int s = 0; s < S; s++) put_gate(s, be[s]);
    for (int i = 0; i < Q && now() - p < 30000000; i++) for (int s = 0; s < S; s++) launch(LAZY, be[s], blocks, make(L, dflag, i == 0 && s == 0 ? dev(hs[0]) : nullptr));
    x.push.push_back(us(now() - p));
    if (now() - p >= 30000000) { blocked++; write_flag(h, 1); open_gates(); quiesce(); continue; } /* no room, or a slow host */
    idle(20); open_gates();
    need("first kernel", [] { return hs[0]->start != 0; });
    ns_t arrive = g2h(hs[0]->start) + (ns_t)((uniform(1, 5) * L + 20) * 1e3);
    spin_until(arrive);
    ns_t t = now();
    if (mode < 2) {
      write_flag(h, 1);
      if (mode == 1) OK(cudaStreamSynchronize(sf));
      ns_t a = now();
      if (mode == 1) OK(cudaDeviceSynchronize());
      else for (int s = 0; s < S; s++) need("idle", [=] { return ready(cudaStreamQuery(be[s])); });
      ns_t c = now();
      x.seen.push_back(us(t - arrive)); x.flag.push_back(us(a - t)); x.wait.push_back(us(c - a)); x.preempt.push_back(us(c - t));
    }
    rt_run(mode == 3 ? hp : rt, arrive, x);
    write_flag(h, 1); quiesce();
  }
  where w = {"preempt", name[mode], S, blocks, L, Q};
  if (blocked) row(w, "push_blocked", "reps", vec{(double)blocked}, true);
  rows(w, x, key);
}
static void part9()
{
  for (int Q : {50, 200, 500}) { /* dropping a virtual host queue: an index, or every entry taken off */
    vec index, each;
    for (int r = 0; r < 100; r++) {
      std::deque<arg> q(Q, make(1)); volatile int head = 0;
      ns_t a = now(); for (int i = 0; i < 100; i++) head = Q + i; ns_t b = now();
      while (!q.empty()) { q.pop_front(); head = (int)q.size(); }
      ns_t c = now(); (void)head;
      index.push_back((double)(b - a) / 100); each.push_back((double)(c - b));
    }
    where w = {"drop", "", 1, 0, 0, Q};
    row(w, "index_change", "ns", index, Q == 500); row(w, "entry_by_entry", "ns", each, Q == 500);
  }
  for (int S : {1, 2, 5}) for (int blocks : {132, 1056}) {
    for (double L : {20., 50., 100., 300.}) {
      for (int C : {2, 4}) reef_n(LAZY_C, S, C, L, blocks, 500, false, L == 50 || L == 300);
      reef_n(LAZY_C, S, 2, L, blocks, 500, true, false);
      reef_n(STOP_C, S, 2, L, blocks, 500, false, L == 50 || L == 300);
      for (int Q : {50, 200, 500}) wait_based(0, S, L, blocks, Q, L == 50 && Q != 200);
      for (int m : {2, 3}) wait_based(m, S, L, blocks, 50, L == 50 || L == 300);
    }
    reef_n(LAZY_C, S, 2, 50, blocks, 50, false, false);
    for (int Q : {50, 200, 500}) wait_based(1, S, 50, blocks, Q, Q == 200);
  }
}

static volatile void *mapped(size_t n) { void *p; OK(cudaHostAlloc(&p, n, cudaHostAllocMapped | cudaHostAllocPortable)); memset(p, 0, n); return p; }
static void setup()
{
  cudaDeviceProp p; OK(cudaSetDevice(0)); OK(cudaGetDeviceProperties(&p, 0));
  int drv, run; OK(cudaDriverGetVersion(&drv)); OK(cudaRuntimeGetVersion(&run));
  printf("%s, %d SMs, driver API %d, runtime %d\n", p.name, p.multiProcessorCount, drv, run); fflush(stdout);
  int low, high; OK(cudaDeviceGetStreamPriorityRange(&low, &high));
  auto stream = [&](int prio) { cudaStream_t s; OK(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, prio)); streams.push_back(s); return s; };
  for (auto &s : be) s = stream(low);
  rt = stream(low); sn = stream(low); sc = stream(low); hp = stream(high); sf = stream(high);
  char *d; OK(cudaMalloc((void **)&d, 4096)); OK(cudaMemset(d, 0, 4096));
  dflag = (unsigned *)d; dcount = (unsigned *)(d + 512); dran = (unsigned *)(d + 1024); dlate = (unsigned *)(d + 1536);
  OK(cudaMalloc((void **)&ds, N_SLOT * sizeof(slot))); OK(cudaMemset(ds, 0, N_SLOT * sizeof(slot)));
  volatile char *h = (volatile char *)mapped(4096);
  hflag = (volatile unsigned *)h; req = (volatile unsigned *)(h + 256); pin = (unsigned *)(h + 512); pin[0] = 0; pin[1] = 1; hx = (volatile slot *)(h + 1024);
  for (int i = 0; i < N_BE; i++) { go[i] = (volatile unsigned *)(h + 2048 + 256 * i); hs[i] = (volatile slot *)mapped(N_SLOT * sizeof(slot)); }
  resp = (volatile ull *)mapped(4096);
  OK(cudaDeviceSynchronize());
  /* every kernel once, so that none is loaded while another runs; some load, so that clocks are up */
  for (int k = 0; k <= STOP_C; k++) launch((kind)k, be[0], 132, make(5, dflag, nullptr, dcount));
  epoch = 1; open_gates(); put_gate(0, be[0]); put_stamp(be[0], ds);
  unsigned *none = nullptr; void *t[] = {&none}; OK(cudaLaunchKernel((const void *)tiny, dim3(1), dim3(1), t, 0, be[0]));
  *hflag = 1; const unsigned *f = dev(hflag); slot *x = dev(hx); void *q[] = {&f, &x}; OK(cudaLaunchKernel((const void *)poller, dim3(1), dim3(BLOCK), q, 0, be[0]));
  quiesce(); *hflag = 0;
  for (cudaStream_t s : streams) for (int i = 0; i < 4; i++) launch(PLAIN, s, 1056, make(5000));
  quiesce();
  for (cudaStream_t s : {be[0], sf}) {
    OK(cudaMemcpyAsync(dflag, pin, 4, cudaMemcpyHostToDevice, s)); OK(cudaMemsetAsync(dflag, 0, 4, s));
    CUresult e = cuStreamWriteValue32((CUstream)s, (CUdeviceptr)dflag, 0, 0);
    have_sw = e == CUDA_SUCCESS;
    if (!have_sw) printf("cuStreamWriteValue32: error %d; copies set the flags\n", (int)e);
  }
  best = have_sw ? SW : CP;
  quiesce(); map_clock(); idle(300000); map_clock();
}
int main(int argc, char **argv)
{
  if (argc < 2) { fprintf(stderr, "usage: preempt FILE.csv [all | 1,2,...] [seconds]\n"); return 2; }
  setenv("CUDA_MODULE_LOADING", "EAGER", 1); setenv("CUDA_DEVICE_MAX_CONNECTIONS", "32", 1);
  signal(SIGALRM, too_long); alarm(argc > 3 ? (unsigned)atoi(argv[3]) : 110u);
  std::string parts = argc > 2 && strcmp(argv[2], "all") ? argv[2] : "0,1,2,3,4,5,6,7,8,9";
  if (!(csv = fopen(argv[1], "w"))) { perror(argv[1]); return 1; }
  fprintf(csv, "test,variant,streams,blocks,length_us,queue,metric,unit,reps,p50,p10,p90,min,max,mean\n"); fflush(csv);
  setup();
  static const struct { char c; const char *name; void (*f)(); } list[] = {
    {'0', "clock", part0}, {'1', "push", part1}, {'2', "fetch", part2}, {'3', "bounded", part3}, {'4', "flag", part4},
    {'5', "evict", part5}, {'6', "stop", part6}, {'7', "sync", part7}, {'8', "restart", part8}, {'9', "preempt", part9}};
  for (auto &x : list) if (parts.find(x.c) != std::string::npos) { began(x.name); x.f(); ended(x.name); }
  quiesce();
  printf("\n%-8s %-34s %7s %6s %6s %5s  %-22s %9s %9s %9s\n", "test", "variant", "streams", "blocks", "us", "queue", "metric", "p50", "p10", "p90");
  for (auto &k : keys) printf("%s\n", k.c_str());
  if (fclose(csv)) { perror(argv[1]); return 1; }
  return 0;
}
