"""Tables of each library, what their columns become, and what is refused."""

from __future__ import annotations

import datetime
import decimal
import pickle

import duckdb
import narwhals
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mixedmodels import frame
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.frame import Factor, Logical, Numeric


def column(values: object, name: str = "a") -> frame.Column:
    return frame.read({name: values}).column(name)


def labels(factor: frame.Column) -> list[str | None]:
    assert isinstance(factor, Factor)
    return [None if code < 0 else factor.levels.labels[code] for code in factor.codes]


# ---- kinds of tables -------------------------------------------------------------------------------------------------

PANDAS = pd.DataFrame({"x": [1.5, np.nan, 3.0], "g": pd.Categorical(["b", "a", None], categories=["b", "a", "z"])})
TABLES = {
    "pandas": PANDAS,
    "polars": pl.DataFrame({"x": [1.5, None, 3.0], "g": pl.Series(["b", "a", None], dtype=pl.Enum(["b", "a", "z"]))}),
    "pyarrow": pa.Table.from_pandas(PANDAS),
    "dict": {"x": [1.5, None, 3.0], "g": PANDAS["g"]},
}


def relation() -> duckdb.DuckDBPyRelation:
    rows = "values (1.5, 'b'), (null, 'a'), (3.0, null)"
    return duckdb.sql(f"select x::double as x, g::enum('b', 'a', 'z') as g from ({rows}) t(x, g)")


@pytest.mark.parametrize("kind", [*TABLES, "duckdb"])
def test_each_library_gives_the_same_columns(kind: str) -> None:
    table = frame.read(relation() if kind == "duckdb" else TABLES[kind])
    assert (table.kind, table.n_rows, table.names) == (kind, 3, ("x", "g"))
    x, g = table.column("x"), table.column("g")
    assert isinstance(x, Numeric)
    np.testing.assert_array_equal(x.values, [1.5, np.nan, 3.0])
    assert labels(g) == ["b", "a", None]
    assert isinstance(g, Factor)
    assert g.levels.labels == ("b", "a", "z")
    assert not g.ordered
    assert table.column("x") is x


def test_other_kinds_of_table_are_read_too() -> None:
    lazy = frame.read(pl.LazyFrame({"x": [1, 2]}))
    assert (lazy.kind, lazy.n_rows) == ("polars", 2)
    structured = frame.read(np.array([(1, 2.5), (2, 3.5)], dtype=[("i", "i4"), ("x", "f8")]))
    assert structured.kind == "dict"
    assert frame.read(narwhals.from_native(PANDAS)).kind == "pandas"
    np.testing.assert_array_equal(structured.column("x").values, [2.5, 3.5])  # type: ignore[union-attr]
    batch = frame.read(pa.RecordBatch.from_pydict({"x": [1.0]}))
    assert (batch.kind, batch.n_rows) == ("pyarrow", 1)
    assert frame.read(batch) is batch


def test_only_pandas_has_an_index() -> None:
    assert list(frame.read(PANDAS.set_index(pd.Index(["p", "q", "r"]))).index) == ["p", "q", "r"]
    assert frame.read(TABLES["polars"]).index is None


def test_names_that_are_alike_as_text_are_refused_when_they_matter() -> None:
    with pytest.raises(DataError, match="more than one column called '1'"):
        frame.read(pd.DataFrame([[1, 2]], columns=["1", 1])).column("x")


def test_a_column_named_by_a_number_is_found_by_its_text() -> None:
    assert isinstance(frame.read(pd.DataFrame({0: [1.0], "x": [2.0]})).column("0"), Numeric)
    dates = frame.read(pd.DataFrame([[1.0, 2.0]], columns=pd.to_datetime(["2020-01-01", "2020-01-02"])))
    assert isinstance(dates.column("2020-01-02 00:00:00"), Numeric)
    with pytest.raises(UnknownColumnError, match="no column '2020-01'"):
        dates.column("2020-01")


# ---- kinds of columns ------------------------------------------------------------------------------------------------

