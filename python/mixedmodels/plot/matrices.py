"""Matrices as images: X, and which elements of Z, of Z'Z and of its Cholesky factor are not zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.plot.axes import Size, finished, name_columns, one, say, several
from mixedmodels.plot.subjects import Fitted, FittedMixed, need_mixed, need_model
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_ROWS = 400  # of an image; longer matrices are averaged over neighbouring rows
FINEST = 240  # cells of a pattern's side; larger matrices are counted by cell
MAX_NONZEROS = 20_000_000  # of a factor
PARTS = ("Z", "ZtZ", "L")


def design_matrix_table(fit: Fitted) -> Any:
    """Data of `design_matrix`: columns row (the first of those averaged), term, value, scaled.

    `scaled` is the value divided by the largest absolute value of its column. The colour shows it.

    Examples
    --------
    >>> mm.plot.design_matrix_table(fit).columns.tolist()
    ['row', 'term', 'value', 'scaled']
    """
    columns, _ = _design(fit)
    return frame.to_kind(columns, fit.table_kind)


def design_matrix(fit: Fitted, *, ax: Axes | None = None, figsize: Size = None, title: str | None = None) -> Figure:
    """Draw the fixed-effects matrix X as an image, each column scaled to its largest absolute value.

    Parameters
    ----------
    fit : fitted model
        Any model.
    ax : Axes, optional
        Axes to draw in; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns, shape = _design(fit)
    names = list(dict.fromkeys(columns["term"]))
    with drawing():
        wide = max(3.0, 1.6 + 0.42 * len(names))
        figure, ax = one(ax, min(wide, 12.0), 4.2, figsize=figsize)
        image = columns["scaled"].reshape(len(names), shape[0]).T
        n = shape[1]
        shown = ax.imshow(
            image,
            aspect="auto",
            interpolation="nearest",
            cmap=_signed_colors(),
            vmin=-1,
            vmax=1,
            extent=(-0.5, len(names) - 0.5, n - 0.5, -0.5),
        )
        name_columns(ax, names)
        ax.set_ylabel("Row")
        bar = figure.colorbar(shown, ax=ax, shrink=0.6, pad=0.02, ticks=[-1, 0, 1])
        bar.set_label("Value / largest of its column")
        bar.outline.set_visible(False)
        return finished(figure, [ax], title)


def _signed_colors() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    colors: Any = [color(1), ink(0.0), color(0)]
    return LinearSegmentedColormap.from_list("signed", colors)


def _design(fit: Fitted) -> tuple[dict[str, Any], tuple[int, int]]:
    """The table's columns, one matrix column after the other; the numbers of rows of image and matrix."""
    need_model(fit, "design_matrix")
    x = np.asarray(fit.model_matrix("X"), dtype=float)
    names = list(fit.fixef().names)
    if not names:
        raise DataError("the model has no fixed effects, so there is no matrix X to draw.")
    edges = np.unique(np.linspace(0, len(x), min(len(x), MAX_ROWS) + 1).astype(int))
    counts = np.diff(edges)
    mean = np.add.reduceat(x, edges[:-1], axis=0) / counts[:, None]
    largest = np.abs(x).max(axis=0)
    scaled = mean / np.where(largest > 0, largest, 1.0)
    columns = {
        "row": np.tile(edges[:-1], len(names)),
        "term": [name for name in names for _ in counts],
        "value": mean.T.ravel(),
        "scaled": scaled.T.ravel(),
    }
    return columns, (len(counts), len(x))


def factor_pattern_table(fit: FittedMixed, which: str | Sequence[str] = PARTS) -> Any:
    """Data of `factor_pattern`: columns matrix, row, column, count: elements that are not zero in each cell.

    A cell is one element of a small matrix, or a square of many elements of a large one. Row and column are those of
    its first element. Columns of L are in the order of elimination.

    Examples
    --------
    >>> mm.plot.factor_pattern_table(gm).columns.tolist()
    ['matrix', 'row', 'column', 'count']
    """
    columns, _ = _patterns(fit, which)
    return frame.to_kind(columns, fit.table_kind)


