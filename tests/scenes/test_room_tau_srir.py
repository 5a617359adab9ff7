"""TAU-SRIR DB as it is published: two small rooms of the same layout, written the way MATLAB writes them."""

import h5py
import numpy as np
import pytest
from room_examples import encoded, plane_wave
from scipy.io import savemat

from whence.cli.main import main
from whence.errors import SceneError
from whence.scenes.rooms import load_room_bank
from whence.scenes.rooms.measured import read_measured
from whence.scenes.rooms.tau_srir import distances_m, read_tau_srir

# A circle of 1.5 m and one of 3 m, at two heights; two lines along y, 2 m ahead and 3 m behind, at one height.
CIRCLES_M = np.array([[1.5, 3.0]])
LINES_M = np.array([[[2.0, -3.0], [2.0, 2.0], [0.0, 0.0]], [[2.0, -3.0], [-2.0, -2.0], [0.0, 0.0]]])
ELEVATIONS = (-20.0, 10.0)


def unit(azimuth_deg, elevation_deg):
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    return [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)]


def directions():
    """(group, height) tables of azimuth and elevation of each response, by room."""
    circles = [[[(float(azimuth), e) for azimuth in range(0, 12)] for e in ELEVATIONS] for _ in CIRCLES_M[0]]
    # The second line has more responses than the first.
    lines = [[[(float(a), 5.0) for a in range(45, 39, -1)]], [[(float(a), 5.0) for a in range(146, 157)]]]
    return {"pb132": circles, "sa203": lines}


def structures(rows, names):
    """A MATLAB array of structures, (row, 1)."""
    array = np.empty((len(rows), 1), dtype=[(name, object) for name in names])
    for number, row in enumerate(rows):
        array[number, 0] = row
    return array


def tau_srir_tree(folder):
    folder.mkdir(parents=True)
    rooms, info = [], []
    for number, (name, groups) in zip((3, 5), directions().items(), strict=True):
        doa = np.empty((len(groups), len(groups[0])), dtype=[("doa_xyz", object)])
        counts = np.array([[len(path) for path in heights] for heights in groups], np.uint16)
        with h5py.File(folder / f"rirs_{number:02d}_{name}.mat", "w", userblock_size=512) as file:
            references = {form: np.empty(doa.shape[::-1], h5py.ref_dtype) for form in ("foa", "mic")}
            for (group, height), _ in np.ndenumerate(doa):
                path = groups[group][height]
                doa[group, height] = (np.array([unit(*direction) for direction in path]),)
                waves = [plane_wave(a, e, seconds=0.3, seed=n) for n, (a, e) in enumerate(path)]
                for form, content in (("foa", waves), ("mic", [0 * wave for wave in waves])):
                    values = np.stack([encoded(wave, "ambix") for wave in content])
                    values = file.create_dataset(f"#refs#/{form}{group}{height}", data=values)
                    references[form][height, group] = values.ref
            for form, table in references.items():
                file.create_dataset(f"rirs/{form}", data=table, dtype=h5py.ref_dtype)
        rooms.append((name, 2019, doa, counts))
        kind, path = ("circular", CIRCLES_M) if name == "pb132" else ("linear", LINES_M)
        info.append((name, np.array([[5.0, 4.0, 3.0]]), path, np.array([[0.5, 1.5]]), kind))
    room = structures(rooms, ("name", "year", "rirs", "nRirs"))
    savemat(folder / "rirdata.mat", {"rirdata": {"fs": 24_000, "room": room, "tetra_mic_radius_m": 0.042}})
    names = ("room", "dimensions", "distances", "heights", "trajectoryType")
    savemat(folder / "measinfo.mat", {"measinfo": structures(info, names)})
    return folder


@pytest.fixture
def tree(tmp_path):
    return tau_srir_tree(tmp_path / "tau" / "TAU-SRIR_DB")


def test_every_fifth_response_comes_with_the_direction_of_the_database(tree):
    circles, lines = read_tau_srir(tree)
    assert [round(one.azimuth_deg) for one in circles] == [0, 5, 10] * 4
    assert [round(one.elevation_deg) for one in circles] == [-20, -20, -20, 10, 10, 10] * 2
    assert [round(one.azimuth_deg) for one in lines] == [45, 40, 146, 151, 156]
    assert {one.room for one in lines} == {"sa203"}
    # Not the capsules, and not mixed up between paths.
    wave = plane_wave(40.0, 5.0, seconds=0.3, seed=5)
    assert np.array_equal(lines[1].channels, encoded(wave, "ambix"))


