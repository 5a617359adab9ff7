import logging
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from labels_twins import fold_by_hand, random_events, read_by_hand, write_by_hand

from whence.errors import LabelError
from whence.labels import (
    STARSS23,
    ClassList,
    Events,
    dcase_text,
    read_dcase,
    read_dcase_files,
    read_dcase_folder,
    read_starss,
    read_starss_files,
    read_starss_folder,
    to_stereo,
    write_dcase,
)
from whence.labels.classes import TAU_NIGENS_2020, TAU_NIGENS_2021
from whence.labels.dcase import CLASSES
from whence.labels.layouts import EARLIER_LAYOUTS

HEADER = "frame,class,source,azimuth,distance,onscreen"


def table(**columns):
    rows = len(next(iter(columns.values())))
    needed = {"frame": [0] * rows, "class_index": [0] * rows, "azimuth_deg": [0] * rows, "distance_m": [1] * rows}
    return Events.from_columns({**needed, **columns})


def rounded(events):
    """What a file can hold of a table."""
    return Events.from_columns(
        {
            **events.to_columns(),
            "azimuth_deg": [round(azimuth_deg) for azimuth_deg in events.azimuth_deg.tolist()],
            "distance_m": [round(distance_m * 100) / 100 for distance_m in events.distance_m.tolist()],
            "elevation_deg": [np.nan] * events.row_count,
            "score": [1.0] * events.row_count,
        }
    )


# Writing


@pytest.mark.parametrize("seed", range(20))
def test_writing_equals_the_obvious_form(seed):
    rng = np.random.default_rng([4, 0, seed])
    events = random_events(rng, rows=int(rng.integers(0, 100)))
    assert dcase_text(events) == write_by_hand(events)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-400, 400), st.one_of(st.floats(0, 1e5), st.integers(0, 2000).map(lambda n: n / 200))),
        min_size=1,
        max_size=20,
    )
)
def test_rounding_is_pythons_own(values):
    azimuth_deg, distance_m = zip(*values, strict=True)
    events = table(azimuth_deg=azimuth_deg, distance_m=distance_m)
    assert dcase_text(events) == write_by_hand(events)


def test_halves_go_to_the_even_number():
    events = table(azimuth_deg=[0.5, 1.5, -0.5, -1.5, -2.5], distance_m=[0.125, 0.375, 0.0, 0.005, 10.0])
    rows = [line.split(",")[3:5] for line in dcase_text(events).splitlines()[1:]]
    assert rows == [["0", "12"], ["2", "38"], ["0", "0"], ["-2", "0"], ["-2", "1000"]]


@pytest.mark.parametrize("seed", range(10))
def test_reading_what_was_written_gives_the_rounded_table(tmp_path, seed):
    events = random_events(np.random.default_rng([4, 1, seed]))
    write_dcase(tmp_path / "a.csv", events)
    assert read_dcase(tmp_path / "a.csv") == rounded(events)
    assert read_dcase(tmp_path / "a.csv") == read_by_hand((tmp_path / "a.csv").read_text())


def test_a_clip_without_events_is_a_header(tmp_path):
    assert dcase_text(Events.empty()) == f"{HEADER}\n"
    write_dcase(str(tmp_path / "a.csv"), Events.empty())
    assert read_dcase(tmp_path / "a.csv") == Events.empty()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"distance_m": [1, np.nan]}, "row 1: no distance is known; this format needs one for every row"),
        ({"distance_m": [1, 1e300]}, r"row 1: distance_m 1e\+302 is too large to be written"),
        ({"azimuth_deg": [0, -1e10]}, r"row 1: azimuth_deg -10000000000\.0 is too large"),
    ],
)
def test_what_the_file_cannot_hold_is_refused_and_nothing_written(tmp_path, columns, message):
    (tmp_path / "a.csv").write_text("what was there")
    with pytest.raises(LabelError, match=message):
        write_dcase(tmp_path / "a.csv", table(**columns))
    assert (tmp_path / "a.csv").read_text() == "what was there"
    assert len(list(tmp_path.iterdir())) == 1


def test_writing_into_no_folder_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_dcase(tmp_path / "none" / "a.csv", Events.empty())


# Reading


def test_centimetres_become_the_metres_they_mean(tmp_path):
    (tmp_path / "a.csv").write_text(f"{HEADER}\n" + "".join(f"0,0,0,0,{n},0\n" for n in range(2000)))
    distances = read_dcase(tmp_path / "a.csv").distance_m.tolist()
    assert distances == [float(f"{n // 100}.{n % 100:02}") for n in range(2000)]


