import copy
import pickle
from dataclasses import FrozenInstanceError, asdict

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from labels_twins import fold_by_hand, random_events, whole_events_by_hand

from whence.errors import LabelError
from whence.labels import ClipEvents, Events
from whence.labels.azimuth import fold_to_front
from whence.labels.events import freeze, frozen_column

NAMES = ["frame", "class_index", "source", "azimuth_deg", "distance_m", "elevation_deg", "score"]


@pytest.fixture
def events():
    return random_events(np.random.default_rng([7, 0, 0]))


def table(**columns):
    rows = len(next(iter(columns.values())))
    return Events.from_columns({"frame": [0] * rows, "class_index": [0] * rows, "azimuth_deg": [0] * rows, **columns})


# Making a table


def test_columns_that_are_left_out_have_defaults():
    events = Events.from_columns({"frame": [3], "class_index": [8], "azimuth_deg": [30]})
    assert events.source.tolist() == [0]
    assert events.score.tolist() == [1.0]
    assert np.isnan([events.distance_m[0], events.elevation_deg[0]]).all()


def test_columns_go_in_and_out(events):
    assert list(events.to_columns()) == NAMES
    assert Events.from_columns(events.to_columns()) == events
    assert [column.dtype for column in events.to_columns().values()] == [np.int32] * 3 + [np.float64] * 4


class FrameLike(dict):
    """What a pandas table is to us: columns by name, which are array-likes and not arrays."""

    class Column:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return np.array(self.values, dtype=dtype)

    def __getitem__(self, name):
        return self.Column(super().__getitem__(name))


