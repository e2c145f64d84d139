/* copies.cu - how copies share an H200: order within a direction, both directions, inside the device, pageable memory, and
 * beside kernels.  All streams wait for one event; each then makes its copies.  A row a stream of each of three runs:
 * what, KiB a copy, copies of the stream, run, stream, when its last copy ended (us after the event), CPU time of its calls.
 *   nvcc -O2 -o copies copies.cu && ./copies >copies.csv */
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>
#define OK(x) do { cudaError_t e_ = (x); if (e_) { fprintf(stderr, "%s: %s\n", #x, cudaGetErrorString(e_)); exit(1); } } while (0)
static double cpu_us() { return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
__global__ void spin(long long cycles) { long long t = clock64(); while (clock64() - t < cycles) {} }
__global__ void dram(const float4 *p, float4 *q, size_t n) { for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x) q[i] = p[i]; }
enum { N = 8 };
static cudaStream_t s[N];
static char *dev[2 * N], *pin[N], *page[N];
static const size_t MAX = 256u << 20;
static cudaEvent_t e0, e1[N], eb[N];
struct job { int kind; size_t bytes; int n; }; /* kind 0 h2d 1 d2h 2 d2d 3 pageable h2d 4 pageable d2h 5 dram kernel; n copies in a row */
static void issue(int i, job j) {
  for (int k = 0; k < j.n; k++) switch (j.kind) {
    case 0: OK(cudaMemcpyAsync(dev[i], pin[i], j.bytes, cudaMemcpyHostToDevice, s[i])); break;
    case 1: OK(cudaMemcpyAsync(pin[i], dev[i], j.bytes, cudaMemcpyDeviceToHost, s[i])); break;
    case 2: OK(cudaMemcpyAsync(dev[N + i], dev[i], j.bytes, cudaMemcpyDeviceToDevice, s[i])); break;
    case 3: OK(cudaMemcpyAsync(dev[i], page[i], j.bytes, cudaMemcpyHostToDevice, s[i])); break;
    case 4: OK(cudaMemcpyAsync(page[i], dev[i], j.bytes, cudaMemcpyDeviceToHost, s[i])); break;
    case 5: dram<<<132 * 8, 256, 0, s[i]>>>((float4 *)dev[i], (float4 *)dev[N + i], j.bytes / 16); break;
  }
}
static void run(const char *what, std::vector<job> jobs, bool threads = false) {
  for (int rep = 0; rep < 4; rep++) {
    OK(cudaDeviceSynchronize());
    double cpu[N] = {0};
    bool hold = true; /* a spinning kernel lets all calls be made before the first copy starts, unless calls block */
    for (auto &j : jobs) if (j.kind >= 3 && j.kind < 5) hold = false;
    if (hold) spin<<<1, 1, 0, s[N - 1]>>>(2000000);
    OK(cudaEventRecord(e0, s[N - 1]));
    for (size_t i = 0; i < jobs.size(); i++) { OK(cudaStreamWaitEvent(s[i], e0, 0)); OK(cudaEventRecord(eb[i], s[i])); }
    if (threads) {
      std::vector<std::thread> t;
      for (size_t i = 0; i < jobs.size(); i++) t.emplace_back([&, i] { cudaSetDevice(0); double b = cpu_us(); issue((int)i, jobs[i]); cpu[i] = cpu_us() - b; OK(cudaEventRecord(e1[i], s[i])); });
      for (auto &x : t) x.join();
    } else
      for (size_t i = 0; i < jobs.size(); i++) { double b = cpu_us(); issue((int)i, jobs[i]); cpu[i] = cpu_us() - b; OK(cudaEventRecord(e1[i], s[i])); }
    OK(cudaDeviceSynchronize());
    if (rep == 0) continue;
    for (size_t i = 0; i < jobs.size(); i++) {
      float ms; OK(cudaEventElapsedTime(&ms, e0, e1[i]));
      printf("%s,%zu,%d,%d,%zu,%.1f,%.1f\n", what, jobs[i].bytes >> 10, jobs[i].n, rep, i, ms * 1e3, cpu[i]);
    }
  }
}
int main() {
  cudaDeviceProp p; OK(cudaGetDeviceProperties(&p, 0)); fprintf(stderr, "%s engines %d\n", p.name, p.asyncEngineCount);
  printf("what,kib,copies,run,stream,end_us,call_us\n");
  OK(cudaEventCreate(&e0));
  for (int i = 0; i < N; i++) { OK(cudaStreamCreateWithFlags(&s[i], cudaStreamNonBlocking)); OK(cudaEventCreate(&e1[i])); OK(cudaEventCreate(&eb[i])); OK(cudaMallocHost(&pin[i], MAX)); memset(pin[i], 1, MAX); page[i] = (char *)malloc(MAX); memset(page[i], 1, MAX); }
  for (int i = 0; i < 2 * N; i++) { OK(cudaMalloc(&dev[i], MAX)); OK(cudaMemset(dev[i], 0, MAX)); }
  for (size_t kb : {4u, 64u, 1024u, 16384u, 131072u}) {
    size_t b = kb << 10;
    run("h2d", {{0, b, 1}}); run("d2h", {{1, b, 1}}); run("d2d", {{2, b, 1}}); run("pageable_h2d", {{3, b, 1}}); run("pageable_d2h", {{4, b, 1}});
    run("2h2d", {{0, b, 1}, {0, b, 1}}); run("3h2d", {{0, b, 1}, {0, b, 1}, {0, b, 1}}); run("2d2h", {{1, b, 1}, {1, b, 1}});
    run("h2d+d2h", {{0, b, 1}, {1, b, 1}}); run("2d2d", {{2, b, 1}, {2, b, 1}}); run("d2d+h2d", {{2, b, 1}, {0, b, 1}});
    run("2h2d+2d2h", {{0, b, 1}, {0, b, 1}, {1, b, 1}, {1, b, 1}});
    run("4h2d_a_4h2d_b", {{0, b, 4}, {0, b, 4}}); run("8h2d_1h2d", {{0, b, 8}, {0, b, 1}});
    run("2pageable_h2d_threads", {{3, b, 1}, {3, b, 1}}, true); run("2pageable_d2h_threads", {{4, b, 1}, {4, b, 1}}, true);
    run("pageable_h2d+pinned_h2d", {{3, b, 1}, {0, b, 1}}, true);
  }
  size_t g = 128u << 20;
  run("dram", {{5, g, 8}}); run("dram+h2d", {{5, g, 8}, {0, 32u << 20, 1}}); run("dram+d2d", {{5, g, 8}, {2, g, 1}}); run("h2d32", {{0, 32u << 20, 1}}); run("d2d128", {{2, g, 1}});
  return 0;
}
