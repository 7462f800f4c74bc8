"""Simulate the tables of the reference models, from fixed seeds, and write them as small compressed CSV files.

Run from anywhere: ``python tests/reference/lmm/simulate.py``. What is written is committed, so that R and the tests
read the same digits whatever the version of NumPy. ``levels.json`` keeps each factor's level order.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
Frame = pd.DataFrame


def factor(codes: np.ndarray, prefix: str, *, ordered: bool = False) -> pd.Categorical:
    """Codes as a categorical whose level order is the numeric one ("g2" before "g10")."""
    used = np.unique(codes)
    return pd.Categorical([f"{prefix}{c + 1}" for c in codes], [f"{prefix}{c + 1}" for c in used], ordered=ordered)


def draw(rng: np.random.Generator, levels: int, root: list[list[float]]) -> np.ndarray:
    """Random effects, one row per level, whose covariance has the lower-triangular root given."""
    matrix = np.asarray(root, float)
    return rng.normal(size=(levels, matrix.shape[1])) @ matrix.T


def one_factor() -> Frame:
    """60 groups of 1 to 14 rows, two covariates, a three-level factor, a logical; four correlated effects."""
    rng = np.random.default_rng(11)
    g = np.repeat(np.arange(60), rng.integers(1, 15, 60))
    n = len(g)
    x, z, f = rng.normal(size=n), rng.uniform(-1, 2, n), rng.integers(0, 3, n)
    b = draw(rng, 60, [[1.0, 0, 0, 0], [0.4, 0.8, 0, 0], [-0.3, 0.2, 0.9, 0], [0.1, -0.2, 0.3, 0.5]])
    mean = 3 + 1.5 * x - 0.7 * z + 0.4 * x * z + np.array([0, 0.5, -0.8])[f]
    y = mean + (b[g] * np.c_[np.ones(n), x, z, x * z]).sum(1) + rng.normal(size=n)
    flag = rng.random(n) < 0.4
    return Frame({"y": y + 0.3 * flag, "x": x, "z": z, "f": factor(f, "f"), "flag": flag, "g": factor(g, "g")})


def nested() -> Frame:
    """Three nested levels whose inner names repeat: region/school/class."""
    rng = np.random.default_rng(12)
    rows = [(a, b, c) for a in range(9) for b in range(rng.integers(2, 7)) for c in range(rng.integers(1, 5))]
    cell = np.repeat(np.arange(len(rows)), rng.integers(2, 7, len(rows)))
    a, b, c = np.array(rows)[cell].T
    x = rng.normal(size=len(cell))
    school = a * 10 + b
    y = 10 + 0.8 * x + rng.normal(0, 1.5, 9)[a] + rng.normal(0, 1.0, 100)[school] + rng.normal(0, 0.7, len(rows))[cell]
    y += rng.normal(0, 0.5, 100)[school] * x + rng.normal(0, 1.2, len(x))
    return Frame({"y": y, "x": x, "a": factor(a, "a"), "b": factor(b, "b"), "c": factor(c, "c")})


def crossed() -> Frame:
    """40 subjects by 24 items, a fifth of the cells missing; a within-both condition; correlated slopes."""
    rng = np.random.default_rng(13)
    s, i = (v.ravel() for v in np.meshgrid(np.arange(40), np.arange(24), indexing="ij"))
    keep = rng.random(len(s)) > 0.2
    s, i = s[keep], i[keep]
    c = np.where((s + i) % 2, 0.5, -0.5)
    us, ui = draw(rng, 40, [[60, 0], [15, 20]]), draw(rng, 24, [[40, 0], [-12, 15]])
    y = 600 + 35 * c + us[s, 0] + us[s, 1] * c + ui[i, 0] + ui[i, 1] * c + rng.normal(0, 90, len(s))
    w = rng.gamma(4, 0.25, len(s))
    off = rng.normal(0, 30, len(s))
    return Frame({"rt": y + off, "c": c, "w": w, "off": off, "subj": factor(s, "s"), "item": factor(i, "i")})


def movers() -> Frame:
    """500 workers observed in one to three of 70 firms, mostly neighbours: partially crossed, sparse."""
    rng = np.random.default_rng(14)
    home = rng.integers(0, 70, 500)
    w, f = [], []
    for worker in range(500):
        for move in range(rng.integers(1, 4)):
            firm = (home[worker] + (rng.integers(-3, 4) if move else 0)) % 70
            years = rng.integers(1, 4)
            w += [worker] * years
            f += [firm] * years
    w, f = np.array(w), np.array(f)
    x = rng.normal(size=len(w))
    year = 1996 + rng.integers(0, 12, len(w))
    y = 2 + 0.1 * x + 0.02 * (year - 2000) + rng.normal(0, 0.5, 500)[w] + rng.normal(0, 0.3, 70)[f]
    y += rng.normal(0, 0.4, len(w))
    return Frame({"wage": y, "x": x, "year": year, "worker": factor(w, "w"), "firm": factor(f, "f")})


def five_factors() -> Frame:
    """Five crossed factors of 30, 18, 12, 8 and 6 levels, and two covariates."""
    rng = np.random.default_rng(15)
    n, sizes, sds = 1500, (30, 18, 12, 8, 6), (1.0, 0.8, 0.7, 0.6, 0.9)
    codes = [rng.integers(0, k, n) for k in sizes]
    x, z = rng.normal(size=n), rng.normal(size=n)
    y = 5 + x - 0.5 * z + sum(rng.normal(0, s, k)[c] for c, k, s in zip(codes, sizes, sds, strict=True))
    y += rng.normal(0, 0.5, 30)[codes[0]] * x + rng.normal(0, 0.4, 12)[codes[2]] * z + rng.normal(0, 1.3, n)
    return Frame({"y": y, "x": x, "z": z} | {name: factor(c, name) for name, c in zip("abcde", codes, strict=True)})


def maximal(seed: int, residual: float, singular: bool) -> Frame:
    """56 subjects by 32 items, three two-level conditions: four effects for each, 20 covariance parameters."""
    rng = np.random.default_rng(seed)
    s, i = (v.ravel() for v in np.meshgrid(np.arange(56), np.arange(32), indexing="ij"))
    cell = (s + i) % 8
    p, q, r = (np.where(cell >> bit & 1, 0.5, -0.5) for bit in range(3))
    w = np.c_[np.ones(len(s)), p, q, r]
    roots = [
        [[300, 0, 0, 0], [60, 120, 0, 0], [-40, 50, 100, 0], [30, -20, 40, 90]],
        [[350, 0, 0, 0], [-70, 140, 0, 0], [20, 30, 110, 0], [60, -30, 20, 120]],
    ]
    if singular:
        roots = [
            [[300, 0, 0, 0], [60, 0, 0, 0], [-40, 50, 0, 0], [0, 0, 0, 0]],
            [[350, 0, 0, 0], [-90, 0, 0, 0], [0, 0, 0, 0], [60, 0, 0, 0]],
        ]
    us, ui = draw(rng, 56, roots[0]), draw(rng, 32, roots[1])
    y = 2200 + w @ [0, -130, 75, -330] + (w * us[s]).sum(1) + (w * ui[i]).sum(1) + rng.normal(0, residual, len(s))
    return Frame({"rt": y.round(1), "p": p, "q": q, "r": r, "subj": factor(s, "s"), "item": factor(i, "i")})


def boundary() -> Frame:
    """Responses whose covariance estimates lie on the boundary, in different ways."""
    rng = np.random.default_rng(17)
    g, h = np.repeat(np.arange(24), 10), np.tile(np.arange(10), 24)
    n = len(g)
    x = rng.normal(size=n)
    b = rng.normal(size=24)[g]
    e = rng.normal(size=n)
    centred = e - pd.Series(e).groupby(g).transform("mean").to_numpy()
    straight = np.concatenate([straightened(e[g == k], x[g == k]) for k in range(24)])
    return Frame(
        {
            "none": 1 + x + centred,  # no variance between groups at all
            "no_slope": 1 + x + 1.5 * b + straight,  # slopes without variance
            "plus_one": 1 + x + b * (1 + 0.6 * x) + e,  # intercepts and slopes perfectly correlated
            "minus_one": 1 + x + b * (1 - 0.6 * x) + straight,
            "only_slope": 1 + x + 0.7 * b * x + centred,
            "x": x,
            "f": factor(h % 3, "f"),
            "g": factor(g, "g"),
            "h": factor(h, "h"),
        }
    )


def straightened(e: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What a line through e leaves: noise without any intercept or slope of its own."""
    basis = np.c_[np.ones(len(x)), x]
    return e - basis @ np.linalg.lstsq(basis, e, rcond=None)[0]


