"""Whatever formula and table come together, there is a design or one of the package's own errors."""

import warnings

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixedmodels import frame
from mixedmodels.design import build, from_json, model_matrix, on_new_data, z_matrix
from mixedmodels.errors import MixedModelsError, MixedModelsWarning

ATOMS = """
x; z; f; g; t; k; b; absent; 1; 0; log(x); I(x^2); poly(x, 2); bs(z, df = 4); ns(z, 2); scale(x);
factor(k); x > 0; f == 'a'; ordered(k); cbind(x, z); interaction(f, g); sqrt(z); offset(z); I(f);
I(x / 0); cut(x, c(-1, 0, 1)); round(x, z); nope(x); mean(x); as.numeric(f); -x; I(x:z);
poly(x, 2) > 0; I(cbind(x, z) + x); !t; I(t & !b | x > 1); 1 > 0; I(cbind(x, z) > x);
ifelse(t, x, z);
"""
ATOMS = [atom.strip() for atom in ATOMS.split(";") if atom.strip()]
OPERATORS = [" + ", " * ", ":", " - ", "/", " %in% "]
GROUPS = ["g", "f", "k", "f/g", "f:g", "f*g", "factor(k)", "x", "absent", "t"]
VALUES = st.one_of(st.floats(-3, 3), st.sampled_from([np.nan, np.inf, 0.0, 1e300]))


@st.composite
def formulas(draw):
    pieces = draw(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=4))
    text = pieces[0]
    for piece in pieces[1:]:
        text += draw(st.sampled_from(OPERATORS)) + piece
    for _ in range(draw(st.integers(0, 2))):
        effects, bar, group = (
            draw(st.sampled_from(ATOMS)),
            draw(st.sampled_from(["|", "||"])),
            draw(st.sampled_from(GROUPS)),
        )
        text += f" + ({effects} {bar} {group})"
    return f"{draw(st.sampled_from(['y', 'log(y)', 'f', 'cbind(x, z)', 'x']))} ~ {text}"


@st.composite
def tables(draw):
    n = draw(st.integers(1, 12))

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    some = st.sampled_from
    return pd.DataFrame(
        {
            "y": column(VALUES),
            "x": column(VALUES),
            "z": column(st.floats(0.1, 5)),
            "f": pd.Categorical(column(some(["a", "b", "c", None])), categories=["a", "b", "c", "d"]),
            "g": column(some(["u", "v", "w"])),
            "t": column(st.booleans()),
            "k": column(st.integers(0, 4)),
            "b": column(some([True, False, None])),
        }
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(formulas(), tables(), st.sampled_from(["allowed", "required"]), st.sampled_from([None, "z", "x", "x > 0"]))
def test_a_design_or_an_error_of_ours(formula, data, random, third):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", MixedModelsWarning)
        try:
            table = frame.read(data)
            subset = third if third and ">" in third else None
            design = build(formula, table, random=random, weights=None if subset else third, subset=subset)
        except MixedModelsError as error:
            message = str(error)
        else:
            message = None
            check(design, data)
    assert message is None or len(message) > 20


def check(design, data):
    n = design.n_table - design.dropped
    x = model_matrix(design.fixed, n)
    assert x.shape == (n, len(design.fixed.names))
    assert np.isfinite(x).all()
    assert np.isfinite(design.response).all()
    z = z_matrix(design)
    assert z.shape[0] == n
    for group in design.groups:
        assert set(group.codes.tolist()) == set(range(group.n_levels))
        assert len(set(group.levels.labels)) == group.n_levels
    # The rows used, laid out as new ones, come back.
    again = frame.read(data if design.positions is None else data.iloc[design.positions])
    new = on_new_data(from_json(design.spec.to_json()), again)
    np.testing.assert_allclose(model_matrix(new.fixed, n), x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(z_matrix(new).toarray(), z.toarray(), rtol=1e-9, atol=1e-9)
