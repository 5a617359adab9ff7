"""Tables of events: the columns, the same rows back, the same bytes again, and names that are hard to write."""

import csv

import pytest

from whence.errors import MissingExtraError
from whence.scale import COLUMNS, TableRow, read_table, write_table
from whence.scale.tables import path_text

NAMES = ["a.wav", "=SUM(1)", "'quoted", "two\nlines", 'comma, "quote"', path_text("caf\udce9.wav"), "日本.wav"]
ROWS = [
    *(TableRow(name, 0.4, 2.6, "water tap", 46.21, 1.835, 0.912, None, "ab12", "0.1.0") for name in NAMES),
    TableRow("mono.wav", 0.0, 0.1, "bell", None, None, 1.0, None, "ab12", "0.1.0"),
    TableRow("bad.wav", model_sha256="ab12", whence_version="0.1.0", error="bad.wav: empty file (0 bytes)"),
]


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("rows", [ROWS, [], ROWS[-1:]], ids=["events", "nothing", "only a failure"])
def test_a_table_holds_what_was_written_and_the_same_rows_give_the_same_bytes(tmp_path, kind, rows):
    first, second = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
    write_table(first, iter(rows))
    assert list(read_table(first)) == rows
    write_table(second, read_table(first))
    assert first.read_bytes() == second.read_bytes()


def test_the_columns_have_the_same_types_whatever_they_hold(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    schemas = []
    for rows in (ROWS, [], ROWS[-1:]):
        write_table(tmp_path / "a.parquet", rows)
        schemas.append(parquet.read_schema(tmp_path / "a.parquet"))
    assert schemas[0] == schemas[1] == schemas[2]
    assert tuple(schemas[0].names) == COLUMNS
    assert {str(kind) for kind in schemas[0].types} == {"string", "double"}


def test_a_spreadsheet_finds_no_formula(tmp_path):
    write_table(tmp_path / "a.csv", ROWS)
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert "'=SUM(1)" in cells
    assert not [cell for cell in cells if cell.startswith("=")]


def test_a_group_at_a_time_is_in_memory_and_all_rows_are_there(tmp_path, monkeypatch):
    monkeypatch.setattr("whence.scale.tables._GROUP_ROWS", 2)
    write_table(tmp_path / "a.parquet", ROWS)
    assert list(read_table(tmp_path / "a.parquet")) == ROWS


@pytest.mark.parametrize(("name", "content"), [("a.csv", b"path,class\n"), ("a.parquet", b"PAR1 no"), ("b.csv", b"")])
def test_another_file_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"columns|Parquet"):
        list(read_table(tmp_path / name))


def test_a_row_that_cannot_be_made_leaves_no_file(tmp_path):
    def broken():
        yield ROWS[0]
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        write_table(tmp_path / "a.csv", broken())
    assert list(tmp_path.iterdir()) == []


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"whence.*\[parquet\]"):
        write_table(tmp_path / "a.parquet", ROWS)
