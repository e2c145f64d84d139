#!/usr/bin/env python3
"""profile-layers.py - how long the layers of DNNs take on 1, 2, ... CPU cores and on the GPU of this machine.

Writes a table of layers (docs/planning.md): a line is one layer on so many cores, or on the GPU.  A layer is a block of the model
as PyTorch (torchvision) builds it: a stem, a residual or dense block, convolutions up to their pooling, a fully connected
layer.  Weights are random, inputs too, batch 1, fp32.

On cores: as many threads, each bound to a physical core of its own; layers run one after the other, as within the model, so that
caches are as cold as they are there.  time_us is the longest of all runs after the warm-up, as DART
(Xiang and Kim, RTSS 2019) profiles; median_us beside it.

On the GPU: each layer is a CUDA graph, cuDNN without autotuning, as the bundled traces were recorded.  exec_us is the longest
replay between two events on a stream that is never idle, hd_us and dh_us the longest copy of all that the layer takes and gives,
from and to pinned memory, misc_us the longest launch call, ops how many kernels, copies and memsets the graph has: so many ops of
the model's trace are its own.

    profile-layers.py [-o layers.csv] [--cores 8] [--runs 20] [--seconds 12] [--models alexnet,...]

Needs PyTorch and torchvision; without a GPU there are no lines about one.
"""
import argparse
import csv
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time

GAP_US = 1000  # idle time between two layers under the profiler: sets their ops apart


# -- models as lists of (name, module) -----------------------------------------------------------------------------------------

def chain(torch, *modules):
    return torch.nn.Sequential(*modules)


def by_pooling(torch, features):
    """Convolutions up to and with the pooling behind them."""
    group, n = [], 1
    for module in features:
        group.append(module)
        if isinstance(module, torch.nn.MaxPool2d):
            yield f"conv{n}", chain(torch, *group)
            group, n = [], n + 1
    assert not group


def by_linear(torch, classifier, *before):
    """Fully connected layers, each with what stands before it, and the activation behind."""
    group, n = list(before), 0
    for module in classifier:
        if isinstance(module, torch.nn.Linear):
            if n:
                yield f"fc{n}", chain(torch, *group)
                group = []
            n += 1
        group.append(module)
    yield f"fc{n}", chain(torch, *group)


def of_vgg(torch, m):
    yield from by_pooling(torch, m.features)
    yield from by_linear(torch, m.classifier, m.avgpool, torch.nn.Flatten())


def of_resnet(torch, m):
    yield "stem", chain(torch, m.conv1, m.bn1, m.relu, m.maxpool)
    for k, layer in enumerate((m.layer1, m.layer2, m.layer3, m.layer4)):
        for i, block in enumerate(layer):
            yield f"block{k + 1}.{i + 1}", block
    yield "head", chain(torch, m.avgpool, torch.nn.Flatten(), m.fc)


def of_mobilenet(torch, m):
    for i, block in enumerate(m.features):
        yield f"block{i}", block
    yield "head", chain(torch, torch.nn.AdaptiveAvgPool2d((1, 1)), torch.nn.Flatten(), m.classifier)


def of_efficientnet(torch, m):
    for k, stage in enumerate(m.features):
        if k in (0, len(m.features) - 1):
            yield f"block{k}", stage
            continue
        for i, block in enumerate(stage):
            yield f"block{k}.{i + 1}", block
    yield "head", chain(torch, m.avgpool, torch.nn.Flatten(), m.classifier)


def of_googlenet(torch, m):
    yield "stem", chain(torch, m.conv1, m.maxpool1, m.conv2, m.conv3, m.maxpool2)
    yield "3a", m.inception3a
    yield "3b", chain(torch, m.inception3b, m.maxpool3)
    for name in ("4a", "4b", "4c", "4d"):
        yield name, getattr(m, "inception" + name)
    yield "4e", chain(torch, m.inception4e, m.maxpool4)
    yield "5a", m.inception5a
    yield "5b", m.inception5b
    yield "head", chain(torch, m.avgpool, torch.nn.Flatten(), m.dropout, m.fc)


