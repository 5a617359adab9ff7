"""Room banks in memory and on disk: merging, choosing rooms, and every damage to a file."""

import contextlib
import json
import pickle
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from room_examples import small_bank
from safetensors.numpy import save_file

from whence.errors import MissingExtraError, SceneError, WhenceError
from whence.scenes.rooms.bank import RoomBank, load_room_bank, merge, save_room_bank, select_rooms
from whence.scenes.rooms.room import SourcePosition
from whence.scenes.rooms.shoeboxes import Shoeboxes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"responses": np.zeros((6, 2, 64), np.float16)}, r"\(response, 3, tap\)"),
        ({"responses": np.zeros((6, 3), np.float16)}, r"\(response, 3, tap\)"),
        ({"room": np.zeros(5, np.int32)}, "one entry per response in each column: 6"),
        ({"azimuth_deg": np.zeros((6, 1), np.float32)}, "one entry per response"),
        ({"room_name": ("one",)}, "one name and one reverberation time per room"),
        ({"shoeboxes": Shoeboxes.unknown(3)}, "walls for each room, or for none"),
    ],
)
def test_columns_that_do_not_fit_are_refused(change, message):
    with pytest.raises(SceneError, match=message):
        replace(small_bank(), **change)


def test_merged_banks_keep_every_response_and_its_room():
    banks = [small_bank(2, 3, 64, seed=1), small_bank(1, 2, 40, seed=2), small_bank(3, 1, 64, seed=3)]
    merged = merge(banks)
    assert len(merged) == 11
    position = 0
    for bank in banks:
        for number in range(len(bank)):
            taps = bank.responses.shape[2]
            assert np.array_equal(merged.responses[position, :, :taps], bank.responses[number])
            assert not merged.responses[position, :, taps:].any()
            assert merged.room_name[merged.room[position]] == bank.room_name[bank.room[number]]
            assert merged.rt60_s[merged.room[position]] == bank.rt60_s[bank.room[number]]
            for column in ("direct_sample", "azimuth_deg", "elevation_deg", "distance_m"):
                assert getattr(merged, column)[position] == getattr(bank, column)[number]
            position += 1
    assert merged.room.dtype == np.int32
    assert merged.room.max() == 5


def test_merging_one_changes_nothing_and_merging_none_is_refused():
    bank = small_bank()
    assert np.array_equal(merge([bank]).responses, bank.responses)
    with pytest.raises(SceneError, match="no room banks to merge"):
        merge([])


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=20))
def test_azimuths_of_a_bank_never_reach_a_half_turn(azimuths):
    positions = [SourcePosition(azimuth, 0.0, 1.0) for azimuth in [*azimuths, 179.9999999]]
    count = len(positions)
    bank = RoomBank.from_positions(np.zeros((count, 3, 1), np.float16), positions, np.zeros(count), ["hall"], [0.5])
    assert bank.azimuth_deg.dtype == np.float32
    assert ((bank.azimuth_deg >= -180) & (bank.azimuth_deg < 180)).all()
    apart = (bank.azimuth_deg[:-1] - np.array(azimuths) + 180) % 360 - 180
    assert np.abs(apart).max() < 1e-3


def bank_of(rooms):
    """A bank whose responses hold the index of their room."""
    rows = np.array(rooms, np.int32)
    column = np.arange(len(rows), dtype=np.float32)
    count = rows.max() + 1
    return RoomBank(
        responses=np.tile(rows[:, None, None], (1, 3, 4)).astype(np.float16),
        direct_sample=np.zeros(len(rows), np.int32),
        room=rows,
        azimuth_deg=column,
        elevation_deg=column,
        distance_m=column + 1,
        room_name=tuple(f"room {number}" for number in range(count)),
        rt60_s=np.arange(count, dtype=np.float32) + 0.5,
    )


def test_rooms_keep_their_responses_and_are_numbered_anew():
    chosen = select_rooms(bank_of([0, 1, 2, 1, 0, 2]), [2, 0])
    assert chosen.room_name == ("room 2", "room 0")
    np.testing.assert_array_equal(chosen.room, [0, 0, 1, 1])
    np.testing.assert_array_equal(chosen.responses[:, 0, 0], [2, 2, 0, 0])
    np.testing.assert_array_equal(chosen.azimuth_deg, [2, 5, 0, 4])
    np.testing.assert_array_equal(chosen.rt60_s, [2.5, 0.5])