NUMBERS = {
    "float32": np.array([1.5, 2], dtype=np.float32),
    "int8": np.array([1, 2], dtype=np.int8),
    "uint64": np.array([1, 2], dtype=np.uint64),
    "longdouble": np.array([1, 2], dtype=np.longdouble),
    "strided": np.arange(6.0).reshape(3, 2)[:, 1],
    "masked": np.ma.MaskedArray([1, 2], [True, False]),
    "list": [1, 2, None],
    "range": range(3),
    "objects": np.array([1, 2.5, None], dtype=object),
    "decimals": [decimal.Decimal("1.25"), None],
    "nullable": pd.array([1, None], dtype="Int64"),
    "nullable float": pd.array([1.5, None], dtype="Float32"),
    "arrow in pandas": pd.array([1, None], dtype="int8[pyarrow]"),
    "sparse": pd.arrays.SparseArray([0.0, 1.0]),
    "polars int": pl.Series([1, None]),
    "polars decimal": pl.Series([decimal.Decimal("1.25"), None]),
    "arrow decimal": pa.array([decimal.Decimal("1.25"), None]),
    "arrow chunks": pa.chunked_array([[1.0], [2.0, None]]),
    "arrow nulls": pa.nulls(2),
    "all missing": [None, None],
}


@pytest.mark.parametrize("values", NUMBERS.values(), ids=NUMBERS)
def test_numbers(values: object) -> None:
    read = column(values)
    assert isinstance(read, Numeric)
    assert read.values.dtype == np.float64
    assert read.values.flags.c_contiguous
    listed = values.to_pylist() if isinstance(values, (pa.Array, pa.ChunkedArray)) else list(values)  # type: ignore[call-overload]
    expected = [np.nan if v is None or v is np.ma.masked or v is pd.NA else float(v) for v in listed]
    np.testing.assert_array_equal(read.values, expected)


TRUTHS = {
    "numpy": np.array([True, False]),
    "objects": [True, None],
    "numpy objects": np.array([np.True_, None], dtype=object),
    "pandas": pd.array([True, None], dtype="boolean"),
    "polars": pl.Series([True, None]),
    "arrow": pa.array([True, None]),
    "masked": np.ma.MaskedArray([True, False], [False, True]),
}


@pytest.mark.parametrize("values", TRUTHS.values(), ids=TRUTHS)
def test_truth_values(values: object) -> None:
    read = column(values)
    assert isinstance(read, Logical)
    assert read.values[0] == 1.0
    assert not read.values[1] > 0.0
    factor = frame.as_factor(read)
    assert factor.levels.labels == ("FALSE", "TRUE")
    assert factor.codes[0] == 1
    assert factor.codes[1] == (-1 if np.isnan(read.values[1]) else 0)


TEXTS = {
    "list": ["b", None, "A"],
    "objects": np.array(["b", np.nan, "A"], dtype=object),
    "str": pd.Series(["b", None, "A"], dtype="str"),
    "string": pd.Series(["b", None, "A"], dtype="string"),
    "string[pyarrow]": pd.Series(["b", None, "A"], dtype="string[pyarrow]"),
    "ArrowDtype": pd.Series(["b", None, "A"], dtype=pd.ArrowDtype(pa.string())),
    "object series": pd.Series(["b", pd.NA, "A"], dtype=object),
    "polars": pl.Series(["b", None, "A"]),
    "polars categorical": pl.Series(["b", None, "A"], dtype=pl.Categorical),
    "polars objects": pl.Series(["b", None, "A"], dtype=pl.Object),
    "arrow": pa.chunked_array([["b"], [None, "A"]], type=pa.large_string()),
    "arrow view": pa.array(["b", None, "A"], type=pa.string_view()),
    "masked": np.ma.MaskedArray(["b", "zz", "A"], [False, True, False]),
}


@pytest.mark.parametrize("values", TEXTS.values(), ids=TEXTS)
def test_text_becomes_a_factor_with_sorted_levels(values: object) -> None:
    read = column(values)
    assert isinstance(read, Factor)
    assert read.levels.labels == ("A", "b")
    assert labels(read) == ["b", None, "A"]
    assert not read.ordered


CATEGORIES = {
    "pandas": pd.Categorical(["z", None, "a"], categories=["z", "q", "a"], ordered=True),
    "arrow": pa.DictionaryArray.from_arrays(pa.array([0, None, 2], pa.uint8()), ["z", "q", "a"], ordered=True),
    "arrow chunks": pa.chunked_array(
        [pa.DictionaryArray.from_arrays([0, None, 2], ["z", "q", "a"], ordered=True)] * 2
    ).slice(0, 3),
}


