# record-programs.py MODE TAG N [TAG2] - the PyTorch programs of which traces/data/h200-collected.sql was recorded.
#
# MODE graph: three passes, the capture of a graph, N replays of it back to back; eager: 5 + N passes; train: 3 + N iterations of
# SGD with momentum; two: graphs of TAG and TAG2, N replays each, on two streams of which the first has the higher priority.
# TAG: MODEL-bsBATCH-fp32.  Prints median, least and most ms a replay, pass or iteration, over blocks that end with a
# synchronise, of at most 50, 10, 5 and 20.  Programs take turns on the GPU (a lock) unless NOLOCK is set.
import fcntl, os, sys, time
import torch, torchvision
torch.backends.cudnn.benchmark = False
torch.manual_seed(0)
mode, tag, n = sys.argv[1], sys.argv[2], int(sys.argv[3])

def build(tag):
    name, batch, kind = tag.rsplit('-', 2)
    batch, half = int(batch[2:]), kind == 'fp16'
    if name in ('distilbert', 'bert_base'):
        import transformers
        m = (transformers.DistilBertModel(transformers.DistilBertConfig()) if name == 'distilbert' else transformers.BertModel(transformers.BertConfig()))
        x = torch.randint(0, 30000, (batch, 128))
    else:
        extra = {'init_weights': False, 'aux_logits': True} if name in ('inception_v3', 'googlenet') else {}
        m = getattr(torchvision.models, name)(weights=None, **extra)
        side = 299 if name == 'inception_v3' else 224
        x = torch.randn(batch, 3, side, side)
    return m, x

def forward_of(tag, train=False):
    m, x = build(tag)
    m = m.train() if train else m.eval()
    return m, x

lock = open('/tmp/gpu.lock', 'w')
m, x = forward_of(tag, mode == 'train')
if os.environ.get('NOLOCK') is None:
    fcntl.flock(lock, fcntl.LOCK_EX)
d = torch.device('cuda')
m, x = m.to(d), x.to(d)

def graph_of(m, x, s):
    with torch.no_grad(), torch.cuda.stream(s):
        for _ in range(3):
            m(x)
        torch.cuda.synchronize()
        g = torch.cuda.CUDAGraph()
        with torch.cuda.graph(g, stream=s):
            m(x)
    torch.cuda.synchronize()
    return g

def timed(f, n, block=50):
    out = []
    for _ in range(max(1, n // block)):
        t = time.perf_counter()
        for _ in range(block):
            f()
        torch.cuda.synchronize()
        out.append((time.perf_counter() - t) / block * 1e3)
    out.sort()
    return out[len(out) // 2], out[0], out[-1]

if mode == 'graph':
    s = torch.cuda.Stream()
    g = graph_of(m, x, s)
    def go():
        with torch.cuda.stream(s):
            g.replay()
    r = timed(go, n, min(n, 50))
elif mode == 'eager':
    with torch.no_grad():
        for _ in range(5): m(x)
        torch.cuda.synchronize()
        r = timed(lambda: m(x), n, min(n, 10))
elif mode == 'train':
    opt = torch.optim.SGD(m.parameters(), lr=0.01, momentum=0.9)
    y = torch.randint(0, 1000, (x.shape[0],), device=d)
    def step():
        opt.zero_grad(set_to_none=True)
        out = m(x)
        out = out.logits if hasattr(out, 'logits') else out
        torch.nn.functional.cross_entropy(out, y).backward()
        opt.step()
    for _ in range(3): step()
    torch.cuda.synchronize()
    r = timed(step, n, min(n, 5))
elif mode == 'two':
    other = sys.argv[4]
    m2, x2 = forward_of(other)
    m2, x2 = m2.to(d), x2.to(d)
    s1, s2 = torch.cuda.Stream(priority=-1), torch.cuda.Stream()
    g1, g2 = graph_of(m, x, s1), graph_of(m2, x2, s2)
    def go():
        with torch.cuda.stream(s1): g1.replay()
        with torch.cuda.stream(s2): g2.replay()
    r = timed(go, n, min(n, 20))
print('RESULT', mode, tag, '%.4f %.4f %.4f' % r, flush=True)
