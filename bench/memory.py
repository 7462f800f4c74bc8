"""Peak memory of one fit in a process of its own, relative to the table's bytes.

python bench/memory.py                        # million and crossed
python bench/memory.py insteval movers_near

The table is written by this process and read by the other, which then forgets its peak so far, fits, and says how high
its resident memory rose. `altogether` is (table + rise) / table: what somebody who holds the table needs in all.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def resident(field: str) -> int:
    """Bytes of VmRSS (now) or VmHWM (peak) of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {field} in /proc/self/status: this needs Linux")


def child(path: str, formula: str) -> None:
    """Fit the pickled table once and print what it took, as JSON."""
    import gc

    import pandas as pd

    import mixedmodels as mm

    mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))  # imports are not the fit's
    frame = pd.read_pickle(path)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the kernel's way to reset VmHWM
    before = resident("VmRSS")
    start = time.perf_counter()
    fit = mm.lmer(formula, frame)
    seconds = time.perf_counter() - start
    peak = resident("VmHWM")
    print(json.dumps({"before": before, "rise": peak - before, "seconds": seconds, "criterion": fit.reml_criterion}))


def table_bytes(frame) -> int:
    """What the table itself holds: its columns, and each factor's codes and levels."""
    return int(frame.memory_usage(index=False, deep=True).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=["million", "crossed"])
    parser.add_argument("--child", nargs=2, metavar=("TABLE", "FORMULA"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    from problems import problem

    for name in options.problems:
        p = problem(name)
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder, "table.pickle"))
            p.frame.to_pickle(path)
            own = table_bytes(p.frame)
            problem.cache_clear()
            command = [sys.executable, __file__, "--child", path, p.formula]
            out = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        rise = out["rise"]
        print(
            f"{name:16s} table {own / 2**20:8.1f} MiB   rise {rise / 2**20:8.1f} MiB = {rise / own:.2f} x table   "
            f"altogether {(own + rise) / own:.2f} x table   {out['seconds']:.3f} s"
        )


if __name__ == "__main__":
    main()
