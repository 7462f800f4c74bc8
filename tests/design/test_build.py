"""What a design holds: rows, groups, order of terms, weights, and the same layout for new rows."""

import pickle

import numpy as np
import pandas as pd
import pytest

from mixedmodels import frame
from mixedmodels.design import build, from_json, model_matrix, on_new_data, z_matrix
from mixedmodels.design.groups import CellLevels, combine, grouping_factor, number
from mixedmodels.frame import Numeric, as_factor

N = 60
RNG = np.random.default_rng(20240601)
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=N),
        "x": RNG.normal(size=N),
        "z": RNG.uniform(1, 2, size=N),
        "w": RNG.uniform(1, 2, size=N),
        "g": pd.Categorical(np.tile(list("abcde"), 12)),
        "h": pd.Categorical(np.repeat(["q", "p", "r"], 20)),
        "k": np.repeat(np.arange(12), 5),
        "t": np.tile([True, False], 30),
    }
)
TABLE = frame.read(DATA)


def labels(design):
    return [(term.label, term.effects) for term in design.random]


def test_columns_are_the_callers_own():
    """No copy where nothing is missing; a column of ones is not made."""
    design = build("y ~ x + (x | g)", TABLE)
    assert design.fixed.columns[0] is None
    for column in (design.fixed.columns[1], design.random[0].columns[1]):
        assert np.shares_memory(column, TABLE.column("x").values)
    assert np.shares_memory(design.response, TABLE.column("y").values)
    assert design.rows is None
    assert design.positions is None


def test_terms_with_more_levels_come_first():
    design = build("y ~ (1 | h) + (1 | g) + (x | k) + (0 + z | h) + (0 + z | g)", TABLE)
    assert [(t.label, design.groups[t.group].n_levels) for t in design.random] == [
        ("k", 12), ("g", 5), ("g.1", 5), ("h", 3), ("h.1", 3),
    ]  # fmt: skip
    assert [g.name for g in design.groups] == ["k", "g", "h"]
    # lme4 turns equals around where it has to move anything, and leaves an order that is right already alone.
    assert [t.text for t in design.random if t.label == "g.1"] == ["1 | g"]
    design = build("y ~ (x | k) + (1 | g) + (0 + z | g) + (1 | h)", TABLE)
    assert [t.text for t in design.random] == ["x | k", "1 | g", "0 + z | g", "1 | h"]


def test_a_group_is_coded_once():
    design = build("y ~ (1 | g) + (0 + x | g) + (0 + z | g)", TABLE)
    assert [t.label for t in design.random] == ["g", "g.1", "g.2"]
    assert [t.group for t in design.random] == [0, 0, 0]
    assert len(design.groups) == 1
    assert design.groups[0].codes.dtype == np.int8


def test_nested_and_crossed_groups():
    design = build("y ~ (1 | h/g)", TABLE)
    assert [g.name for g in design.groups] == ["g:h", "h"]
    # The inner factor runs slowest, as in lme4.
    assert design.groups[0].levels.labels[:4] == ("a:p", "a:q", "a:r", "b:p")
    both = [f"{g}:{h}" for g, h in zip(DATA["g"], DATA["h"], strict=True)]
    assert [design.groups[0].levels.labels[c] for c in design.groups[0].codes] == both
    crossed = build("y ~ (1 | g*h)", TABLE)
    assert [g.name for g in crossed.groups] == ["g:h", "g", "h"]


@pytest.mark.parametrize("sizes", [(3, 4), (40, 50), (3000, 4000)])
def test_only_observed_combinations_become_levels(sizes):
    """With few and with many possible cells (the latter are sorted, not tabulated)."""
    a, b = (RNG.integers(0, k, size=N) for k in sizes)
    design = build("y ~ (1 | a:b)", frame.read({"y": DATA["y"].to_numpy(), "a": a, "b": b}))
    pairs = sorted(set(zip(a.tolist(), b.tolist(), strict=True)))
    group = design.groups[0]
    assert isinstance(group.levels, CellLevels)
    assert group.levels.labels == tuple(f"{i}:{j}" for i, j in pairs)
    assert [pairs[c] for c in group.codes] == list(zip(a.tolist(), b.tolist(), strict=True))


def test_unused_levels_are_dropped():
    design = build("y ~ g + (1 | g) + (1 | g:h)", TABLE, subset="g != 'c' & h != 'q'")
    assert design.fixed.names == ("(Intercept)", "gb", "gd", "ge")
    assert {g.name: g.levels.labels for g in design.groups} == {
        "g:h": ("a:p", "a:r", "b:p", "b:r", "d:p", "d:r", "e:p", "e:r"),
        "g": ("a", "b", "d", "e"),
    }


