"""Model matrices and random-effects structures equal what R and lme4 wrote (tests/reference/design/make.R)."""

import gzip
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from tests.support.places import REFERENCE

from mixedmodels import frame
from mixedmodels.design import build, from_json, model_matrix, on_new_data, z_matrix

PATH = REFERENCE / "design" / "model_matrix.json.gz"
R = json.loads(gzip.decompress(PATH.read_bytes()))
# Both sides work in double precision; splines and QR-based bases differ in the last digits only. R wrote 15 digits.
TOLERANCE = 1e-12


def as_list(value):
    return value if isinstance(value, list) else [value]


def pandas_table(stored):
    columns = {}
    for name, column in stored.items():
        if "codes" in column:
            codes = [-1 if c is None else c for c in column["codes"]]
            levels = as_list(column["levels"])
            columns[name] = pd.Categorical.from_codes(codes, levels, ordered=column["ordered"])
        elif "logical" in column:
            columns[name] = np.array(column["logical"])
        elif "text" in column:
            columns[name] = column["text"]
        else:
            columns[name] = np.array(column["numbers"], dtype=float)
    return pd.DataFrame(columns)


TABLE = frame.read(pandas_table(R["table"]))
NEW = frame.read(pandas_table(R["new"]))
GAPS = frame.read(pandas_table(R["gaps"]))


def named(cases):
    return [pytest.param(case, id=f"{i}: {case['formula']}") for i, case in enumerate(cases)]


def close(ours, theirs):
    theirs = np.array(theirs, dtype=float)
    np.testing.assert_allclose(ours, theirs.reshape(ours.shape), rtol=TOLERANCE, atol=TOLERANCE)


def assert_equal(design, case):
    assert list(design.fixed.names) == as_list(case["names"])
    assert [a + 1 for a in design.fixed.assign] == as_list(case["assign"])
    assert list(design.fixed.terms) == as_list(case["labels"])
    assert design.response_name == case["response"]
    close(model_matrix(design.fixed, len(design.response)), case["x"])
    close(design.response, case["y"])
    if as_list(case["offset"]):
        close(design.offset, case["offset"])
    else:
        assert design.offset is None


@pytest.mark.parametrize("case", named(R["fixed"]))
def test_fixed(case):
    assert_equal(build(case["formula"], TABLE), case)


@pytest.mark.parametrize("case", named(R["contrasts"]))
def test_contrasts_by_name(case):
    assert_equal(build(case["formula"], TABLE, contrasts=case["contrasts"]), case)


@pytest.mark.parametrize("case", named(R["custom"]))
def test_contrast_matrices(case):
    matrix = np.array(case["matrix"])
    wanted = pd.DataFrame(matrix, columns=case["columns"]) if case["columns"] else matrix
    assert_equal(build(case["formula"], TABLE, contrasts={"f": wanted}), case)


@pytest.mark.parametrize("case", named(R["missing"]))
def test_missing_rows(case):
    design = build(case["formula"], GAPS)
    assert_equal(design, case)
    assert design.dropped == 36 - len(case["y"])


@pytest.mark.parametrize("case", named(R["new_cases"]))
@pytest.mark.parametrize("way", ["kept", "pickle", "json"])
@pytest.mark.filterwarnings("ignore:some values lie beyond the boundary knots")
def test_new_rows(case, way):
    spec = build(case["formula"], TABLE).spec
    if way == "pickle":
        spec = pickle.loads(pickle.dumps(spec))
    elif way == "json":
        spec = from_json(spec.to_json())
    design = on_new_data(spec, NEW)
    assert list(design.fixed.names) == as_list(case["names"])
    close(model_matrix(design.fixed, 5), case["x"])


def z_blocks(case):
    """Z by term; its columns come in lme4's order."""
    z = np.array(case["z"])
    groups = as_list(case["groups"])
    at = 0
    for group, effects, levels in zip(groups, case["effects"], case["levels"], strict=True):
        width = len(effects) * len(levels)
        yield group.split(".")[0], tuple(effects), tuple(levels), z[:, at : at + width]
        at += width
    assert at == z.shape[1]


@pytest.mark.parametrize("case", named(R["random"]))
@pytest.mark.filterwarnings("ignore:.*splits terms but not")
def test_random(case):
    design = build(case["formula"], TABLE)
    theirs = list(z_blocks(case))
    ours = z_matrix(design).toarray()
    assert [design.groups[t.group].n_levels for t in design.random] == [len(levels) for levels in case["levels"]]
    at = 0
    for term, (name, effects, levels, z) in zip(design.random, theirs, strict=True):
        group = design.groups[term.group]
        assert (group.name, term.effects) == (name, effects)
        assert group.levels.labels == levels
        close(ours[:, at : at + z.shape[1]], z)
        at += z.shape[1]
    assert at == ours.shape[1]
    assert list(design.fixed.names) == as_list(case["names"])
    close(model_matrix(design.fixed, 36), case["x"])


def test_enough_cases():
    assert len(R["fixed"]) + len(R["contrasts"]) + len(R["custom"]) >= 60
    assert len(R["random"]) >= 15
