"""Text files of other countries: what is read from the file itself, what is refused, and what settles it."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mixedmodels as mm
from mixedmodels.cli.dialect import Dialect
from mixedmodels.cli.files import Reading, read_table, write_table
from mixedmodels.errors import DataError


def read(folder: Path, text: str, reading: Reading | None = None, name: str = "data.csv") -> tuple[Any, Dialect]:
    (folder / name).write_text(text, encoding="utf-8")
    return read_table(str(folder / name), reading)


@pytest.mark.parametrize(("sep", "decimal"), [(",", "."), (";", ","), (";", "."), ("\t", ","), ("\t", "."), ("|", ",")])
@pytest.mark.parametrize("dataset", ["sleepstudy", "cbpp", "cake", "Pastes"])
def test_a_data_set_comes_back_whatever_its_marks(
    dataset: str, sep: str, decimal: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = mm.datasets.load(dataset)
    text = data.to_csv(index=False, sep=sep, decimal=decimal)
    table, marks = read(tmp_path, text)
    pd.testing.assert_frame_equal(table, pd.read_csv(io.StringIO(data.to_csv(index=False))))
    has_decimals = any(c.dtype.kind == "f" and (c % 1 != 0).any() for _, c in data.items())
    assert marks == Dialect(sep=sep, decimal=decimal if has_decimals else ".")
    note = capsys.readouterr().err
    assert note.count("\n") == (marks != Dialect(sep=",", decimal="."))
    assert ("a semicolon between columns" in note) == (sep == ";")
    assert ("a comma before decimals" in note) == (marks.decimal == ",")


numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


@given(
    rows=st.lists(
        st.tuples(numbers, st.integers(-99, 99), st.text("abc ;,|\"'\t.1", max_size=6)), min_size=1, max_size=20
    ),
    sep=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
)
@settings(deadline=None, max_examples=60)
def test_a_file_is_read_as_it_was_meant_or_refused(
    rows: list[tuple[float, int, str]], sep: str, decimal: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in the cells: never other numbers than were written."""
    table = pd.DataFrame(rows, columns=["x", "n", "text"])
    written = table.to_csv(index=False, sep=sep, decimal=decimal)
    try:
        back, marks = read(tmp_path_factory.mktemp("any"), written)
    except DataError:
        return  # REFUSED says which files are, and why
    assert marks.sep == sep
    np.testing.assert_array_equal(back["n"], table["n"])
    np.testing.assert_allclose(back["x"].astype(float), table["x"], rtol=1e-12)


def test_decimals_that_come_late_are_seen(tmp_path: Path) -> None:
    rows = ["x;y", *["1;2"] * 2_000, "1,5;2"]
    table, marks = read(tmp_path, "\n".join(rows))
    assert marks.decimal == ","
    assert table["x"].iloc[-1] == 1.5


def test_a_quoted_decimal_comma_in_a_file_of_commas(tmp_path: Path) -> None:
    table, _ = read(tmp_path, 'x,g\n"1,5",a\n"2,25",b\n')
    assert table["x"].tolist() == [1.5, 2.25]


def test_text_with_commas_stays_text(tmp_path: Path) -> None:
    table, marks = read(tmp_path, 'x;g\n1.5;"a, b"\n2.5;"1,2 and 3"\n')
    assert table["g"].tolist() == ["a, b", "1,2 and 3"]
    assert marks.decimal == "."


REFUSED = [
    ("x;y\n1,234;2\n5,678;3\n", "could stand before decimals or mark thousands (1,234 in column 'x')"),
    ("x;y\n1,234,567;2\n5,678;3\n", "marks of thousands in its numbers (1,234,567 in column 'x')"),
    ("x;y\n1.234,5;2\n1,5;3\n", "marks of thousands in its numbers (1.234,5 in column 'x')"),
    ("x;y\n1,5;2.5\n", "numbers of two kinds: 1,5 in column 'x' and 2.5 in column 'y'"),
    ("a,b;c,d\n1,2;3,4\n", "could be separated by a comma and a semicolon; say which with --sep ',' or --sep ';'"),
    ("x\n1,5\n2,5\n", "row 1 of 'data.csv' has 2 values and the header 1 names"),
    ("x,y\n1,5,2,5\n", "say --sep ';' --decimal ','"),
    ("y,g\n1,2,a\n2,3,b\n", "if the first value names a row, give that column a name"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_can_be_read_in_two_ways_is_refused_with_the_cure(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(text)
    with pytest.raises(DataError) as refusal:
        read_table(str(tmp_path / "data.csv"))
    assert message in str(refusal.value).replace(str(tmp_path) + "/", "")


CURES = [
    (REFUSED[0][0], Reading(decimal=","), {"x": [1.234, 5.678], "y": [2, 3]}),
    (REFUSED[3][0], Reading(decimal=","), {"x": [1.5], "y": ["2.5"]}),
    (REFUSED[3][0], Reading(decimal="."), {"x": ["1,5"], "y": [2.5]}),
    (REFUSED[4][0], Reading(sep=";"), {"a,b": [1.2], "c,d": [3.4]}),
    (REFUSED[5][0], Reading(sep=";", decimal=","), {"x": [1.5, 2.5]}),
    (REFUSED[7][0], Reading(sep=","), {"y": [2, 3], "g": ["a", "b"]}),  # the first value names the row
]


@pytest.mark.parametrize(("text", "reading", "columns"), CURES)
def test_the_cure_cures(text: str, reading: Reading, columns: dict[str, list[Any]], tmp_path: Path) -> None:
    table, _ = read(tmp_path, text, reading)
    assert table.to_dict("list") == columns


def test_the_name_of_a_tsv_says_its_separator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, marks = read(tmp_path, "x\ty;z\n1\t2\n", name="data.tsv")
    assert (list(table.columns), marks.sep) == (["x", "y;z"], "\t")
    assert capsys.readouterr().err == ""


def test_encodings(tmp_path: Path) -> None:
    rows = "Größe;Gewicht\n1,75;70\n"
    (tmp_path / "windows.csv").write_bytes(rows.encode("cp1252"))
    with pytest.raises(DataError, match="--encoding cp1252"):
        read_table(str(tmp_path / "windows.csv"))
    table, _ = read_table(str(tmp_path / "windows.csv"), Reading(encoding="cp1252"))
    assert table["Größe"].tolist() == [1.75]
    (tmp_path / "marked.csv.gz").write_bytes(gzip.compress(rows.encode("utf-8-sig")))
    assert list(read_table(str(tmp_path / "marked.csv.gz"))[0].columns) == ["Größe", "Gewicht"]
    with pytest.raises(DataError, match="unknown encoding"):
        read_table(str(tmp_path / "windows.csv"), Reading(encoding="cp9999"))


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "json", "parquet", "arrow", "feather"])
def test_written_tables_come_back(ending: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"x": [1.5, np.nan, 1 / 3], "g": ["ä", "b;c", "d,e"]})
    path = str(tmp_path / f"table.{ending}")
    write_table(table, path, Dialect(sep=";", decimal=","))
    back = pd.read_json(path, precise_float=True) if ending == "json" else read_table(path)[0]
    assert back["g"].tolist() == table["g"].tolist()
    np.testing.assert_allclose(back["x"], table["x"], rtol=1e-14)


def test_a_name_without_a_kind_is_refused_for_writing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ending in .*parquet"):
        write_table(pd.DataFrame(), str(tmp_path / "table.xlsx"))
    with pytest.raises(DataError, match="cannot write the table to"):
        write_table(pd.DataFrame(), str(tmp_path / "nowhere" / "table.csv"))