def test_the_class_list_sets_the_range(tmp_path):
    (tmp_path / "a.csv").write_text(f"{HEADER}\n0,1,0,0,100,0\n")
    assert read_dcase(tmp_path / "a.csv", ClassList(("dog", "bell"))).class_index.tolist() == [1]
    with pytest.raises(LabelError, match=r"a\.csv:2: class 1; this task has 0\.\.0"):
        read_dcase(tmp_path / "a.csv", ClassList(("dog",)))


@pytest.fixture
def tree(tmp_path):
    rng = np.random.default_rng([4, 2, 0])
    tables = {}
    for folder in ("dev-test-sony", "dev-test-tau"):
        (tmp_path / "refs" / folder).mkdir(parents=True)
        for i in range(6):
            name = f"fold4_room{rng.integers(9)}_mix{i:03}_deg{rng.integers(360):03}_start{len(tables):04}"
            tables[name] = rounded(random_events(rng, rows=int(rng.integers(0, 30))))
            write_dcase(tmp_path / "refs" / folder / f"{name}.csv", tables[name])
    (tmp_path / "refs" / ".DS_Store").write_bytes(b"\0\1")
    return tmp_path / "refs", tables


def test_a_folder_is_read_with_its_subfolders_in_order_of_names(tree, caplog):
    folder, tables = tree
    with caplog.at_level(logging.WARNING, logger="whence.labels"):
        clips = read_dcase_folder(folder)
    assert list(clips) == sorted(tables)
    assert all(clips[name] == events for name, events in tables.items())
    assert "ignored 1 hidden file: .DS_Store" in caplog.text


def test_a_zip_of_the_folder_gives_the_same(tree, tmp_path):
    folder, _ = tree
    with zipfile.ZipFile(tmp_path / "refs.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in folder.rglob("*"):
            packed.write(path, path.relative_to(folder.parent))
    from_folder, from_zip = read_dcase_folder(folder), read_dcase_folder(str(tmp_path / "refs.zip"))
    assert from_zip.names == from_folder.names
    assert from_zip.events == from_folder.events


def test_files_keep_the_order_they_are_given_in(tree):
    folder, tables = tree
    paths = sorted(folder.rglob("*.csv"), reverse=True)
    clips = read_dcase_files(paths)
    assert list(clips) == [path.stem for path in paths]
    assert all(clips[name] == tables[name] for name in clips)


def test_a_bad_line_in_a_folder_and_in_a_zip_is_named_with_its_file(tree, tmp_path):
    folder, _ = tree
    (folder / "dev-test-tau" / "bad.csv").write_text(f"{HEADER}\n0,8,0,30,2.5,0\n")
    with pytest.raises(LabelError, match=r"refs/dev-test-tau/bad\.csv:2: distance 2\.5 .* did you write metres\?"):
        read_dcase_folder(folder)
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        packed.write(folder / "dev-test-tau" / "bad.csv", "x/bad.csv")
    with pytest.raises(LabelError, match=r"bad\.zip/x/bad\.csv:2: distance 2\.5"):
        read_dcase_folder(tmp_path / "bad.zip")


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(LabelError, match=r"none\.csv: no such file"):
        read_dcase(tmp_path / "none.csv")
    with pytest.raises(LabelError, match="none: no such folder"):
        read_dcase_folder(tmp_path / "none")
    with pytest.raises(LabelError, match="not a regular file"):
        read_dcase(tmp_path)


# Earlier years


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "fold3_room21_mix001.csv"
        path.write_text(text)
        return path

    return write


def test_a_file_with_distances(file):
    events = read_starss(file("70,9,1,-97,-20,155\n71,9,1,180,90,0\n"), "dcase2023")
    assert events.frame.tolist() == [70, 71]
    assert events.class_index.tolist() == [9, 9]
    assert events.source.tolist() == [1, 1]
    assert events.azimuth_deg.tolist() == [-97, 180]
    assert events.elevation_deg.tolist() == [-20, 90]
    assert events.distance_m.tolist() == [1.55, 0.0]
    assert events.score.tolist() == [1, 1]


@pytest.mark.parametrize("layout", ["dcase2020", "dcase2021", "dcase2022"])
def test_a_file_without_distances(file, layout):
    events = read_starss(file("70,9,1,-97,-20"), layout)
    assert np.isnan(events.distance_m).all()
    assert events.elevation_deg.tolist() == [-20]


def test_an_empty_file_is_a_clip_without_events(file):
    assert read_starss(file(""), "dcase2023") == Events.empty()


@pytest.mark.parametrize("layout", EARLIER_LAYOUTS)
def test_each_year_has_its_classes(file, layout):
    last = len(CLASSES[layout]) - 1
    extra = ",100" if "distance" in EARLIER_LAYOUTS[layout].names else ""
    assert read_starss(file(f"0,{last},0,0,0{extra}"), layout).class_index.tolist() == [last]
    with pytest.raises(LabelError, match=rf"mix001\.csv:1: class {last + 1}; this task has 0\.\.{last}"):
        read_starss(file(f"0,{last + 1},0,0,0{extra}"), layout)


def test_the_classes_of_the_years():
    assert set(CLASSES) == set(EARLIER_LAYOUTS)
    assert (len(TAU_NIGENS_2020), len(TAU_NIGENS_2021)) == (14, 12)
    assert (TAU_NIGENS_2020[4], TAU_NIGENS_2020[13]) == ("running engine", "piano")
    assert (TAU_NIGENS_2021[4], TAU_NIGENS_2021[11]) == ("female scream", "piano")
    assert CLASSES["dcase2022"] is STARSS23


def test_another_class_list_may_be_given(file):
    with pytest.raises(LabelError, match="class 1; this task has"):
        read_starss(file("0,1,0,0,0"), "dcase2022", ClassList(("bell",)))


@pytest.mark.parametrize("read", [read_starss_folder, lambda path, layout: read_starss_files([path], layout)])
@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("dcase2019", "no layout 'dcase2019'; there are: dcase2020, dcase2021, dcase2022, dcase2023, dcase2024$"),
        ("dcase2025", "dcase2025 files have a header and are read without a layout"),
    ],
)
def test_a_layout_is_never_guessed(tmp_path, read, layout, message):
    with pytest.raises(LabelError, match=message):
        read(tmp_path, layout)


