"""Every family, link and derivative against arithmetic in 500 digits, at ordinary and extreme arguments."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from tests.support import places

from mixedmodels import _engine

REFERENCE = places.REFERENCE / "families" / "reference.json.gz"
EPS = float(np.finfo(float).eps)

# Each quantity, and those whose product with eta and with psi says how far one rounding of eta or psi moves it.
MOVED_BY = {
    "l": ("g", "l_psi"),
    "g": ("w", "g_psi"),
    "w": ("t", "w_psi"),
    "t": (None, None),
    "e": ("e_eta", "e_psi"),
    "e_eta": (None, None),
    "l_psi": ("g_psi", "l_psi_psi"),
    "g_psi": ("w_psi", None),
    "w_psi": (None, None),
    "l_psi_psi": (None, None),
    "e_psi": (None, None),
}


@lru_cache
def cases() -> dict[tuple[str, str], list[dict[str, Any]]]:
    stored = json.loads(gzip.decompress(REFERENCE.read_bytes()))
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for values in stored["cases"]:
        case = dict(zip(stored["names"], values, strict=True))
        found.setdefault((case["family"], case["link"]), []).append(case)
    return found


def computed(case: dict[str, Any]) -> dict[str, float]:
    family = _engine.Family(case["family"], case["link"], [])
    psi = [] if case["psi"] is None else [case["psi"]]
    y, weight, eta = (np.array([case[name]]) for name in ("y", "weight", "eta"))
    d = family.derivatives(y, weight, eta, psi)
    found = {"l": float(family.log_density(y, weight, eta, psi)[0]), **{name: d[name][0] for name in ("g", "w", "t")}}
    assert d["l"] == d["value"]
    assert d["l"] + d["constant"] == pytest.approx(found["l"], rel=1e-14, abs=1e-300)
    if psi:
        found |= {name: d[name][0] for name in ("l_psi", "l_psi_psi")}
        found |= {name: d[name][0][0] for name in ("g_psi", "w_psi")}
    canonical = d["expected"] is None
    found["e"] = d["w" if canonical else "expected"][0]
    found["e_eta"] = d["t" if canonical else "expected_t"][0]
    if psi and not canonical:
        found["e_psi"] = d["expected_psi"][0][0]
    return found


def allowed(case: dict[str, Any], name: str) -> float:
    """Error that is allowed: 2e-12 of the value, and what roundings of the arguments make of it."""
    by_eta, by_psi = MOVED_BY[name]
    tolerance = 2e-12 * abs(case[name]) + 1e-300
    if by_eta:
        tolerance += 8 * EPS * abs(case[by_eta] * case["eta"])
    if case["psi"] is not None and by_psi:
        tolerance += 8 * EPS * abs(case[by_psi]) * (1 + abs(case["psi"]))
    # Sums of terms that cancel exactly at some arguments (a count of 1 says nothing on theta where mu is near 0): there
    # the sizes of the terms count, which are those of the neighbouring derivative.
    if name in ("l_psi", "l_psi_psi") and case["family"] == "nbinom2":
        tolerance += 4 * EPS * case["weight"] * min(case["y"], 1.0)
    if name == "w_psi":
        tolerance += 4 * EPS * (abs(case["w"]) + abs(case["t"] * case["eta"]))
    if name == "e_eta":
        tolerance += 4 * EPS * abs(case["e"] / min(abs(case["eta"]), 1.0))
    return tolerance


# Families whose derivatives are written by hand; those over jets are held against 500 digits by the engine's tests.
BY_HAND = ("gaussian", "binomial", "poisson", "Gamma", "inverse.gaussian", "nbinom2")
PAIRS = [(name, link) for name in BY_HAND for link in _engine.Family(name, None, []).links]


@pytest.mark.parametrize(("family", "link"), PAIRS, ids=[f"{f}-{link}" for f, link in PAIRS])
def test_derivatives_are_those_of_the_density(family: str, link: str) -> None:
    known = cases()[family, link]
    assert len(known) > 5
    wrong = []
    for case in known:
        for name, value in computed(case).items():
            if not abs(value - case[name]) <= allowed(case, name):
                wrong.append((name, value, case))
    assert wrong == []
