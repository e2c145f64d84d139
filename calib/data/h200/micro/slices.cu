// slices.cu - how an NVIDIA GPU shares its time among processes without MPS.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>
#include <sys/wait.h>
#include <sys/mman.h>
#include <ctime>
#include <vector>
#include <algorithm>
#define CK(x) do { cudaError_t e_ = (x); if (e_) { fprintf(stderr, "%s: %s\n", #x, cudaGetErrorString(e_)); exit(1); } } while (0)
struct rec { unsigned long long a, b; };
__device__ unsigned long long gt() { unsigned long long t; asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t)); return t; }
__global__ void work(rec *log, unsigned *n, unsigned cap, int loops, float *out)
{
  unsigned long long a = 0;
  bool one = threadIdx.x == 0 && blockIdx.x == 0;
  if (one) a = gt();
  float x = threadIdx.x;
  for (int i = 0; i < loops; i++) x = x * 1.0001f + 0.5f;
  if (x == 12345.f) *out = x;
  if (one) { unsigned i = atomicAdd(n, 1); if (i < cap) { log[i].a = a; log[i].b = gt(); } }
}
static double now() { timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
// role: b = busy; sN,M = sporadic: sleep N us after each replay of M kernels
static int child(int me, const char *role, volatile int *barrier, int np, double dur, int kernels, int loops, const char *dir)
{
  int sleep_us = -1;
  if (role[0] == 's') sscanf(role + 1, "%d,%d", &sleep_us, &kernels);
  unsigned cap = 1500000; rec *log; unsigned *n; float *out;
  CK(cudaMalloc(&log, cap * sizeof(rec))); CK(cudaMalloc(&n, 4)); CK(cudaMalloc(&out, 4)); CK(cudaMemset(n, 0, 4));
  cudaStream_t s; CK(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking));
  cudaGraph_t g; cudaGraphExec_t ge;
  CK(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
  for (int i = 0; i < kernels; i++) work<<<132, 128, 0, s>>>(log, n, cap, loops, out);
  CK(cudaStreamEndCapture(s, &g)); CK(cudaGraphInstantiate(&ge, g, 0)); CK(cudaGraphLaunch(ge, s)); CK(cudaStreamSynchronize(s));
  cudaEvent_t ev[2]; for (auto &e : ev) CK(cudaEventCreateWithFlags(&e, cudaEventDisableTiming));
  std::vector<double> end;
  __sync_fetch_and_add((int *)barrier, 1); while (*barrier < np) ;
  double t0 = now();
  if (sleep_us < 0) {
    for (int i = 0; i < 2; i++) { CK(cudaGraphLaunch(ge, s)); CK(cudaEventRecord(ev[i], s)); }
    for (int i = 0; now() - t0 < dur; i ^= 1) { while (cudaEventQuery(ev[i]) == cudaErrorNotReady) ; end.push_back(now()); CK(cudaGraphLaunch(ge, s)); CK(cudaEventRecord(ev[i], s)); }
  } else {
    while (now() - t0 < dur) { CK(cudaGraphLaunch(ge, s)); CK(cudaEventRecord(ev[0], s)); while (cudaEventQuery(ev[0]) == cudaErrorNotReady) ; end.push_back(now()); usleep(sleep_us); }
  }
  CK(cudaStreamSynchronize(s));
  std::vector<double> p; for (size_t i = 3; i < end.size(); i++) p.push_back((end[i] - end[i - 1]) * 1e3);
  double sum = 0; for (double x : p) sum += x; std::sort(p.begin(), p.end());
  unsigned got; CK(cudaMemcpy(&got, n, 4, cudaMemcpyDeviceToHost)); got = std::min(got, cap);
  std::vector<rec> h(got); CK(cudaMemcpy(h.data(), log, got * sizeof(rec), cudaMemcpyDeviceToHost));
  __sync_fetch_and_add((int *)barrier + 1, 1);
  // turns: kernels with less than 60 us between them
  std::sort(h.begin(), h.end(), [](const rec &x, const rec &y) { return x.a < y.a; });
  char name[256]; snprintf(name, sizeof name, "%s-p%d.csv", dir, me); FILE *f = fopen(name, "w");
  std::vector<double> kd; unsigned long long a = h[kernels].a, b = h[kernels].b; unsigned cnt = 1; double longest = 0;
  for (unsigned i = kernels + 1; i < got; i++) {
    double d = h[i].b - h[i].a; kd.push_back(d);
    longest = std::max(longest, d);
    if (h[i].a > b + 60000) { fprintf(f, "%d,%llu,%llu,%u,%.0f\n", me, a, b, cnt, longest); a = h[i].a; cnt = 0; longest = 0; }
    b = h[i].b; cnt++;
  }
  fclose(f); std::sort(kd.begin(), kd.end());
  printf("p%d %s: periods %zu mean %.4f p05 %.4f p50 %.4f p95 %.4f p99 %.4f ms; kernel p50 %.0f p99 %.0f ns\n", me, role, p.size(), sum / p.size(), p[p.size() / 20], p[p.size() / 2], p[p.size() * 95 / 100], p[p.size() * 99 / 100], kd[kd.size() / 2], kd[kd.size() * 99 / 100]);
  return 0;
}
int main(int argc, char **argv)
{
  double dur = atof(argv[1]); int kernels = atoi(argv[2]), loops = atoi(argv[3]); const char *dir = argv[4]; int np = argc - 5;
  int *barrier = (int *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < np; i++) if (!fork()) return child(i, argv[5 + i], barrier, np, dur, kernels, loops, dir);
  while (wait(0) > 0) ;
}
