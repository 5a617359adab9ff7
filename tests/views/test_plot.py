"""`whence plot` as a user types it, and the pictures it draws."""

import re
import sys
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest
from report_pages import HOSTILE, events, write_sound

import whence
from whence.cli.main import main
from whence.labels import STARSS23, ClassList, Detections, Events, dcase_text, write_events
from whence.views.picture import draw_clip

MUSIC, BELL = 8, 11


def plot(*words):
    return main(["plot", *map(str, words)])


def texts(path):
    """The words of an SVG, each as one piece."""
    return ["".join(node.itertext()) for node in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture
def clip(tmp_path):
    """Two seconds with music on the left, and a prediction that calls the end of it a bell."""
    write_sound(tmp_path / "clip.wav", 2.0)
    truth = events([(frame, MUSIC, 40, 2.0) for frame in range(20)])
    predicted = events([(frame, MUSIC if frame < 12 else BELL, 30 + frame, 2.5) for frame in range(3, 20)])
    for name, table in (("truth", truth), ("predicted", predicted)):
        (tmp_path / f"{name}.csv").write_text(dcase_text(table))
    return tmp_path


def test_a_picture_of_a_sound_and_its_labels(clip, capsys):
    assert plot(clip / "clip.wav", clip / "predicted.csv", "--out", clip / "a.png") == 0
    assert capsys.readouterr() == (f"{clip / 'a.png'}\n", "")
    assert (clip / "a.png").read_bytes().startswith(b"\x89PNG")


def test_prediction_beside_reference_says_which_is_which(clip):
    assert (
        plot(clip / "clip.wav", clip / "predicted.csv", "--reference", clip / "truth.csv", "--out", clip / "a.svg") == 0
    )
    words = texts(clip / "a.svg")
    assert {"reference", "prediction", "music", "bell", "clip.wav", "ahead", "left 90", "time, s"} <= set(words)


def test_json_lines_are_labels_too(clip):
    write_events(clip / "predicted", events([(3, BELL, 0, 2.0)]), "json")
    assert plot(clip / "clip.wav", clip / "predicted.jsonl", "--out", clip / "a.svg") == 0
    assert "bell" in texts(clip / "a.svg")


def test_only_the_chosen_part_is_read_and_drawn(clip, monkeypatch):
    import whence.audio

    asked = []
    read_window = whence.audio.read_window
    monkeypatch.setattr(whence.audio, "read_window", lambda *words: asked.append(words[1:]) or read_window(*words))
    words = ["--start", "1.57", "--duration", "0.4", "--out", clip / "a.svg"]
    assert plot(clip / "clip.wav", clip / "predicted.csv", *words) == 0
    assert asked == [(36_000, 9_600)]
    found = texts(clip / "a.svg")
    assert "clip.wav, 1.5 to 1.9 s" in found
    assert "bell" in found
    assert "music" not in found  # it ends before
    assert any(text.startswith("1.6") for text in found)


def test_without_labels_the_packaged_model_predicts_that_part(clip, monkeypatch, capsys):
    asked = []

    def detect(source, *, model, channels, microphones):
        assert (model.classes, channels, microphones) == (STARSS23, None, None)
        asked.append(source)
        return Detections(events([(0, BELL, 10, 1.0)]), STARSS23)

    monkeypatch.setattr(whence, "detect", detect, raising=False)
    monkeypatch.setattr(whence, "load", lambda model, **settings: SimpleNamespace(classes=STARSS23), raising=False)
    assert plot(clip / "clip.wav", "--out", clip / "a.svg") == 0
    assert asked == [clip / "clip.wav"]
    assert "bell" in texts(clip / "a.svg")
    assert "predicting with the packaged model" in capsys.readouterr().err
    assert plot(clip / "clip.wav", "--out", clip / "b.svg", "--start", "1") == 0
    signal, rate = asked[1]
    assert (signal.shape, rate) == ((2, 24_000), 24_000)
    assert "bell" in texts(clip / "b.svg")  # frame 0 of the part is frame 10 of the recording


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--out", "a.pdf"], "pictures are written as .png or .svg"),
        (["--out", "nowhere/a.png"], "nowhere: no such folder for the picture"),
        (["--out", "a.png", "--start", "2"], "lasts 2.0 s, so there is nothing from 2 s on"),
        (["--out", "a.png", "--start", "-1"], "--start must be 0 s or later"),
        (["--out", "a.png", "--start", "nan"], "--start must be 0 s or later"),
        (["--out", "a.png", "--duration", "0"], "--duration must be more than 0 s"),
        (["--out", "a.png", "--reference", "truth.txt"], "labels are read from .csv and .jsonl"),
        (["--out", "a.png", "--reference", "none.csv"], "none.csv: no such file"),
    ],
)
def test_wrong_arguments_end_with_one_sentence(words, sentence, clip, capsys, monkeypatch):
    monkeypatch.chdir(clip)
    assert plot("clip.wav", "predicted.csv", *words) == 2
    assert sentence in capsys.readouterr().err
    assert not (clip / "a.png").exists()


