"""`--microphones` as users give it: all directions of Ambisonics, corrections, the warning, what results carry."""

import json
import logging
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile

import whence
from whence.audio import read
from whence.cli.demo import SCENES
from whence.cli.main import main
from whence.inference import PACKAGED
from whence.labels import Events, read_dcase, read_json_lines, write_dcase
from whence.synth import generate

CALM = SCENES / "calm.flac"
BEHIND_DEG = 140.0


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A voice behind on the left, in both layouts of Ambisonics and at another sample rate."""
    folder = tmp_path_factory.mktemp("recordings")
    azimuth, rng = np.radians(BEHIND_DEG), np.random.default_rng(3)
    voice = generate(1, np.random.default_rng(1))
    ambix = 0.3 * np.array([[1.0], [np.sin(azimuth)], [0.0], [np.cos(azimuth)]]) * voice
    ambix += rng.normal(0, 1e-3, ambix.shape)
    fuma = ambix[[0, 3, 1, 2]] * np.array([[2**-0.5], [1], [1], [1]])
    third_order = np.concatenate([ambix, np.zeros((12, ambix.shape[1]))])
    for name, signal in (("ambix", ambix), ("fuma", fuma), ("third_order", third_order)):
        soundfile.write(folder / f"{name}.wav", signal.T, 24_000)
    return folder


def detect(*words):
    return main(["detect", *map(str, words)])


def apart(one_deg, other_deg):
    return np.abs((np.asarray(one_deg) - other_deg + 180) % 360 - 180)


@pytest.mark.parametrize(("name", "told"), [("ambix", "foa"), ("fuma", "foa:fuma"), ("third_order", "foa:ambix")])
def test_a_voice_behind_is_behind(recordings, tmp_path, name, told):
    assert detect(recordings / f"{name}.wav", "--microphones", told, "--out", tmp_path, "--to", "json-frames") == 0
    events = read_dcase(tmp_path / f"{name}.csv")
    speech = events[events.class_index == 1]
    assert speech.row_count > 10
    assert apart(speech.azimuth_deg, BEHIND_DEG).max() < 10
    again = read_json_lines(tmp_path / f"{name}.frames.jsonl")
    assert np.abs(again.azimuth_deg - events.azimuth_deg).max() <= 0.5


def test_every_result_says_what_was_told(recordings, tmp_path, capsys):
    sound = recordings / "ambix.wav"
    assert detect(sound, "--microphones", "foa", "--to", "json") == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["microphones"] for line in printed} == {"foa"}
    assert detect(sound, "--microphones", "foa", "--out", tmp_path, "--to", "json", "--to", "jams") == 0
    written = [json.loads(line) for line in (tmp_path / "ambix.jsonl").read_text().splitlines()]
    assert written == printed
    assert json.loads((tmp_path / "ambix.jams").read_text())["sandbox"] == {"microphones": "foa"}
    assert json.loads((tmp_path / ".whence.jsonl").read_text().splitlines()[-1])["microphones"] == "foa"
    assert detect(sound, "--microphones", "foa", "--out", tmp_path / "table", "--to", "csv") == 0
    lines = (tmp_path / "table" / "events.csv").read_text().splitlines()
    column = lines[0].split(",").index("microphones")
    assert {line.split(",")[column] for line in lines[1:]} == {"foa"}
    assert detect(CALM, "--to", "json") == 0
    assert not any("microphones" in json.loads(line) for line in capsys.readouterr().out.splitlines())
    detections = whence.detect(sound, microphones="foa")
    assert detections.microphones == "foa"
    assert [json.loads(line) for line in detections.to_json().splitlines()] == printed


def test_a_result_of_other_microphones_is_not_finished(recordings, tmp_path, capsys):
    words = (recordings / "ambix.wav", "--out", tmp_path)
    assert detect(*words, "--microphones", "foa") == 0
    before = (tmp_path / "ambix.csv").read_text()
    assert detect(*words, "--microphones", "foa:0") == 0
    assert "finished before" not in capsys.readouterr().err
    after = read_dcase(tmp_path / "ambix.csv")
    assert (tmp_path / "ambix.csv").read_text() != before
    speech = after[after.class_index == 1]
    assert apart(speech.azimuth_deg, 180 - BEHIND_DEG).max() < 20
    assert detect(*words, "--microphones", "foa:0") == 0
    assert "finished before" in capsys.readouterr().err


def test_several_processes_find_the_same(recordings, tmp_path):
    words = ("--microphones", "foa", "--to", "json")
    for jobs in ("1", "2"):
        names = [recordings / "ambix.wav", recordings / "third_order.wav"]
        assert detect(*names, *words, "--out", tmp_path / jobs, "--jobs", jobs) == 0
    for name in ("ambix.csv", "ambix.jsonl", "third_order.csv"):
        assert (tmp_path / "1" / name).read_text() == (tmp_path / "2" / name).read_text()


def test_a_description_in_a_file_corrects_gains_and_sides(tmp_path):
    signal, rate = soundfile.read(CALM)
    soundfile.write(tmp_path / "wrong.wav", signal[:, ::-1] * [0.5, 1.0], rate, subtype="FLOAT")
    capsule = "{{pattern: 0.5, facing_deg: {}}}"
    (tmp_path / "mine.yaml").write_text(
        f"left: {capsule.format(90)}\nright: {capsule.format(-90)}\ngain_db: 6.0206\nswapped: true\n"
    )
    expected = read(CALM)
    given = read(tmp_path / "wrong.wav", microphones=str(tmp_path / "mine.yaml"))
    scale = np.abs(expected).max() / np.abs(given).max()
    np.testing.assert_allclose(scale * given, expected, atol=2e-3)
    assert detect(tmp_path / "wrong.wav", "--microphones", tmp_path / "mine.yaml", "--out", tmp_path) == 0
    wrong, right = read_dcase(tmp_path / "wrong.csv"), whence.detect(CALM).frames
    assert abs(wrong.row_count - right.row_count) <= 5
    laughter = [events[events.class_index == 4].azimuth_deg.mean() for events in (wrong, right)]
    assert laughter[0] == pytest.approx(laughter[1], abs=3)


def test_another_pair_is_one_warning_for_many_sounds(tmp_path, capsys):
    signal, rate = soundfile.read(CALM, frames=24_000)
    for name in "abc":
        soundfile.write(tmp_path / f"{name}.wav", signal, rate)
    words = (tmp_path, "--microphones", "phone", "--model", PACKAGED)
    assert detect(*words, "--out", tmp_path / "out") == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert len(lines) == 1
    assert "phone" in lines[0]
    assert "45.5 % to 14.3 %" in lines[0]
    assert detect(*words, "--out", tmp_path / "out", "--strict") == 1


@pytest.mark.parametrize(
    ("sound", "words", "sentence"),
    [
        ("calm", ["--microphones", "foa"], "foa needs four channels, and here are 2"),
        ("ambix", ["--microphones", "ortf"], ": 4 channels; choose two"),
        ("ambix", [], "of Ambisonics, say --microphones foa"),
        ("calm", ["--microphones", "otrf"], "no microphones 'otrf'; did you mean ortf?"),
        ("calm", ["--microphones", "ab:3"], "'3' must be metres between the capsules, 0.01 to 1"),
        ("calm", ["--microphones", "ortf", "--channels", "mono"], "leave --microphones out"),
    ],
)
def test_what_cannot_be_is_one_sentence(recordings, sound, words, sentence, capsys):
    path = CALM if sound == "calm" else recordings / f"{sound}.wav"
    assert detect(path, *words) in (1, 2)
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_a_wrong_description_starts_nothing(tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("left: {left_m: 3}\nright: {}\n")
    assert detect(CALM, "--microphones", tmp_path / "mine.yaml", "--out", tmp_path / "out") == 2
    assert "left_m is 3; it lies in -1 to 1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_function_warns_once(caplog):
    with caplog.at_level(logging.WARNING, logger="whence"):
        whence.detect(CALM, model=PACKAGED, microphones="binaural")
    assert [record.message for record in caplog.records if "binaural" in record.message]
    assert len(caplog.records) == 1


def test_a_picture_shows_the_whole_circle(recordings, tmp_path):
    words = ["plot", str(recordings / "ambix.wav"), "--out", str(tmp_path / "a.svg"), "--microphones"]
    assert main([*words, "foa"]) == 0
    assert "behind" in (tmp_path / "a.svg").read_text()
    assert main([*words, "foa:0"]) == 0
    assert "behind" not in (tmp_path / "a.svg").read_text()
    part = ["--start", "1", "--duration", "1.5"]
    assert main([*words, "foa", *part]) == 0
    assert "1 to 2.5 s" in (tmp_path / "a.svg").read_text()


@pytest.fixture
def labelled(recordings, tmp_path):
    """The voice behind with its labels, and a prediction of what a stereo pair would say."""
    for folder, azimuth_deg in (("refs", BEHIND_DEG), ("preds", 180 - BEHIND_DEG)):
        (tmp_path / folder).mkdir()
        columns = {
            "frame": range(10),
            "class_index": [1] * 10,
            "azimuth_deg": [azimuth_deg] * 10,
            "distance_m": [2] * 10,
        }
        write_dcase(tmp_path / folder / "ambix.csv", Events.from_columns(columns))
    shutil.copy(recordings / "ambix.wav", tmp_path / "refs")
    return tmp_path


def test_a_report_plays_the_pair_ahead_and_scores_the_circle(labelled, capsys):
    words = ["report", str(labelled / "refs"), str(labelled / "preds"), "--audio", str(labelled / "refs")]
    assert main([*words, "--out", str(labelled / "around"), "--microphones", "foa"]) == 0
    page = (labelled / "around" / "index.html").read_text()
    assert "Recorded with foa: four Ambisonic channels (ambix), all directions." in page
    assert "1. ambix" in page
    assert ">behind<" in page
    played, _ = soundfile.read(labelled / "around" / "clips" / "001.flac")
    ahead = read(labelled / "refs" / "ambix.wav", microphones="foa:0")
    np.testing.assert_allclose(played.T, ahead, atol=2e-4)
    # Without the microphones, labels are folded: nothing is wrong, and four channels are not asked for.
    assert main([*words, "--out", str(labelled / "folded")]) == 0
    assert "No clip has a mistake" in (labelled / "folded" / "index.html").read_text()


def test_a_check_takes_four_channels_and_labels_all_around(labelled, capsys):
    folder = str(labelled / "refs")
    assert main(["check", folder, "--microphones", "foa"]) == 0
    out = capsys.readouterr().out
    assert "azimuth outside" not in out
    assert "channels" not in out
    assert main(["check", folder]) == 1
    out = capsys.readouterr().out
    assert "azimuth outside -90..90" in out
    assert ": 4 channels; choose two" in out


def test_a_film_of_all_directions(recordings, tmp_path):
    av = pytest.importorskip("av", reason="films need PyAV")
    signal, rate = soundfile.read(recordings / "ambix.wav", dtype="float32")
    with av.open(str(tmp_path / "around.mp4"), "w") as film:
        picture = film.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 32
        picture.pix_fmt = "yuv420p"
        track = film.add_stream("aac", rate=rate)
        track.layout = "4.0"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        film.mux([packet for _ in range(5) for packet in picture.encode(frame)] + picture.encode())
        for start in range(0, len(signal), 1024):
            piece = np.ascontiguousarray(signal[start : start + 1024].T)
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="4.0")
            frame.sample_rate, frame.pts = rate, start
            film.mux(track.encode(frame))
        film.mux(track.encode())
    events = whence.detect(tmp_path / "around.mp4", microphones="foa").frames
    speech = events[events.class_index == 1]
    assert speech.row_count > 10
    assert apart(speech.azimuth_deg, BEHIND_DEG).max() < 10


def test_a_description_may_be_given_in_python(recordings):
    told = replace(whence.read_microphones("foa"), swapped=True)
    events = whence.detect(recordings / "ambix.wav", microphones=told).frames
    assert apart(events[events.class_index == 1].azimuth_deg, -BEHIND_DEG).max() < 10
