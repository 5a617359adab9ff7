import numpy as np
import pytest
import soundfile
from room_examples import plane_wave
from test_room_foa import encoded

from whence.errors import SceneError
from whence.scenes.rooms.manifest import read_channels, read_measured

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
