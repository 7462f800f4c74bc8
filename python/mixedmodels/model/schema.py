"""What a file of a fitted model holds: every value is checked when it is read, so that damage is found there.

A check is a function of a value and of its place in the file, as ``fit/theta``. It raises a DataError that names it.
The fields of records are checked by their annotations, so that a record and its file cannot disagree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, NoReturn

import numpy as np

from mixedmodels.errors import DataError
from mixedmodels.fit.components.record import ComponentsFit, PredictorFit
from mixedmodels.fit.goodness import Goodness
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, MixedFit, Run
from mixedmodels.tables.call import Call

Check = Callable[[Any, str], None]

RECORDS: dict[str, type] = {
    "lm": LinearFit,
    "glm": GlmFit,
    "lmer": MixedFit,
    "glmer": GlmmFit,
    "glmmTMB": ComponentsFit,
}
KINDS = ("numeric", "logical", "matrix")
NOT_STORED = ("b", "run", "y", "weights", "eta")  # fields of a fit that stand elsewhere in the file, or follow
LATER = ("matrices", "env", "standards")  # files of earlier versions have none
BASES = ({"center", "scale"}, {"alpha", "norm2"}, {"knots", "boundary"})  # what scale(), poly(), and splines remember
DTYPE = re.compile(r"[<>=|]?(?:b1|[iu][1248]|f(?:2|4|8|16)|M8\[(?:\d{1,6})?\w{1,2}\])")
LARGEST = 2.0**53  # whole numbers above are no counts


def check_document(document: Mapping[str, Any]) -> None:
    """Check the whole file but for its rows.

    Raises
    ------
    DataError
        With the place of the first value that cannot be right.
    """
    kind = document.get("kind")
    if kind not in RECORDS:
        _fail("kind", kind, f"one of {', '.join(RECORDS)}")
    fit = document.get("fit")
    _record(RECORDS[kind], NOT_STORED)(fit, "fit")
    _record(Call)(document.get("call"), "call")
    _mapping_of({**DESIGN, "further": _list_of(_further)}, optional=("event", "further"))(
        document.get("design"), "design"
    )
    _list_of(_number, 5)(document.get("quartiles"), "quartiles")
    if kind in ("lmer", "glmer", "glmmTMB"):
        _record(Run)(document.get("run"), "run")
        _text_keys(document.get("engine"), "engine")
        _each(_each(_numbers))(document.get("tests", {}), "tests")
        _or_none(_text)(document.get("ddf"), "ddf")
    else:
        _or_none(_each(_number))(document.get("few", MISSING), "few")
    if kind == "lm":
        _record(Goodness)(document.get("goodness"), "goodness")
        _truth(document.get("weighted"), "weighted")
    if kind in ("glmer", "glmmTMB"):
        _number(document.get("deviance"), "deviance")
        _number(document.get("indicated", math.nan), "indicated")
    _check_sizes(document["fit"], document["design"])


def _check_sizes(fit: Mapping[str, Any], design: Mapping[str, Any]) -> None:
    """Lengths that must agree with each other."""
    fixed = design["fixed"]
    p, r, terms = len(fixed["names"]), len(fit["kept"]), len(fixed["terms"])
    _length("design/fixed/assign", fixed["assign"], p)
    _places("design/fixed/assign", fixed["assign"], -1, terms)
    _places("fit/kept", fit["kept"], 0, p)
    if len(set(fit["kept"])) < r:
        _fail("fit/kept", fit["kept"], "different places")
    _length("fit/beta", fit["beta"], r)
    parts = fit.get("further", [])
    _length("design/further", design.get("further", []), len(parts))
    m = _elements(fit.get("sizes", []))
    m_all, r_all = m + sum(_elements(part["sizes"]) for part in parts), r + sum(len(part["kept"]) for part in parts)
    shapes = len(fit.get("psi", []))
    joint = m_all + r_all + shapes if "vcov_joint" in fit else m
    for name, side in {"vcov_unscaled": r, "vcov_conditional": r_all, "vcov_joint": joint, "hessian": joint}.items():
        if fit.get(name) is not None and np.size(np.array(fit[name], dtype=float)) != side * side:
            _fail(f"fit/{name}", fit[name], f"{side} x {side} numbers")
    if "sizes" not in fit:
        return
    _length("fit/theta", fit["theta"], m)
    if "gradient" in fit:  # a further linear predictor has its part of the whole's
        _length("fit/gradient", fit["gradient"], joint)
    _check_effects(fit, design)
    for own, laid in zip(parts, design.get("further", []), strict=True):
        if own["component"] != laid["component"]:
            _fail("design/further", laid["component"], own["component"])
        _check_sizes(own, laid)


def _elements(sizes: Sequence[int]) -> int:
    """Elements of theta."""
    return sum(k * (k + 1) // 2 for k in sizes)


def _check_effects(fit: Mapping[str, Any], design: Mapping[str, Any]) -> None:
    """Lengths of what random terms have."""
    spec = design["spec"]
    random, groups = design["random"], spec["groups"]
    for name, values in (("fit/sizes", fit["sizes"]), ("fit/u", fit["u"]), ("design/spec/terms", spec["terms"])):
        _length(name, values, len(random))
    _places("design/random", [term[2] for term in random], 0, len(groups))
    _places("design/spec/terms", [term[1] for term in spec["terms"]], 0, len(groups))
    for i, (term, k) in enumerate(zip(random, fit["sizes"], strict=True)):
        _length(f"design/random/{i}", term[3], k)
        count = _count(groups[term[2]]["levels"])
        if np.size(np.array(fit["u"][i], dtype=float)) != count * k:
            _fail(f"fit/u/{i}", fit["u"][i], f"{count} x {k} numbers")


def _count(levels: Mapping[str, Any]) -> int:
    return len(levels["cells"] if "cells" in levels else levels["values"])


# -- checks of a value ------------------------------------------------------------------------------------------------


def _fail(place: str, value: Any, wanted: str) -> NoReturn:
    raise DataError(f"it is damaged: {place} is {value!r:.60}, where {wanted} should be")


def _text(value: Any, place: str) -> None:
    if not isinstance(value, str):
        _fail(place, value, "a text")


def _truth(value: Any, place: str) -> None:
    if not isinstance(value, bool):
        _fail(place, value, "true or false")


def _number(value: Any, place: str) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, float) and not (whole and abs(value) < LARGEST):
        _fail(place, value, "a number")


def _whole(value: Any, place: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not abs(value) < LARGEST:
        _fail(place, value, "a whole number")


def _numbers(value: Any, place: str) -> None:
    """A number, or an array of numbers as lists of one length."""
    _any_numbers(value, place)
    try:
        np.array(value, dtype=float)
    except (ValueError, TypeError):
        _fail(place, value, "an array of numbers")


def _any_numbers(value: Any, place: str) -> None:
    if isinstance(value, list):
        for item in value:
            _any_numbers(item, place)
    else:
        _number(value, place)


def _vector(value: Any, place: str) -> None:
    _list_of(_number)(value, place)


def _matrix(value: Any, place: str) -> None:
    if not isinstance(value, list):
        _fail(place, value, "a matrix")
    _numbers(value, place)


def _list_of(check: Check, length: int | None = None) -> Check:
    def checked(value: Any, place: str) -> None:
        if not isinstance(value, list) or (length is not None and len(value) != length):
            _fail(place, value, "a list" if length is None else f"a list of {length}")
        for i, item in enumerate(value):
            check(item, f"{place}/{i}")

    return checked


def _row_of(*checks: Check) -> Check:
    def checked(value: Any, place: str) -> None:
        if not isinstance(value, list) or len(value) != len(checks):
            _fail(place, value, f"a list of {len(checks)}")
        for i, (check, item) in enumerate(zip(checks, value, strict=True)):
            check(item, f"{place}/{i}")

    return checked


def _or_none(check: Check) -> Check:
    return lambda value, place: None if value is None else check(value, place)


def _text_keys(value: Any, place: str) -> None:
    if not isinstance(value, dict):
        _fail(place, value, "a mapping")


def _each(check: Check) -> Check:
    def checked(value: Any, place: str) -> None:
        _text_keys(value, place)
        for key, item in value.items():
            check(item, f"{place}/{key}")

    return checked


def _mapping_of(checks: Mapping[str, Check], optional: Sequence[str] = ()) -> Check:
    """A mapping with these keys, and no others."""

    def checked(value: Any, place: str) -> None:
        _text_keys(value, place)
        for key, check in checks.items():
            if key in value:
                check(value[key], f"{place}/{key}")
            elif key not in optional:
                _fail(f"{place}/{key}", None, "a value")
        if strange := sorted(value.keys() - checks.keys()):
            _fail(f"{place}/{strange[0]}", value[strange[0]], "nothing")

    return checked


def _record(cls: type, left_out: Sequence[str] = ()) -> Check:
    """A mapping with the fields of a record; those with a default, and LATER ones, may be absent."""
    known = [field for field in fields(cls) if field.name not in left_out]
    checks = {field.name: _by_annotation(str(field.type)) for field in known}
    later = [
        field.name
        for field in known
        if field.default is not MISSING or field.default_factory is not MISSING or field.name in LATER
    ]
    return _mapping_of(checks, later)


def _by_annotation(annotation: str) -> Check:
    if annotation.endswith(" | None"):
        return _or_none(_by_annotation(annotation.removesuffix(" | None")))
    if annotation.startswith("Literal["):
        words = [word.strip("\"' ") for word in annotation[len("Literal[") : -1].split(",")]
        return _one_of(words)
    return ANNOTATIONS[annotation]


def _one_of(words: Sequence[str]) -> Check:
    def checked(value: Any, place: str) -> None:
        if value not in words:
            _fail(place, value, f"one of {', '.join(words)}")

    return checked


def _length(place: str, values: Sequence[Any], n: int) -> None:
    if len(values) != n:
        _fail(place, values, f"a list of {n}")


def _places(place: str, values: Sequence[int], first: int, end: int) -> None:
    if any(not first <= value < end for value in values):
        _fail(place, values, f"whole numbers from {first} to {end - 1}")


# -- parts of the file ------------------------------------------------------------------------------------------------


def _levels(value: Any, place: str) -> None:
    """Levels of a factor, or the combinations of several."""
    if isinstance(value, dict) and "cells" in value:
        _mapping_of({"cells": _list_of(_whole), "parts": _list_of(_levels)})(value, place)
        size = math.prod(_count(part) for part in value["parts"])
        _places(f"{place}/cells", value["cells"], 0, size)
        return
    _mapping_of({"values": _list_of(_level), "dtype": _dtype}, ["dtype"])(value, place)
    kind = value.get("dtype", "O").lstrip("<>=|")[0]
    for level in value["values"]:
        (_text if kind == "O" else _truth if kind == "b" else _number if kind == "f" else _integer)(level, place)


def _integer(value: Any, place: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**64:
        _fail(place, value, "a whole number")


def _level(value: Any, place: str) -> None:
    if not isinstance(value, (str, bool, int, float)):
        _fail(place, value, "a level")


def _dtype(value: Any, place: str) -> None:
    """A type of numbers or times of at most sixteen bytes, which bounds what is allocated."""
    if not isinstance(value, str) or not DTYPE.fullmatch(value):
        _fail(place, value, "a type of numbers")


def _kind(value: Any, place: str) -> None:
    if isinstance(value, str):
        _one_of(KINDS)(value, place)
        return
    _mapping_of({"levels": _levels, "ordered": _truth})(value, place)


def _coding(value: Any, place: str) -> None:
    _mapping_of(
        {
            "kind": _text,
            "matrix": _matrix,
            "suffixes": _or_none(_list_of(_text)),
            "levels_at": _or_none(_list_of(_whole)),
        }
    )(value, place)
    shape = np.shape(value["matrix"])
    if len(shape) != 2:
        _fail(f"{place}/matrix", value["matrix"], "a matrix")
    if value["suffixes"] is not None:
        _length(f"{place}/suffixes", value["suffixes"], shape[1])
    if value["levels_at"] is not None:
        _length(f"{place}/levels_at", value["levels_at"], shape[1])
        _places(f"{place}/levels_at", value["levels_at"], 0, shape[0])


def _group(value: Any, place: str) -> None:
    parts = {"name": _text, "factors": _list_of(_text), "parts": _list_of(_levels), "levels": _levels}
    _mapping_of(parts)(value, place)
    cells = value["levels"].get("cells")
    _length(f"{place}/factors", value["factors"], 1 if cells is None else len(value["levels"]["parts"]))


def _family(value: Any, place: str) -> None:
    """A distribution with its link, the shapes that are fixed, and the parts it may have."""
    _text_keys(value, place)
    shapes = {name: _or_none(_number) for name in value if name not in ("family", "link", "theta", "at", "parts")}
    parts = _mapping_of({"zeros": _truth, "dispersion": _truth, "role": _or_none(_one_of(("cases", "precision")))})
    own = {"family": _text, "link": _text, "theta": _or_none(_number), "at": _list_of(_number), "parts": parts}
    _mapping_of({**own, **shapes}, optional=("at", "parts"))(value, place)


def _predictor(value: Any, place: str) -> None:
    """The estimates of a further linear predictor."""
    _record(PredictorFit, NOT_STORED)(value, place)
    p = len(value["kept"])
    if np.size(np.array(value["vcov"], dtype=float)) != p * p:
        _fail(f"{place}/vcov", value["vcov"], f"{p} x {p} numbers")


def _further(value: Any, place: str) -> None:
    """The design of a further linear predictor."""
    _mapping_of({**DESIGN, "component": _one_of(("zi", "disp"))}, optional=("event",))(value, place)


def _of_env(value: Any, place: str) -> None:
    """A constant of ``env=``, or that a function or an array stood there."""
    _text_keys(value, place)
    if value.keys() == {"absent"}:
        if value["absent"] not in ("function", "array"):
            _fail(f"{place}/absent", value["absent"], "'function' or 'array'")
    elif value.keys() != {"constant"} or not isinstance(value["constant"], (str, bool, int, float, type(None))):
        _fail(place, sorted(value), "a constant or what is absent")


def _states(value: Any, place: str) -> None:
    _text_keys(value, place)
    for key, state in value.items():
        check = next((check for start, check in REMEMBERED.items() if key.startswith(start)), _state)
        check(state, f"{place}/{key}")


def _state(value: Any, place: str) -> None:
    """What a call remembers: a number, a unit, levels, or the numbers of a basis."""
    if not isinstance(value, dict):
        (_text if isinstance(value, str) else _number)(value, place)
    elif "values" in value or "cells" in value:
        _levels(value, place)
    elif "parts" in value:
        _mapping_of({"parts": _list_of(_state)})(value, place)
    elif value:
        keys = next((keys for keys in BASES if value.keys() == keys), None)
        if keys is None:
            _fail(place, sorted(value), "the state of a basis")
        for key, numbers in value.items():
            (_number if key in ("center", "scale") else _vector)(numbers, f"{place}/{key}")
        if "alpha" in value:
            _length(f"{place}/norm2", value["norm2"], len(value["alpha"]) + 2)
        if "boundary" in value:
            _length(f"{place}/boundary", value["boundary"], 2)


def _offset(value: Any, place: str) -> None:
    if value is not None and value is not True:
        _text(value, place)


def _event(value: Any, place: str) -> None:
    if value is not None and not isinstance(value, (str, bool, int, float)):
        _fail(place, value, "a level")


def _certificate(value: Any, place: str) -> None:
    _text_keys(value, place)
    _truth(value.get("holds"), f"{place}/holds")
    for name, item in value.items():
        if name == "flat":  # which variances are not identified, in words
            _list_of(_text)(item, f"{place}/{name}")
        elif name != "holds":
            _or_none(_numbers)(item, f"{place}/{name}")


ANNOTATIONS: dict[str, Check] = {
    "int": _whole,
    "float": _number,
    "bool": _truth,
    "str": _text,
    "Vector": _vector,
    "Matrix": _matrix,
    "Family": _family,
    "FamilyWithParts": _family,
    "Constraints": _mapping_of(
        {
            "reml": _truth,
            "priors": _list_of(_row_of(_text, _whole, _whole, _text, _list_of(_number))),
            "held": _or_none(_vector),
            "ties": _list_of(_list_of(_whole)),
        }
    ),
    "Component": _one_of(("zi", "disp")),
    "tuple[PredictorFit, ...]": _list_of(_predictor),
    "tuple[int, ...]": _list_of(_whole),
    "tuple[str, ...]": _list_of(_text),
    "tuple[Matrix, ...]": _list_of(_matrix),
    "Mapping[str, Any]": _certificate,
    "tuple[tuple[float, float, float], ...]": _list_of(_row_of(_number, _number, _number)),
}

REMEMBERED: dict[str, Check] = {"levels of ": _levels, "unit of ": _text}  # else the text of a call

SPEC: dict[str, Check] = {
    "version": _whole,
    "formula": _text,
    "kinds": _each(_kind),
    "states": _states,
    "contrasts": _each(_coding),
    "order": _list_of(_row_of(_whole, _whole)),
    "terms": _list_of(_row_of(_text, _whole)),
    "groups": _list_of(_group),
    "offset": _offset,
    "matrices": _list_of(_row_of(_text, _list_of(_text), _list_of(_text))),
    "env": _each(_of_env),
}

DESIGN: dict[str, Check] = {
    "formula": _text,
    "response_name": _text,
    "event": _event,
    "fixed": _mapping_of(
        {"names": _list_of(_text), "assign": _list_of(_whole), "terms": _list_of(_text), "contrasts": _each(_text)}
    ),
    "random": _list_of(_row_of(_text, _text, _whole, _list_of(_text), _text)),
    "n_table": _whole,
    "dropped": _whole,
    "na_action": _one_of(("omit", "exclude", "fail")),
    "spec": _mapping_of(SPEC, optional=LATER),
}
