import sys

import h5py
import numpy as np
import pytest
from room_examples import encoded, plane_wave

from whence.errors import MissingExtraError, SceneError
from whence.scenes.rooms import sofa
from whence.scenes.rooms.measured import bank_of_measured, read_measured
from whence.scenes.rooms.sofa import SofaContent, content_of, read_sofa

AZIMUTHS = (0.0, 90.0, -135.0)


def write_sofa(path, layout="ambix", convention="SingleRoomSRIR", data_type="FIR", stated=None, **variables):
    """A minimal file with three measurements at 2 m, elevation 0; variables replace or add to the usual ones."""
    responses = np.stack([encoded(plane_wave(azimuth, 0.0, seed=i), layout) for i, azimuth in enumerate(AZIMUTHS)])
    if data_type == "FIRE":
        responses = responses[:, :, None]
    if data_type == "FIR-E":
        responses = responses[..., None]
    usual = {
        "Data.IR": responses,
        "Data.SamplingRate": np.array([24_000.0]),
        "Data.Delay": np.zeros((1, 4)),
        "SourcePosition": np.array([[azimuth % 360, 0.0, 2.0] for azimuth in AZIMUTHS]),
        "SourcePosition:Type": "spherical",
        "ListenerPosition": np.zeros((1, 3)),
    } | variables
    with h5py.File(path, "w") as file:
        file.attrs["Conventions"] = np.bytes_("SOFA")
        file.attrs["SOFAConventions"] = np.bytes_(convention)
        file.attrs["DataType"] = data_type
        file.attrs["Title"] = h5py.Empty("S1")
        for name, value in usual.items():
            variable, _, attribute = name.partition(":")
            if attribute and variable in file:
                file[variable].attrs[attribute] = np.bytes_(value)
            elif not attribute and value is not None:
                file[variable] = value
        if stated:
            file["Data.IR"].attrs["ChannelOrdering"], file["Data.IR"].attrs["Normalization"] = stated


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hall.sofa"


@pytest.fixture
def here(monkeypatch):
    """Read in this process: a process per file is what takes most of the time."""
    monkeypatch.setattr(sofa, "_read_apart", content_of)


def test_measurements_come_with_their_positions(path):
    write_sofa(path)
    measured = read_sofa(path, "ambix")
    assert [one.azimuth_deg for one in measured] == pytest.approx(list(AZIMUTHS))
    assert [one.distance_m for one in measured] == pytest.approx([2.0] * 3)
    assert [one.elevation_deg for one in measured] == pytest.approx([0.0] * 3)
    assert {one.room for one in measured} == {"hall"}
    bank = bank_of_measured(measured)
    assert bank.azimuth_deg == pytest.approx(np.array(AZIMUTHS))


@pytest.mark.parametrize("data_type", ["FIR", "FIRE", "FIR-E"])
@pytest.mark.parametrize(
    ("stated", "layout"),
    [(("acn", "sn3d"), "ambix"), (("ACN", "N3D"), "n3d"), (("fuma", "fuma"), "fuma"), (("fuma", "sn3d"), "wxyz")],
)
def test_a_stated_layout_is_used(here, path, data_type, stated, layout):
    write_sofa(path, layout, "AmbisonicsDRIR", data_type, stated)
    expected = [encoded(plane_wave(azimuth, 0.0, seed=i), layout) for i, azimuth in enumerate(AZIMUTHS)]
    for one, channels in zip(read_sofa(path), expected, strict=True):
        assert one.layout == layout
        assert np.array_equal(one.channels, channels)


def test_positions_are_relative_to_the_listener_and_its_view(here, path):
    # The listener is at (1, 2, 1) and looks along y; the source 2 m to its left, 1 m up, then behind it.
    write_sofa(
        path,
        **{
            "SourcePosition": np.array([[-1.0, 2.0, 2.0], [1.0, -1.0, 1.0], [1.0, 5.0, 1.0]]),
            "SourcePosition:Type": "cartesian",
            "ListenerPosition": np.array([[1.0, 2.0, 1.0]] * 3),
            "ListenerView": np.array([[0.0, 3.0, 0.0]]),
            "ListenerUp": np.array([[0.0, 0.0, 1.0]]),
        },
    )
    left, behind, ahead = read_sofa(path, "ambix")
    assert (left.azimuth_deg, left.elevation_deg) == pytest.approx((90, np.degrees(np.arctan2(1, 2))))
    assert left.distance_m == pytest.approx(np.sqrt(5))
    assert abs(behind.azimuth_deg) == pytest.approx(180)
    assert (ahead.azimuth_deg, ahead.distance_m) == pytest.approx((0, 3))


