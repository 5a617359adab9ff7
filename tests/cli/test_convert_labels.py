"""`whence convert-labels` as a user types it."""

import pytest

from whence.cli.main import main
from whence.labels import Events, write_dcase

HEADER = "frame,class,source,azimuth,distance,onscreen\n"


@pytest.fixture
def labels(tmp_path):
    """Two label files."""
    folder = tmp_path / "data"
    folder.mkdir()
    table = {"frame": [0, 9], "class_index": [8, 11], "azimuth_deg": [10, -10], "distance_m": [1.0, 2.0]}
    for name in ("a", "b"):
        write_dcase(folder / f"{name}.csv", Events.from_columns(table))
    return folder


def test_convert_writes_a_file_for_each_and_mirrors_the_tree(labels, tmp_path, capsys):
    (labels / "deeper").mkdir()
    (labels / "a.csv").rename(labels / "deeper" / "a.csv")
    assert main(["convert-labels", str(labels), "--to", "audacity", "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "deeper" / "a.txt").read_text().startswith("0.000000\t0.100000\tmusic 10L 1.0m\n")
    assert (tmp_path / "out" / "b.txt").exists()
    assert "2 of 2 files converted: 2 written to" in capsys.readouterr().err


def test_convert_goes_on_after_a_bad_file_and_ends_with_1(labels, tmp_path, capsys):
    (labels / "a.csv").write_text("nonsense")
    assert main(["convert-labels", str(labels), "--to", "jams", "--out", str(tmp_path / "out")]) == 1
    err = capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.jams"]
    assert "a.csv" in err
    assert "1 of 2 files converted" in err.splitlines()[-1]


def test_convert_from_all_around_to_stereo(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "clip.csv").write_text("0,9,1,150,-20,155\n")
    words = ["--from", "dcase2023", "--viewing-angle", "10", "--to", "dcase", "--out", str(tmp_path / "out")]
    assert main(["convert-labels", str(tmp_path / "in"), *words]) == 0
    assert (tmp_path / "out" / "clip.csv").read_text() == HEADER + "0,9,1,20,155,0\n"


def test_convert_there_and_back_through_json(labels, tmp_path):
    assert main(["convert-labels", str(labels), "--to", "json-frames", "--out", str(tmp_path / "json")]) == 0
    words = ["--from", "json", "--to", "dcase", "--out", str(tmp_path / "back")]
    assert main(["convert-labels", str(tmp_path / "json"), *words]) == 0
    returned = next((tmp_path / "back").glob("a*.csv"))
    assert returned.read_text() == (labels / "a.csv").read_text()


def test_convert_never_writes_among_the_originals(labels, capsys):
    before = {path: path.read_bytes() for path in labels.iterdir()}
    assert main(["convert-labels", str(labels), "--to", "dcase", "--out", str(labels)]) == 2
    assert {path: path.read_bytes() for path in labels.iterdir()} == before
    assert "choose another folder" in capsys.readouterr().err


def test_convert_that_cannot_know_the_distance_says_so(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "clip.csv").write_text("0,9,1,150,-20\n")
    words = ["--from", "dcase2022", "--to", "dcase", "--out", str(tmp_path / "out")]
    assert main(["convert-labels", str(tmp_path / "in"), *words]) == 1
    assert "no distance is known" in capsys.readouterr().err
