"""Time the engine's kernels and the whole call on every problem, and divide by what the machine could do at best.

python bench/kernels.py                       # every problem but the slow ones
python bench/kernels.py insteval million      # some
python bench/kernels.py --threads 1 --json out.json
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import bounds
import machine as host
from problems import PROBLEMS, SLOW, problem

import mixedmodels as mm
from mixedmodels import _engine
from mixedmodels import design as designs
from mixedmodels import frame as frames

PATIENCE = 100.0  # seconds that one evaluation may be predicted to take


def timed(action, budget: float = 1.0) -> tuple[float, Any]:
    """Shortest time among as many runs as fit into the budget, at least one, and the last result."""
    times, spent = [], 0.0
    while not times or (spent < budget and len(times) < 200):
        start = time.perf_counter()
        result = action()
        times.append(time.perf_counter() - start)
        spent += times[-1]
    return min(times), result


def handle(design: Any, reml: bool = True) -> Any:
    response = design.response if design.offset is None else design.response - design.offset
    columns = list(design.fixed.columns)
    kept = _engine.pivot_columns(columns, len(response), design.weights)
    groups = [(group.codes, group.n_levels) for group in design.groups]
    terms = [(term.group, list(term.columns)) for term in design.random]
    return _engine.Lmm(_engine.Rows(response, [columns[j] for j in kept], groups, terms, design.weights), reml)


def measure(name: str, machine: host.Machine) -> dict[str, Any] | None:
    p = problem(name)
    read, _ = timed(lambda: frames.read(p.frame))
    laid_out, design = timed(lambda: designs.build(p.formula, frames.read(p.frame)))
    built, lmm = timed(lambda: handle(design))
    described = dict(lmm.describe())
    expected = float(described.get("flops", 0.0)) / machine.product_all
    if expected > PATIENCE:
        print(f"\n{name}: {described}\n  one evaluation needs {expected:.0f} s at the matrix product's rate: not run")
        return None
    fitted, found = timed(lambda: lmm.fit(None, 500, 1e-9))
    theta = found["theta"]
    one, _ = timed(lambda: lmm.criterion(theta))
    both, _ = timed(lambda: lmm.evaluate(theta))
    whole, model = timed(lambda: mm.lmer(p.formula, p.frame))
    evaluations = int(found["evaluations"])
    gram, criterion = bounds.gram(design), bounds.criterion(design, described)
    evaluate = bounds.evaluate(design, described)
    fit = evaluate * evaluations
    # Adding up two bounds is a bound: the evaluations start when the Gram blocks are there.
    total = gram.seconds(machine) + fit.seconds(machine)
    rows = {
        "read the table": (read, None),
        "lay out the design": (laid_out, None),
        "gram": (built, gram.seconds(machine)),
        "criterion": (one, criterion.seconds(machine)),
        "evaluate": (both, evaluate.seconds(machine)),
        "fit": (fitted, fit.seconds(machine)),
        "whole call": (whole, total),
    }
    return {
        "problem": name,
        "formula": p.formula,
        "rows": len(p.frame),
        "evaluations": evaluations,
        "criterion": float(model.reml_criterion),
        "above_best": None if p.best is None else float(model.reml_criterion) - p.best,
        "described": {key: str(value) for key, value in described.items()},
        "kernels": {kernel: {"seconds": wall, "bound": bound} for kernel, (wall, bound) in rows.items()},
    }


def show(row: dict[str, Any]) -> None:
    above = "" if row["above_best"] is None else f", {row['above_best']:+.1e} from the best known"
    print(f"\n{row['problem']}: {row['formula']}  [{row['rows']:,} rows]")
    path = row["described"].get("path", "")
    print(f"  {row['evaluations']} evaluations, criterion {row['criterion']:.6f}{above}; {path}")
    for kernel, value in row["kernels"].items():
        ratio = f"{value['seconds'] / value['bound']:10.1f} x bound" if value["bound"] else ""
        bound = f"{value['bound'] * 1e3:12.4f} ms bound" if value["bound"] else ""
        print(f"  {kernel:20s} {value['seconds'] * 1e3:12.4f} ms {bound:>22s} {ratio}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", help=", ".join(PROBLEMS))
    parser.add_argument("--threads", type=int, help="bound the engine's threads")
    parser.add_argument("--json", type=Path, help="also write every figure here")
    options = parser.parse_args()
    if options.threads:
        mm.set_threads(options.threads)
    machine = host.measure()
    print(host.report(machine))
    report = []
    for name in options.problems or [n for n in PROBLEMS if n not in SLOW]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = measure(name, machine)
        problem.cache_clear()
        if row is not None:
            report.append(row)
            show(row)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine.__dict__, "problems": report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