def test_selected_parts_merge_to_the_whole():
    bank = bank_of([0, 0, 1, 1, 2])
    again = merge([select_rooms(bank, [0, 1]), select_rooms(bank, [2])])
    np.testing.assert_array_equal(again.responses, bank.responses)
    np.testing.assert_array_equal(again.room, bank.room)
    assert again.room_name == bank.room_name


@pytest.mark.parametrize("rooms", [[], [3], [-1], [1, 1]])
def test_rooms_that_cannot_be_chosen_are_refused(rooms):
    with pytest.raises(SceneError, match="name each room"):
        select_rooms(bank_of([0, 1, 2]), rooms)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rooms.safetensors"


def test_a_bank_comes_back_bit_by_bit(path):
    bank = replace(small_bank(), room_name=("Küche", 'a "quoted"\nname'))
    save_room_bank(path, bank)
    back = load_room_bank(path)
    assert back.room_name == bank.room_name
    for field in fields(bank):
        if field.name not in ("room_name", "shoeboxes"):
            before, after = getattr(bank, field.name), getattr(back, field.name)
            assert after.dtype == before.dtype
            assert np.array_equal(after, before)


def test_the_same_bank_gives_the_same_bytes(path, tmp_path):
    other = tmp_path / "again.safetensors"
    save_room_bank(path, small_bank())
    save_room_bank(other, small_bank())
    assert path.read_bytes() == other.read_bytes()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["again.safetensors", "rooms.safetensors"]


def test_responses_stay_in_the_file_and_writing_never_reaches_it(path):
    save_room_bank(path, small_bank())
    before = path.read_bytes()
    bank = load_room_bank(path)
    assert isinstance(bank.responses, np.memmap)
    bank.responses[0] = 7
    assert path.read_bytes() == before


def test_a_mapped_bank_outlives_the_replacement_of_its_file(path):
    save_room_bank(path, small_bank(seed=1))
    bank = load_room_bank(path)
    save_room_bank(path, small_bank(1, 1, 8, seed=2))
    assert np.array_equal(bank.responses, small_bank(seed=1).responses)
    assert len(load_room_bank(path)) == 1


def test_any_flipped_byte_is_noticed(path):
    save_room_bank(path, small_bank(taps=32))
    whole = path.read_bytes()
    rng = np.random.default_rng([1, 1, 1])
    for position in [*range(0, len(whole), 41), *rng.integers(0, len(whole), 40)]:
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        # A flip in a room's name alone changes no number; everything else must be refused.
        with contextlib.suppress(SceneError):
            assert load_room_bank(path).room_name != small_bank().room_name


@pytest.mark.parametrize("length", [0, 5, 8, 100, 700, -1])
def test_a_cut_file_is_refused(path, length):
    save_room_bank(path, small_bank())
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(SceneError, match=r"not a room bank or damaged .* make it again"):
        load_room_bank(path)


def test_other_files_are_refused_by_what_they_are(path, tmp_path):
    with pytest.raises(SceneError, match="no such file"):
        load_room_bank(path)
    with pytest.raises(SceneError, match="no such file"):
        load_room_bank(tmp_path)
    save_file({"weight": np.zeros(3, np.float32)}, path)
    with pytest.raises(SceneError, match="a safetensors file, but not a room bank"):
        load_room_bank(path)
    path.write_text("hello")
    with pytest.raises(SceneError, match="not a room bank or damaged"):
        load_room_bank(path)


def test_a_pickle_is_never_opened(path, tmp_path):
    witness = tmp_path / "witness"

    class Bomb:
        def __reduce__(self):
            return (open, (str(witness), "w"))

    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(SceneError):
        load_room_bank(path)
    assert not witness.exists()


def columns_of(bank):
    return {
        field.name: getattr(bank, field.name) for field in fields(bank) if field.name not in ("room_name", "shoeboxes")
    }


