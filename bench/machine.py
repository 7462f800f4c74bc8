"""What this machine can do at most: copy bandwidth and double-precision matrix product, measured.

python bench/machine.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True)
class Machine:
    """Rates with one thread and with all: bytes moved per second (read plus written), operations per second."""

    threads: int
    copy_one: float
    copy_all: float
    product_one: float
    product_all: float


def best(action, repeats: int = 5) -> float:
    """Shortest of several runs: other work on the machine only ever adds time."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def copy_rate(threads: int, megabytes: int = 256) -> float:
    """Copying slices far larger than the caches, each thread its own (NumPy releases the lock while it copies)."""
    source = np.ones(megabytes * 2**20 // 8)
    target = np.zeros_like(source)
    parts = np.array_split(np.arange(source.size), threads)
    bounds = [(int(part[0]), int(part[-1]) + 1) for part in parts]

    def run() -> None:
        workers = [
            threading.Thread(target=np.copyto, args=(target[low:high], source[low:high])) for low, high in bounds
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    return 2 * source.nbytes / best(run)


def product_rate(threads: int, order: int = 1536) -> float:
    """A product of square matrices, in a process of its own: BLAS reads its number of threads only when it starts."""
    setting = {name: str(threads) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [sys.executable, __file__, "--product", str(order)]
    out = subprocess.run(command, env=os.environ | setting, capture_output=True, text=True, check=True)
    return 2 * order**3 / float(out.stdout)


def time_product(order: int) -> float:
    a = np.random.default_rng(0).normal(size=(order, order))
    b = a.T.copy()
    return best(lambda: a @ b)


@cache
def measure() -> Machine:
    threads = len(os.sched_getaffinity(0))
    return Machine(
        threads=threads,
        copy_one=copy_rate(1),
        copy_all=copy_rate(threads),
        product_one=product_rate(1),
        product_all=product_rate(threads),
    )


def report(machine: Machine) -> str:
    return (
        f"{machine.threads} threads; copy {machine.copy_one / 1e9:.1f} GB/s with one, "
        f"{machine.copy_all / 1e9:.1f} with all; matrix product {machine.product_one / 1e9:.1f} GFLOP/s with one, "
        f"{machine.product_all / 1e9:.1f} with all"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--product"]:
        print(time_product(int(sys.argv[2])))
    else:
        print(report(measure()))
