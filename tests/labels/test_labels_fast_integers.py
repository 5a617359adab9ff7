import csv
import io

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from whence.labels import fast_integers
from whence.labels.fast_integers import parse_integer_rows

SIGNED = (False, True, False)


def by_hand(text, signed=SIGNED):
    """The csv module, after a look at every value."""
    rows = list(csv.reader(io.StringIO(text.decode("ascii"))))
    for row in rows:
        if len(row) != len(signed):
            return None
        for value, may_be_negative in zip(row, signed, strict=True):
            digits = value[1:] if may_be_negative and value.startswith("-") else value
            if not digits or len(digits) > 9 or set(digits) - set("0123456789"):
                return None
    return np.array([[int(value) for value in row] for row in rows], dtype=np.int32).reshape(-1, len(signed)).T


def text_of(rows):
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()


small = st.integers(0, 999_999_999)
rows_of_numbers = st.lists(st.tuples(small, st.integers(-999_999_999, 999_999_999), small), max_size=30)


@settings(deadline=None)
@given(rows_of_numbers)
def test_whole_numbers_are_read_as_they_are(rows):
    numbers = parse_integer_rows(text_of(rows), SIGNED)
    assert numbers.dtype == np.int32
    assert numbers.T.tolist() == [list(row) for row in rows]


@settings(deadline=None)
@given(st.lists(st.sampled_from("0123456789,-\n\n,,5"), max_size=40).map("".join))
@example("-,1,2\n")
@example("1,-,2\n")
@example("1,--5,2\n")
@example("1,5-,2\n")
@example("1,-5-5,2\n")
@example("-1,5,2\n")
@example("1,2\n,3\n")
@example("1,2,3,4\n1,2\n")
@example("1,2,3,4,5,6\n")
@example("1,2,3,4,5,6\n\n")
@example("1,2,3\n\n")
@example("\n1,2,3\n")
@example("1,2,3")
@example("0000000001,2,3\n")
@example("1,-0,3\n")
def test_digits_commas_and_signs_in_any_order_are_judged_as_by_hand(text):
    numbers, expected = parse_integer_rows(text.encode(), SIGNED), by_hand(text.encode())
    if expected is not None and not text.endswith("\n") and text:
        expected = None  # the last row is not ended
    assert (numbers is None) == (expected is None)
    if numbers is not None:
        np.testing.assert_array_equal(numbers, expected)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_rightly_or_not_at_all(text):
    numbers = parse_integer_rows(text, SIGNED)
    if numbers is not None:
        np.testing.assert_array_equal(numbers, by_hand(text))


@pytest.mark.parametrize(
    "odd",
    [b" 5", b"+5", b"5.0", b"5\r", b"", b"nan", b"1e3", b"1_0", b"\xd9\xa3", b"5;5", b'"5"', b"1234567890", b"\0"],
)
@pytest.mark.parametrize("column", range(3))
def test_one_odd_value_anywhere_stops_the_fast_parser(odd, column):
    row = [b"1", b"-2", b"3"]
    row[column] = odd
    assert parse_integer_rows(b"1,2,3\n" * 50 + b",".join(row) + b"\n" + b"1,2,3\n" * 50, SIGNED) is None


@pytest.mark.parametrize("block", [6, 7, 12, 31, 64, 1000])
def test_the_cut_into_blocks_does_not_show(monkeypatch, block):
    rng = np.random.default_rng([5, 0, block])
    rows = np.stack([rng.integers(0, 100, 300), rng.integers(-90, 91, 300), rng.integers(0, 10, 300)], axis=1)
    monkeypatch.setattr(fast_integers, "_BLOCK_BYTES", block)
    text = text_of(rows.tolist())
    longest = max(map(len, text.split(b"\n"))) + 1
    numbers = parse_integer_rows(text, SIGNED)
    # A row longer than a block is given up, never cut.
    assert numbers is None if block < longest else np.array_equal(numbers.T, rows)


def test_a_row_longer_than_the_real_block_is_left_to_the_exact_parser():
    assert parse_integer_rows(b"1,2," + b"0" * (1 << 19) + b"\n", SIGNED) is None


def test_no_rows():
    assert parse_integer_rows(b"", SIGNED).shape == (3, 0)


def test_one_column():
    assert parse_integer_rows(b"7\n-8\n", (True,)).tolist() == [[7, -8]]


def test_the_result_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        parse_integer_rows(b"1,2,3\n", SIGNED)[0, 0] = 5