def of_inception(torch, m):
    yield "stem", chain(torch, m.Conv2d_1a_3x3, m.Conv2d_2a_3x3, m.Conv2d_2b_3x3, m.maxpool1, m.Conv2d_3b_1x1, m.Conv2d_4a_3x3,
                        m.maxpool2)
    for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"):
        yield name, getattr(m, "Mixed_" + name)
    yield "head", chain(torch, m.avgpool, m.dropout, torch.nn.Flatten(), m.fc)


def of_densenet(torch, m):
    f = m.features
    yield "stem", chain(torch, f.conv0, f.norm0, f.relu0, f.pool0)
    for k in (1, 2, 3, 4):
        yield f"dense{k}", getattr(f, f"denseblock{k}")
        if k < 4:
            yield f"transition{k}", getattr(f, f"transition{k}")
    yield "head", chain(torch, f.norm5, torch.nn.ReLU(inplace=True), torch.nn.AdaptiveAvgPool2d((1, 1)), torch.nn.Flatten(),
                        m.classifier)


def of_vit(torch, m):
    class Stem(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = m

        def forward(self, x):
            x = self.m._process_input(x)
            x = torch.cat([self.m.class_token.expand(x.shape[0], -1, -1), x], dim=1)
            return self.m.encoder.dropout(x + self.m.encoder.pos_embedding)

    class Head(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = m

        def forward(self, x):
            return self.m.heads(self.m.encoder.ln(x)[:, 0])

    yield "stem", Stem()
    for i, block in enumerate(m.encoder.layers):
        yield f"encoder{i + 1}", block
    yield "head", Head()


MODELS = {  # name of torchvision: (layers, input's height and width, more arguments)
    "alexnet": (of_vgg, 224, {}),
    "mobilenet_v2": (of_mobilenet, 224, {}),
    "efficientnet_b0": (of_efficientnet, 224, {}),
    "googlenet": (of_googlenet, 224, {"init_weights": False}),
    "resnet50": (of_resnet, 224, {}),
    "inception_v3": (of_inception, 299, {"init_weights": False}),
    "densenet201": (of_densenet, 224, {}),
    "resnet152": (of_resnet, 224, {}),
    "vgg19": (of_vgg, 224, {"init_weights": False}),
    "vit_b_16": (of_vit, 224, {}),
}


def build(torch, name):
    import torchvision
    torch.manual_seed(1)
    layers, side, more = MODELS[name]
    model = getattr(torchvision.models, name)(weights=None, **more).eval()
    return model, list(layers(torch, model)), torch.randn(1, 3, side, side)


def check(torch, model, layers, x):
    """The layers one after the other are the model."""
    want, got = model(x.clone()), x.clone()
    for _, layer in layers:
        got = layer(got)
    assert torch.allclose(want, got, rtol=1e-3, atol=1e-3), "its layers do not make up the model"


# -- on cores: a process of its own, which does not know of the GPU --------------------------------------------------------------

def time_cores(args):
    """Prints {number of cores: {model: {layer: [us, ...]}}}; the environment has bound OpenMP's threads."""
    import torch
    torch.set_num_interop_threads(1)
    out = {n: {} for n in range(1, args.cores + 1)}
    with torch.inference_mode():
        for name in args.models:
            model, layers, x = build(torch, name)
            check(torch, model, layers, x)
            for n in out:
                torch.set_num_threads(n)
                out[n][name] = time_layers(layers, x, args.runs, args.seconds / len(args.models) * weight(name))
            print(f"{name}: {time.process_time():.0f} s of processors so far", file=sys.stderr)
            del model, layers
    json.dump(out, sys.stdout)


def time_layers(layers, x, runs, seconds):
    times = {layer: [] for layer, _ in layers}
    begin = time.perf_counter()
    for run in range(-2, runs):  # two to warm up
        if run >= 5 and time.perf_counter() - begin > seconds:
            break
        y = x.clone()
        for layer, module in layers:
            start = time.perf_counter_ns()
            y = module(y)
            if run >= 0:
                times[layer].append((time.perf_counter_ns() - start) / 1000)
    return times


def weight(name):
    """Large models get more of the time."""
    return 2.2 if name in ("vgg19", "vit_b_16", "resnet152") else 0.6


def physical_cores():
    """One logical CPU of each physical core that this process may use."""
    first, allowed = {}, sorted(os.sched_getaffinity(0))
    for cpu in allowed:
        try:
            with open(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", encoding="ascii") as f:
                first.setdefault(f.read().strip(), cpu)
        except OSError:
            first[f"cpu{cpu}"] = cpu
    return sorted(first.values())


def run_cores(args, cores):
    env = dict(os.environ, OMP_NUM_THREADS=str(args.cores), OMP_PROC_BIND="close", OMP_PLACES=",".join("{%d}" % c for c in cores),
               CUDA_VISIBLE_DEVICES="")
    command = [sys.executable, __file__, "--worker", "--models", ",".join(args.models), "--runs", str(args.runs),
               "--seconds", str(args.seconds), "--cores", str(args.cores)]
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
    return {int(n): times for n, times in json.loads(done.stdout).items()}


# -- on the GPU -----------------------------------------------------------------------------------------------------------------

def capture(torch, module, x):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            module(x.clone())
    torch.cuda.current_stream().wait_stream(side)
    source, graph = x.clone(), torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = module(source)
    return graph, source, y


def between_events(torch, what, n):
    """us of each of n calls, between events on a stream that work was put into ahead."""
    pairs = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(n)]
    torch.cuda.synchronize()
    torch.cuda._sleep(20_000_000)  # 10 ms, in which all is launched
    for a, b in pairs:
        a.record()
        what()
        b.record()
    torch.cuda.synchronize()
    return [a.elapsed_time(b) * 1000 for a, b in pairs]


def launch_calls(torch, graph, n):
    out = []
    for _ in range(n):
        torch.cuda.synchronize()
        start = time.perf_counter_ns()
        graph.replay()
        out.append((time.perf_counter_ns() - start) / 1000)
    torch.cuda.synchronize()
    return out


def device_ops(torch, graphs):
    """Names of what each graph runs, in order: replayed with pauses under the profiler."""
    from torch.profiler import ProfilerActivity, profile
    for graph in graphs:
        graph.replay()
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA], acc_events=True) as p:
        for graph in graphs:
            time.sleep(3 * GAP_US / 1e6)
            graph.replay()
            torch.cuda.synchronize()
    events = sorted((e for e in p.events() if e.device_type == torch.autograd.DeviceType.CUDA), key=lambda e: e.time_range.start)
    lists, end = [], None
    for e in events:
        if end is None or e.time_range.start - end > GAP_US:
            lists.append([])
        lists[-1].append(e.name)
        end = e.time_range.end
    return lists