def test_missing_rows_of_used_variables_only():
    data = DATA.copy()
    data.loc[[1, 4], "x"] = np.nan
    data["g"] = data["g"].where(data.index != 9)
    data.loc[20, "w"] = np.nan
    data["unused"] = np.nan
    design = build("y ~ x + (1 | g)", frame.read(data), weights="w")
    gone = [1, 4, 9, 20]
    assert (design.dropped, design.n_table) == (4, N)
    np.testing.assert_array_equal(design.rows, np.delete(np.arange(N), gone))
    np.testing.assert_array_equal(design.weights, np.delete(data["w"].to_numpy(), gone))
    assert build("y ~ z", frame.read(data)).dropped == 0


def test_subset_comes_first():
    data = DATA.copy()
    data.loc[[1, 4], "x"] = np.nan
    kept = np.flatnonzero(data["z"] > 1.5)
    for subset in ("z > 1.5", (data["z"] > 1.5).to_numpy(), kept):
        design = build("y ~ x", frame.read(data), subset=subset)
        used = [i for i in kept if i not in (1, 4)]
        assert design.n_table == len(kept)
        np.testing.assert_array_equal(design.positions, used)
        np.testing.assert_array_equal(design.response, data["y"].to_numpy()[used])


def test_weights_and_offsets():
    w = DATA["w"].to_numpy()
    for given in ("w", "w * 1", w, list(w)):
        np.testing.assert_array_equal(build("y ~ x", TABLE, weights=given).weights, w)
    np.testing.assert_allclose(build("y ~ x", TABLE, weights="1 / w").weights, 1 / w)
    design = build("y ~ x + offset(log(z)) + offset(w)", TABLE, offset="2 * w")
    np.testing.assert_allclose(design.offset, np.log(DATA["z"]) + 3 * w)
    assert design.fixed.names == ("(Intercept)", "x")
    new = on_new_data(design.spec, frame.read(DATA.iloc[:3]))
    np.testing.assert_allclose(new.offset, design.offset[:3])


def test_env():
    env = {"outer": DATA["x"].to_numpy() * 2, "k2": 3, "double": lambda v: 2 * v, "x": "never looked at"}
    design = build("y ~ outer + I(z + k2) + double(x)", TABLE, env=env)
    x, z = DATA["x"].to_numpy(), DATA["z"].to_numpy()
    np.testing.assert_allclose(model_matrix(design.fixed)[:, 1:], np.column_stack([2 * x, z + 3, 2 * x]))


def test_responses():
    def response(formula, **arguments):
        return build(formula, TABLE, **arguments).response

    np.testing.assert_array_equal(response("t ~ x"), DATA["t"].to_numpy(float))
    np.testing.assert_array_equal(response("cbind(z, w) ~ x"), DATA[["z", "w"]].to_numpy())
    np.testing.assert_allclose(response("log(z) + 1 ~ x"), np.log(DATA["z"]) + 1)
    np.testing.assert_array_equal(response("h != 'p' ~ x", response="binomial"), (DATA["h"] != "p").to_numpy(float))
    two = (DATA["h"] != "r").to_numpy()
    successes = response("h ~ x", subset=two, response="binomial")
    np.testing.assert_array_equal(successes, (DATA["h"][two] == "q").to_numpy(float))
    assert build("~ x", TABLE).response is None
    assert build("~ x", TABLE).response_name == ""


def test_independent_effects_by_diag():
    design = build("y ~ diag(1 + x + h | g)", TABLE)
    assert labels(design) == [
        ("g", ("(Intercept)",)), ("g.1", ("x",)), ("g.2", ("hq",)), ("g.3", ("hr",)),
    ]  # fmt: skip
    together = build("y ~ (1 + x + h | g)", TABLE)
    ours = z_matrix(design).toarray().reshape(N, 4, 5).transpose(0, 2, 1).reshape(N, 20)
    np.testing.assert_array_equal(ours, z_matrix(together).toarray())
    new = on_new_data(design.spec, frame.read(DATA.iloc[::7]))
    np.testing.assert_array_equal(z_matrix(new).toarray(), z_matrix(design).toarray()[::7])


def test_contrasts_of_random_effects_are_the_default_ones():
    design = build("y ~ h + (h | g)", TABLE, contrasts={"h": "sum"})
    assert design.fixed.names == ("(Intercept)", "h1", "h2")
    assert design.fixed.contrasts == {"h": "sum"}
    assert design.random[0].effects == ("(Intercept)", "hq", "hr")


def test_contrasts_within_the_formula():
    design = build("y ~ C(h, sum) + C(g, contr.helmert)", TABLE)
    other = build("y ~ h + g", TABLE, contrasts={"h": "sum", "g": "helmert"})
    np.testing.assert_array_equal(model_matrix(design.fixed), model_matrix(other.fixed))
    new = on_new_data(from_json(design.spec.to_json()), frame.read(DATA.iloc[:4]))
    np.testing.assert_array_equal(model_matrix(new.fixed), model_matrix(design.fixed)[:4])