@pytest.mark.parametrize("values", CATEGORIES.values(), ids=CATEGORIES)
def test_categories_keep_their_order_and_their_flag(values: object) -> None:
    read = column(values)
    assert isinstance(read, Factor)
    assert read.levels.labels == ("z", "q", "a")
    assert labels(read) == ["z", None, "a"]
    assert read.ordered
    assert frame.as_factor(read) is read


def test_categories_may_be_numbers_or_dates() -> None:
    numbers = column(pd.Categorical([2.5, 1.0, 2.5]))
    assert labels(numbers) == ["2.5", "1", "2.5"]
    dates = column(pd.Categorical(pd.to_datetime(["2020-01-02", "2020-01-01"])))
    assert labels(dates) == ["2020-01-02", "2020-01-01"]


def test_arrow_dictionaries_may_differ_between_chunks_and_hold_nulls() -> None:
    chunks = pa.chunked_array([pa.array(["b"]).dictionary_encode(), pa.array(["a", "b"]).dictionary_encode()])
    assert labels(column(chunks)) == ["b", "a", "b"]
    null_inside = pa.DictionaryArray.from_arrays([0, 1, 2], ["b", None, "a"])
    assert labels(column(null_inside)) == ["b", None, "a"]


DAY = datetime.date(2020, 1, 2)
NOON = datetime.datetime(2020, 1, 2, 12)
BERLIN = datetime.timezone(datetime.timedelta(hours=1))
DATES = {
    "numpy days": (np.array([DAY, None], dtype="M8[D]"), 18263.0, "2020-01-02"),
    "numpy seconds": (np.array([NOON, None], dtype="M8[ns]"), 1577966400.0, "2020-01-02 12:00:00"),
    "objects": ([DAY, None], 18263.0, "2020-01-02"),
    "object times": ([NOON, None], 1577966400.0, "2020-01-02 12:00:00"),
    "dates and times": ([NOON.replace(tzinfo=BERLIN), DAY], 1577962800.0, "2020-01-02 11:00:00"),
    "pandas": (pd.Series([NOON, None], dtype="datetime64[us]"), 1577966400.0, "2020-01-02 12:00:00"),
    "pandas zoned": (
        pd.Series([NOON, None]).dt.tz_localize("Europe/Berlin"),
        1577962800.0,
        "2020-01-02 11:00:00",
    ),
    "polars": (pl.Series([DAY, None]), 18263.0, "2020-01-02"),
    "polars times": (pl.Series([NOON, None]), 1577966400.0, "2020-01-02 12:00:00"),
    "arrow": (pa.array([DAY, None]), 18263.0, "2020-01-02"),
    "arrow times": (pa.array([NOON, None]), 1577966400.0, "2020-01-02 12:00:00"),
}


@pytest.mark.parametrize(("values", "number", "text"), DATES.values(), ids=DATES)
def test_dates_count_days_and_times_count_seconds(values: object, number: float, text: str) -> None:
    read = column(values)
    assert isinstance(read, Numeric)
    assert read.values[0] == number
    factor = frame.as_factor(read)
    assert factor.levels.labels[factor.codes[0]].startswith(text)
    if len(factor.levels) == 1:
        assert np.isnan(read.values[1])
        assert list(factor.codes) == [0, -1]


def test_infinite_values_stay() -> None:
    read = column([1.0, np.inf, -np.inf])
    assert isinstance(read, Numeric)
    np.testing.assert_array_equal(read.values, [1.0, np.inf, -np.inf])
    assert frame.as_factor(read).levels.labels == ("-Inf", "1", "Inf")


# ---- no copies -------------------------------------------------------------------------------------------------------


def test_float_columns_are_views() -> None:
    values = np.arange(1_000_000.0)
    for table in (pd.DataFrame({"x": values}, copy=False), {"x": values}, pa.table({"x": values})):
        read = frame.read(table).column("x")
        assert isinstance(read, Numeric)
        assert np.shares_memory(read.values, values)
    polars = pl.DataFrame({"x": values})
    read = frame.read(polars).column("x")
    assert isinstance(read, Numeric)
    assert np.shares_memory(read.values, polars["x"].to_numpy())


def test_category_codes_are_views() -> None:
    categorical = pd.Categorical(["a", "b"] * 1000)
    read = frame.read(pd.DataFrame({"g": categorical}, copy=False)).column("g")
    assert isinstance(read, Factor)
    assert read.codes.dtype == np.int8
    assert np.shares_memory(read.codes, categorical.codes)


