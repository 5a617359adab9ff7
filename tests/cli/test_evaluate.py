"""`whence evaluate` as a user types it."""

import json
import zipfile

import pytest

from whence.cli.main import main
from whence.labels import Events, dcase_text

HEADER = "frame,class,source,azimuth,distance,onscreen\n"


def write_clips(folder, tables):
    folder.mkdir()
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return str(folder)


@pytest.fixture
def two_folders(tmp_path):
    """Three reference frames of music ahead; the prediction is right twice and 30 degrees off once."""
    references = write_clips(
        tmp_path / "refs", {"a": ["0,8,0,0,100,0", "1,8,0,0,100,0", "2,8,0,0,100,0", "3,8,0,0,100,0"]}
    )
    predictions = write_clips(tmp_path / "preds", {"a": ["0,8,0,5,100,0", "1,8,0,0,120,0", "2,8,0,30,100,0"]})
    return references, predictions


def test_the_table_shows_both_protocols_and_what_was_left_out(two_folders, capsys):
    assert main(["evaluate", *two_folders, "--average", "micro"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "20 deg, relative distance 1, micro over 13 classes" in out
    # Official: frames 0 to 2, of which two are hits and one is misplaced. Strict: frame 3 is missed as well.
    f20 = next(line.split() for line in out.splitlines() if line.split()[:1] == ["F20"])
    assert f20[1:3] == ["66.7", "%"]
    assert f20[4:6] == ["57.1", "%"]
    assert "The official scorer left out: the last labelled frame of 1 clip." in out


def test_json_has_the_fixed_shape(two_folders, capsys):
    assert main(["evaluate", *two_folders, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert list(scores) == ["official", "strict", "per_class", "left_out"]
    for protocol in ("official", "strict"):
        assert list(scores[protocol]) == ["f20", "doae_deg", "rde", "distance_error_m", "intervals"]
        assert list(scores[protocol]["intervals"]) == ["f20", "doae_deg", "rde"]
    assert list(scores["per_class"][0]) == ["class", "name", "f20", "doae_deg", "rde", "references"]
    assert scores["per_class"][8]["name"] == "music"
    assert scores["official"]["f20"] == pytest.approx(2 / 3 / 13)
    assert scores["official"]["doae_deg"] == pytest.approx(35 / 3)
    assert scores["left_out"] == {"last_frames": 1, "predictions_after_end": 0, "missing_files": 0, "silent_clips": 0}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--azimuth-threshold", "30"], 1.0),
        (["--azimuth-threshold", "4"], 1 / 3),
        (["--distance-threshold", "0.1"], 1 / 3),
        (["--relative-distance-threshold", "0.1"], 1 / 3),
    ],
)
def test_thresholds_change_what_a_hit_is(flags, expected, two_folders, capsys):
    assert main(["evaluate", *two_folders, "--average", "micro", "--json", *flags]) == 0
    assert json.loads(capsys.readouterr().out)["official"]["f20"] == pytest.approx(expected)


@pytest.mark.parametrize("by", ["azimuth", "side", "distance", "polyphony", "same_class"])
def test_the_second_table_can_be_by_anything(by, two_folders, capsys):
    assert main(["evaluate", *two_folders, "--by", by]) == 0
    table = capsys.readouterr().out.rsplit("\n\n", 1)[1]
    assert table.split()[0] == by.split("_")[0]
    assert table.rstrip().endswith("3")  # all three scored references stand in one band


def test_clips_without_partner_are_named_and_end_with_1(tmp_path, capsys):
    references = write_clips(tmp_path / "refs", {"a": ["0,8,0,0,100,0", "1,8,0,0,100,0"], "b": ["0,1,0,0,100,0"]})
    predictions = write_clips(tmp_path / "preds", {"a": ["0,8,0,0,100,0"], "c": []})
    assert main(["evaluate", references, predictions]) == 1
    out, err = capsys.readouterr()
    assert "F20" in out
    assert (
        "1 clip without a prediction file (b); 1 clip predicted but not in the references (c)" in err.splitlines()[-1]
    )


def test_folders_with_nothing_in_common_end_with_2_and_no_table(tmp_path, capsys):
    references = write_clips(tmp_path / "refs", {"a": ["0,8,0,0,100,0"]})
    predictions = write_clips(tmp_path / "preds", {"b": ["0,8,0,0,100,0"]})
    assert main(["evaluate", references, predictions]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("whence: ") == 1


def test_two_single_files_are_one_clip_whatever_their_names(tmp_path, capsys):
    table = Events.from_columns({"frame": [0, 1], "class_index": [3, 3], "azimuth_deg": [9, 9], "distance_m": [1, 1]})
    for name in ("truth.csv", "mine.csv"):
        (tmp_path / name).write_text(dcase_text(table))
    paths = [str(tmp_path / "truth.csv"), str(tmp_path / "mine.csv")]
    assert main(["evaluate", *paths, "--json", "--average", "micro"]) == 0
    assert json.loads(capsys.readouterr().out)["official"]["f20"] == pytest.approx(1.0)


def test_a_zip_scores_like_its_folder(two_folders, tmp_path, capsys):
    archive = tmp_path / "preds.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(f"{two_folders[1]}/a.csv", "preds/a.csv")
    assert main(["evaluate", *two_folders, "--json"]) == 0
    from_folder = capsys.readouterr().out
    assert main(["evaluate", two_folders[0], str(archive), "--json"]) == 0
    assert capsys.readouterr().out == from_folder


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0,8,0,0,100,0\n", "header"),
        (HEADER + "0,13,0,0,100,0\n", "a.csv:2: class 13; this task has 0..12"),
        (
            HEADER + "0,8,0,0,2.5,0\n",
            "a.csv:2: distance 2.5 is not a whole number of centimetres; did you write metres?",
        ),
        (HEADER + "0,8,0,0,100\n", "a.csv:2: "),
        (HEADER.replace(",", ";"), "a.csv:1: values are split by semicolons; use commas"),
    ],
)
def test_bad_labels_name_file_and_line_and_end_with_2(text, sentence, two_folders, tmp_path, capsys):
    (tmp_path / "preds" / "a.csv").write_text(text)
    assert main(["evaluate", *two_folders]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert sentence in err


@pytest.mark.parametrize("missing", ["nowhere", "nowhere.csv", "nowhere.zip"])
def test_what_is_not_there_is_named(missing, two_folders, tmp_path, capsys):
    assert main(["evaluate", two_folders[0], str(tmp_path / missing)]) == 2
    assert missing in capsys.readouterr().err


def test_own_classes(tmp_path, capsys):
    (tmp_path / "classes.txt").write_text("dog\ncat\n")
    references = write_clips(tmp_path / "refs", {"a": ["0,1,0,0,100,0", "1,0,0,0,100,0"]})
    assert main(["evaluate", references, references, "--classes", str(tmp_path / "classes.txt"), "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["per_class"]] == ["dog", "cat"]


def test_a_negative_threshold_is_refused(two_folders, capsys):
    assert main(["evaluate", *two_folders, "--azimuth-threshold", "-1"]) == 2
    assert "azimuth_threshold_deg is -1.0; it must be 0 or more" in capsys.readouterr().err
