"""Time `mm.glmmTMB` beside R's glmmTMB in one run: medians of whole calls with standard errors, on one thread.

    python bench/glmmtmb_peers.py                  # every problem of glmmtmb_peers.R, 5 runs
    python bench/glmmtmb_peers.py -n 3 tweedie     # these, 3 runs
    python bench/glmmtmb_peers.py --json out.json

R's script times a problem, then this one times it, and so on in turn, so that what makes the machine busy slows both.
The problems are those of `glmmtmb_peers.R`, which says formulas, families and tables. Owls do not ship: R writes the
table for this run. The last column is how far our criterion lies below R's: a fit that stops early is no faster fit.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[_variable] = "1"

import pandas as pd  # noqa: E402

import mixedmodels as mm  # noqa: E402

HERE = Path(__file__).resolve().parent
SCRIPT = HERE / "glmmtmb_peers.R"
TABLES = HERE.parent / "tests" / "reference" / "glmmtmb" / "tables"
# Problem -> how many times faster it is meant to be.
AIMS = {
    "salamander_zinb": 40,
    "salamander_zinb_disp": 40,
    "salamander_hurdle": 40,
    "owls_zi_random": 30,
    "betabinomial_cbpp": 60,
    "betabinomial": 60,
    "beta_disp": 30,
    "tweedie": 20,
    "compois": 20,
}
HEADERS = (
    ("rows", 6),
    ("par", 5),
    ("evals", 7),
    ("ours ms", 10),
    ("R ms", 10),
    ("ratio", 8),
    ("aim", 6),
    ("ours - R", 12),
)
SHIPPED = {"salamanders": "Salamanders", "cbpp": "cbpp"}
OWLS = "write.csv(glmmTMB::Owls, commandArgs(TRUE)[1], row.names = FALSE)"


def table(name: str, folder: Path) -> pd.DataFrame:
    """The table of a problem; that of the owls is written by R into `folder`."""
    if name in SHIPPED:
        return mm.datasets.load(SHIPPED[name])
    if name == "owls":
        path = folder / "owls.csv"
        if not path.exists():
            subprocess.run(["Rscript", "-e", OWLS, str(path)], check=True, capture_output=True)
        return pd.read_csv(path)
    return pd.read_csv(TABLES / f"{name}.csv.gz")


def theirs(name: str, runs: int) -> dict[str, Any]:
    """R's median and criterion, with the formulas of the problem."""
    call = ["Rscript", str(SCRIPT), "-n", str(runs), name]
    run = subprocess.run(call, check=True, capture_output=True, text=True)
    out = json.loads(run.stdout)
    problem: dict[str, Any] = out["problems"][name]
    return {**problem, "versions": {"R": out["R"], "glmmTMB": out["glmmTMB"]}}


def ours(problem: dict[str, Any], data: pd.DataFrame, runs: int) -> tuple[float, Any]:
    """Our median, after a first call that is not counted, and the fit."""
    parts = {name: problem[name] for name in ("ziformula", "dispformula") if name in problem}

    def one() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = mm.glmmTMB(problem["formula"], data, problem["family"], **parts)
            fit.vcov()
        return fit

    fit, seconds = one(), []
    for _ in range(runs):
        start = time.perf_counter()
        one()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), fit


def beside(name: str, runs: int, folder: Path) -> dict[str, Any]:
    """One problem, by both."""
    peer = theirs(name, runs)
    seconds, fit = ours(peer, table(peer["data"], folder), runs)
    assert fit.nobs == peer["rows"], f"{name}: {fit.nobs} rows here, {peer['rows']} there"
    return {
        "rows": fit.nobs,
        "parameters": fit.npar,
        "seconds": seconds,
        "glmmTMB": peer["median"],
        "ratio": peer["median"] / seconds,
        "aim": AIMS.get(name),
        "evaluations": fit.engine.evaluations,
        "criterion": -2 * fit.loglik,
        "glmmTMB criterion": peer["criterion"],
        "versions": peer["versions"],
    }


def main() -> None:
    """Time the wanted problems and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("problems", nargs="*", choices=[[], *AIMS], metavar="problem", help=", ".join(AIMS))
    parser.add_argument("-n", type=int, default=5, metavar="RUNS", help="runs of each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    arguments = parser.parse_args()
    if shutil.which("Rscript") is None:
        sys.exit("Rscript is not there: glmmTMB cannot be timed")
    results = {}
    print("problem".ljust(22) + "".join(name.rjust(width) for name, width in HEADERS))
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.problems or AIMS:
            results[name] = row = beside(name, arguments.n, Path(folder))
            print(
                f"{name:22}{row['rows']:6d}{row['parameters']:5d}{row['evaluations']:7d}{1e3 * row['seconds']:10.1f}"
                f"{1e3 * row['glmmTMB']:10.0f}{row['ratio']:8.1f}{row['aim']:6d}"
                f"{row['criterion'] - row['glmmTMB criterion']:12.1e}",
                flush=True,
            )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
