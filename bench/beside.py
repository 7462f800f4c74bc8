"""Time fits beside lme4 and statsmodels in processor seconds of one thread, and write the tables of docs/benchmarks.md.

    python bench/beside.py                      # measure every problem, and write bench/beside.json and the page
    python bench/beside.py sleepstudy cbpp      # measure these again
    python bench/beside.py --page               # write the page from the stored figures

Processor seconds count what a call computes, whatever else the machine does; with one thread they are its wall time on
a quiet machine. A time is the best of several whole calls, from table and formula to a fit with standard errors. Where
Rscript has lme4, or this Python statsmodels, they are timed in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[_variable] = "1"

import pandas as pd  # noqa: E402
from problems import problem  # noqa: E402

import mixedmodels as mm  # noqa: E402

HERE = Path(__file__).resolve().parent
STORE = HERE / "beside.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
PATIENCE = 1800.0  # seconds for a peer
ROWS_OF_STATSMODELS = 10_000  # above that it takes minutes
BEGIN, END = "<!-- begin: bench/beside.py -->", "<!-- end: bench/beside.py -->"
PACKAGES = ("mixedmodels", "lme4", "statsmodels")

R_SCRIPT = """
suppressMessages(library(lme4)); a <- commandArgs(TRUE)
d <- read.csv(a[1], stringsAsFactors = TRUE); for (f in strsplit(a[4], ",")[[1]]) d[[f]] <- factor(d[[f]])
one <- function() suppressWarnings(suppressMessages(
  if (a[3] == "gaussian") lmer(as.formula(a[2]), d) else glmer(as.formula(a[2]), d, family = a[3])))
cpu <- function(k) { t <- system.time(for (i in seq_len(k)) m <<- one()); (t[["user.self"]] + t[["sys.self"]]) / k }
best <- cpu(1); k <- max(1, min(50, floor(1 / best))); if (best < 3) for (i in 1:3) best <- min(best, cpu(k))
cat(best, format(if (a[3] == "gaussian") REMLcrit(m) else -2 * as.numeric(logLik(m)), digits = 15),
    as.character(packageVersion("lme4")), paste(R.version$major, R.version$minor, sep = "."), "\\n")
"""


@dataclass(frozen=True)
class Case:
    """A model to fit: what the page calls it, formula, table and family."""

    title: str
    formula: str
    frame: pd.DataFrame
    family: str = "gaussian"


def _simulated(name: str, title: str) -> Case:
    p = problem(name)
    return Case(title, p.formula, p.frame)


def _data(name: str, title: str, formula: str, family: str = "gaussian") -> Case:
    return Case(title, formula, mm.datasets.load(name), family)


CASES: dict[str, Callable[[], Case]] = {
    "sleepstudy": lambda: _data("sleepstudy", "sleep study", "Reaction ~ Days + (Days | Subject)"),
    "penicillin": lambda: _data("Penicillin", "penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)"),
    "maximal": lambda: _simulated("maximal", "56 subjects by 32 items, all slopes"),
    "insteval": lambda: _data("InstEval", "InstEval", "y ~ service + (1 | s) + (1 | d) + (1 | dept)"),
    "nested": lambda: _simulated("nested", "pupils in classes, schools, regions"),
    "million": lambda: _simulated("million", "a million rows, 100,000 levels"),
    "cbpp": lambda: _data("cbpp", "cbpp", "cbind(incidence, size - incidence) ~ period + (1 | herd)", "binomial"),
    "contraception": lambda: _data(
        "Contraception", "Contraception", "use ~ age + I(age^2) + livch + urban + (1 | district)", "binomial"
    ),
    "grouseticks": lambda: _data(
        "grouseticks", "grouse ticks", "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)", "poisson"
    ),
    "verbagg": lambda: _data(
        "VerbAgg", "VerbAgg", "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)", "binomial"
    ),
}


def best_of(fit: Callable[[], Any], least: float = 1.0) -> tuple[float, Any]:
    """Processor seconds of the fastest of several calls, and its value; the first call warms up where it is short."""
    seconds, spent, value = [], 0.0, None
    while spent < least or len(seconds) < 3:
        start = time.process_time()
        value = fit()
        seconds.append(time.process_time() - start)
        spent += seconds[-1]
        if spent > 60 * least:
            break
    return min(seconds), value


def ours(case: Case) -> dict[str, Any]:
    mm.set_threads(1)
    if case.family == "gaussian":
        seconds, fit = best_of(lambda: mm.lmer(case.formula, case.frame))
        return {"seconds": seconds, "criterion": fit.reml_criterion}
    seconds, fit = best_of(lambda: mm.glmer(case.formula, case.frame, case.family))
    return {"seconds": seconds, "criterion": -2 * fit.loglik}


def of_statsmodels(case: Case) -> dict[str, Any] | None:
    """None where statsmodels has no such model by maximum likelihood, or would take very long."""
    if case.family != "gaussian" or case.formula.count("|") != 1 or len(case.frame) > ROWS_OF_STATSMODELS:
        return None
    import statsmodels.formula.api as smf

    fixed, random = case.formula.split(" + (")
    effects, group = random.rstrip(")").split(" | ")
    model = lambda: smf.mixedlm(fixed, case.frame, groups=group, re_formula=f"~{effects}").fit()  # noqa: E731
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds, fit = best_of(model)
    return {"seconds": seconds, "criterion": -2 * float(fit.llf)}


def of_lme4(case: Case) -> tuple[dict[str, Any], str, str]:
    """Figures, and the versions of lme4 and of R."""
    factors = ",".join(case.frame.select_dtypes("category").columns)
    with tempfile.TemporaryDirectory() as place:
        script, table = Path(place, "fit.R"), Path(place, "data.csv")
        script.write_text(R_SCRIPT)
        case.frame.to_csv(table, index=False)
        command = ["Rscript", str(script), str(table), case.formula, case.family, factors]
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    seconds, criterion, version, r = run.stdout.split()[-4:]
    return {"seconds": float(seconds), "criterion": float(criterion)}, version, r


def machine() -> str:
    """The processor's name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.split(':')[1].strip()}, {platform.system()}"
    return f"{platform.processor() or platform.machine()}, {platform.system()}"


