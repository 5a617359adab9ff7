import logging
from dataclasses import replace

import numpy as np
import pytest
from room_examples import plain_room, plane_wave
from test_room_foa import encoded

from whence.errors import SceneError
from whence.scenes.rooms.acoustics import rt60_of
from whence.scenes.rooms.bank import merge
from whence.scenes.rooms.measured import MeasuredResponse, bank_of_measured
from whence.scenes.rooms.simulation import DIRECT_SAMPLE, simulate_room


def measured(azimuth=40.0, elevation=-10.0, layout="ambix", distance_m=2.0, room="hall", **more):
    wave = encoded(plane_wave(azimuth, elevation, **more), layout)
    return MeasuredResponse("a.wav", wave, more.get("rate", 24_000), layout, room, distance_m)


def test_every_layout_and_gain_gives_the_same_bank():
    banks = [
        bank_of_measured([replace(measured(layout=layout), channels=gain * measured(layout=layout).channels)])
        for layout in ("ambix", "n3d", "fuma", "wxyz")
        for gain in (1.0, -0.01)
    ]
    for bank in banks[1:]:
        assert np.abs(bank.responses.astype(float) - banks[0].responses.astype(float)).max() < 2e-3
        assert bank.azimuth_deg == pytest.approx(banks[0].azimuth_deg, abs=0.01)
        assert bank.rt60_s == pytest.approx(banks[0].rt60_s, rel=1e-3)


@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_the_direct_sound_is_moved_and_scaled_to_its_distance(rate):
    bank = bank_of_measured([measured(distance_m=2.5, rate=rate)])
    assert bank.direct_sample.tolist() == [DIRECT_SAMPLE]
    near = bank.responses[0, 0, DIRECT_SAMPLE - 12 : DIRECT_SAMPLE + 37].astype(float)
    assert np.sqrt((near**2).sum()) == pytest.approx(1 / 2.5, rel=0.01)
    assert np.argmax(np.abs(bank.responses[0, 0])) == DIRECT_SAMPLE
    assert bank.responses[0, 0, DIRECT_SAMPLE] > 0
    assert bank.azimuth_deg[0] == pytest.approx(40, abs=2)
    assert bank.elevation_deg[0] == pytest.approx(-10, abs=2)
    assert bank.distance_m.tolist() == [2.5]


def test_stereo_of_a_measured_source_points_at_it():
    bank = bank_of_measured([measured(azimuth=-70.0, elevation=0.0)])
    left, right = bank.stereo(0, 30.0)[:, DIRECT_SAMPLE]
    assert (left - right) / (left + right) == pytest.approx(np.sin(np.radians(-40)), abs=0.02)


def test_a_simulated_room_read_as_measured_is_itself_again():
    room = plain_room()
    responses = simulate_room(room, 9600, with_height=True).astype(float)
    delayed = np.pad(responses, ((0, 0), (0, 0), (500, 0))) * 0.3
    bank = bank_of_measured(
        [
            MeasuredResponse(f"{number}", encoded(wave, "fuma"), 24_000, "fuma", "r", place.distance_m)
            for number, (wave, place) in enumerate(zip(delayed, room.places, strict=True))
        ]
    )
    for number, place in enumerate(room.places):
        apart = (bank.azimuth_deg[number] - place.azimuth_deg + 180) % 360 - 180
        assert abs(apart) < 10
        ratio = bank.responses[number, 0, DIRECT_SAMPLE] / responses[number, 0, DIRECT_SAMPLE]
        # Reflections within the first 2 ms are counted as direct sound.
        assert ratio == pytest.approx(1, abs=0.2)
        scaled = responses[number, [0, 1, 3], :9000] * ratio
        assert bank.responses[number, :, :9000].astype(float) == pytest.approx(scaled, abs=2e-3)
    assert bank.rt60_s[0] == pytest.approx(np.median([rt60_of(wave[0]) for wave in responses]), rel=0.1)


def test_rooms_are_grouped_by_name_in_order_of_appearance():
    bank = bank_of_measured([measured(room="b"), measured(room="a"), measured(room="b", azimuth=-30, rt60_s=0.5)])
    assert bank.room_name == ("b", "a")
    assert bank.room.tolist() == [0, 1, 0]
    assert bank.rt60_s[0] > bank.rt60_s[1]
    assert len(merge([bank, bank])) == 6