def test_own_classes_are_for_labels_only(clip, capsys):
    (clip / "classes.txt").write_text("dog\ncat\n")
    assert plot(clip / "clip.wav", "--classes", clip / "classes.txt", "--out", clip / "a.png") == 2
    assert "a model has its own" in capsys.readouterr().err


def test_labels_or_a_model_but_not_both(clip, capsys):
    assert plot(clip / "clip.wav", clip / "predicted.csv", "--model", "run", "--out", clip / "a.png") == 2
    assert "leave one of them out" in capsys.readouterr().err


def test_a_missing_extra_is_named(clip, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert plot(clip / "clip.wav", clip / "predicted.csv", "--out", clip / "a.png") == 2
    assert "drawing pictures needs more packages; pip install 'whence[pictures]'" in capsys.readouterr().err


def test_mono_is_refused_in_one_sentence(clip, capsys):
    write_sound(clip / "mono.wav", channels=1)
    assert plot(clip / "mono.wav", clip / "predicted.csv", "--out", clip / "a.png") == 2
    assert "1 channel" in capsys.readouterr().err


def test_names_of_files_and_classes_are_text_and_never_markup(clip):
    classes = clip / "classes.txt"
    classes.write_text("_under $x$ <b>\n]]></svg><script>alert(1)</script>\n$\\frac{$ \u6f22\n", encoding="utf-8")
    (clip / "a.csv").write_text(dcase_text(events([(frame, frame % 3, 0, 2.0) for frame in range(3)])))
    for name in HOSTILE:
        write_sound(clip / f"{name}.wav", 0.3)
        words = [clip / f"{name}.wav", clip / "a.csv", "--classes", classes, "--out", clip / "a.svg"]
        assert plot(*words) == 0
        found = texts(clip / "a.svg")  # parses, so nothing broke out
        assert {"_under $x$ <b>", "$\\frac{$ \u6f22"} <= set(found)
        assert not re.search(r"<script|<img|\x1b|\x00", (clip / "a.svg").read_text("utf-8"))
    assert plot(*words[:-1], clip / "a.png") == 0


def test_the_same_picture_is_the_same_bytes(tmp_path):
    signal = np.random.default_rng(1).normal(0, 0.1, (2, 24_000)).astype(np.float32)
    table = events([(frame, MUSIC, 0, 2.0) for frame in range(10)])
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        draw_clip(tmp_path / name, signal, table, STARSS23)
    for ending in ("svg", "png"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


@pytest.mark.parametrize("samples", [0, 1, 500, 24_000])
def test_short_silent_and_unlabelled_sounds_have_pictures(samples, tmp_path):
    signal = np.zeros((2, samples), np.float32)
    draw_clip(tmp_path / "a.svg", signal, Events.empty(), STARSS23, predicted=Events.empty())
    assert "no events" in texts(tmp_path / "a.svg")


def test_an_unknown_distance_is_drawn_on_the_outer_ring(tmp_path):
    table = Events.from_columns({"frame": [0], "class_index": [MUSIC], "azimuth_deg": [150]})
    draw_clip(tmp_path / "a.svg", np.zeros((2, 2_400), np.float32), table, STARSS23)
    assert "music" in texts(tmp_path / "a.svg")


def test_many_classes_are_counted_in_the_legend(tmp_path):
    classes = ClassList(tuple(f"class {i}" for i in range(40)))
    table = events([(0, i, i, 1.0) for i in range(40)])
    draw_clip(tmp_path / "a.svg", np.zeros((2, 2_400), np.float32), table, classes)
    assert "and 24 more" in texts(tmp_path / "a.svg")
