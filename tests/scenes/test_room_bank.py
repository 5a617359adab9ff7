from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from room_examples import small_bank

from whence.errors import SceneError
from whence.scenes.rooms.bank import azimuth_column, merge


@given(st.integers(0, 5), st.floats(-720, 720))
def test_stereo_is_two_cardioids_of_the_turned_pair(number, angle_deg):
    bank = small_bank()
    w, y, x = bank.responses[number].astype(np.float64)
    t = np.radians(angle_deg)
    turned = np.sin(t) * x + np.cos(t) * y
    left, right = bank.stereo(number, angle_deg)
    assert left == pytest.approx(w + turned, abs=1e-4)
    assert right == pytest.approx(w - turned, abs=1e-4)


@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(0, 359))
def test_a_plane_wave_is_heard_at_its_azimuth_plus_the_viewing_angle(azimuth, elevation, angle_deg):
    bank = small_bank(1, 1, 4)
    responses = np.zeros((1, 3, 4), np.float16)
    flat = np.cos(np.radians(elevation))
    responses[0, :, 0] = [1.0, np.sin(np.radians(azimuth)) * flat, np.cos(np.radians(azimuth)) * flat]
    left, right = replace(bank, responses=responses).stereo(0, angle_deg)[:, 0]
    assert (left - right) / (left + right) == pytest.approx(np.sin(np.radians(azimuth + angle_deg)) * flat, abs=2e-3)


def test_stereo_is_float32_and_leaves_the_bank_alone():
    bank = small_bank()
    before = bank.responses.copy()
    stereo = bank.stereo(2, 33.0)
    assert stereo.dtype == np.float32
    assert stereo.shape == (2, 64)
    assert np.array_equal(bank.responses, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"responses": np.zeros((6, 2, 64), np.float16)}, r"\(response, 3, tap\)"),
        ({"responses": np.zeros((6, 3), np.float16)}, r"\(response, 3, tap\)"),
        ({"room": np.zeros(5, np.int32)}, "one entry per response in each column: 6"),
        ({"azimuth_deg": np.zeros((6, 1), np.float32)}, "one entry per response"),
        ({"room_name": ("one",)}, "one name and one reverberation time per room"),
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


@given(st.lists(st.floats(-1000, 1000), max_size=20))
def test_azimuth_columns_never_reach_a_half_turn(azimuths):
    column = azimuth_column(azimuths)
    assert column.dtype == np.float32
    assert ((column >= -180) & (column < 180)).all()
    apart = (column - np.array(azimuths, dtype=float) + 180) % 360 - 180
    assert np.abs(apart).max(initial=0) < 1e-3
