"""Generalised mixed models: seconds, evaluations, factorisations and memory of one fit, and how much longer peers take.

python bench/glmm.py                                    # all but the slow one
python bench/glmm.py cbpp verbagg -n 5
python bench/glmm.py bernoulli_million                  # a minute or so
python bench/glmm.py cbpp bernoulli_small --peers --gpboost ../peers/bin/python

`seconds` is the best of n whole calls, from table and formula to standard errors, in a process that has fitted a model
before. `rise` is how far resident memory rose above the table's own, in a process of its own. `off by` is how far the
criterion lies above the best known. With --peers each other package gets the same table in a process of its own:
glmmTMB through Rscript, gpboost in the environment whose Python is given. Both are timed once, the table being read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from memory import resident, table_bytes
from problems import _categorical

TABLES = Path(__file__).resolve().parent.parent / "tests" / "reference" / "glmm" / "tables"
PATIENCE = 3600  # seconds that a peer may take


@dataclass(frozen=True)
class Problem:
    """`weights` names the column of trials; `groups` are the grouping factors, for packages that take no formula."""

    formula: str
    frame: pd.DataFrame = field(repr=False)
    groups: tuple[str, ...]
    family: str = "binomial"
    weights: str | None = None
    best: float | None = None  # -2 log-likelihood that a right answer reaches


def cbpp() -> Problem:
    import mixedmodels as mm

    frame = mm.datasets.load("cbpp").copy()
    frame["p"] = frame["incidence"] / frame["size"]
    return Problem(formula="p ~ period + (1 | herd)", frame=frame, groups=("herd",), weights="size", best=184.05256)


def contraception() -> Problem:
    import mixedmodels as mm

    frame = mm.datasets.load("Contraception").copy()
    frame["used"] = (frame["use"] == "Y").astype(float)
    return Problem(
        formula="used ~ age + I(age ** 2) + urban + livch + (1 | district)", frame=frame, groups=("district",)
    )


def grouseticks() -> Problem:
    import mixedmodels as mm

    formula = "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)"
    groups = ("BROOD", "INDEX", "LOCATION")
    return Problem(
        formula=formula, frame=mm.datasets.load("grouseticks"), groups=groups, family="poisson", best=1780.54266
    )


def verbagg() -> Problem:
    import mixedmodels as mm

    frame = mm.datasets.load("VerbAgg").copy()
    frame["hit"] = (frame["r2"] == "Y").astype(float)
    return Problem(
        formula="hit ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
        frame=frame,
        groups=("id", "item"),
        best=8151.39972,
    )


def immun() -> Problem:
    """Children of mothers in communities: two nested factors."""
    with gzip.open(TABLES / "guImmun.csv.gz", "rt") as lines:
        frame = pd.read_csv(lines)
    return Problem(
        formula="immun ~ kid2p + mom25p + ethn + rural + pcInd81 + (1 | comm) + (1 | mom)",
        frame=frame,
        groups=("comm", "mom"),
    )


def bernoulli(n: int, a_levels: int, b_levels: int) -> Problem:
    """Two crossed factors, a covariate, a binary response."""
    rng = np.random.default_rng(6)
    a, b = rng.integers(0, a_levels, n), rng.integers(0, b_levels, n)
    x = rng.normal(size=n)
    eta = -0.5 + 0.7 * x + rng.normal(size=a_levels)[a] + 0.6 * rng.normal(size=b_levels)[b]
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    frame = pd.DataFrame({"y": y, "x": x, "a": _categorical(a, a_levels), "b": _categorical(b, b_levels)})
    return Problem(formula="y ~ x + (1 | a) + (1 | b)", frame=frame, groups=("a", "b"))


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "cbpp": cbpp,
    "contraception": contraception,
    "grouseticks": grouseticks,
    "verbagg": verbagg,
    "immun": immun,
    "bernoulli_small": lambda: bernoulli(20_000, 400, 40),
    "bernoulli_middle": lambda: bernoulli(100_000, 2_000, 200),
    "bernoulli_million": lambda: bernoulli(1_000_000, 20_000, 2_000),
}
SLOW = ("bernoulli_million",)  # only when named


def own(path: str, problem: dict, repeats: int) -> dict:
    """Fit in this process, which has imported everything already."""
    import gc

    import mixedmodels as mm

    def fit(frame: pd.DataFrame):
        weights = frame[problem["weights"]] if problem["weights"] else None
        return mm.glmer(problem["formula"], frame, family=problem["family"], weights=weights)

    warm = cbpp()
    mm.glmer(warm.formula, warm.frame, family="binomial", weights=warm.frame["size"])
    frame = pd.read_pickle(path)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the kernel's way to reset VmHWM
    before = resident("VmRSS")
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = fit(frame)
        seconds.append(time.perf_counter() - start)
    rise = resident("VmHWM") - before
    engine = found.engine
    return {
        "seconds": min(seconds),
        "criterion": -2 * found.loglik,
        "rise": rise,
        "evaluations": engine.evaluations,
        "factorisations": engine.inner,
        "holds": bool(engine.certificate["holds"]),
    }


GLMMTMB = r"""
suppressMessages({library(glmmTMB); library(jsonlite)})
given <- commandArgs(TRUE)
p <- fromJSON(given[2])
d <- read.csv(given[1], stringsAsFactors = TRUE)
for (name in p$factors) d[[name]] <- factor(d[[name]])
w <- if (is.null(p$weights)) rep(1, nrow(d)) else d[[p$weights]]
f <- as.formula(gsub("**", "^", p$formula, fixed = TRUE))
seconds <- system.time(fit <- glmmTMB(f, d, family = p$family, weights = w))[["elapsed"]]
cat(toJSON(list(seconds = seconds, criterion = -2 * as.numeric(logLik(fit))), auto_unbox = TRUE, digits = 12))
"""

GPBOOST = r"""
import json, sys, time
import numpy as np, pandas as pd
import contextlib, io
import gpboost
p = json.loads(sys.argv[2])
d = pd.read_csv(sys.argv[1])
X = pd.read_csv(sys.argv[3]).to_numpy()
likelihood = {"binomial": "bernoulli_logit", "poisson": "poisson"}[p["family"]]
start = time.perf_counter()
model = gpboost.GPModel(group_data=d[p["groups"]].astype(str).to_numpy(), likelihood=likelihood)
model.fit(y=d[p["formula"].split("~")[0].strip()].to_numpy(float), X=X)
with contextlib.redirect_stdout(io.StringIO()):
    model.summary()  # standard errors are computed when first asked for
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "criterion": 2 * float(model.get_current_neg_log_likelihood())}))
"""


def model_matrix(p: Problem) -> pd.DataFrame:
    """Columns of X, for gpboost, which takes no formula."""
    import mixedmodels as mm

    fixed = p.formula.split("+ (")[0]
    fit = mm.glm(fixed, p.frame, family=p.family, weights=p.frame[p.weights] if p.weights else None)
    return pd.DataFrame(np.asarray(fit.model_matrix("X")))


def run(command: list[str]) -> dict:
    """The JSON that a process prints last, or what went wrong with it."""
    try:
        out = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {"failed": f"more than {PATIENCE} s"}
    if out.returncode != 0 or not out.stdout.strip():
        return {"failed": (out.stderr.strip().splitlines() or [f"stopped with {out.returncode}"])[-1][:100]}
    return json.loads(out.stdout.strip().splitlines()[-1])


def peers(p: Problem, folder: Path, text: str, gpboost: str | None) -> dict[str, dict]:
    table = folder / "table.csv"
    p.frame.to_csv(table, index=False)
    found = {}
    if shutil.which("Rscript"):
        (folder / "fit.R").write_text(GLMMTMB)
        found["glmmTMB"] = run(["Rscript", str(folder / "fit.R"), str(table), text])
    if gpboost and p.weights is None:
        (folder / "fit.py").write_text(GPBOOST)
        model_matrix(p).to_csv(folder / "x.csv", index=False)
        found["gpboost"] = run([gpboost, str(folder / "fit.py"), str(table), text, str(folder / "x.csv")])
    return found


def report(name: str, p: Problem, options: argparse.Namespace) -> None:
    factors = [*p.groups, *p.frame.select_dtypes(["category", "object", "string"]).columns]
    told = {"formula": p.formula, "family": p.family, "weights": p.weights, "groups": p.groups, "factors": factors}
    text = json.dumps({key: value for key, value in told.items() if value is not None})
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        p.frame.to_pickle(folder / "table.pickle")
        child = ["--child", str(folder / "table.pickle"), json.dumps(told), str(options.repeats)]
        out = run([sys.executable, __file__, *child])
        if "failed" in out:
            print(f"{name:18s} failed: {out['failed']}")
            return
        bytes_ = table_bytes(p.frame)
        off = "" if p.best is None else f"   off by {out['criterion'] - p.best:.1e}"
        print(
            f"{name:18s} {len(p.frame):9,d} rows {out['seconds']:9.4f} s   {out['evaluations']:3d} evaluations "
            f"{out['factorisations']:4d} factorisations   rise {out['rise'] / 2**20:7.1f} MiB = "
            f"{out['rise'] / bytes_:5.2f} x table   {out['criterion']:.5f}{off}"
            f"{'' if out['holds'] else '   CERTIFICATE DOES NOT HOLD'}"
        )
        if not options.peers:
            return
        for peer, there in peers(p, folder, text, options.gpboost).items():
            if "failed" in there:
                print(f"    {peer:14s} failed: {there['failed']}")
                continue
            ratio = there["seconds"] / out["seconds"]
            print(
                f"    {peer:14s} {there['seconds']:9.3f} s = {ratio:7.1f} x   "
                f"criterion {there['criterion'] - out['criterion']:+.1e}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=[name for name in PROBLEMS if name not in SLOW])
    parser.add_argument("-n", "--repeats", type=int, default=3, help="fits, of which the fastest counts")
    parser.add_argument("--peers", action="store_true", help="time glmmTMB and gpboost, too; minutes for large tables")
    parser.add_argument("--gpboost", metavar="PYTHON", help="Python of an environment with gpboost and pandas")
    parser.add_argument("--child", nargs=3, metavar=("TABLE", "PROBLEM", "REPEATS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        path, problem, repeats = options.child
        print(json.dumps(own(path, json.loads(problem), int(repeats))))
        return
    for name in options.problems:
        report(name, PROBLEMS[name](), options)


if __name__ == "__main__":
    main()
