"""The page as a whole: head, heading, contents, sections."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Any

from mixedmodels.errors import MixedModelsError
from mixedmodels.page.options import Options
from mixedmodels.page.registry import SECTIONS, Entry
from mixedmodels.tables.html import paragraph


def page(model: Any, options: Options) -> str:
    """The HTML of the page about a fitted model.

    Parameters
    ----------
    model : fitted model
        Fitted model of any class.
    options : Options
        What to show.

    Returns
    -------
    str
        One document that contains its style sheet and pictures, without scripts. The same model and options give the
        same text.
    """
    title = options.title or f"{model.outcome_label}: a {kind_of(model)}"
    shown = [(entry, body) for entry in SECTIONS if (body := _body(entry, model, options))]
    contents = "".join(f'<li><a href="#{e.anchor}">{escape(e.title)}</a></li>' for e, _ in shown)
    sections = "".join(
        f'<section id="{e.anchor}" aria-labelledby="{e.anchor}-title">'
        f'<h2 id="{e.anchor}-title">{escape(e.title)}</h2>{body}</section>\n'
        for e, body in shown
    )
    date = "" if options.date is None else f"<p class='date'>{escape(options.date)}</p>"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style_sheet()}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#main">To the results</a>\n'
        f"<header><h1>{escape(title)}</h1>{date}<p class='formula'><code>{escape(model.formula)}</code></p></header>\n"
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav>\n<main id="main">\n{sections}</main>\n</body>\n</html>\n'
    )


def kind_of(model: Any) -> str:
    """The class of the model in words."""
    mixed = bool(model.design.random)
    generalised = model.family.name != "gaussian" or model.family.link != "identity"
    return f"{'generalised ' if generalised else ''}linear {'mixed ' if mixed else ''}model"


def style_sheet() -> str:
    """The style sheet: light and dark, narrow and wide, screen and paper."""
    return files("mixedmodels.page").joinpath("style.css").read_text(encoding="utf-8")


def _body(entry: Entry, model: Any, options: Options) -> str:
    """A section's HTML, or a note if this model does not have it."""
    try:
        return "".join(entry.build(model, options))
    except MixedModelsError as error:
        return paragraph(f"Not shown: {error}", css_class="note")
