"""The generalised reference models, their tables, and what R made of them (see tests/reference/glmm/README.md)."""

from __future__ import annotations

import gzip
import json
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm
from tests.support.places import REFERENCE

FOLDER = REFERENCE / "glmm"

CLASSES = {
    "binomial": "Binomial",
    "poisson": "Poisson",
    "Gamma": "Gamma",
    "inverse.gaussian": "InverseGaussian",
    "gaussian": "Gaussian",
    "nbinom2": "NegativeBinomial",
}


@dataclass(frozen=True)
class Model:
    """One model as `models.json` states it and, in `r`, the values that R found."""

    name: str
    data: str
    formula: str
    family: str
    link: str
    r: dict[str, Any]
    rformula: str | None = None
    weights: str | None = None
    offset: str | None = None
    theta: float | None = None  # of a negative binomial, where it is not estimated
    derive: str | None = None  # a column computed from others
    subset: str | None = None
    beta: tuple[float, ...] = ()  # where R's optimisers start
    nagq: tuple[int, ...] = ()
    zero: bool = False
    flat: bool = False  # the covariances are not unique or hardly so

    @property
    def plain(self) -> dict[str, Any]:
        return self.r["plain"]

    @property
    def singular(self) -> bool:
        return bool(self.plain["singular"])

    @property
    def observed(self) -> float:
        """The lowest -2 log-likelihood that anyone reached, observed information in the determinant."""
        lme4 = self.r.get("lme4")
        values = [self.plain["criterion"]]
        values += [self.r["glmmTMB"]["criterion"]] if self.r.get("glmmTMB") else []
        return min([*values, *([lme4["criterion"]] if lme4 and lme4["definition"] == "both" else [])])


@cache
def models() -> dict[str, Model]:
    with gzip.open(FOLDER / "values.json.gz", "rt", encoding="utf-8") as lines:
        values = {value["name"]: value for value in json.load(lines)}
    stated = json.loads((FOLDER / "models.json").read_text())
    return {m["name"]: Model(**m, r=values[m["name"]]) for m in stated}


@cache
def table(data: str, derive: str | None = None, subset: str | None = None) -> pd.DataFrame:
    path = FOLDER / "tables" / f"{data}.csv.gz"
    if path.exists():
        frame = pd.read_csv(path, keep_default_na=False)
        for column in frame.columns[frame.dtypes.map(lambda kind: not pd.api.types.is_numeric_dtype(kind))]:
            frame[column] = pd.Categorical(frame[column], sorted(frame[column].unique()))
    else:
        frame = mm.datasets.load(data)
    if subset == "id":  # every fourth person
        chosen = (frame["id"].cat.codes + 1) % 4 == 0
        frame = frame[chosen].reset_index(drop=True)
    if derive == "obs":
        frame = frame.assign(obs=pd.Categorical([f"r{i + 1:02d}" for i in range(len(frame))]))
    elif derive == "aboveAve":
        frame = frame.assign(aboveAve=(frame["Reaction"] > frame["Reaction"].mean()).astype(int))
    elif derive == "cHEIGHT":
        frame = frame.assign(cHEIGHT=(frame["HEIGHT"] - frame["HEIGHT"].mean()) / 100)
    return frame


def data_of(model: Model) -> pd.DataFrame:
    return table(model.data, model.derive, model.subset)


def family_of(model: Model) -> Any:
    options = {"theta": model.theta} if model.family == "nbinom2" else {}
    return getattr(mm.families, CLASSES[model.family])(link=model.link, **options)


@cache
def fitted(name: str, nAGQ: int = 1, laplace: str = "observed") -> Any:
    """Our fit of a reference model; the warnings that belong to it are expected, others are errors."""
    model = models()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.ConvergenceWarning)  # the certificate has a test of its own
        if model.singular:
            warnings.simplefilter("ignore", mm.SingularFitWarning)
        if "||" in model.formula:
            warnings.filterwarnings("ignore", message=r".*'\|\|' splits terms", category=mm.MixedModelsWarning)
        return mm.glmer(
            model.formula,
            data_of(model),
            family=family_of(model),
            nAGQ=nAGQ,
            laplace=laplace,
            weights=model.weights,
            offset=model.offset,
        )


def beta(fit: Any) -> np.ndarray:
    return np.array(list(dict(fit.fixef()).values()))


def standard_errors(fit: Any) -> np.ndarray:
    return np.sqrt(np.diag(np.asarray(fit.vcov(), float)))


def relative_error(ours: Any, theirs: Any, scale: Any) -> float:
    """Largest difference in units of `scale`."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    assert ours.shape == theirs.shape
    return float(np.max(np.abs(ours - theirs) / np.broadcast_to(scale, theirs.shape), initial=0.0))