def time_model(torch, args, name):
    """{layer: {what: [us, ...]}} and a sentence about the ops of the whole and of its layers."""
    model, layers, x = build(torch, name)
    model.cuda()
    for _, layer in layers:
        layer.cuda()
    kept = [capture(torch, model, x.cuda())]  # with what the graphs read and write
    y, rows, n = x.cuda(), {}, 4 * args.runs
    for layer, module in layers:
        kept.append(capture(torch, module, y))
        graph, source, given = kept[-1]
        graph.replay()
        torch.cuda.synchronize()
        y = given.clone()
        host_in, host_out = source.cpu().pin_memory(), given.cpu().pin_memory()
        between_events(torch, graph.replay, 10)
        rows[layer] = {
            "exec": between_events(torch, graph.replay, n),
            "hd": between_events(torch, lambda to=source, of=host_in: to.copy_(of, non_blocking=True), n),
            "dh": between_events(torch, lambda to=host_out, of=given: to.copy_(of, non_blocking=True), n),
            "misc": launch_calls(torch, graph, n + 5)[5:],
        }
    ops = device_ops(torch, [graph for graph, _, _ in kept])
    if len(ops) != len(kept):
        return rows, f"{name}: the ops of its {len(layers)} layers were not told apart"
    for (layer, _), part in zip(layers, ops[1:]):
        rows[layer]["ops"] = len(part)
    of_layers = [op for part in ops[1:] for op in part]
    return rows, (f"{name}: {len(ops[0])} ops in one graph, {len(of_layers)} in those of its layers, "
                  f"{'the same' if of_layers == ops[0] else 'not all the same'} in order")


