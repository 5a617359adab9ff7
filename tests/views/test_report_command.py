"""`whence report` as a user runs it: the page, the files beside it, the exit code."""

import json
import sys

import pytest
import soundfile
from report_pages import Page, events, write_labels, write_sound

from whence.cli.demo import LABELS
from whence.cli.main import main
from whence.labels import Events, read_dcase, write_events

MUSIC, BELL = 8, 11


def report(*words):
    return main(["report", *map(str, words)])


@pytest.fixture
def two_clips(tmp_path):
    """In "a" all is right; in "b" music is called bell, and a second sound is 40 degrees off."""
    music = [(frame, MUSIC, 30, 2.0) for frame in range(10)]
    references = {"a": events(music), "b": events([*music, *[(frame, 0, -20, 1.0) for frame in range(10)]])}
    wrong = [*[(frame, BELL, 25, 2.0) for frame in range(10)], *[(frame, 0, 20, 1.0) for frame in range(10)]]
    predictions = {"a": events(music), "b": events(wrong)}
    return write_labels(tmp_path / "refs", references), write_labels(tmp_path / "preds", predictions)


@pytest.fixture
def sounds(tmp_path):
    (tmp_path / "wavs" / "deep").mkdir(parents=True)
    write_sound(tmp_path / "wavs" / "a.wav")
    write_sound(tmp_path / "wavs" / "deep" / "b.flac", 1.2, rate=44_100)
    return tmp_path / "wavs"


def test_the_shipped_systems_have_a_whole_page(tmp_path, capsys):
    out = tmp_path / "report"
    assert report(LABELS / "truth", LABELS / "eager", "--out", out) == 0
    output = capsys.readouterr()
    assert output.out == f"{out / 'index.html'}\n"
    assert output.err == ""
    page = Page((out / "index.html").read_text("utf-8"))
    assert [place for place in page.places if place.startswith("#")][1:] == [
        *("#scores", "#classes", "#confusion", "#errors", "#calibration", "#worst")
    ]
    assert {"scores", "classes", "confusion", "errors", "calibration", "worst"} <= set(page.ids)
    assert "24 clips of 6 recordings" in page.text
    assert "Azimuth error against the true azimuth" in page.text
    assert "carry no score" in page.text
    assert "audio" not in page.tags


def test_every_chart_has_a_name_and_a_description(tmp_path):
    assert report(LABELS / "truth", LABELS / "cautious", "--worst", "2", "--out", tmp_path / "report") == 0
    page = Page((tmp_path / "report" / "index.html").read_text("utf-8"))
    charts = [svg for svg in page.svgs if not svg["hidden"]]
    assert len(charts) >= 10
    assert all({"title", "desc"} <= svg["inside"] for svg in charts)
    assert len(set(page.ids)) == len(page.ids)


def test_a_json_file_has_the_scores_for_programs(two_clips, tmp_path, capsys):
    assert report(*two_clips, "--out", tmp_path / "report") == 0
    capsys.readouterr()
    assert main(["evaluate", *map(str, two_clips), "--json"]) == 0
    scores = json.loads((tmp_path / "report" / "whence-report.json").read_text())
    assert scores.pop("whence_report") == 1
    assert scores == json.loads(capsys.readouterr().out)


def test_the_worst_clip_can_be_played_seen_and_read(two_clips, sounds, tmp_path):
    out = tmp_path / "report"
    assert report(*two_clips, "--audio", sounds, "--out", out) == 0
    page = Page((out / "index.html").read_text("utf-8"))
    assert [place for place in page.places if place.startswith("clips/")] == [
        *("clips/001.reference.csv", "clips/001.prediction.csv", "clips/001.flac", "clips/001.png")
    ]
    assert "1. b" in page.text
    assert "2. a" not in page.text  # it has no mistake
    # Ten frames of music missed, ten of bell invented, ten of speech misplaced.
    assert "30 mistakes: 10 missed, 10 false alarms, 10 misplaced, of 20 reference rows." in page.text
    assert "music predicted as bell: 10 of 20 references, 50 %" in page.text
    signal, rate = soundfile.read(out / "clips" / "001.flac")
    assert (signal.shape, rate) == ((28_800, 2), 24_000)
    assert (out / "clips" / "001.png").read_bytes().startswith(b"\x89PNG")
    assert read_dcase(out / "clips" / "001.reference.csv") == read_dcase(two_clips[0] / "b.csv")
    assert read_dcase(out / "clips" / "001.prediction.csv") == read_dcase(two_clips[1] / "b.csv")


def test_the_same_report_again_is_the_same_bytes(two_clips, sounds, tmp_path):
    contents = []
    for _ in range(2):
        assert report(*two_clips, "--audio", sounds, "--out", tmp_path / "report") == 0
        files = sorted(path for path in (tmp_path / "report").rglob("*") if path.is_file())
        contents.append([(path.name, path.read_bytes()) for path in files])
    assert contents[0] == contents[1]


