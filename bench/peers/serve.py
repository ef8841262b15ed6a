"""The half of a contest that ../serve.ts is, for contenders in Python. There stands what is asked, and what is answered."""

import json
import math
import os
import sys
import time

import numpy as np

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print must not come between the answers


def hashes(n, seed):
    with np.errstate(over="ignore"):
        h = np.arange(n, dtype=np.uint32) + np.uint32(seed * 0x9E3779B9 % 2**32)
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        return h ^ (h >> np.uint32(16))


def numbers(n, seed, scale=1.0):
    """n numbers in [-scale, scale), as numbers of ../work.ts."""
    return ((hashes(n, seed) / 2.0**31 - 1) * scale).astype(np.float32)


def labels(n, classes, seed):
    return (hashes(n, seed) % np.uint32(classes)).astype(np.int32)


def parameters(shapes):
    """As parameters of ../work.ts."""
    values = {}
    for i, (name, shape) in enumerate(shapes.items()):
        scale = 1 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 0.1
        value = numbers(math.prod(shape), 100 + i, scale)
        values[name] = value + np.float32(1) if "norm" in name and "weight" in name else value
    return values


def samples(y):
    n = len(y)
    return [float(y[i]) for i in (0, 1, 7, n // 2, n - 1) if i < n]


def clock(run, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) * 1e3 / repeats


def warm_up(run, at_least, at_most):
    """Milliseconds per call when warm."""
    start = time.perf_counter()
    while True:
        per_call = clock(run, 1)
        if (time.perf_counter() - start) * 1e3 >= at_least:
            return per_call


def serve(work, version=""):
    """work: by name, what gives a pair: one repetition, and what gives a few numbers of its result."""
    ready = {}

    def answer(request):
        ask = request["ask"]
        if ask == "list":
            return {"names": list(work), "version": version}
        if ask == "prepare":
            run, result = work[request["name"]]()
            values = [float(value) for value in result()]
            per_call = warm_up(run, request["warmUp"]["atLeast"], request["warmUp"]["atMost"])
            ready[request["name"]] = (run, per_call)
            return {"perCall": per_call, "result": values}
        if ask == "measure":
            pairs = [ready[name] for name in request["names"]]
            return {"ms": [clock(run, max(1, math.ceil(request["atLeast"] / per_call))) for run, per_call in pairs]}
        del ready[request["name"]]
        return {}

    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:  # an error is an answer
            reply = {"error": (str(error) or type(error).__name__).split("\n")[0][:200]}
        print(json.dumps(reply), file=answers, flush=True)
