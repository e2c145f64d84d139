"""peer_simpy.py hold|share NUMBER TOTAL - SimPy's part of `make bench-peers`: processes that wait, and tasks that share a processor,
which SimPy does not have and which is written here as one would: at each end, what is left of every task is brought forward."""
import sys
import time

import simpy

WORKS = 4096


def works():
    """The numbers of tests/peers/work.h."""
    x, out = 1, []
    for _ in range(WORKS):
        x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append((x >> 44) + 1)
    return out


def hold(env, number, total, work):
    end, n_done = env.event(), 0

    def process(gap):
        nonlocal n_done
        while True:
            yield env.timeout(gap)
            gap = work[n_done % WORKS]
            n_done += 1
            if n_done == total:
                end.succeed()

    for i in range(number):
        env.process(process(work[i % WORKS]))
    env.run(until=end)


def share(env, number, total, work):
    left = [work[i % WORKS] for i in range(number)]

    def processor():
        n_drawn = number
        for _ in range(total):
            least = min(left)
            yield env.timeout(least * number)
            at = left.index(least)
            for i in range(number):
                left[i] -= least
            left[at] = work[n_drawn % WORKS]
            n_drawn += 1

    env.run(until=env.process(processor()))


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("hold", "share"):
        sys.exit("usage: peer_simpy.py hold|share NUMBER TOTAL")
    number, total = int(sys.argv[2]), int(sys.argv[3])
    env, work = simpy.Environment(), works()
    began = time.process_time()
    (hold if sys.argv[1] == "hold" else share)(env, number, total, work)
    print(f"{total / (time.process_time() - began):.6g} {float(env.now)!r}")


main()