def test_numbers_of_a_column_are_remembered():
    design = build("y ~ I(x - mean(x)) + I(z / sd(z))", TABLE)
    new = on_new_data(design.spec, frame.read(DATA.iloc[:4]))
    np.testing.assert_allclose(model_matrix(new.fixed), model_matrix(design.fixed)[:4], rtol=1e-15)


def test_dot():
    design = build("y ~ . - k - h - t + (1 | h)", TABLE)
    assert design.fixed.names == ("(Intercept)", "x", "z", "w", "gb", "gc", "gd", "ge")
    assert design.formula == "y ~ x + z + w + g + h + k + t - k - h - t + (1 | h)"
    assert on_new_data(design.spec, frame.read(DATA.iloc[:2])).fixed.names == design.fixed.names


SPECS = {
    "kept": lambda spec: spec,
    "pickle": lambda spec: pickle.loads(pickle.dumps(spec)),
    "json": lambda spec: from_json(spec.to_json()),
}


@pytest.mark.parametrize("way", SPECS)
class TestNewRows:
    def design(self, way, formula="y ~ x * h + scale(z) + (x | g) + (1 | h/g) + (1 | k)"):
        design = build(formula, TABLE)
        return design, SPECS[way](design.spec)

    def test_rows_of_the_fit_come_back(self, way):
        design, spec = self.design(way)
        rows = np.array([3, 59, 17, 0])
        for changed in ({}, {"g": str}, {"k": float}, {"h": str, "k": str}):
            new = on_new_data(spec, frame.read(DATA.iloc[rows].astype(changed)), response=True)
            assert new.fixed.names == design.fixed.names
            np.testing.assert_array_equal(model_matrix(new.fixed), model_matrix(design.fixed)[rows])
            np.testing.assert_array_equal(z_matrix(new).toarray(), z_matrix(design).toarray()[rows])
            np.testing.assert_array_equal(new.response, design.response[rows])
            assert [g.levels.labels for g in new.groups] == [g.levels.labels for g in design.groups]

    def test_unseen_and_missing_levels(self, way):
        _, spec = self.design(way, "y ~ (1 | g) + (1 | h:g)")
        new = frame.read({"g": ["a", "new", None, "e"], "h": ["p", "p", "q", "none"]})
        codes = {g.name: g.codes.tolist() for g in on_new_data(spec, new).groups}
        assert codes == {"g": [0, -1, -2, 4], "h:g": [0, -1, -2, -1]}
        assert z_matrix(on_new_data(spec, new)).toarray()[1:3].sum() == 0

    def test_combination_that_was_not_there(self, way):
        design = build("y ~ (1 | g:h)", TABLE, subset="g != 'a' | h != 'p'")
        new = on_new_data(SPECS[way](design.spec), frame.read({"g": ["a", "a", "b"], "h": ["p", "q", "p"]}))
        labels = design.groups[0].levels.labels
        assert new.groups[0].codes.tolist() == [-1, labels.index("a:q"), labels.index("b:p")]

    def test_terms_that_are_not_wanted_need_no_columns(self, way):
        design, spec = self.design(way)
        only = frame.read(DATA[["x", "h", "z"]].iloc[:3])
        new = on_new_data(spec, only, random=())
        assert new.random == ()
        np.testing.assert_array_equal(model_matrix(new.fixed), model_matrix(design.fixed)[:3])
        at = [t.label for t in design.random].index("g")
        new = on_new_data(spec, frame.read(DATA[["x", "h", "z", "g"]].iloc[:3]), random=[at])
        assert labels(new) == [("g", ("(Intercept)", "x"))]
        assert [g.name for g in new.groups] == ["g"]

    def test_missing_values_pass_or_go(self, way):
        _, spec = self.design(way)
        data = DATA.iloc[:5].astype({"h": object, "g": object})
        data.loc[0, "x"] = np.nan
        data.loc[1, "h"] = None
        data.loc[2, "g"] = None
        passed = on_new_data(spec, frame.read(data))
        x = model_matrix(passed.fixed)
        assert np.isnan(x[0, 1])
        assert np.isnan(x[1]).any()
        assert np.isfinite(x[2:]).all()
        kept = on_new_data(spec, frame.read(data), na_action="omit")
        np.testing.assert_array_equal(kept.rows, [3, 4])
        assert kept.dropped == 3
        np.testing.assert_array_equal(model_matrix(kept.fixed), x[3:])


