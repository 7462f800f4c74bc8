"""Files of models that are damaged: each is refused by an error of the package, and what remains can be used."""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels.model.schema import RECORDS, _record

VALUES = [
    None, -1, 1e308, "x", [], {}, {"number": "nan"}, {"number": "inf"}, True, [[1]], "a" * 50, 10**30,
    10**400, [{}], 0.5,
]  # fmt: skip


def data() -> dict[str, Any]:
    r = np.random.default_rng(3)
    n = 120
    g, x = r.integers(0, 12, n), r.normal(size=n)
    return {
        "y": 1 + x + r.normal(size=12)[g] + r.normal(size=12)[g] * x + r.normal(size=n) / 2,
        "x": x,
        "f": np.array(list("abc"))[r.integers(0, 3, n)],
        "g": g,
        "s": r.integers(0, 4, n),
        "w": r.random(n) + 0.5,
        "c": r.poisson(1.5, n),
    }


def models() -> dict[str, Any]:
    d = data()
    d["y"] = d["y"] + d["s"] * (d["f"] == "b")
    return {
        "lm": mm.lm("y ~ poly(x, 2) + f", d, weights="w", contrasts={"f": "sum"}),
        "lmer": mm.lmer("y ~ bs(x, df=4) + (1 | g) + (1 | f:s)", d, REML=False),
        "slopes": mm.lmer("y ~ scale(x) + (x | g)", d),
        "glm": mm.glm("c ~ relevel(f, 'b')", d, "poisson"),
        "glmer": mm.glmer("cbind(s, 4 - s) ~ x + (1 | g)", d, "binomial", nAGQ=5),
    }


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("saved")
    out = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)  # a file of any fit will do
        fits = models()
    for name, model in fits.items():
        model.save(folder / "fit.json")
        out[name] = json.loads((folder / "fit.json").read_text())
    return out


def use(model: Any) -> None:
    d = data()
    str(model.summary())
    repr(model)
    model.predict({name: values[:3] for name, values in d.items()})
    model.vcov()
    model.fixef()


def places(value: Any, at: tuple[Any, ...] = ()) -> Any:
    yield at
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*at, key))
    elif isinstance(value, list):
        for i, item in enumerate(value[:3]):
            yield from places(item, (*at, i))


def changed(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    out = copy.deepcopy(document)
    inner = out
    for step in place[:-1]:
        inner = inner[step]
    if value is KeyError:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return out


@pytest.mark.parametrize("name", ["lm", "lmer", "slopes", "glm", "glmer"])
def test_no_damage_raises_an_error_of_another_kind(name: str, documents: dict[str, Any], tmp_path: Path) -> None:
    document, path = documents[name], tmp_path / "fit.json"
    rng = np.random.default_rng(11)
    refused, leaks = 0, []
    for place in list(places(document))[1:]:
        for value in (KeyError, *(VALUES[i] for i in rng.choice(len(VALUES), 2, replace=False))):
            path.write_text(json.dumps(changed(document, place, value)))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    use(mm.load(path))
            except mm.MixedModelsError:
                refused += 1
            except Exception as error:
                leaks.append((place, value, repr(error)))
    assert leaks == []
    assert refused > 200


@pytest.mark.parametrize(
    "contents",
    [
        b"[" * 200_000 + b"]" * 200_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "\ufeff{}".encode(),
        "{}".encode("utf-16"),
        b"\xff\xfe\x00",
        b'{"number": "abc"}',
        b'{"format": {"number": [1]}}',
        b'{"format": "mixedmodels", "version": NaN}',
        b'{"format": "mixedmodels", "version": true, "kind": "lm"}',
        b"1" * 5000,
        b"",
    ],
)
def test_what_is_no_file_of_a_model(contents: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    path.write_bytes(contents)
    with pytest.raises(mm.DataError, match=r"fit\.json"):
        mm.load(path)


def test_a_type_of_two_gigabytes_is_refused_before_it_is_made(documents: dict[str, Any], tmp_path: Path) -> None:
    text = json.dumps(documents["lmer"]).replace('"dtype": "<i8"', '"dtype": "V2000000000"')
    assert "V2000000000" in text
    (tmp_path / "fit.json").write_text(text)
    with pytest.raises(mm.DataError, match=r"dtype is 'V2000000000', where a type of numbers should be"):
        mm.load(tmp_path / "fit.json")


def test_a_message_names_the_place(documents: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    for place, value, message in (
        (("fit", "theta", 0), "x", r"fit/theta/0 is 'x', where a number should be"),
        (("fit", "beta"), [1.0], r"fit/beta is \[1.0\], where a list of 2 should be"),
        (("fit", "vcov_unscaled", 0), [1.0, 2.0, 3.0], r"fit/vcov_unscaled is .* an array of numbers should be"),
        (("kind",), "gam", r"kind is 'gam', where one of lm, glm, lmer, glmer, glmmTMB should be"),
        (("design", "random", 0, 2), 7, "design/random is .7., where whole numbers from 0 to 0 should be"),
        (("fit", "sigma"), KeyError, "fit/sigma is None, where a value should be"),
        (("fit", "more"), 1, "fit/more is 1, where nothing should be"),
    ):
        path.write_text(json.dumps(changed(documents["slopes"], place, value)))
        with pytest.raises(mm.DataError, match=message):
            mm.load(path)


def test_files_of_earlier_versions_are_read(documents: dict[str, Any], tmp_path: Path) -> None:
    """They have neither the event of a response, nor the tests of a mixed model, nor some fields with defaults."""
    document = copy.deepcopy(documents["slopes"])
    for key in ("tests", "ddf"):
        del document[key]
    del document["design"]["event"], document["fit"]["criterion_error"]
    (tmp_path / "fit.json").write_text(json.dumps(document))
    use(mm.load(tmp_path / "fit.json"))


@pytest.mark.parametrize("old", ["x", "f", "g"])
def test_a_column_may_be_called_number(old: str, tmp_path: Path) -> None:
    """Infinite numbers are stored as a mapping of that name."""
    d = data()
    d["number"] = d.pop(old)
    names = {name: "number" if name == old else name for name in ("x", "f", "g")}
    path = tmp_path / "fit.json"
    for model in (
        mm.lm(f"y ~ {names['x']} + {names['f']}", d),
        mm.lm("y ~ number", d),
        mm.lmer(f"y ~ {names['x']} + {names['f']} + (1 | {names['g']})", d),
    ):
        for rows in (False, True):
            model.save(path, rows=rows)
            np.testing.assert_allclose(mm.load(path).predict(d), model.fitted(), rtol=1e-12)


def test_every_field_of_a_record_has_a_check() -> None:
    for record in RECORDS.values():
        assert callable(_record(record, ("b", "run", "y", "weights", "eta")))


def test_a_missing_file_is_told_as_python_tells_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        mm.load(tmp_path / "none.json")
    for path in (tmp_path, "a\0b"):
        with pytest.raises(mm.FileError, match="cannot read"):
            mm.load(path)