def test_a_table_like_that_of_pandas_is_taken():
    events = Events.from_columns(
        FrameLike(frame=[1, 2], class_index=[0, 0], azimuth_deg=[10, 20], distance_m=[1, None])
    )
    assert events.frame.tolist() == [1, 2]
    assert np.isnan(events.distance_m[1])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"frame": [0], "class_index": [0]}, "an events table needs the column 'azimuth_deg'"),
        ({"azimuth": [0]}, "no column 'azimuth' in an events table; there are: frame, class_index"),
        ({"frame": [0], "class_index": [0], "azimuth_deg": [0], 5: [0]}, "no column 5"),
    ],
)
def test_missing_and_unknown_columns_are_named(columns, message):
    with pytest.raises(LabelError, match=message):
        Events.from_columns(columns)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"frame": [0, -1]}, "row 1: frame is -1; it cannot be negative"),
        ({"class_index": [0, -2]}, "row 1: class_index is -2; it cannot be negative"),
        ({"distance_m": [np.nan, -0.1]}, "row 1: distance_m is -0.1; it cannot be negative"),
        ({"distance_m": [1, np.inf]}, "row 1: distance_m is inf; it must be metres"),
        ({"azimuth_deg": [0, np.inf]}, "row 1: azimuth_deg is inf; it must be an angle"),
        ({"elevation_deg": [0, -np.inf]}, "row 1: elevation_deg is -inf; it must be an angle"),
        ({"score": [0, np.nan]}, "row 1: score is nan; it must be a number"),
        ({"frame": [0, 0.5]}, r"row 1: frame is 0\.5; it must be a whole number"),
        ({"source": [0, 2**31]}, "row 1: source is 2147483648; it must be a whole number"),
        ({"frame": [0, 0], "source": [1, 2, 3]}, "must be equally long"),
        ({"frame": [0, 0], "score": 1.0}, "score must be a list with one number for each row"),
        ({"frame": [0, 0], "score": ["a", "b"]}, "score must hold numbers only"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named_with_its_row(columns, message):
    with pytest.raises(LabelError, match=message):
        table(**columns)


def test_an_empty_table():
    empty = Events.empty()
    assert empty.row_count == 0
    assert not empty
    assert list(empty) == []
    assert empty.sorted() == empty.mirrored() == empty[:] == empty.between(0, 9) == Events.concatenate([]) == empty


# It cannot be changed


def test_the_makers_arrays_and_the_table_do_not_touch_each_other():
    mine = {name: np.zeros(3, np.int32 if i < 3 else np.float64) for i, name in enumerate(NAMES)}
    for events in (Events(**mine), Events.from_columns(mine)):
        for column in mine.values():
            column[:] = 9
        assert events.frame.tolist() == [0, 0, 0]
        assert events.score.tolist() == [0, 0, 0]
        assert all(column.flags.writeable for column in mine.values())
        for column in mine.values():
            column[:] = 0


def test_no_column_of_any_table_can_be_written_into(events):
    made = [
        events,
        events[3:9],
        events[events.frame > 3],
        events.sorted(),
        events.mirrored(),
        events.rotated(20),
        events.shifted(1),
        events.between(2, 9),
        Events.concatenate([events, events]),
        Events.concatenate([events]),
        copy.copy(events),
        copy.deepcopy(events),
        pickle.loads(pickle.dumps(events)),
        ClipEvents.from_mapping({"a": events})["a"],
    ]
    for one in made:
        for column in one.to_columns().values():
            with pytest.raises(ValueError, match="read-only"):
                column[0] = 1
    with pytest.raises(FrozenInstanceError):
        events.frame = events.source


def test_slices_share_memory_and_masks_do_not_keep_the_whole(events):
    assert np.shares_memory(events[2:5].frame, events.frame)
    assert not np.shares_memory(events[[2, 3]].frame, events.frame)


def test_pickle_and_copy_give_an_equal_table(events):
    assert pickle.loads(pickle.dumps(events)) == events == copy.deepcopy(events)


def test_tables_are_compared_by_value_and_not_hashed(events):
    assert events == Events.from_columns(events.to_columns())
    assert events != events[1:]
    assert events != "events"
    assert table(distance_m=[np.nan]) == table(distance_m=[np.nan])
    assert table(distance_m=[np.nan]) != table(distance_m=[1])
    with pytest.raises(TypeError, match="unhashable"):
        hash(events)


# Choosing and moving rows


@pytest.mark.parametrize(
    "rows",
    [slice(3, 30, 4), slice(None, None, -1), [5, 1, 1], [], np.array([], dtype=bool)[:0], np.array([True, False] * 20)],
)
def test_rows_are_chosen_as_numpy_chooses_them(events, rows):
    chosen = events[rows]
    for name in NAMES:
        expected = getattr(events, name)[
            rows if isinstance(rows, slice) else np.asarray(rows, dtype=int if not len(rows) else None)
        ]
        np.testing.assert_array_equal(getattr(chosen, name), expected)


@pytest.mark.parametrize("rows", [3, np.int64(3), ..., None, [[1, 2]], "frame"])
def test_what_chooses_no_rows_is_refused(events, rows):
    with pytest.raises((TypeError, IndexError)):
        events[rows]


def test_between_takes_the_first_and_leaves_the_end():
    events = table(frame=[3, 4, 5, 6])
    assert events.between(4, 6).frame.tolist() == [4, 5]
    assert events.between(6, 4).row_count == 0


def test_shifting_there_and_back(events):
    assert events.shifted(17).shifted(-17) == events
    assert events.shifted(np.int64(2)).frame.tolist() == (events.frame + 2).tolist()


def test_shifting_off_either_end_is_refused():
    with pytest.raises(LabelError, match="row 1: frame is -1"):
        table(frame=[9, 4]).shifted(-5)
    with pytest.raises(LabelError, match="row 0: frame is 2147483648"):
        table(frame=[2**31 - 1]).shifted(1)


def test_mirroring_negates_azimuths_and_nothing_else(events):
    mirrored = events.mirrored()
    np.testing.assert_array_equal(mirrored.azimuth_deg, -events.azimuth_deg)
    assert mirrored.mirrored() == events
    assert mirrored.distance_m is events.distance_m
    assert str(table(azimuth_deg=[0.0]).mirrored().azimuth_deg[0]) == "0.0"


@settings(deadline=None)
@given(st.integers(-720, 720), st.integers(-180, 180))
def test_rotating_then_folding_equals_the_obvious_form(angle_deg, azimuth_deg):
    rotated = table(azimuth_deg=[azimuth_deg]).rotated(angle_deg)
    assert -180 <= rotated.azimuth_deg[0] < 180
    assert fold_to_front(rotated.azimuth_deg)[0] == fold_by_hand(azimuth_deg + angle_deg)


def test_rotating_by_what_is_no_angle_is_refused(events):
    with pytest.raises(LabelError, match="azimuth nan is not an angle"):
        events.rotated(np.nan)


def test_sorting_keeps_the_order_of_equals():
    events = table(frame=[1, 0, 1, 1], class_index=[0, 5, 0, 0], source=[1, 0, 0, 1], azimuth_deg=[10, 20, 30, 40])
    assert events.sorted().azimuth_deg.tolist() == [20, 30, 10, 40]


def test_concatenating_is_slicing_backwards(events):
    assert Events.concatenate([events[:7], events[7:7], events[7:]]) == events


# Whole events


@pytest.mark.parametrize("seed", range(30))
def test_whole_events_equal_the_obvious_form(seed):
    rng = np.random.default_rng([1, 0, seed])
    events = random_events(rng, rows=int(rng.integers(1, 80)), classes=3, sources=2, known_distance=seed % 2 == 0)
    found, expected = list(events), whole_events_by_hand(events)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert asdict(one) == pytest.approx(asdict(other), nan_ok=True, abs=1e-9)
        assert (one.onset_s, one.offset_s) == (other.onset_s, other.offset_s)


def test_a_gap_of_one_frame_parts_two_events():
    assert [(event.onset_s, event.offset_s) for event in table(frame=[0, 1, 3])] == [(0.0, 0.2), (0.3, 0.4)]


def test_classes_and_sources_are_kept_apart():
    events = list(table(frame=[0, 1, 1, 2], class_index=[0, 0, 1, 0], source=[0, 0, 0, 1]))
    assert [(event.class_index, event.source, event.onset_s) for event in events] == [
        (0, 0, 0.0),
        (1, 0, 0.1),
        (0, 1, 0.2),
    ]


def test_azimuths_are_averaged_round_the_circle():
    (event,) = table(frame=[0, 1], azimuth_deg=[170, -170])
    assert abs(event.azimuth_deg) == pytest.approx(180)


def test_an_unknown_distance_stays_unknown_and_spoils_no_other_event():
    first, second = table(frame=[0, 1, 5], distance_m=[1, np.nan, 2])
    assert np.isnan(first.distance_m)
    assert second.distance_m == 2


def test_a_whole_event_holds_plain_python_numbers(events):
    assert {type(value) for event in events for value in asdict(event).values()} == {int, float}


def test_times_are_the_decimal_numbers_they_should_be():
    events = table(frame=[3, 7], class_index=[0, 1])
    assert [event.onset_s for event in events] == [0.3, 0.7]  # 3 * 0.1 is 0.30000000000000004


def test_the_last_frame_there_can_be():
    (event,) = table(frame=[2**31 - 1])
    assert event.offset_s == 2**31 / 10


def test_extreme_source_numbers_are_told_apart():
    assert len(list(table(frame=[0, 1, 2], source=[-(2**31), 2**31 - 1, 0]))) == 3


# Columns


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


def test_an_array_that_cannot_be_written_is_shared():
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
