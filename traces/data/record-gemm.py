# record-gemm.py - the PyTorch program of which traces/data/h200-clusters.sql was recorded: twelve bf16 matrix products of 1024 x 2048
# by 2048 x 2048, a GELU behind each, as one CUDA graph, 90 replays back to back.  On Hopper cuBLAS launches the products in clusters of
# blocks.  Prints ms a replay, over 30 each.
import time
import torch
d = torch.device('cuda')
torch.manual_seed(0)
layers = [layer for i in range(12) for layer in (torch.nn.Linear(2048, 2048), torch.nn.GELU())]
m = torch.nn.Sequential(*layers).to(d, torch.bfloat16).eval()
x = torch.randn(1024, 2048, device=d, dtype=torch.bfloat16)
s = torch.cuda.Stream()
with torch.no_grad(), torch.cuda.stream(s):
    for _ in range(3):
        m(x)
    torch.cuda.synchronize()
    g = torch.cuda.CUDAGraph()
    with torch.cuda.graph(g, stream=s):
        m(x)
torch.cuda.synchronize()
for _ in range(3):
    t = time.perf_counter()
    for _ in range(30):
        with torch.cuda.stream(s):
            g.replay()
    torch.cuda.synchronize()
    print('RESULT', (time.perf_counter() - t) / 30 * 1e3, flush=True)