def test_pandas_without_its_private_door_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = frame.read(PANDAS).column("x")
    monkeypatch.delattr(pd.DataFrame, "_get_column_array")
    read = frame.read(PANDAS)
    np.testing.assert_array_equal(read.column("x").values, expected.values)  # type: ignore[union-attr]
    assert labels(read.column("g")) == ["b", "a", None]


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_an_unknown_column_is_answered_with_the_nearest() -> None:
    table = frame.read({"Reaction": [1.0], "Days": [2.0]})
    with pytest.raises(
        UnknownColumnError, match=r"no column 'days'; did you mean 'Days'\? Its columns are: Reaction, Days"
    ):
        table.column("days")
    with pytest.raises(KeyError, match=r"check the spelling\. Its columns are"):
        table.column("completely else")


TWICE = "more than one column called 'x'.*rename"
BAD_TABLES = {
    "no table": (3, "data is a int; give a pandas"),
    "series": (pd.Series([1.0]), "data is a Series; give"),
    "plain array": (np.zeros((2, 2)), "data is a ndarray; give"),
    "no columns": ({}, "has no columns"),
    "pandas twice": (pd.DataFrame([[1, 2]], columns=["x", "x"]), TWICE),
    "arrow twice": (pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]), TWICE),
    "mapping twice": ({"1": [1], 1: [2]}, "more than one column called '1'"),
    "levels of names": (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "MultiIndex.*join"),
    "lengths": ({"x": [1, 2], "y": [1]}, "columns 'x' and 'y' have 2 and 1 values"),
    "scalar": ({"x": 3}, "column 'x' is a int, 3; a column is an array"),
    "text": ({"x": "abc"}, "column 'x' is a str"),
}


@pytest.mark.parametrize(
    ("data", "message"), [v for v in BAD_TABLES.values() if v[1]], ids=[k for k, v in BAD_TABLES.items() if v[1]]
)
def test_what_is_no_table_is_refused(data: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        frame.read(data)


BAD_COLUMNS = {
    "complex": (np.array([1 + 2j]), r"column 'a' holds complex numbers, such as \(1\+2j\) in row 0.*real part"),
    "complex objects": ([1.0, 2j], "complex numbers, such as 2j in row 1"),
    "mixed": ([1, None, "x"], r"mixes int \(1 in row 0\) and str \('x' in row 2, rows counted from 0\); make it all"),
    "mixed numpy": (np.array([1.5, "x"], dtype=object), r"mixes float \(1.5 in row 0\)"),
    "lists": ([[1], [2]], "one value per row"),
    "ragged": ([[1], [2, 3]], "no one-dimensional array"),
    "matrix": (np.zeros((2, 2)), r"array of shape \(2, 2\)"),
    "durations": (np.array([1], dtype="m8[s]"), "only in a unit; divide it by one"),
    "pandas durations": (pd.Series(pd.to_timedelta([1], unit="s")), "only in a unit"),
    "polars durations": (pl.Series([datetime.timedelta(1)]), "only in a unit"),
    "arrow durations": (pa.array([datetime.timedelta(1)]), "only in a unit"),
    "periods": (pd.Series(pd.period_range("2020", periods=1, freq="D")), "periods .*to_timestamp"),
    "intervals": (pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1])), "values of pandas type interval"),
    "polars lists": (pl.Series([[1], [2]]), "values of polars type List"),
    "arrow lists": (pa.array([[1], [2]]), "values of Arrow type list"),
    "dictionary of lists": (pa.array([{"a": 1}]), "values of Arrow type struct"),
    "things": ([object()], "values of type object"),
    "beyond double precision": ([10**400], r"holds a int in row 0 .*beyond double precision .*rescale"),
    "raw": (np.zeros(1, dtype="V4"), "values of dtype"),
}


@pytest.mark.parametrize(("values", "message"), BAD_COLUMNS.values(), ids=BAD_COLUMNS)
def test_what_is_no_column_is_refused_when_asked_for(values: object, message: str) -> None:
    table = frame.read({"a": values, "x": [1.0] * len(values)})  # type: ignore[arg-type]
    assert isinstance(table.column("x"), Numeric)
    with pytest.raises(DataError, match=message):
        table.column("a")


# ---- factors ---------------------------------------------------------------------------------------------------------


def test_numbers_become_factors_with_sorted_distinct_levels() -> None:
    factor = frame.as_factor(column([10, 2, 2, None, 2.5]))
    assert factor.levels.labels == ("2", "2.5", "10")
    assert list(factor.codes) == [2, 0, 0, -1, 1]
    assert factor.codes.dtype == np.int32
    assert frame.as_factor(column([-0.0, 0.0])).levels.labels == ("0",)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64, np.float64])