def test_a_folder_of_recordings(tmp_path):
    for name in ("dev-train-tau/fold3_room4_mix001", "dev-train-sony/fold3_room21_mix002"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / f"{name}.csv").write_text("0,8,0,100,0,200\n")
    clips = read_starss_folder(tmp_path, "dcase2023")
    assert list(clips) == ["fold3_room21_mix002", "fold3_room4_mix001"]
    assert clips.events.azimuth_deg.tolist() == [100, 100]


# Stereo


def by_the_book(azimuth_deg, viewing_angle_deg):
    """The organisers' rule: add, bring down what is above 180, fold."""
    turned = azimuth_deg + viewing_angle_deg
    if 180 < turned <= 540:
        turned -= 360
    if turned > 90:
        return 180 - turned
    if turned < -90:
        return -180 - turned
    return turned


def test_every_azimuth_at_every_viewing_angle():
    azimuths = np.arange(-180, 181)
    recording = Events.from_columns({"frame": azimuths + 180, "class_index": azimuths * 0, "azimuth_deg": azimuths})
    for viewing_angle_deg in range(360):
        expected = [by_the_book(azimuth_deg, viewing_angle_deg) for azimuth_deg in azimuths.tolist()]
        np.testing.assert_array_equal(to_stereo(recording, viewing_angle_deg).azimuth_deg, expected)


@pytest.mark.parametrize("viewing_angle_deg", [-1000.0, -0.25, 0, 12.5, 360, 725])
def test_any_viewing_angle_is_taken(viewing_angle_deg):
    recording = Events.from_columns({"frame": [0, 0], "class_index": [0, 1], "azimuth_deg": [-100, 35]})
    expected = [fold_by_hand(-100 + viewing_angle_deg), fold_by_hand(35 + viewing_angle_deg)]
    np.testing.assert_allclose(to_stereo(recording, viewing_angle_deg).azimuth_deg, expected, atol=1e-9)


def test_only_the_direction_changes():
    recording = Events.from_columns(
        {
            "frame": [5, 3, 3],
            "class_index": [1, 2, 2],
            "source": [0, 4, 4],
            "azimuth_deg": [170, -170, 0],
            "distance_m": [1.5, np.nan, 2],
            "elevation_deg": [10, 20, 30],
            "score": [0.5, 1, 1],
        }
    )
    stereo = to_stereo(recording, 0)
    assert stereo.azimuth_deg.tolist() == [10, -10, 0]
    assert np.isnan(stereo.elevation_deg).all()
    for name in ("frame", "class_index", "source", "distance_m", "score"):
        np.testing.assert_array_equal(getattr(stereo, name), getattr(recording, name))


def test_a_five_second_clip_is_cut_by_frames():
    recording = Events.from_columns({"frame": np.arange(200), "class_index": [0] * 200, "azimuth_deg": [0] * 200})
    clip = to_stereo(recording.between(120, 170).shifted(-120), 90)
    assert clip.frame.tolist() == list(range(50))
    assert set(clip.azimuth_deg.tolist()) == {90.0}


@pytest.mark.parametrize("viewing_angle_deg", [np.nan, np.inf])
def test_a_viewing_angle_that_is_none_is_refused(viewing_angle_deg):
    with pytest.raises(LabelError, match=f"viewing angle {viewing_angle_deg} is not an angle in degrees"):
        to_stereo(Events.empty(), viewing_angle_deg)
