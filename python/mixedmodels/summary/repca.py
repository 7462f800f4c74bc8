"""Principal components of the random effects, printed as R prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.covariance import factors, principal_components
from mixedmodels.tables import r_numbers, r_print
from mixedmodels.tables.exported import ByName, Exported
from mixedmodels.tables.html import preformatted


@dataclass(frozen=True, eq=False)
class Components(Exported):
    """Components of one grouping factor.

    Attributes
    ----------
    sdev : ndarray, shape (K,)
        Standard deviations relative to sigma, largest first.
    rotation : ndarray
        Loadings of the K effects (rows) on the components (columns).
    effects : tuple of str
        Names of the effects.
    kind : str, default "pandas"
        The library of tables.
    """

    sdev: Vector
    rotation: Matrix
    effects: tuple[str, ...]
    kind: Any = "pandas"

    @property
    def proportion(self) -> Vector:
        """Share of each component in the total variance."""
        variance = self.sdev**2
        total = float(variance.sum())
        return variance / total if total > 0 else np.zeros_like(variance)

    def _columns_of_table(self) -> Mapping[str, Any]:
        """Loadings: a row per effect, a column per component."""
        loadings = {f"component_{j + 1}": self.rotation[:, j] for j in range(len(self.sdev))}
        return {"effect": list(self.effects), **loadings}

    def _repr_html_(self) -> str:
        return preformatted(self.text())

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        """What R prints for the components of one factor."""
        k = len(self.sdev)
        columns = [f"[,{j + 1}]" for j in range(k)]
        by_column = [r_numbers.format_numbers(self.rotation[:, j]) for j in range(k)]
        cells = [list(row) for row in zip(*by_column, strict=True)]
        return "\n".join(
            [
                f"Standard deviations (1, .., p={k}):",
                "[1] " + " ".join(r_numbers.format_numbers(self.sdev)),
                "",
                f"Rotation (n x k) = ({k} x {k}):",
                r_print.matrix([f"[{i + 1},]" for i in range(k)], columns, cells),
            ]
        )

    def importance(self) -> str:
        """Standard deviations and shares of the variance."""
        columns = [f"[,{j + 1}]" for j in range(len(self.sdev))]
        rows = ("Standard deviation", "Proportion of Variance", "Cumulative Proportion")
        shares = [
            [r_numbers.round_r(float(v), 5) for v in part] for part in (self.proportion, np.cumsum(self.proportion))
        ]
        by_column = [r_numbers.format_numbers(column, 4) for column in zip(self.sdev, *shares, strict=True)]
        return "Importance of components:\n" + r_print.matrix(
            rows, columns, [list(c) for c in zip(*by_column, strict=True)]
        )


class RePCA(ByName, Mapping[str, Components]):
    """Group -> principal components of the relative covariance factor (not of the correlations) of its effects."""

    def __init__(self, components: dict[str, Components], kind: Any = "pandas") -> None:
        self._components = components
        self.kind = kind

    def _columns_of_table(self) -> Mapping[str, Any]:
        """A row per component of each factor: its standard deviation, and shares of the factor's variance."""
        parts = list(self._components.values())
        return {
            "group": [name for name, c in self._components.items() for _ in c.sdev],
            "component": np.concatenate([np.arange(1, len(c.sdev) + 1) for c in parts]),
            "std_dev": np.concatenate([c.sdev for c in parts]),
            "proportion": np.concatenate([c.proportion for c in parts]),
            "cumulative": np.concatenate([np.cumsum(c.proportion) for c in parts]),
        }

    def _repr_html_(self) -> str:
        return preformatted(repr(self))

    def __getitem__(self, group: str) -> Components:
        return self._components[group]

    def __iter__(self) -> Iterator[str]:
        return iter(self._components)

    def __len__(self) -> int:
        return len(self._components)

    def summary(self) -> str:
        """Text with the share of the variance of each component.

        Examples
        --------
        >>> print(fit.rePCA().summary().splitlines()[1])
        Importance of components:
        """
        return "\n".join(f"${name}\n{c.importance()}\n" for name, c in self._components.items())

    def __repr__(self) -> str:
        return "\n".join(f"${name}\n{c.text()}\n" for name, c in self._components.items())


def repca(design: Design, fit: AnyMixedFit, kind: Any = "pandas") -> RePCA:
    """Components of every grouping factor; terms of the same factor are taken together."""
    ts = factors(fit.theta, fit.sizes)
    out = {}
    for g, group in enumerate(design.groups):
        mine = [i for i, term in enumerate(design.random) if term.group == g]
        effects = tuple(name for i in mine for name in design.random[i].effects)
        sdev, rotation = principal_components(_block_diagonal([ts[i] for i in mine]))
        out[group.name] = Components(sdev, rotation, effects, kind)
    return RePCA(out, kind)


def _block_diagonal(blocks: Sequence[Matrix]) -> Matrix:
    k = sum(len(b) for b in blocks)
    out = np.zeros((k, k))
    at = 0
    for b in blocks:
        out[at : at + len(b), at : at + len(b)] = b
        at += len(b)
    return out
