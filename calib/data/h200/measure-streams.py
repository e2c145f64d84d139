# measure-streams.py - co-runs of PyTorch models in one process, each client on its own CUDA stream, timed with GPU events.
#
#   python3 measure-streams.py PLAN.csv ARRIVALS.csv RESULT.csv [--kineto DIR]
#
# PLAN.csv has the columns of corun-streams.csv; those that are measured (inferences and what follows) may be empty.
# ARRIVALS.csv (scenario,client,arrival_s) gives the times of open clients.  Models have random weights and are captured
# once a client as a CUDA graph; cuDNN autotuning is off, so that every process runs the same kernels.  A closed client
# keeps two replays in flight; periods are between successive completions, the first two left out.  An open client
# launches at its times; its latency runs from an event before the graph to one behind it.  --kineto also writes a
# profiler trace of five back-to-back replays of every model of the plan.
import csv, gc, gzip, os, shutil, statistics, sys, threading, time
import torch, torchvision

torch.backends.cudnn.benchmark = False
DEVICE = torch.device('cuda')
torch.manual_seed(0)
sys.setswitchinterval(5e-5)
MEASURED = ['inferences', 'throughput_per_s', 'mean_ms', 'p50_ms', 'p95_ms', 'p99_ms']


def build(tag):
    name, batch, kind = tag.rsplit('-', 2)
    batch, half = int(batch[2:]), kind == 'fp16'
    if name in ('distilbert', 'bert_base'):
        import transformers
        model = (transformers.DistilBertModel(transformers.DistilBertConfig()) if name == 'distilbert'
                 else transformers.BertModel(transformers.BertConfig()))
        x = torch.randint(0, 30000, (batch, 128), device=DEVICE)
    else:
        extra = {'init_weights': False, 'aux_logits': True} if name in ('inception_v3', 'googlenet') else {}
        model = getattr(torchvision.models, name)(weights=None, **extra)
        side = 299 if name == 'inception_v3' else 224
        x = torch.randn(batch, 3, side, side, device=DEVICE)
        x = x.half() if half else x
    model = model.eval().to(DEVICE)
    model = model.half() if half else model
    return lambda: model(x)


class Client:
    def __init__(self, tag, priority):
        self.tag, self.stream = tag, torch.cuda.Stream(priority=priority)
        forward = build(tag)
        with torch.no_grad(), torch.cuda.stream(self.stream):
            for _ in range(3):
                forward()
            torch.cuda.synchronize()
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph, stream=self.stream):
                forward()
        self.forward = forward
        torch.cuda.synchronize()

    def shot(self):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        with torch.cuda.stream(self.stream):
            begin.record(self.stream)
            self.graph.replay()
            end.record(self.stream)
        return begin, end

    def run_closed(self, until, out):
        flight = []
        while time.perf_counter() < until:
            flight.append(self.shot())
            if len(flight) == 2:
                flight[0][1].synchronize()
                out.append(flight.pop(0))
        for shot in flight:
            shot[1].synchronize()

    def run_open(self, start, times, out):
        for at in times:
            while (left := start + at - time.perf_counter()) > 0:
                if left > 3e-4:
                    time.sleep(left - 2e-4)
            out.append(self.shot())
        if out:
            out[-1][1].synchronize()


def quantile(values, p):
    values = sorted(values)
    at = p * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def summary(row, shots, duration):
    if row['arrival'] == 'closed':
        ends = [shots[0][1].elapsed_time(end) for _, end in shots]
        values = [b - a for a, b in zip(ends, ends[1:])][2:]
        rate = 1e3 / statistics.mean(values) if values else 0
    else:
        values = [begin.elapsed_time(end) for begin, end in shots]
        rate = len(shots) / duration
    row = dict(row)
    row['inferences'] = len(shots)
    row['throughput_per_s'] = f'{rate:.4f}'
    row['mean_ms'] = f'{statistics.mean(values):.4f}'
    for name, p in (('p50_ms', .5), ('p95_ms', .95), ('p99_ms', .99)):
        row[name] = f'{quantile(values, p):.4f}'
    return row


def measure(rows, clients, arrivals):
    """One scenario: its rows with the measured columns filled in."""
    duration = float(rows[0]['duration_s'])
    shots = [[] for _ in rows]
    start = time.perf_counter() + 0.02
    threads = []
    for row, client, out in zip(rows, clients, shots):
        if row['arrival'] == 'closed':
            def go(client=client, out=out):
                while time.perf_counter() < start:
                    pass
                client.run_closed(start + duration, out)
        else:
            def go(client=client, out=out, times=arrivals[row['scenario'], row['client']]):
                client.run_open(start, times, out)
        threads.append(threading.Thread(target=go))
    gc.disable()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    torch.cuda.synchronize()
    gc.enable()
    return [summary(row, out, duration) for row, out in zip(rows, shots)]


def trace(client, folder):
    from torch.profiler import ProfilerActivity, profile
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, client.tag + '.graph.json')
    with torch.cuda.stream(client.stream):
        client.graph.replay()
        torch.cuda.synchronize()
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as p:
            for _ in range(5):
                client.graph.replay()
            torch.cuda.synchronize()
    p.export_chrome_trace(path)
    with open(path, 'rb') as plain, gzip.open(path + '.gz', 'wb') as packed:
        shutil.copyfileobj(plain, packed)
    os.remove(path)


def main():
    plan_path, arrivals_path, result_path = sys.argv[1:4]
    plan = list(csv.DictReader(open(plan_path)))
    arrivals = {}
    for row in csv.DictReader(open(arrivals_path)):
        arrivals.setdefault((row['scenario'], row['client']), []).append(float(row['arrival_s']))
    scenarios = {}
    for row in plan:
        scenarios.setdefault((row['scenario'], row['policy']), []).append(row)
    pool = {}
    with open(result_path, 'w', newline='') as f:
        out = csv.DictWriter(f, list(plan[0]))
        out.writeheader()
        for rows in scenarios.values():
            taken, clients = {}, []
            for row in rows:
                key = row['model'], int(row['priority'] or 0)
                i = taken[key] = taken.get(key, -1) + 1
                same = pool.setdefault(key, [])
                if i == len(same):
                    same.append(Client(*key))
                clients.append(same[i])
            out.writerows(measure(rows, clients, arrivals))
            f.flush()
    if '--kineto' in sys.argv:
        for same in pool.values():
            trace(same[0], sys.argv[sys.argv.index('--kineto') + 1])


main()