def time_gpu(args):
    import torch
    torch.backends.cudnn.benchmark = False
    out, notes = {}, []
    with torch.inference_mode():
        for name in args.models:
            try:
                out[name], note = time_model(torch, args, name)
                notes.append(note)
            except (AssertionError, RuntimeError) as e:
                print(f"profile-layers.py: {name} on the GPU: {e}", file=sys.stderr)
                notes.append(f"{name}: no times on the GPU")
            torch.cuda.empty_cache()
    properties = torch.cuda.get_device_properties(0)
    json.dump({"times": out, "notes": notes, "gpu": properties.name, "torch": torch.__version__, "cuda": torch.version.cuda},
              sys.stdout)


def run_gpu(args):
    command = [sys.executable, __file__, "--gpu-worker", "--models", ",".join(args.models), "--runs", str(args.runs)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        print("profile-layers.py: no times of a GPU", file=sys.stderr)
        return None
    return json.loads(done.stdout)


# -- the table ------------------------------------------------------------------------------------------------------------------

def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            for line in f:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def core_type(name):
    number = re.search(r"\b(\d{4}\w*)\b", name)
    family = "xeon" if "Xeon" in name else "epyc" if "EPYC" in name else "core"
    return family + (number.group(1).lower() if number else "")


def driver():
    try:
        return subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], stdout=subprocess.PIPE,
                              check=True).stdout.decode().split()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def write(args, f, cores, cpu, gpu):
    kind = args.core_type or core_type(cpu_name())
    source = f"measured {datetime.date.today().isoformat()}"
    f.write("# Layers of torchvision models, batch 1, fp32, on cores and on a GPU: calib/profiles/profile-layers.py says how.\n")
    f.write(f"# {datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')}: "
            f"{os.path.basename(sys.argv[0])} {' '.join(sys.argv[1:])}\n")
    f.write(f"# {kind}: {cpu_name()}, cores {cores[0]} to {cores[-1]} of {os.cpu_count()}; "
            f"Linux {platform.release()}\n")
    if gpu:
        f.write(f"# GPU: {gpu['gpu']}, driver {driver()}, PyTorch {gpu['torch']}, CUDA {gpu['cuda']}\n")
        for note in gpu["notes"]:
            f.write(f"# {note}\n")
    out = csv.writer(f, lineterminator="\n")
    out.writerow("model,layer,on,cores,time_us,hd_us,exec_us,misc_us,dh_us,ops,median_us,runs,source".split(","))
    for model in args.models:
        for layer in cpu[1][model]:
            for n, times in cpu.items():
                us = times[model][layer]
                out.writerow([model, layer, kind, n, f"{max(us):.3f}", "", "", "", "", "", f"{statistics.median(us):.3f}", len(us),
                              source])
            if gpu and model in gpu["times"]:
                t = gpu["times"][model][layer]
                out.writerow([model, layer, args.gpu_type, "", "", *(f"{max(t[k]):.3f}" for k in ("hd", "exec", "misc", "dh")),
                              t.get("ops", ""), f"{statistics.median(t['exec']):.3f}", len(t["exec"]), source])


def main():
    p = argparse.ArgumentParser(description="times of DNN layers on cores and on a GPU, as a table of layers")
    p.add_argument("-o", "--output", default="layers.csv")
    p.add_argument("--cores", type=int, default=8, help="up to so many cores")
    p.add_argument("--runs", type=int, default=20, help="of each layer on cores; four times as many on the GPU")
    p.add_argument("--seconds", type=float, default=12, help="about so long for each number of cores; 5 runs at least")
    p.add_argument("--models", type=lambda s: s.split(","), default=list(MODELS))
    p.add_argument("--core-type", help="what the table calls these cores")
    p.add_argument("--gpu-type", default="h200", help="what the table calls this GPU")
    p.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("--gpu-worker", action="store_true", help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.worker:
        return time_cores(args)
    if args.gpu_worker:
        return time_gpu(args)
    cores = physical_cores()
    if len(cores) < args.cores:
        sys.exit(f"profile-layers.py: {args.cores} cores are asked for, and there are {len(cores)} physical ones; give --cores")
    cores = cores[:args.cores]
    gpu = run_gpu(args)
    cpu = run_cores(args, cores)
    with open(args.output + ".new", "w", encoding="utf-8") as f:
        write(args, f, cores, cpu, gpu)
    os.replace(args.output + ".new", args.output)
    return None


if __name__ == "__main__":
    main()