def measure(names: list[str], store: dict[str, Any]) -> None:
    """Add the figures of these problems to the store."""
    versions = store.setdefault("versions", {})
    versions |= {"mixedmodels": mm.__version__, "Python": platform.python_version()}
    store["machine"], store["date"] = machine(), datetime.now(UTC).date().isoformat()
    for name in names:
        case = CASES[name]()
        row = {"title": case.title, "formula": case.formula, "family": case.family, "rows": len(case.frame)}
        row["mixedmodels"] = ours(case)
        if importlib.util.find_spec("statsmodels"):
            versions["statsmodels"] = importlib.metadata.version("statsmodels")
            row["statsmodels"] = of_statsmodels(case)
        if shutil.which("Rscript"):
            try:
                row["lme4"], versions["lme4"], versions["R"] = of_lme4(case)
            except (subprocess.SubprocessError, ValueError) as reason:
                print(f"{name}: lme4 failed: {reason}")
        store.setdefault("problems", {})[name] = row
        print(name, {p: row[p] for p in PACKAGES if row.get(p)}, flush=True)
        STORE.write_text(json.dumps(store, indent=1) + "\n")


def _time(figures: dict[str, Any] | None) -> str:
    if not figures:
        return ""
    seconds = figures["seconds"]
    return (
        f"{seconds * 1e3:.2g} ms" if seconds < 0.0995 else f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:,.0f} s"
    )


def _ratio(row: dict[str, Any], package: str) -> str:
    if not row.get(package):
        return ""
    ratio = row[package]["seconds"] / row["mixedmodels"]["seconds"]
    return f"{ratio:.2g}" if ratio < 9.95 else f"{ratio:,.0f}"


def _above(row: dict[str, Any], package: str) -> str:
    """How far a criterion is above the lowest of all packages."""
    if not row.get(package):
        return ""
    difference = row[package]["criterion"] - min(row[p]["criterion"] for p in PACKAGES if row.get(p))
    return "0" if difference < 5e-9 * abs(row[package]["criterion"]) else f"{difference:.2g}"


def page(store: dict[str, Any]) -> str:
    """The part of the page that the figures make."""
    versions = ", ".join(f"{name} {version}" for name, version in store["versions"].items())
    out = [
        f"Measured on {store['date']}, one thread of: {store['machine']}. Versions: {versions}.", "",
        "| model | rows | here | lme4 | statsmodels | lme4 : here | statsmodels : here |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    rows = [store["problems"][name] for name in CASES if name in store["problems"]]
    for row in rows:
        times = " | ".join(_time(row.get(p)) for p in PACKAGES)
        ratios = " | ".join(_ratio(row, p) for p in PACKAGES[1:])
        out.append(f"| {row['title']} | {row['rows']:,} | {times} | {ratios} |")
    out += [
        "", "How far each criterion (the REML criterion, or -2 log-likelihood) is above the lowest of them:", "",
        "| model | formula | here | lme4 | statsmodels |", "|---|---|---:|---:|---:|",
    ]  # fmt: skip
    for row in rows:
        formula = row["formula"].replace("|", "\\|")
        above = " | ".join(_above(row, p) for p in PACKAGES)
        out.append(f"| {row['title']}, {row['family']} | `{formula}` | {above} |")
    return "\n".join(out)


def write_page(store: dict[str, Any]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{page(store)}\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=list(CASES))
    parser.add_argument("--page", action="store_true", help="measure nothing")
    options = parser.parse_args()
    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    if not options.page:
        measure(options.problems, store)
    write_page(store)


if __name__ == "__main__":
    main()