def factor_pattern(
    fit: FittedMixed,
    which: str | Sequence[str] = PARTS,
    *,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw the nonzero elements of the random effects' matrices, which determine the cost of a fit.

    Parameters
    ----------
    fit : fitted mixed model
        Model with random effects.
    which : str or sequence of str, default ("Z", "ZtZ", "L")
        One or more matrices to draw: "Z" (n x q), "ZtZ" (q x q) and "L". "L" is the Cholesky factor of Lambda'Z'WZ
        Lambda + I. Its columns are in the order of elimination: first the factor whose levels never share a row, then
        the others.
    axes : Axes or sequence of Axes, optional
        Axes, one for each matrix; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns, shapes = _patterns(fit, which)
    own = np.array(columns["matrix"])
    with drawing():
        n = len(shapes)
        figure, panels = several(axes, n, columns=n, size=(2.9, 3.2), figsize=figsize)
        for ax, (name, ((height, width), step, filled)) in zip(panels, shapes.items(), strict=True):
            mine = own == name
            image = np.zeros((-(-height // step), -(-width // step)))
            image[columns["row"][mine] // step, columns["column"][mine] // step] = columns["count"][mine]
            ax.imshow(
                np.where(image > 0, 0.35 + 0.65 * image / image.max(), 0.0),
                cmap=_one_color(),
                vmin=0,
                vmax=1,
                interpolation="nearest",
                aspect="auto" if name == "Z" else "equal",
                extent=(-0.5, image.shape[1] * step - 0.5, image.shape[0] * step - 0.5, -0.5),
            )
            ax.spines[:].set_visible(True)
            ax.set_title({"Z": "Z", "ZtZ": "Z′Z", "L": "L"}[name])
            say(ax, x=f"{height:,} × {width:,}, {filled:,} not zero")
            ax.locator_params(nbins=4, integer=True)
        return finished(figure, panels, title)


def _one_color() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    colors: Any = [ink(0.0), color(0)]
    return LinearSegmentedColormap.from_list("filled", colors)


def _patterns(fit: FittedMixed, which: str | Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Counts by cell, and of each matrix its shape, the side of a cell and the number of nonzeros."""
    need_mixed(fit, "factor_pattern")
    names = [which] if isinstance(which, str) else list(which)
    for name in names:
        if name not in PARTS:
            raise DataError(f"factor_pattern() has no matrix {name!r}; it has {', '.join(PARTS)}.")
    z = fit.model_matrix("Z")
    out: dict[str, list[Any]] = {"matrix": [], "row": [], "column": [], "count": []}
    about = {}
    for name in names:
        matrix = (z if name == "Z" else z.T @ z if name == "ZtZ" else cholesky_factor(fit)).tocoo()
        there = matrix.data != 0
        rows, columns = matrix.row[there].astype(np.int64), matrix.col[there].astype(np.int64)
        n, q = matrix.shape
        step = max(1, -(-max(n, q) // FINEST)) if name != "Z" else max(1, -(-n // FINEST))
        width = -(-q // step)
        cells, counts = np.unique((rows // step) * width + columns // step, return_counts=True)
        out["matrix"] += [name] * len(cells)
        out["row"] += ((cells // width) * step).tolist()
        out["column"] += ((cells % width) * step).tolist()
        out["count"] += counts.tolist()
        about[name] = ((n, q), step, len(rows))
    return {k: v if k == "matrix" else np.array(v) for k, v in out.items()}, about


def elimination_order(fit: FittedMixed) -> Any:
    """Columns of Z in the order of elimination: first those of the factor that the engine chose."""
    design = fit.design
    first = fit.engine.describe()["eliminated"]
    sizes = [(design.groups[t.group].n_levels, len(t.columns)) for t in design.random]
    starts = np.cumsum([0, *(n * k for n, k in sizes)])
    leaves, levels, rest = [], [], []
    for i, term in enumerate(design.random):
        places = np.arange(starts[i], starts[i + 1])
        if design.groups[term.group].name == first:
            leaves.append(places)
            levels.append(np.repeat(np.arange(sizes[i][0]), sizes[i][1]))
        else:
            rest.append(places)
    if leaves:  # terms of one factor are eliminated level by level together
        rest.insert(0, np.concatenate(leaves)[np.argsort(np.concatenate(levels), kind="stable")])
    return np.concatenate(rest)


def cholesky_factor(fit: FittedMixed) -> Any:
    """A matrix with the pattern of L in the order of elimination, sparse, shape (q, q).

    It factorises a positive matrix with the pattern of Z'Z. Neither a theta of 0 nor cancellation hides an element.
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    z = abs(fit.model_matrix("Z").tocsc()[:, elimination_order(fit)])
    crossed = z.T @ z
    if crossed.nnz > MAX_NONZEROS:
        raise DataError(
            f"Z'Z has {crossed.nnz:,} nonzero elements, too many for a picture of its factor; give which='Z'."
        )
    dominant = sparse.diags_array(np.asarray(crossed.sum(axis=1)).ravel() + 1.0)
    solved = splu(
        (crossed + dominant).tocsc(), permc_spec="NATURAL", diag_pivot_thresh=0, options={"SymmetricMode": True}
    )
    return solved.L
