"""The calibration studies by name, and the page of their tables.

python -m tests.studies.studies                      # all: some minutes; writes the tables of docs/calibration.md
python -m tests.studies.studies coverage-herds
"""

from __future__ import annotations

import sys
import time
from functools import cache

from tests.studies import (
    boundary_tests,
    icc_coverage,
    interval_coverage,
    prediction_coverage,
    residual_errors,
    type_one_errors,
    weighted_tests,
    wrong_models,
)
from tests.studies.shares import Shares, write
from tests.studies.study_designs import faint_slopes, herds, intercepts, slopes

STUDIES = {
    "errors-intercepts": lambda: type_one_errors.rejection_rates(intercepts(), 2000, 7),
    "errors-slopes": lambda: type_one_errors.rejection_rates(slopes(), 1000, 7),
    "errors-faint-slopes": lambda: type_one_errors.rejection_rates(faint_slopes(), 1000, 7),
    "errors-herds": lambda: type_one_errors.rejection_rates(herds(), 600, 7),
    "errors-wrong-model": lambda: wrong_models.rejection_rates(2000, 11),
    "errors-weights": lambda: weighted_tests.rejection_rates(2000, 13),
    "errors-variances": lambda: boundary_tests.rejection_rates((15, 300, 2000), 2000, 2),
    "coverage-intercepts": lambda: interval_coverage.coverage(intercepts(), 1000, 999, 4),
    "coverage-slopes": lambda: interval_coverage.coverage(slopes(), 600, 999, 4),
    "coverage-herds": lambda: interval_coverage.coverage(herds(), 300, 399, 4),
    "coverage-icc": lambda: icc_coverage.coverage(400, 4),
    "residuals-true": lambda: residual_errors.rejection_rates(residual_errors.TRUE, 400, 3),
    "residuals-wrong": lambda: residual_errors.rejection_rates(residual_errors.WRONG, 300, 3),
    "residuals-quantiles": lambda: residual_errors.score_rates(2000, 5),
    "predictions-intercepts": lambda: prediction_coverage.coverage("intercepts", 400, 5),
    "predictions-slopes": lambda: prediction_coverage.coverage("slopes", 300, 5),
    "predictions-counts": lambda: prediction_coverage.coverage("counts", 300, 5),
    "predictions-proportions": lambda: prediction_coverage.coverage("proportions", 300, 5),
}


@cache
def study(name: str) -> Shares:
    return STUDIES[name]()


if __name__ == "__main__":
    for name in sys.argv[1:] or STUDIES:
        began = time.perf_counter()
        found = study(name)
        write(name, found)
        print(f"{name}, {found.runs} data sets, {time.perf_counter() - began:.0f} s\n{found.markdown()}", flush=True)