def test_extreme_numbers_keep_their_order_and_their_digits(dtype: type) -> None:
    limits = np.finfo(dtype) if dtype is np.float64 else np.iinfo(dtype)
    values = np.array([limits.max, limits.min, 1, limits.max], dtype=dtype)
    factor = frame.as_factor(column(values))
    expected = np.unique(values)
    np.testing.assert_array_equal(factor.levels.values, expected)
    np.testing.assert_array_equal(factor.levels.values[factor.codes], values)


def test_identifiers_beyond_2_to_the_53_stay_apart() -> None:
    ids = [2**60 + 1, 2**60 + 2, None, 2**60 + 1]
    masked = np.ma.MaskedArray([2**60 + 1, 2**60 + 2, 7, 2**60 + 1], [False, False, True, False])
    for values in (masked, ids, pl.Series(ids), pa.array(ids), pd.array(ids, dtype="Int64")):
        factor = frame.as_factor(column(values))
        assert factor.levels.labels == (str(ids[0]), str(ids[1]))
        assert list(factor.codes) == [0, 1, -1, 0]


def test_levels_are_labelled_late_and_survive_pickling() -> None:
    factor = frame.as_factor(column(np.arange(100_000)))
    assert factor.levels._labels is None
    again = pickle.loads(pickle.dumps(frame.read(PANDAS).column("g")))
    assert again.levels.labels == ("b", "a", "z")
    assert again.levels.index == {"b": 0, "a": 1, "z": 2}
    assert again.levels.take(np.array([2, 0])).labels == ("z", "b")


def test_text_order_is_that_of_unicode_s_root_collation() -> None:
    # R 4.2.2 with ICU, sort(), in en_US.UTF-8 as in C.UTF-8.
    in_order = ["a", "a b", "a_b", "a-b", "a1", "ab", "aB", "Ab", "AB", "B", "e", "E", "é", "É", "éa", "eb", "f"]
    marks = list("_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789aAbByYzZ")
    for expected in (in_order, marks):
        shuffled = expected[::-1]
        assert [shuffled[i] for i in frame.text_order(shuffled)] == expected


# ---- results ---------------------------------------------------------------------------------------------------------


def test_results_go_back_into_the_caller_s_library() -> None:
    columns = {"x": np.array([1.0, 2.0])}
    assert isinstance(frame.to_kind(columns, "polars"), pl.DataFrame)
    assert isinstance(frame.to_kind(columns, "pyarrow"), pa.Table)
    for kind in ("pandas", "dict"):
        assert isinstance(frame.to_kind(columns, kind), pd.DataFrame)
    assert isinstance(frame.to_kind(columns, "duckdb"), duckdb.DuckDBPyRelation)
    with pytest.raises(DataError, match="'nonsense' is no library of tables; give one of 'pandas'"):
        frame.to_kind(columns, "nonsense")
    assert list(frame.to_kind(columns, "pandas", index=pd.Index(["p", "q"])).index) == ["p", "q"]


def test_labelled_tables() -> None:
    table = frame.labelled(np.eye(2), ["r", "s"], ["c", "d"])
    assert table.loc["s", "d"] == 1.0
    assert list(frame.labelled(np.eye(2), None, ["c", "d"]).index) == [0, 1]


@pytest.mark.parametrize("kind", ["Int128", "UInt128"])
def test_integers_of_128_bits(kind: str) -> None:
    if not hasattr(pl, kind):
        pytest.skip(f"this polars has no {kind}")
    column = frame.read(pl.DataFrame({"a": pl.Series([7, None, 2**60 + 1]).cast(getattr(pl, kind))})).column("a")
    assert labels(frame.as_factor(column)) == ["7", None, str(2**60 + 1)]
    wide = frame.read(pl.DataFrame({"a": pl.Series([7, 2**70], dtype=getattr(pl, kind))})).column("a")
    np.testing.assert_array_equal(wide.values, [7.0, 2.0**70])  # type: ignore[union-attr]


def test_run_end_encoded_arrow() -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3, 5], pa.int32()), pa.array(["b", None, "a"]))
    assert labels(frame.read(pa.table({"a": runs})).column("a")) == ["b", "b", None, "a", "a"]