def weighted() -> Frame:
    """Precision weights over four orders of magnitude, an offset, missing values in response, covariate and group."""
    rng = np.random.default_rng(18)
    g = rng.integers(0, 25, 420)
    n = len(g)
    w, off, x = 10 ** rng.uniform(-2, 2, n), rng.normal(50, 20, n), rng.normal(size=n)
    y = 4 - x + rng.normal(0, 1.2, 25)[g] + rng.normal(0, 0.8, 25)[g] * x + rng.normal(size=n) / np.sqrt(w)
    frame = Frame({"y": y, "x": x, "w": w, "off": off, "g": factor(g, "g")})
    frame["y_off"] = frame["y"] + frame["off"]
    frame["y_gap"] = frame["y"].where(rng.random(n) > 0.05)
    frame["x_gap"] = frame["x"].where(rng.random(n) > 0.05)
    frame["g_gap"] = frame["g"].where(rng.random(n) > 0.05)
    return frame


def deficient() -> Frame:
    """A column that is the sum of two others, a constant one, and an interaction with empty cells."""
    rng = np.random.default_rng(19)
    f, h, g = rng.integers(0, 3, 300), rng.integers(0, 4, 300), rng.integers(0, 20, 300)
    h = np.where((f == 2) & (h == 3), 0, h)
    x, z = rng.normal(size=300), rng.normal(size=300)
    y = f - 0.5 * h + x + rng.normal(0, 0.8, 20)[g] + rng.normal(size=300)
    return Frame(
        {
            "y": y,
            "x": x,
            "sum": x + z,
            "z": z,
            "one": np.full(300, 3.0),
            "f": factor(f, "f"),
            "h": factor(h, "h", ordered=True),
            "g": factor(g, "g"),
        }
    )


