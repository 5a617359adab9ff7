"""Measured responses and the CSV lists that name them."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from room_examples import encoded, plain_room, plane_wave

from whence.errors import SceneError
from whence.scenes.rooms.bank import merge
from whence.scenes.rooms.foa import MeasuredResponse, rt60_of
from whence.scenes.rooms.measured import bank_of_measured, read_channels, read_measured
from whence.scenes.rooms.room import DIRECT_SAMPLE
from whence.scenes.rooms.simulation import simulate_room


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


def test_a_simulated_room_read_as_measured_is_itself_again():
    room = plain_room()
    responses = simulate_room(room, 9600, with_height=True).astype(float)
    delayed = np.pad(responses, ((0, 0), (0, 0), (500, 0))) * 0.3
    bank = bank_of_measured(
        [
            MeasuredResponse(f"{number}", encoded(wave, "fuma"), 24_000, "fuma", "r", position.distance_m)
            for number, (wave, position) in enumerate(zip(delayed, room.positions, strict=True))
        ]
    )
    for number, position in enumerate(room.positions):
        apart = (bank.azimuth_deg[number] - position.azimuth_deg + 180) % 360 - 180
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
    assert "the source is at azimuth 40, elevation 0, but the direct sound comes from" in record.getMessage()
    assert "and 2 more of this kind" in record.getMessage()


@pytest.mark.parametrize(("claimed", "right"), [("n3d", "ambix"), ("ambix", "n3d"), ("fuma", "wxyz"), ("wxyz", "fuma")])
def test_a_wrong_layout_is_refused_and_the_right_one_named(claimed, right):
    one = replace(measured(layout=right, azimuth=0.0, elevation=0.0), layout=claimed)
    with pytest.raises(
        SceneError,
        match=rf"a.wav: in layout '{claimed}' .*figures-of-eight .*{right} (1.0|0.9)\d",
    ):
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
        ({"azimuth_deg": -90.0, "elevation_deg": 0.0}, "a.wav: .* comes from 40, -10; correct the direction"),
        ({"layout": "b-format"}, "no layout 'b-format'"),
        ({"channels": np.zeros((4, 5000))}, "a.wav: the first channel is silent"),
        ({"channels": plane_wave(0, 0, seconds=0.05, rt60_s=2.0, late=0.5)}, "a.wav: the response does not fall"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(change, message):
    with pytest.raises(SceneError, match=message):
        bank_of_measured([replace(measured(), **change)])


HEADER = "path,layout,distance_m,room,azimuth_deg,elevation_deg\n"


def write_wave(path, azimuth=40.0, layout="fuma", rate=48_000, subtype="PCM_24", **more):
    soundfile.write(path, 0.4 * encoded(plane_wave(azimuth, -10.0, rate, **more), layout).T, rate, subtype=subtype)


@pytest.fixture
def manifest(tmp_path):
    return tmp_path / "rooms.csv"


def test_a_manifest_becomes_a_bank(tmp_path, manifest):
    (tmp_path / "sub").mkdir()
    write_wave(tmp_path / "sub" / "a.wav", 40.0, "fuma", 96_000)
    write_wave(tmp_path / "b.flac", -60.0, "ambix", 44_100)
    write_wave(tmp_path / "c.wav", 100.0, "n3d", 24_000, "FLOAT")
    manifest.write_text(HEADER + "sub/a.wav,fuma,1.5,hall,,\nb.flac,ambix,2,,,\nc.wav,n3d,3.5,hall,98,-9\n")
    bank = read_measured(manifest, tap_count=4800)
    assert bank.room_name == ("hall", "b")
    assert bank.room.tolist() == [0, 1, 0]
    assert bank.distance_m.tolist() == [1.5, 2.0, 3.5]
    assert bank.azimuth_deg == pytest.approx([40, -60, 98], abs=2)
    assert bank.elevation_deg == pytest.approx([-10, -10, -9], abs=2)
    assert bank.responses.shape == (3, 3, 4800)


def test_columns_may_be_missing_or_in_another_order_and_a_mark_may_stand_first(tmp_path, manifest):
    write_wave(tmp_path / "a.wav")
    manifest.write_bytes(b"\xef\xbb\xbfdistance_m,path,layout\r\n 2 , a.wav , fuma \r\n")
    assert read_measured(manifest).distance_m.tolist() == [2.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"rooms.csv:1: the header is \[\]"),
        ("file,distance\n", r"rooms.csv:1: the header is \['file', 'distance'\]; its columns may be path,layout"),
        (HEADER, "rooms.csv: names no responses"),
        (HEADER + "a.wav,fuma,,hall,,\n", "rooms.csv:2: a.wav has no distance_m; a response does not tell it"),
        (HEADER + "a.wav,,2,hall,,\n", "rooms.csv:2: a.wav has no layout"),
        (HEADER + "a.wav,fuma,two,hall,,\n", "rooms.csv:2: distance_m is 'two'; write a number"),
        (HEADER + "a.wav,fuma,nan,hall,,\n", "rooms.csv:2: distance_m is 'nan'"),
        (HEADER + "a.wav,fuma,2,hall,left,0\n", "rooms.csv:2: azimuth_deg is 'left'"),
        (HEADER + "b.wav,fuma,2,hall,,\n", "b.wav: no such file"),
        (HEADER + "rooms.csv,fuma,2,hall,,\n", "rooms.csv: not a sound file"),
        (HEADER + 'a.wav,"fuma,2,hall,,\n', "rooms.csv: not a CSV list"),
        (b"\xff\xfe\x00", "rooms.csv: not a CSV list"),
    ],
)
def test_manifests_that_cannot_be_used_name_their_line(tmp_path, manifest, text, message):
    write_wave(tmp_path / "a.wav")
    manifest.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SceneError, match=message):
        read_measured(manifest)


def test_a_missing_manifest_is_said(manifest):
    with pytest.raises(SceneError, match=r"rooms\.csv: no such file; give a CSV list"):
        read_measured(manifest)


def test_channels_are_read_as_they_are(tmp_path):
    wave = np.random.default_rng([7, 7, 7]).uniform(-0.9, 0.9, (5, 70_001))
    soundfile.write(tmp_path / "a.wav", wave.T, 32_000, subtype="DOUBLE")
    channels, rate = read_channels(tmp_path / "a.wav")
    assert rate == 32_000
    assert np.array_equal(channels, wave)


def test_sound_files_are_bounded(tmp_path):
    soundfile.write(tmp_path / "wide.wav", np.zeros((10, 65)), 8000)
    soundfile.write(tmp_path / "long.flac", np.zeros((8000 * 61, 1)), 8000)
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 4)), 8000)
    for name, message in (
        ("wide.wav", "65 channels"),
        ("long.flac", "longer than 60 s"),
        ("empty.wav", "holds no samples"),
    ):
        with pytest.raises(SceneError, match=f"{name}: .*{message}"):
            read_channels(tmp_path / name)


def test_a_wave_that_promises_more_than_it_holds_gives_what_is_there_or_one_sentence(tmp_path):
    path = tmp_path / "cut.wav"
    write_wave(path)
    whole, _ = read_channels(path)
    path.write_bytes(path.read_bytes()[:100_000])
    channels, _ = read_channels(path)
    assert np.array_equal(channels, whole[:, : channels.shape[1]])
    assert 0 < channels.shape[1] < whole.shape[1]


def test_mutated_sound_files_never_raise_anything_else(tmp_path, manifest):
    path = tmp_path / "a.wav"
    write_wave(path, seconds=0.1, rt60_s=0.08)
    whole = path.read_bytes()
    manifest.write_text(HEADER + "a.wav,fuma,2,hall,,\n")
    rng = np.random.default_rng([8, 8, 8])
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for position in rng.integers(0, 60, 3):
            damaged[position] = int(rng.integers(256))
        path.write_bytes(damaged)
        try:
            read_measured(manifest, 2400)
        except SceneError:
            refused += 1
    assert refused > 10