def test_long_responses_fade_out_and_short_ones_end_in_silence():
    bank = bank_of_measured([measured(seconds=0.5), measured(seconds=0.3)], tap_count=9600)
    assert bank.responses.shape == (2, 3, 9600)
    assert abs(float(bank.responses[0, 0, -1])) < 1e-6
    assert not bank.responses[1, :, 7200:].any()
    # The reverberation time is that of the whole response, not of what is kept.
    assert bank_of_measured([measured(rt60_s=0.4)], tap_count=2400).rt60_s[0] == pytest.approx(0.4, rel=0.25)


def test_a_direct_sound_at_the_very_start_gets_its_lead():
    bank = bank_of_measured([measured(delay_s=0.0)])
    assert np.argmax(np.abs(bank.responses[0, 0])) == DIRECT_SAMPLE


def test_given_directions_are_used_when_the_sound_agrees(caplog):
    one = replace(measured(azimuth=179.0, elevation=0.0), azimuth_deg=-178.0, elevation_deg=2.0)
    bank = bank_of_measured([one])
    assert (bank.azimuth_deg[0], bank.elevation_deg[0]) == (-178, 2)
    assert not caplog.records
    assert bank_of_measured([replace(one, azimuth_deg=540.0)]).azimuth_deg[0] == -180


def test_doubtful_directions_are_told_once_for_all(caplog):
    one = replace(measured(azimuth=10.0, elevation=0.0), azimuth_deg=40.0, elevation_deg=0.0)
    with caplog.at_level(logging.WARNING, "whence.scenes"):
        bank = bank_of_measured([one, one, one])
    assert bank.azimuth_deg.tolist() == [40, 40, 40]
    (record,) = caplog.records
    assert "said to be at azimuth 40, elevation 0, but is heard at" in record.getMessage()
    assert "and 2 more of this kind" in record.getMessage()


@pytest.mark.parametrize(("claimed", "right"), [("n3d", "ambix"), ("ambix", "n3d"), ("fuma", "wxyz"), ("wxyz", "fuma")])
def test_a_wrong_layout_is_refused_and_the_right_one_named(claimed, right):
    one = replace(measured(layout=right, azimuth=0.0, elevation=0.0), layout=claimed)
    with pytest.raises(SceneError, match=rf"a.wav: in layout '{claimed}' the figures-of-eight .*{right} (1.0|0.9)\d"):
        bank_of_measured([one])


def test_slightly_loud_figures_of_eight_are_doubted(caplog):
    one = measured()
    one.channels[1:] *= 1.2
    with caplog.at_level(logging.WARNING, "whence.scenes"):
        bank_of_measured([one])
    assert "1.2" in caplog.text
    assert "directions from this room will be off" in caplog.text


@pytest.mark.parametrize(("gain", "refused"), [(1.75, False), (3.0, True)])
def test_a_channel_whose_reverberation_is_too_loud_is_noticed(caplog, gain, refused):
    one = measured(azimuth=0.0, elevation=0.0, late=0.1)
    one.channels[1] *= gain
    with caplog.at_level(logging.WARNING, "whence.scenes"):
        if refused:
            with pytest.raises(SceneError, match=r"a\.wav: .* the reverberation in Y and X is .*correct the layout"):
                bank_of_measured([one])
        else:
            bank_of_measured([one])
            assert "not at the same level" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance_m": float("nan")}, "a.wav: distance nan m; give the distance"),
        ({"distance_m": 0.0}, "distance 0 m"),
        ({"distance_m": 500.0}, "distance 500 m"),
        ({"azimuth_deg": 30.0}, "give both azimuth and elevation, or neither"),
        ({"azimuth_deg": float("inf"), "elevation_deg": 0.0}, "is not a direction"),
        ({"azimuth_deg": 30.0, "elevation_deg": 95.0}, "is not a direction"),
        ({"azimuth_deg": -90.0, "elevation_deg": 0.0}, "a.wav: .* but is heard at 40, -10; correct the direction"),
        ({"layout": "b-format"}, "no layout 'b-format'"),
        ({"channels": np.zeros((4, 5000))}, "a.wav: the first channel is silent"),
        ({"channels": plane_wave(0, 0, seconds=0.05, rt60_s=2.0, late=0.5)}, "a.wav: the response does not fall"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(change, message):
    with pytest.raises(SceneError, match=message):
        bank_of_measured([replace(measured(), **change)])


def test_nothing_measured_is_refused():
    with pytest.raises(SceneError, match="no measured responses"):
        bank_of_measured([])