def test_a_view_may_be_an_angle(here, path):
    write_sofa(path, **{"ListenerView": np.array([[90.0, 0.0, 1.0]]), "ListenerView:Type": "spherical"})
    turned = [one.azimuth_deg for one in read_sofa(path, "ambix")]
    assert turned == pytest.approx([-90.0, 0.0, 135.0])


@pytest.mark.parametrize(
    ("kind", "units", "scales"),
    [
        ("spherical", None, (1, 1, 1)),
        ("spherical", "degree, degree, metre", (1, 1, 1)),
        ("spherical", "degrees,degrees,metres", (1, 1, 1)),
        ("Spherical", "Degree Degree Meter", (1, 1, 1)),
        ("spherical", "degree, degree, centimetre", (1, 1, 100)),
        ("spherical", "degree, degree, cm", (1, 1, 100)),
        ("spherical", "radian, radian, millimetre", (np.pi / 180, np.pi / 180, 1000)),
        ("cartesian", None, (1, 1, 1)),
        (None, None, (1, 1, 1)),
        ("cartesian", "metre", (1, 1, 1)),
        ("cartesian", "metre, metre, metre", (1, 1, 1)),
        ("cartesian", "centimetre", (100, 100, 100)),
        ("cartesian", "mm;mm;mm", (1000, 1000, 1000)),
    ],
)
def test_positions_are_read_in_their_own_units(here, path, kind, units, scales):
    flat = np.radians(AZIMUTHS)
    positions = np.stack([2 * np.cos(flat), 2 * np.sin(flat), 0 * flat], axis=1)
    if kind and kind.lower() == "spherical":
        positions = np.array([[azimuth, 0.0, 2.0] for azimuth in AZIMUTHS])
    stated = {"SourcePosition:Type": kind or ""}
    stated |= {"SourcePosition:Units": units} if units else {}
    write_sofa(path, SourcePosition=positions * scales, **stated)
    measured = read_sofa(path, "ambix")
    assert [one.distance_m for one in measured] == pytest.approx([2.0] * 3)
    assert [one.azimuth_deg for one in measured] == pytest.approx(AZIMUTHS)


@pytest.mark.parametrize(("unit", "rate"), [("hertz", 24_000.0), ("Hz", 24_000.0), ("kHz", 24.0)])
def test_the_sample_rate_is_read_in_its_unit(here, path, unit, rate):
    write_sofa(path, **{"Data.SamplingRate": np.array([rate]), "Data.SamplingRate:Units": unit})
    assert content_of(path).sample_rate_hz == 24_000


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"SourcePosition:Units": "degree, degree, foot"}, "units of SourcePosition are 'degree, degree, foot'; write"),
        ({"SourcePosition:Units": "metre"}, "units of SourcePosition are 'metre'; .*: degree, degree, metre$"),
        ({"SourcePosition:Units": "degree, metre, degree"}, "units of SourcePosition"),
        ({"ListenerPosition:Units": "inch"}, "units of ListenerPosition are 'inch'; .*: metre$"),
        ({"ListenerPosition:Units": "metre, metre"}, "units of ListenerPosition"),
        ({"SourcePosition:Type": "polar"}, "the type of SourcePosition is 'polar'; it may be cartesian or spherical$"),
        ({"Data.SamplingRate:Units": "1/s"}, "the unit of Data.SamplingRate is '1/s'; write it .*: hertz$"),
    ],
)
def test_units_that_are_not_known_are_refused(here, path, stated, message):
    write_sofa(path, **stated)
    with pytest.raises(SceneError, match=message):
        read_sofa(path, "ambix")


def test_manifests_may_name_sofa_files(path, tmp_path):
    write_sofa(path)
    (tmp_path / "list.csv").write_text("path,layout,room\nhall.sofa,ambix,my hall\n")
    bank = read_measured(tmp_path / "list.csv")
    assert bank.room_name == ("my hall",)
    assert len(bank) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"convention": "SimpleFreeFieldHRIR"}, "convention 'SimpleFreeFieldHRIR'"),
        ({"data_type": "TF"}, "data 'TF'"),
        ({"Data.IR": np.zeros((3, 4))}, r"Data.IR is \(3, 4\); FIR should be M, R, N"),
        ({"Data.IR": np.zeros((3, 65, 10))}, "Data.IR is"),
        ({"Data.IR": np.array([[[b"text"]]])}, "too large or no numbers"),
        ({"Data.IR": np.zeros((0, 4, 10))}, "too large or no numbers"),
        ({"Data.IR": np.zeros((3, 4, 10, 2)), "data_type": "FIR-E"}, "several emitters per measurement"),
        ({"Data.Delay": np.array([[0.0, 1.0, 0.0, 0.0]])}, "different delays"),
        ({"SourcePosition": None}, "SourcePosition is missing"),
        ({"SourcePosition": np.zeros((2, 3))}, r"SourcePosition is \(2, 3\); it should be \(3, 3\) or \(1, 3\)"),
        ({"SourcePosition": np.zeros((3, 3))}, "measurement 0 has its source in the listener"),
        ({"SourcePosition": np.full((3, 3), np.nan)}, "measurement 0 has its source in the listener"),
        ({"ListenerView": np.array([[0.0, 0.0, 1.0]])}, "do not span a direction"),
        ({"Data.SamplingRate": None}, "Data.SamplingRate is missing"),
    ],
)
def test_files_with_other_content_are_refused(here, path, change, message):
    write_sofa(path, **change)
    with pytest.raises(SceneError, match=message):
        read_sofa(path, "ambix")


