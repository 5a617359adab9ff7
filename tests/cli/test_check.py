"""`whence check` as a user types it."""

import json
import logging
import shutil

import numpy as np
import pytest
import soundfile

from whence import recipes, training
from whence.audio import write
from whence.cli.main import main
from whence.cli.recorded_data import gather_recorded
from whence.labels import STARSS23, Events, write_dcase

HEADER = "frame,class,source,azimuth,distance,onscreen\n"


def noise(seed, seconds=1.0):
    return np.random.default_rng(seed).normal(0, 0.1, (2, int(24_000 * seconds))).astype(np.float32)


@pytest.fixture
def corpus(tmp_path):
    """Two good pairs of one second."""
    folder = tmp_path / "data"
    folder.mkdir()
    for seed, name in enumerate(("a", "b")):
        write(folder / f"{name}.wav", noise(seed))
        table = {"frame": [0, 9], "class_index": [8, 11], "azimuth_deg": [10, -10], "distance_m": [1.0, 2.0]}
        write_dcase(folder / f"{name}.csv", Events.from_columns(table))
    return folder


def check(folder, capsys, *flags):
    """The exit code and the findings of one look."""
    code = main(["check", str(folder), "--json", *flags])
    return code, json.loads(capsys.readouterr().out)


def places(page, severity):
    return [finding["place"] for finding in page["findings"] if finding["severity"] == severity]


def test_a_good_corpus_has_no_problems(corpus, capsys):
    code, page = check(corpus, capsys)
    assert code == 0
    assert page["clips"] == 2
    assert page["seconds"] == 2.0
    assert places(page, "problem") == []


