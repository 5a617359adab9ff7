"""`whence check` as a user types it."""

import json

import numpy as np
import pytest

from whence.audio import write
from whence.cli.main import main
from whence.labels import Events, write_dcase

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