def test_a_file_without_a_layout_asks_for_it(here, path):
    write_sofa(path)
    with pytest.raises(SceneError, match=r"hall.sofa: the file does not say how .* give the layout"):
        read_sofa(path)


def test_links_to_other_files_are_not_followed(here, path, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(8 * 3 * 4 * 10))
    write_sofa(path)
    with h5py.File(path, "a") as file:
        del file["Data.IR"]
        file.create_dataset("Data.IR", (3, 4, 10), "f8", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
    with pytest.raises(SceneError, match="points to other files"):
        read_sofa(path, "ambix")
    write_sofa(tmp_path / "other.sofa")
    with h5py.File(path, "a") as file:
        del file["Data.IR"]
        file["Data.IR"] = h5py.ExternalLink("other.sofa", "/Data.IR")
    with pytest.raises(SceneError, match=r"Data\.IR is missing"):
        read_sofa(path, "ambix")


def test_a_shape_that_would_fill_the_memory_is_refused_before_it_is_read(here, path):
    write_sofa(path)
    with h5py.File(path, "a") as file:
        del file["Data.IR"]
        file.create_dataset("Data.IR", (100_000, 4, 100_000), "f8", chunks=(1, 4, 100), compression="gzip")
    assert path.stat().st_size < 2e6
    with pytest.raises(SceneError, match="too large"):
        read_sofa(path, "ambix")


def test_missing_and_foreign_files_are_refused(path):
    with pytest.raises(SceneError, match="no such file"):
        read_sofa(path)
    path.write_text("hello")
    with pytest.raises(SceneError, match="not a SOFA file or damaged"):
        read_sofa(path)


def check_damaged_files(path, count, seed):
    """Any damage gives measurements in their form or one sentence, in bounded time."""
    write_sofa(path)
    whole = path.read_bytes()
    rng = np.random.default_rng([seed, 6, 6])
    for _ in range(count):
        damaged = bytearray(whole[: int(rng.integers(8, len(whole)))] if rng.random() < 0.3 else whole)
        for position in rng.integers(0, min(len(damaged), 6000), 20):
            damaged[position] = int(rng.integers(256))
        path.write_bytes(damaged)
        try:
            measured = read_sofa(path, "ambix")
        except SceneError:
            continue
        assert all(one.channels.ndim == 2 and one.distance_m > 0 for one in measured)


def test_damaged_files_are_refused_in_one_sentence(path):
    check_damaged_files(path, 4, seed=0)


@pytest.mark.nightly
def test_many_damaged_files_are_refused_in_one_sentence(path, monkeypatch):
    monkeypatch.setattr(sofa, "_LONGEST_S", 10.0)
    check_damaged_files(path, 400, seed=1)


@pytest.mark.parametrize(
    ("reader", "limit_s", "message"),
    [
        ("while True: pass", 0.3, r"hall\.sofa: reading took more than 0\.3 s; it seems damaged"),
        ("import os; os.kill(os.getpid(), 9)", 60.0, r"hall\.sofa: reading it failed with code -9; it seems damaged"),
    ],
)
def test_a_reader_that_hangs_or_crashes_is_reported(path, monkeypatch, reader, limit_s, message):
    write_sofa(path)
    monkeypatch.setattr(sofa, "_LONGEST_S", limit_s)
    monkeypatch.setattr(sofa, "_READER", (sys.executable, "-c", reader))
    with pytest.raises(SceneError, match=message):
        read_sofa(path, "ambix")


def test_what_comes_from_the_other_process_is_what_the_file_holds(path, capfd):
    write_sofa(path, "fuma", "AmbisonicsDRIR", "FIRE", ("fuma", "fuma"))
    apart, near = sofa._read_apart(path), content_of(path)
    assert isinstance(apart, SofaContent)
    assert np.array_equal(apart.responses, near.responses)
    assert np.array_equal(apart.offset_m, near.offset_m)
    assert (apart.sample_rate_hz, apart.layout, apart.room) == (24_000, "fuma", "")
    assert capfd.readouterr() == ("", "")


def test_without_the_library_the_extra_is_named(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"whence\[scenes\]"):
        read_sofa(path)