def test_sound_and_pictures_need_no_extra(two_clips, sounds, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert report(*two_clips, "--audio", sounds, "--out", tmp_path / "report") == 0


def test_json_lines_bring_calibration(two_clips, tmp_path):
    lines = tmp_path / "lines"
    lines.mkdir()
    for name, score in (("a", 0.9), ("b", 0.4)):
        table = read_dcase(two_clips[1] / f"{name}.csv")
        scored = Events.from_columns({**table.to_columns(), "score": [score] * table.row_count})
        write_events(lines / name, scored, "json-frames")
    assert report(two_clips[0], lines, "--out", tmp_path / "report") == 0
    page = Page((tmp_path / "report" / "index.html").read_text("utf-8"))
    assert "weighted by predictions" in page.text
    # All ten rows of "a" are right at 0.9, none of the twenty of "b" at 0.4.
    assert "share and score" not in page.text
    assert "0.300" in page.text


def test_predictions_without_distance_are_linked_as_json_lines(two_clips, tmp_path):
    lines = tmp_path / "lines"
    lines.mkdir()
    (lines / "b.jsonl").write_text('{"onset_s": 0, "offset_s": 1, "name": "music", "azimuth_deg": 70, "score": 0.5}\n')
    assert report(two_clips[0], lines, "--out", tmp_path / "report") == 1
    page = Page((tmp_path / "report" / "index.html").read_text("utf-8"))
    assert "clips/001.prediction.jsonl" in page.places
    assert "All predictions have the same score" in page.text


def test_two_single_files_are_about_one_clip(two_clips, tmp_path):
    truth, guess = two_clips[0] / "b.csv", two_clips[1] / "a.csv"
    assert report(truth, guess, "--out", tmp_path / "report") == 0


def test_clips_without_partner_are_listed_and_end_with_1(two_clips, tmp_path, capsys):
    (two_clips[1] / "a.csv").rename(two_clips[1] / "stranger.csv")
    assert report(*two_clips, "--out", tmp_path / "report") == 1
    page = Page((tmp_path / "report" / "index.html").read_text("utf-8"))
    assert "1 clip without a prediction file, all missed under strict: a" in page.text
    assert "no prediction file" in page.text
    assert "stranger" in page.text
    assert "2 clips had no partner" in capsys.readouterr().err


def test_sounds_that_cannot_be_used_are_listed_and_end_with_1(two_clips, tmp_path, capsys):
    wavs = tmp_path / "wavs"
    wavs.mkdir()
    (wavs / "b.wav").write_bytes(b"hello, I am no sound")
    assert report(*two_clips, "--audio", wavs, "--out", tmp_path / "report") == 1
    page = Page((tmp_path / "report" / "index.html").read_text("utf-8"))
    assert "Its sound could not be used" in page.text
    assert "audio" not in page.tags
    assert "1 sound could not be used" in capsys.readouterr().err


def test_a_clip_without_sound_is_a_failure_only_where_sound_was_asked_for(two_clips, sounds, tmp_path, capsys):
    (sounds / "deep" / "b.flac").unlink()
    assert report(*two_clips, "--audio", sounds, "--out", tmp_path / "report") == 1
    assert "b: no sound of this name" in capsys.readouterr().err


def test_perfect_predictions_have_no_worst_clip(two_clips, tmp_path):
    assert report(two_clips[0], two_clips[0], "--out", tmp_path / "report") == 0
    text = Page((tmp_path / "report" / "index.html").read_text("utf-8")).text
    assert "No clip has a mistake" in text
    assert "No class was predicted as another." in text


def test_silence_on_both_sides_is_a_result(tmp_path):
    folders = [write_labels(tmp_path / name, {"a": events([])}) for name in ("refs", "preds")]
    assert report(*folders, "--out", tmp_path / "report") == 0
    Page((tmp_path / "report" / "index.html").read_text("utf-8"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--worst", "-1"], "a page shows 0 to 999 clips"),
        (["--audio", "nowhere"], "no such folder of sounds"),
        (["--azimuth-threshold", "-3"], "must be 0 or more"),
    ],
)
def test_wrong_arguments_write_nothing(words, sentence, two_clips, tmp_path, capsys):
    assert report(*two_clips, "--out", tmp_path / "report", *words) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


def test_a_folder_of_other_sounds_is_refused(two_clips, tmp_path, capsys):
    (tmp_path / "wavs").mkdir()
    write_sound(tmp_path / "wavs" / "c.wav", 0.1)
    assert report(*two_clips, "--audio", tmp_path / "wavs", "--out", tmp_path / "report") == 2
    assert "no sound in it has the name of a clip, for example a" in capsys.readouterr().err


def test_a_folder_that_is_not_a_report_is_never_replaced(two_clips, tmp_path, capsys):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    assert report(*two_clips, "--out", tmp_path / "thesis") == 2
    assert "holds chapter1.txt, which is not part of a report" in capsys.readouterr().err
    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "years of work"
