"""The look of pictures: a small set of matplotlib's rcParams. The user's settings take precedence.

A picture is drawn, and later saved, with these settings around it; matplotlib's own are never changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from mixedmodels.errors import DataError, MissingLibraryError

# Okabe and Ito (2008): distinguished by people with any kind of colour blindness. Their yellow is left out, which is
# too pale for lines on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

THEME: Mapping[str, Any] = MappingProxyType(
    {
        "font.size": 9.0,
        "axes.titlesize": 9.0,
        "axes.labelsize": 9.0,
        "xtick.labelsize": 8.0,
        "ytick.labelsize": 8.0,
        "legend.fontsize": 8.0,
        "legend.title_fontsize": 8.0,
        "legend.frameon": False,
        "figure.titlesize": 10.0,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 3.0,
        "ytick.major.size": 3.0,
        "lines.linewidth": 1.3,
        "lines.markersize": 4.0,
        "patch.linewidth": 0.8,
        "svg.fonttype": "none",  # text stays text: it can be searched, read aloud and edited
        "svg.hashsalt": "mixedmodels",  # the same picture is the same file
        "pdf.fonttype": 42,
        "savefig.dpi": 200.0,
    }
)

Setting = Mapping[str, Any] | str | None

_always: list[Setting] = []  # by `set_theme`, for all threads
_inside: ContextVar[tuple[Setting, ...]] = ContextVar("mixedmodels_theme", default=())  # by `theme`


def matplotlib() -> Any:
    """The library, imported when the first picture is drawn.

    Raises
    ------
    MissingLibraryError
        If it is not installed.
    """
    try:
        import matplotlib as library
    except ImportError as cause:
        raise MissingLibraryError(
            "pictures need matplotlib, which is not installed: pip install 'mixedmodels[plot]'. "
            "Their tables do not need it: every picture has a twin, as shrinkage() has shrinkage_table()."
        ) from cause
    return library


def set_theme(*settings: Setting, **params: Any) -> None:
    """Change how all pictures look from now on.

    Parameters
    ----------
    *settings : mapping, str or None
        Mappings of rcParams, names of matplotlib's styles ("dark_background"), or None to leave out the package's own
        settings. Later ones take precedence. Without any, the package's own settings return.
    **params : Any
        Settings as rcParams with underscores for dots: ``font_size=8``.
    """
    _always[:] = _checked(settings, params)


@contextmanager
def theme(*settings: Setting, **params: Any) -> Iterator[None]:
    """Change how pictures look inside a ``with`` block.

    Parameters
    ----------
    *settings : mapping, str or None
        See `set_theme`. They are added to the settings in force.
    **params : Any
        See `set_theme`. They are added to the settings in force.

    Yields
    ------
    None
        Control, with the settings in force.

    Examples
    --------
    >>> with mm.plot.theme(): figure = mm.plot.residuals(lin)
    >>> figure.axes[0].get_ylabel()
    'Pearson residual'
    """
    token = _inside.set((*_inside.get(), *_checked(settings, params)))
    try:
        yield
    finally:
        _inside.reset(token)


def _checked(settings: tuple[Setting, ...], params: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Settings with matplotlib's names for `params`; each is tried out."""
    rc = matplotlib().rcParams
    if params:
        rc_names = {name.replace(".", "_"): name for name in rc}
        settings = (*settings, {rc_names.get(k, k): v for k, v in params.items()})
    for setting in settings:
        _resolve(setting)
    return settings


def _resolve(setting: Setting) -> Mapping[str, Any]:
    """A setting as rcParams that are valid."""
    library = matplotlib()
    if setting is None:
        return {}
    if isinstance(setting, str):
        from matplotlib import style as styles

        there: Any = styles.library
        if setting not in there:
            raise DataError(f"matplotlib has no style {setting!r}; it has {', '.join(sorted(there))}.")
        return dict(there[setting])
    if not isinstance(setting, Mapping):
        raise DataError(f"a theme is a mapping of rcParams, the name of a style, or None, not {setting!r:.60}.")
    for name, value in setting.items():
        if name not in library.rcParams:
            raise DataError(f"matplotlib has no rcParam {name!r}; matplotlib.rcParams lists what there is.")
        try:
            with library.rc_context({name: value}):
                pass
        except ValueError as cause:
            raise DataError(f"rcParam {name!r} cannot be {value!r}: {cause}") from cause
    return setting


def rc_params() -> dict[str, Any]:
    """The settings of a picture that is drawn now.

    rcParams that the user has changed override the package's own. Settings of `theme` and `set_theme` override both.
    """
    from cycler import cycler

    library = matplotlib()
    settings = (*_always, *_inside.get())
    out: dict[str, Any] = {}
    if None not in settings:
        house = {**THEME, "axes.prop_cycle": cycler(color=PALETTE)}
        out = {k: v for k, v in house.items() if library.rcParams[k] == library.rcParamsDefault[k]}
    for setting in settings:
        out.update(_resolve(setting))
    return out


@contextmanager
def drawing() -> Iterator[None]:
    """The settings in force, while a picture is drawn."""
    with matplotlib().rc_context(rc_params()):
        yield


def in_force() -> dict[str, Any]:
    """Every rcParam that the user has changed, without those that do not affect the look of pictures."""
    library = matplotlib()
    usual = library.rcParamsDefault
    names = [n for n in usual if not n.startswith(("backend", "interactive", "toolbar", "webagg", "keymap", "tk."))]
    return {n: library.rcParams[n] for n in names if library.rcParams[n] != usual[n]}


def color(i: int) -> str:
    """Colour `i` of the palette in force; after the last comes the first again."""
    from matplotlib.colors import to_hex

    cycle = matplotlib().rcParams["axes.prop_cycle"].by_key().get("color", list(PALETTE))
    return to_hex(cycle[i % len(cycle)])


def ink(share: float = 1.0) -> tuple[float, float, float]:
    """The colour of text, mixed with that of the background: 1 is text, 0 background, so that greys suit dark pages."""
    from matplotlib.colors import to_rgb

    rc = matplotlib().rcParams
    page = rc["axes.facecolor"]
    text, back = to_rgb(rc["text.color"]), (1.0, 1.0, 1.0) if page == "none" else to_rgb(page)
    r, g, b = (share * t + (1 - share) * p for t, p in zip(text, back, strict=True))
    return r, g, b
