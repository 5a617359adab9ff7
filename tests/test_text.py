import ast
import os

import pytest
from hypothesis import given, settings, strategies as st

from whence.text import counted, one_line, safe_cell, shown


@settings(deadline=None)
@given(st.text(), st.one_of(st.none(), st.integers(0, 20)))
def test_what_is_shown_is_one_printable_line_that_can_be_seen(text, longest):
    result = shown(text, longest)
    assert result.isprintable()
    assert result.strip()
    if longest is not None:
        # Each letter may take ten when escaped, and quotes and dots stand round them.
        assert len(result) <= 10 * longest + 5


@given(st.binary(min_size=1))
def test_any_file_name_is_printable_and_tells_it_apart(name):
    text, result = os.fsdecode(name), shown(name)
    assert result.isprintable()
    assert text == result or text == ast.literal_eval(result)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a7.csv", "a7.csv"),
        ("with space.csv", "with space.csv"),
        (" a", "' a'"),
        ("\x1b[2J", "'\\x1b[2J'"),
        ("a\nb", "'a\\nb'"),
        ("clip\udcff", "'clip\\udcff'"),
        ("Vögel", "Vögel"),
        ("\u202egnp.exe", "'\\u202egnp.exe'"),
        (2.5, "2.5"),
    ],
)
def test_safe_values_are_shown_bare_and_others_escaped(value, expected):
    assert shown(value) == expected


@settings(deadline=None)
@given(st.text())
def test_one_line_has_no_breaks_tabs_or_controls_and_can_be_encoded(text):
    line = one_line(text)
    assert len(line) == len(text)
    assert len(line.splitlines()) <= 1
    assert not set(line) & {"\t", "\x00", "\x1b", "\x7f", "\x85", "\u2028"}
    line.encode("utf-8")


def test_letters_of_all_scripts_stay():
    assert one_line("Vögel 鳥 🐦") == "Vögel 鳥 🐦"


@settings(deadline=None)
@given(st.text())
def test_no_cell_starts_a_formula(text):
    assert not safe_cell(text).lstrip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " ="])
def test_what_would_be_a_formula_is_quoted(start):
    assert safe_cell(f"{start}1+1").startswith("'")


def test_counting():
    assert [counted(n, "row") for n in (0, 1, 2, 1000)] == ["0 rows", "1 row", "2 rows", "1,000 rows"]