def test_the_page_for_people_sums_up(corpus, capsys):
    assert main(["check", str(corpus)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 clips, 2.0 s, 24 kHz, 4 labelled")
    assert "2 of 13 classes; clips: 'music' has 2, 'bell' has 2" in out
    assert out.rstrip().endswith("0 problems, 1 suspicious")


def test_sounds_and_labels_without_partner(corpus, capsys):
    (corpus / "a.csv").unlink()
    (corpus / "b.wav").unlink()
    code, page = check(corpus, capsys)
    assert code == 1
    assert {place.rsplit("/", 1)[1] for place in places(page, "problem")} == {"a.wav", "b.csv"}


def test_every_unreadable_label_file_is_listed_not_only_the_first(corpus, capsys):
    (corpus / "a.csv").write_text(HEADER + "0,8,0,0,2.5,0\n")
    (corpus / "b.csv").write_text(HEADER + "0,13,0,0,250,0\n")
    code, page = check(corpus, capsys)
    assert code == 1
    assert {place.rsplit("/", 1)[1] for place in places(page, "problem")} == {"a.csv:2", "b.csv:2"}


def test_a_file_that_is_no_sound_is_a_problem(corpus, capsys):
    (corpus / "a.wav").write_text("hello")
    code, page = check(corpus, capsys)
    assert code == 1
    assert [finding["sentence"] for finding in page["findings"] if finding["severity"] == "problem"] == [
        "not a sound file (starts with 'hello')"
    ]


def test_mono_copied_twice_is_suspicious_and_strict_makes_it_count(corpus, capsys):
    one = noise(3)[:1]
    write(corpus / "a.wav", np.concatenate([one, one]))
    code, page = check(corpus, capsys)
    assert code == 0
    assert str(corpus / "a.wav") in places(page, "suspicious")
    assert check(corpus, capsys, "--strict")[0] == 1


def test_labels_beyond_the_end_of_their_sound(corpus, capsys):
    (corpus / "a.csv").write_text(HEADER + "10,8,0,0,250,0\n")
    code, page = check(corpus, capsys)
    assert code == 1
    assert places(page, "problem") == ["a, frame 10, music"]
    # Without looking at sounds nobody knows the end; said by hand it is known again.
    assert check(corpus, capsys, "--labels-only")[0] == 0
    assert check(corpus, capsys, "--labels-only", "--frames", "10")[0] == 1


def test_labels_of_an_earlier_year(tmp_path, capsys):
    (tmp_path / "old.csv").write_text("70,9,1,-97,-20,155\n")
    assert check(tmp_path, capsys, "--layout", "dcase2023")[0] == 0
    assert check(tmp_path, capsys)[0] == 1


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_a_folder_with_nothing_to_check_ends_with_2(name, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["check", str(tmp_path / name)]) == 2
    assert name in capsys.readouterr().err


def findings(page, severity="problem"):
    return {(f["place"].rsplit("/", 1)[-1], f["sentence"]) for f in page["findings"] if f["severity"] == severity}


def test_clips_of_one_name_in_several_folders_are_all_looked_at(corpus, capsys):
    for session in ("s1", "s2", "s3"):
        (corpus / session).mkdir()
        write(corpus / session / "take.wav", noise(5))
        (corpus / session / "take.csv").write_text(HEADER + "3,8,0,0,250,0\n")
    (corpus / "s1" / "take.wav").write_text("hello")
    (corpus / "s2" / "take.csv").write_text(HEADER + "3,8,0,0,none,0\n")
    (corpus / "s3" / "take.csv").write_text(HEADER + "30,8,0,0,250,0\n")
    code, page = check(corpus, capsys)
    assert code == 1
    assert sorted(places(page, "problem")) == [
        str(corpus / "s1" / "take.wav"),
        f"{corpus / 's2' / 'take.csv'}:2",
        "s3/take, frame 30, music",
    ]
    assert (corpus.name, "names of several clips: take") in findings(page, "suspicious")
    (corpus / "s1" / "take.wav").unlink()
    (corpus / "s2" / "take.csv").unlink()
    code, page = check(corpus, capsys)
    assert {("take.csv", "a CSV without a sound"), ("take.wav", "a sound without a CSV")} <= findings(page)


def test_sounds_and_labels_may_be_in_two_trees(corpus, capsys):
    for number, folder in enumerate(("left/x", "left/y")):
        for tree in ("sounds", "labels"):
            (corpus / tree / folder).mkdir(parents=True)
        write(corpus / "sounds" / folder / "take.wav", noise(number))
        (corpus / "labels" / folder / "take.csv").write_text(HEADER + f"{number * 10},8,0,0,250,0\n")
    code, page = check(corpus, capsys)
    assert code == 1
    assert places(page, "problem") == ["sounds/left/y/take, frame 10, music"]


@pytest.mark.parametrize(("ending", "kind"), [("aiff", "AIFF"), ("au", "AU"), ("caf", "CAF"), ("w64", "W64")])
def test_every_ending_is_looked_at(tmp_path, capsys, ending, kind):
    soundfile.write(tmp_path / f"a.{ending}", noise(1).T, 24_000, format=kind)
    (tmp_path / "a.csv").write_text(HEADER + "10,8,0,0,250,0\n")
    assert places(check(tmp_path, capsys)[1], "problem") == ["a, frame 10, music"]


def test_a_mono_sound_is_named_once_and_with_a_remedy(corpus, capsys):
    soundfile.write(corpus / "a.wav", noise(1)[0], 24_000)
    assert main(["check", str(corpus)]) == 1
    line = f"Problem: {corpus / 'a.wav'}: 1 channel; direction needs two; use --channels mono to detect"
    assert line in capsys.readouterr().out


@pytest.mark.parametrize("step", [2_400, 100])
def test_numbers_of_samples_and_milliseconds_are_no_frames(tmp_path, capsys, step):
    rows = "".join(f"{step * number},8,0,0,250,0\n" for number in range(4))
    (tmp_path / "a.csv").write_text(HEADER + rows)
    code, page = check(tmp_path, capsys)
    assert code == 1
    ((place, sentence),) = findings(page)
    assert place == "a, frame 0, music"
    assert sentence.startswith("every labelled frame of the clip is 5 s or more from the next (4 rows)")
    # Two events of one frame each may be far apart.
    (tmp_path / "a.csv").write_text(HEADER + "0,8,0,0,250,0\n2400,8,0,0,250,0\n")
    assert check(tmp_path, capsys)[0] == 0
    (tmp_path / "a.csv").write_text(HEADER + "0,8,0,0,250,0\n900000,8,0,0,250,0\n")
    assert findings(check(tmp_path, capsys)[1]) == {("a, frame 900000, music", "later than 24 hours (1 row)")}


def test_what_train_refuses_is_a_problem_of_its_layout_and_an_exception_elsewhere(tmp_path, capsys, stereo_set):
    folder = tmp_path / "set"
    shutil.copytree(stereo_set, folder)
    first, second, *_ = sorted((folder / "stereo_dev" / "dev-train-sony").glob("*.wav"))
    soundfile.write(first, noise(1, 4.99).T, 24_000)
    soundfile.write(second, noise(1, 5.0).T, 44_100)
    code, page = check(folder, capsys)
    assert code == 1
    assert findings(page) == {
        (first.name, "119760 samples; a clip has 120000 (5 s at 24 kHz)"),
        (second.name, "44100 Hz; the clips of this set have 24000"),
    }
    assert main(["train", "tiny", "--data", str(folder), "--out", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert f"{first}: 119760 samples; a clip has 120000 (5 s at 24 kHz) (1 more of 6 clips have such faults)" in err
    assert not (tmp_path / "run" / "metrics.jsonl").exists()
    (folder / "stereo_dev").rename(folder / "sounds")
    code, page = check(folder, capsys)
    assert code == 0
    assert (first.name, "4.99 s, where 8 of 10 have 5 s") in findings(page, "suspicious")
    assert (second.name, "44.1 kHz, where 9 of 10 have 24 kHz") in findings(page, "suspicious")


def test_labels_that_train_would_stop_at_are_refused_before_it_begins(tmp_path, capsys, stereo_set):
    folder = tmp_path / "set"
    shutil.copytree(stereo_set, folder)
    last = sorted((folder / "metadata_dev" / "dev-train-sony").glob("*.csv"))[-1]
    last.write_text(HEADER + "0,13,0,0,250,0\n")
    assert main(["train", "tiny", "--data", str(folder), "--out", str(tmp_path / "run")]) == 2
    assert f"{last}:2: class 13" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_train_says_when_names_tell_no_recording(tmp_path, caplog, stereo_set):
    for tree, ending in (("stereo_dev", "wav"), ("metadata_dev", "csv")):
        (tmp_path / "set" / tree / "dev-train-x").mkdir(parents=True)
        for number, path in enumerate(sorted((stereo_set / tree / "dev-train-sony").iterdir())[:4]):
            shutil.copy(path, tmp_path / "set" / tree / "dev-train-x" / f"take{number}.{ending}")
    (tmp_path / "set" / "metadata_dev" / "dev-train-x" / "take3.csv").write_text(HEADER + "70,8,0,0,250,0\n")
    with caplog.at_level(logging.WARNING, logger="whence"):
        gather_recorded(tmp_path / "set", training.with_class_count(recipes.find_recipe("tiny"), 13), STARSS23)
    assert "4 of 4 clip names tell no recording" in caplog.text
    assert "1 row of labels after the end" in caplog.text