@pytest.mark.parametrize(
    ("about", "change", "message"),
    [
        ({"version": 3}, {}, "of another version than 2; update whence"),
        ({"version": 2}, {}, "with columns"),
        ([], {}, "of another version"),
        ({"version": 1}, {}, "not a room bank or damaged"),
        ({"version": 1, "room_name": 7, "crc32": 0}, {}, "not a room bank or damaged"),
        ({"version": 1, "room_name": ["a", "b"], "crc32": 0}, {}, "checksum differs"),
        ({"version": 1, "room_name": ["a"], "crc32": 0}, {}, "impossible values in room"),
        ({"version": 1, "room_name": ["a", "b"], "crc32": 0}, {"extra": np.zeros(1)}, "with columns"),
        (
            {"version": 1, "room_name": ["a", "b"], "crc32": 0},
            {"responses": np.zeros((6, 3, 64), np.float32)},
            "responses are F32",
        ),
        ({"version": 1, "room_name": ["a", "b"], "crc32": 0}, {"room": np.zeros(6, np.int64)}, "values in types"),
    ],
)
def test_inconsistent_headers_are_refused(path, about, change, message):
    save_file(columns_of(small_bank()) | change, path, metadata={"whence room bank": json.dumps(about)})
    with pytest.raises(SceneError, match=message):
        load_room_bank(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"responses": np.full((6, 3, 64), np.nan, np.float16)}, "not finite"),
        ({"responses": np.full((6, 3, 64), np.inf, np.float16)}, "not finite"),
        ({"distance_m": np.full(6, np.nan, np.float32)}, "impossible values in distance_m"),
        ({"azimuth_deg": np.full(6, 180, np.float32)}, "azimuth_deg"),
        ({"elevation_deg": np.full(6, 91, np.float32)}, "elevation_deg"),
        ({"direct_sample": np.full(6, 64, np.int32)}, "direct_sample"),
        ({"room": np.full(6, 2, np.int32)}, "impossible values in room"),
        ({"rt60_s": np.zeros(2, np.float32)}, "rt60_s"),
    ],
)
def test_impossible_banks_are_not_written(path, change, message):
    with pytest.raises(SceneError, match=message):
        save_room_bank(path, replace(small_bank(), **change))
    assert not path.exists()


def walls(**change):
    """The walls of two rooms."""
    known = Shoeboxes(np.full((2, 3), 4.0), np.full((2, 3), 1.5), np.full((2, 6, 7), 0.3))
    return replace(known, **change)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"dimensions_m": np.full((2, 3), 0.01)}, "dimensions_m"),
        ({"dimensions_m": np.full((2, 3), 1e6)}, "dimensions_m"),
        ({"listener_m": np.full((2, 3), 4.5)}, "listener_m"),
        ({"listener_m": np.full((2, 3), np.nan)}, "listener_m"),
        ({"absorption": np.full((2, 6, 7), 1.0)}, "absorption"),
        ({"absorption": np.full((2, 6, 7), np.nan)}, "absorption"),
    ],
)
def test_impossible_walls_are_not_written(path, change, column):
    with pytest.raises(SceneError, match=f"impossible values in .*{column}"):
        save_room_bank(path, replace(small_bank(), shoeboxes=walls(**change)))
    save_room_bank(path, replace(small_bank(), shoeboxes=walls()))
    assert load_room_bank(path).has_walls(1)


def test_walls_of_other_shapes_are_refused_when_a_file_is_opened(path):
    columns = columns_of(small_bank()) | {
        name: np.zeros((2, 3)) for name in ("dimensions_m", "listener_m", "absorption")
    }
    about = {"version": 2, "room_name": ["a", "b"], "crc32": 0}
    save_file(columns, path, metadata={"whence room bank": json.dumps(about)})
    with pytest.raises(SceneError, match="impossible values in shapes of walls"):
        load_room_bank(path)


def test_wider_columns_are_stored_in_the_banks_own_types(path):
    bank = small_bank()
    save_room_bank(path, replace(bank, azimuth_deg=bank.azimuth_deg.astype(np.float64)))
    assert load_room_bank(path).azimuth_deg.dtype == np.float32


def test_without_the_library_the_extra_is_named(path, monkeypatch):
    save_room_bank(path, small_bank())
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(MissingExtraError, match=r"whence\[scenes\]"):
        load_room_bank(path)
    with pytest.raises(WhenceError, match=r"whence\[scenes\]"):
        save_room_bank(path, small_bank())