def scales() -> Frame:
    """Responses and covariates far from one in size, and calendar years."""
    rng = np.random.default_rng(20)
    g = np.repeat(np.arange(36), 12)
    year = 1994 + np.tile(np.arange(12), 36)
    b = draw(rng, 36, [[2.0, 0], [0.15, 0.3]])
    y = 20 + 0.4 * (year - 2000) + b[g, 0] + b[g, 1] * (year - 2000) + rng.normal(size=len(g))
    far = rng.normal(0, 800.0, 36)[g] + rng.normal(size=len(g))  # groups 800 residual deviations apart
    near = rng.normal(0, 0.3, 36)[g] + rng.normal(size=len(g))
    return Frame(
        {
            "y": y,
            "year": year,
            "since": (year - 2000) / 10.0,
            "big": y * 1e6,
            "small": y * 1e-6,
            "shifted": y + 1e7,
            "pounds": (year - 2000) * 1e4,
            "far": far,
            "near": near,
            "g": factor(g, "g"),
        }
    )


def pairs() -> Frame:
    """1,200 groups of one, two or three rows."""
    rng = np.random.default_rng(21)
    g = np.repeat(np.arange(1200), rng.integers(1, 4, 1200))
    x = rng.normal(size=len(g))
    y = 1 + 0.5 * x + rng.normal(0, 0.7, 1200)[g] + rng.normal(0, 0.9, len(g))
    return Frame({"y": y, "x": x, "g": factor(g, "g")})


def students() -> Frame:
    """A tenth of InstEval's students, with the levels that occur (so: an excerpt, not a simulation)."""
    import mixedmodels as mm

    full = mm.datasets.load("InstEval")
    rows = full.loc[full["s"].astype(str).str.endswith("3"), ["y", "s", "d", "dept", "service"]].reset_index(drop=True)
    for name in ("s", "d", "dept", "service"):
        rows[name] = rows[name].cat.remove_unused_categories()
    return rows


TABLES = {
    "one_factor": one_factor,
    "nested": nested,
    "crossed": crossed,
    "movers": movers,
    "five_factors": five_factors,
    "maximal": lambda: maximal(31, 400.0, False),
    "maximal_singular": lambda: maximal(32, 700.0, True),
    "boundary": boundary,
    "weighted": weighted,
    "deficient": deficient,
    "scales": scales,
    "pairs": pairs,
    "students": students,
}


def write(name: str, frame: Frame) -> None:
    text = frame.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    with open(HERE / "tables" / f"{name}.csv.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
        out.write(text.encode())


def main() -> None:
    (HERE / "tables").mkdir(exist_ok=True)
    levels = {}
    for name, make in TABLES.items():
        frame = make()
        write(name, frame)
        factors = frame.select_dtypes("category")
        levels[name] = {
            column: {"levels": list(factors[column].cat.categories), "ordered": factors[column].cat.ordered}
            for column in factors
        }
    (HERE / "tables" / "levels.json").write_text(json.dumps(levels, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
