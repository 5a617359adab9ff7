import numpy as np
import pytest

from whence.errors import LabelError
from whence.labels.columns import freeze, frozen_column


def test_a_writable_array_is_copied():
    mine = np.arange(3, dtype=np.int32)
    column = frozen_column("frame", mine, np.int32)
    mine[0] = 99
    assert column.tolist() == [0, 1, 2]
    assert mine.flags.writeable


def test_a_read_only_view_of_a_writable_array_is_copied_too():
    mine = np.arange(6, dtype=np.int32)
    view = mine[::2]
    view.flags.writeable = False
    column = frozen_column("frame", view, np.int32)
    mine[:] = 99
    assert column.tolist() == [0, 2, 4]


def test_an_array_nobody_can_write_into_is_shared():
    owner = freeze(np.arange(6, dtype=np.int32))
    for mine in (owner, owner[2:4], owner[::2], np.frombuffer(b"\1\0\0\0", dtype=np.int32)):
        assert np.shares_memory(frozen_column("frame", mine, np.int32), mine)


def test_a_memory_map_is_copied_since_its_file_may_change(tmp_path):
    path = tmp_path / "column.bin"
    path.write_bytes(np.arange(4, dtype=np.int32).tobytes())
    mapped = np.memmap(path, dtype=np.int32, mode="r")
    assert not np.shares_memory(frozen_column("frame", mapped, np.int32), mapped)


@pytest.mark.parametrize(
    "values", [[1, 2], (1.0, 2.0), np.array([1, 2], np.uint8), np.array([1, 2], object), np.array([1, 2], np.float16)]
)
@pytest.mark.parametrize("dtype", [np.int32, np.float64])
def test_numbers_of_any_kind_become_the_columns_type(values, dtype):
    column = frozen_column("x", values, dtype)
    assert column.dtype == dtype
    assert column.tolist() == [1, 2]
    assert not column.flags.writeable


@pytest.mark.parametrize("value", [0.5, np.nan, np.inf, 2.0**31, -(2.0**40)])
def test_no_fraction_and_no_overflow_passes_into_a_whole_number(value):
    with pytest.raises(LabelError, match=r"row 1: frame is .*; it must be a whole number of at most 32 bits"):
        frozen_column("frame", [0.0, value], np.int32)
    with pytest.raises(LabelError, match="row 1"):
        frozen_column("frame", np.array([0, 2**40]), np.int32)


@pytest.mark.parametrize("values", [["1"], [{}], [[1], [2, 3]], [1j], [object()], np.array(["2020"], "M8[D]")])
def test_what_is_not_a_number_is_refused(values):
    with pytest.raises(LabelError, match="x must hold numbers only"):
        frozen_column("x", values, np.float64)


@pytest.mark.parametrize("values", [3, [[1, 2]], np.zeros((0, 2))])
def test_what_is_not_one_number_for_each_row_is_refused(values):
    with pytest.raises(LabelError, match="x must be a list with one number for each row, not of shape"):
        frozen_column("x", values, np.float64)


def test_none_is_a_number_that_is_not_known():
    assert np.isnan(frozen_column("distance_m", [None, 1.5], np.float64)).tolist() == [True, False]
    with pytest.raises(LabelError, match="row 0: frame is nan"):
        frozen_column("frame", [None], np.int32)