def test_distances_are_where_the_direction_meets_the_path(tree):
    circles, lines = read_tau_srir(tree)
    radius = [1.5] * 6 + [3.0] * 6
    for one, metres in zip(circles, radius, strict=True):
        assert one.distance_m * np.cos(np.radians(one.elevation_deg)) == pytest.approx(metres)
    for one, ahead in zip(lines, [2.0, 2.0, -3.0, -3.0, -3.0], strict=True):
        x = one.distance_m * np.cos(np.radians(one.elevation_deg)) * np.cos(np.radians(one.azimuth_deg))
        assert x == pytest.approx(ahead)


def test_a_direction_away_from_a_line_has_no_distance():
    away = np.array([unit(180.0, 0.0), [0.0, 1.0, 0.0]])
    assert np.isnan(distances_m("linear", LINES_M[..., 0], away)).all()


def test_the_folder_joins_a_bank_by_its_own_name_or_that_of_its_parent(tree, tmp_path):
    out = tmp_path / "rooms.safetensors"
    words = ["--rooms", "1", "--places", "2", "--rt60", "0.15", "0.2", "--jobs", "1", "--measured", str(tree.parent)]
    assert main(["scenes", "rooms", str(out), *words]) == 0
    bank = load_room_bank(out)
    assert bank.room_name[1:] == ("pb132", "sa203")
    assert np.bincount(bank.room).tolist() == [2, 12, 5]
    assert bank.azimuth_deg[2:5].tolist() == pytest.approx([0.0, 5.0, 10.0], abs=1e-4)


def test_a_room_may_be_missing(tree):
    (tree / "rirs_03_pb132.mat").unlink()
    assert read_measured(tree).room_name == ("sa203",)


def test_a_few_unusable_responses_are_left_out_with_a_warning(tree, caplog):
    with h5py.File(tree / "rirs_03_pb132.mat", "r+") as file:
        file["#refs#/foa01"][5] = 0.0
    assert len(read_measured(tree)) == 16
    assert "1 of 12 responses left out: " in caplog.text
    assert "rirs_03_pb132.mat, group 1, height 2, response 6: the first channel is silent" in caplog.text
    with h5py.File(tree / "rirs_03_pb132.mat", "r+") as file:
        file["#refs#/foa01"][...] = 0.0
    with pytest.raises(SceneError, match=r"group 1, height 2, response 1: the first channel is silent"):
        read_measured(tree)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_directions(folder):
    savemat(folder / "rirdata.mat", {"rirdata": {"fs": 24_000}})


def fewer_responses(folder):
    with h5py.File(folder / "rirs_03_pb132.mat", "r+") as file:
        file["rirs/foa"][1, 0] = file["#refs#"].create_dataset("short", data=np.zeros((3, 4, 100))).ref


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (
            lambda folder: (folder / "rirdata.mat").unlink(),
            r"no rirdata.mat; a folder of measured rooms is TAU-SRIR DB",
        ),
        (lambda folder: cut(folder / "measinfo.mat"), r"measinfo.mat: not a file of TAU-SRIR DB or damaged"),
        (lambda folder: cut(folder / "rirs_03_pb132.mat"), r"rirs_03_pb132.mat: not a file of TAU-SRIR DB or damaged"),
        (lambda folder: [path.unlink() for path in folder.glob("rirs_*")], r"no rirs_\*.mat of any room"),
        (other_directions, r"rirdata.mat: not a file of TAU-SRIR DB or damaged"),
        (fewer_responses, r"group 1, height 2 are \(100, 4, 3\); rirdata.mat has directions of 12 with 4 channels"),
    ],
)
def test_another_folder_or_a_damaged_one_is_refused(tree, harm, sentence, tmp_path, capsys):
    harm(tree)
    with pytest.raises(SceneError, match=sentence):
        read_measured(tree)
    assert main(["scenes", "rooms", str(tmp_path / "x.safetensors"), "--measured", str(tree)]) == 2
    assert not (tmp_path / "x.safetensors").exists()
