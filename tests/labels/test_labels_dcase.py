import logging
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from labels_twins import random_events, read_by_hand, write_by_hand

from whence.errors import LabelError
from whence.labels import ClassList, Events, dcase_text, read_dcase, read_dcase_files, read_dcase_folder, write_dcase

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


def test_a_bad_line_in_a_folder_and_in_a_zip_is_named_with_its_place(tree, tmp_path):
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