@pytest.mark.parametrize("kind", ["dict", "polars", "pyarrow", "numpy"])
def test_any_table(kind):
    formula = "log(z) ~ x * h + t + poly(w, 2) + (x | g) + (1 | h:k)"
    if kind == "dict":
        data = {name: DATA[name].to_numpy() for name in DATA.columns}
    elif kind == "numpy":
        data = DATA.astype({"g": "U1", "h": "U1"}).to_records(index=False, column_dtypes={"g": "U1", "h": "U1"})
    elif kind == "polars":
        data = pytest.importorskip("polars").DataFrame({n: DATA[n].astype(object).to_list() for n in DATA.columns})
    else:
        data = pytest.importorskip("pyarrow").table({n: DATA[n].astype(object).to_list() for n in DATA.columns})
    ours, theirs = build(formula, frame.read(data)), build(formula, TABLE)
    assert ours.fixed.names == theirs.fixed.names
    np.testing.assert_array_equal(model_matrix(ours.fixed), model_matrix(theirs.fixed))
    np.testing.assert_array_equal(z_matrix(ours).toarray(), z_matrix(theirs).toarray())
    assert [g.levels.labels for g in ours.groups] == [g.levels.labels for g in theirs.groups]


def test_matrices_of_designs_without_columns():
    design = build("y ~ 0", TABLE)
    assert model_matrix(design.fixed, N).shape == (N, 0)
    assert z_matrix(design).shape == (N, 0)
    assert model_matrix(build("y ~ 1", TABLE).fixed, N).sum() == N
    with pytest.raises(ValueError, match="n says how many rows"):
        model_matrix(design.fixed)


SEEDS = {
    # Formulas of the teaching texts -> (grouping factor, effects) of each random term.
    "y ~ x + (1|g)": [("g", ("(Intercept)",))],
    "y ~ x + h + (1|g)": [("g", ("(Intercept)",))],
    "y ~ x + (1|g) + (0+x|g)": [("g", ("(Intercept)",)), ("g", ("x",))],
    "y ~ x + (1|g) + (1|h)": [("g", ("(Intercept)",)), ("h", ("(Intercept)",))],
    "y ~ x + (x|g)": [("g", ("(Intercept)", "x"))],
    "y ~ x + (1 + x|g)": [("g", ("(Intercept)", "x"))],
    "y ~ x + (0 + x|g)": [("g", ("x",))],
    "y ~ x + (x||g)": [("g", ("(Intercept)",)), ("g", ("x",))],
}


@pytest.mark.parametrize(("formula", "expected"), SEEDS.items())
def test_designs_that_the_texts_imply(formula, expected):
    design = build(formula, TABLE, random="required")
    assert [(design.groups[t.group].name, t.effects) for t in design.random] == expected
    n_theta = sum(k * (k + 1) // 2 for k in (len(t.effects) for t in design.random))
    assert z_matrix(design).shape == (N, sum(design.groups[t.group].n_levels * len(t.effects) for t in design.random))
    assert n_theta == {1: 1, 2: 3}[len(expected[0][1])] + (len(expected) - 1)


def test_binomial_response_with_missing_and_unused_levels():
    outcome = pd.Categorical(["no", "yes", None, "yes"] * 15, categories=["never", "no", "yes"])
    data = DATA.assign(outcome=outcome)
    design = build("outcome ~ x", frame.read(data), response="binomial")
    assert design.dropped == 15
    np.testing.assert_array_equal(design.response, [0, 1, 1] * 15)
    new = on_new_data(design.spec, frame.read(data.iloc[:4]), response=True, response_kind="binomial")
    np.testing.assert_array_equal(new.response, [0, 1, np.nan, 1])


def test_truth_values_under_other_contrasts():
    t = DATA["t"].to_numpy(float)
    expected = {"SAS": ("tFALSE", 1 - t), "sum": ("t1", 1 - 2 * t), "helmert": ("t1", 2 * t - 1)}
    for name, (label, column) in expected.items():
        fixed = build("y ~ t", TABLE, contrasts={"t": name}).fixed
        assert fixed.names == ("(Intercept)", label)
        np.testing.assert_array_equal(fixed.columns[1], column)


@pytest.mark.parametrize("kinds", [("in", "out"), ("out", "in"), ("in", "free"), ("out", "mid", "in"), ("same", "in")])
def test_nested_factors_combine_as_any_others_do(kinds):
    """Where one factor determines the others, levels are combined, not rows; nothing else may differ."""
    rng = np.random.default_rng(0)
    inner = rng.permutation(np.r_[np.arange(40), rng.integers(0, 40, 8000)])
    values = {"in": inner, "mid": inner // 3, "out": inner % 7, "same": -inner, "free": inner[::-1] % 5}
    factors = [as_factor(Numeric(values[kind].astype(float))) for kind in kinds]
    group = grouping_factor(":".join(kinds), factors)
    codes, observed = number(*combine([(f.codes, len(f.levels)) for f in factors], "g"))
    assert np.array_equal(group.codes, codes)
    assert group.codes.dtype == np.int32
    assert np.array_equal(group.levels.cells, observed)
