"""Log-densities and derivatives of every family in high precision, written to reference.json.gz.

    pip install mpmath && python tests/reference/families/make_reference.py

Each family is written down once, by its textbook density with all constants, and differentiated numerically in high
precision: nothing here knows how the engine does it. A case holds family, link, fixed shapes, y, weight, eta, psi and

    l (constants included), g = l', w = -l'', t = -l''', and with a free shape l_psi, g_psi, w_psi, l_psi_psi, and
    expected weights e, de/deta, de/dpsi with e = weight mu'^2 / (dispersion V(mu)).

The precision is that of 1 - 1e-350 (probit at 40), with 90 digits more for third differences of steps of 1e-30.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mpmath import mp, mpf

Number = Any
ZERO = mpf(0)
HERE = Path(__file__).resolve().parent

LINKS: dict[str, Callable[[Number], tuple[Number, Number]]] = {
    # mu and 1 - mu
    "identity": lambda e: (e, 1 - e),
    "log": lambda e: (mp.exp(e), -mp.expm1(e)),
    "inverse": lambda e: (1 / e, 1 - 1 / e),
    "sqrt": lambda e: (e * e, 1 - e * e),
    "1/mu^2": lambda e: (1 / mp.sqrt(e), 1 - 1 / mp.sqrt(e)),
    "logit": lambda e: (1 / (1 + mp.exp(-e)), 1 / (1 + mp.exp(e))),
    "probit": lambda e: (mp.erfc(-e / mp.sqrt(2)) / 2, mp.erfc(e / mp.sqrt(2)) / 2),
    "cauchit": lambda e: (mp.mpf(1) / 2 + mp.atan(e) / mp.pi, mp.mpf(1) / 2 - mp.atan(e) / mp.pi),
    "cloglog": lambda e: (-mp.expm1(-mp.exp(e)), mp.exp(-mp.exp(e))),
    "loglog": lambda e: (mp.exp(-mp.exp(-e)), -mp.expm1(-mp.exp(-e))),
}


def binomial(y: Number, m: Number, mu: Number, other: Number, _s: Number) -> Number:
    k = mp.nint(m * y)
    choose = mp.loggamma(m + 1) - mp.loggamma(k + 1) - mp.loggamma(m - k + 1)
    return choose + (m * y * mp.log(mu) if y else 0) + (m * (1 - y) * mp.log(other) if y != 1 else 0)


def poisson(y: Number, w: Number, mu: Number, _other: Number, _s: Number) -> Number:
    return w * ((y * mp.log(mu) if y else 0) - mu - mp.loggamma(y + 1))


def gamma(y: Number, w: Number, mu: Number, _other: Number, s: Number) -> Number:
    a = w * s
    return a * mp.log(a / mu) + (a - 1) * mp.log(y) - a * y / mu - mp.loggamma(a)


def inverse_gaussian(y: Number, w: Number, mu: Number, _other: Number, s: Number) -> Number:
    return mp.log(w * s / (2 * mp.pi * y**3)) / 2 - w * s * (y - mu) ** 2 / (2 * mu**2 * y)


def gaussian(y: Number, w: Number, mu: Number, _other: Number, s: Number) -> Number:
    return mp.log(w / (2 * mp.pi * s**2)) / 2 - w * (y - mu) ** 2 / (2 * s**2)


def nbinom2(y: Number, w: Number, mu: Number, _other: Number, s: Number) -> Number:
    log = mp.loggamma(y + s) - mp.loggamma(s) - mp.loggamma(y + 1)
    return w * (log + (y * mp.log(mu / (mu + s)) if y else 0) + s * mp.log(s / (mu + s)))


# density, and dispersion V(mu)
FAMILIES: dict[str, tuple[Callable[..., Number], Callable[..., Number]]] = {
    "binomial": (binomial, lambda mu, other, s: mu * other),
    "poisson": (poisson, lambda mu, other, s: mu),
    "Gamma": (gamma, lambda mu, other, s: mu**2 / s),
    "inverse.gaussian": (inverse_gaussian, lambda mu, other, s: mu**3 / s),
    "gaussian": (gaussian, lambda mu, other, s: s**2),
    "nbinom2": (nbinom2, lambda mu, other, s: mu + mu**2 / s),
}
SHAPED = ("Gamma", "inverse.gaussian", "gaussian", "nbinom2")


def derivative(f: Callable[..., Number], at: tuple[Number, ...], orders: tuple[int, ...]) -> Number:
    """Central differences in precision so high that neither truncation nor rounding is seen in 25 digits."""
    steps = [mp.mpf(10) ** -30 * max(abs(x), mp.mpf(10) ** -3) for x in at]
    total, weights = mp.mpf(0), {0: [(0, 1)], 1: [(-1, -1), (1, 1)], 2: [(-2, 1), (0, -2), (2, 1)]}
    weights[3] = [(-3, -1), (-1, 3), (1, -3), (3, 1)]
    for i, a in weights[orders[0]]:
        for j, b in weights[orders[1]] if len(at) > 1 else [(0, 1)]:
            point = [at[0] + i * steps[0], *([at[1] + j * steps[1]] if len(at) > 1 else [])]
            total += a * b * f(*point)
    for order, step in zip(orders, steps, strict=False):
        total /= (2 * step) ** order
    return total


def case(family: str, link: str, y: float, weight: float, eta: float, psi: float | None) -> dict[str, Any]:
    density, variance = FAMILIES[family]
    both = LINKS[link]

    def l(e: Number, p: Number = ZERO) -> Number:  # noqa: E743
        mu, other = both(e)
        return density(mpf(y), mpf(weight), mu, other, mp.exp(p))

    def slope(e: Number) -> Number:
        return derivative(lambda x: both(x)[0], (e,), (1,))

    def expected(e: Number, p: Number = ZERO) -> Number:
        mu, other = both(e)
        return mpf(weight) * slope(e) ** 2 / variance(mu, other, mp.exp(p))

    at = (mpf(eta),) if psi is None else (mpf(eta), mpf(psi))
    out: dict[str, Number] = {"l": l(*at)}
    for name, order, sign in (("g", 1, 1), ("w", 2, -1), ("t", 3, -1)):
        out[name] = sign * derivative(l, at, (order, 0))
    out["e"] = expected(*at)
    out["e_eta"] = derivative(expected, at, (1, 0))
    if psi is not None:
        for name, orders, sign in (("l_psi", (0, 1), 1), ("g_psi", (1, 1), 1), ("w_psi", (2, 1), -1)):
            out[name] = sign * derivative(l, at, orders)
        out["l_psi_psi"] = derivative(l, at, (0, 2))
        out["e_psi"] = derivative(expected, at, (0, 1))
    values = {name: float(value) for name, value in out.items()}
    return {"family": family, "link": link, "y": y, "weight": weight, "eta": eta, "psi": psi, **values}


def predictors(link: str) -> list[float]:
    """Ordinary and extreme predictors inside the domain of the link."""
    return {
        "logit": [-700.0, -40.0, -3.0, -0.5, 0.25, 2.0, 36.0, 700.0],
        "probit": [-40.0, -8.0, -3.5, -2.25, -1.75, -0.5, 0.25, 1.5, 3.0, 9.0, 37.0],
        "cloglog": [-700.0, -30.0, -4.0, -1.0, -0.5, 0.25, 1.0, 2.5, 4.0, 6.0],
        "loglog": [-6.0, -2.5, -1.0, -0.25, 0.5, 1.0, 4.0, 30.0, 700.0],
        "cauchit": [-1e12, -1e6, -50.0, -1.0, -0.25, 0.5, 3.0, 1e6, 1e12],
        "log": [-300.0, -10.0, -2.0, -0.5, 0.25, 2.0, 7.0, 20.5],
        "identity": [1e-8, 0.01, 0.5, 2.0, 50.0, 1e9],
        "sqrt": [1e-4, 0.1, 0.75, 1.5, 7.0, 31622.0],
        "inverse": [1e-6, 0.02, 0.5, 2.0, 100.0, 1e8],
        "1/mu^2": [1e-10, 0.01, 0.5, 2.0, 100.0, 1e10],
    }[link]


def cases() -> Iterator[tuple[str, str, float, float, float, float | None]]:
    for link in ("logit", "probit", "cloglog", "loglog", "cauchit", "log"):
        for eta in predictors(link):
            if link == "log" and eta >= 0:
                continue
            for y, m in ((0.0, 1.0), (1.0, 1.0), (0.25, 8.0)):
                yield "binomial", link, y, m, eta, None
        if link != "log":
            yield "binomial", link, 0.5, 1e9, 0.125, None
    yield "binomial", "log", 0.25, 1e9, -1.375, None
    for link in ("log", "sqrt", "identity"):
        for eta in predictors(link):
            for y, w in ((0.0, 1.0), (1.0, 1.0), (7.0, 2.5), (1e9, 1.0)):
                if y < 1e9 or LINKS[link](eta)[0] > 1e-12:
                    yield "poisson", link, y, w, eta, None
                for psi in (-13.8, 0.75, 18.4):
                    yield "nbinom2", link, y, w, eta, psi
    for family, links in (
        ("Gamma", ("inverse", "log", "identity")),
        ("inverse.gaussian", ("1/mu^2", "log", "inverse", "identity")),
    ):
        for link in links:
            for eta in predictors(link):
                for y, w in ((1e-6, 1.0), (0.75, 3.0), (900.0, 1.0)):
                    for psi in (-13.8, 0.5, 18.4):
                        yield family, link, y, w, eta, psi
    for link in LINKS:
        for eta in predictors(link):
            if link in ("log", "identity", "inverse", "sqrt", "1/mu^2") or abs(eta) < 10:
                yield "gaussian", link, 1.5, 2.0, eta, 0.25
                yield "gaussian", link, -3.0, 1.0, eta, -8.0


def main() -> None:
    mp.dps = 500
    made = [case(*arguments) for arguments in cases()]
    names = list(dict.fromkeys(name for one in made for name in one))
    lines = [json.dumps([one.get(name) for name in names]) for one in made]
    text = '{"names": ' + json.dumps(names) + ',\n"cases": [\n' + ",\n".join(lines) + "\n]}\n"
    (HERE / "reference.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
