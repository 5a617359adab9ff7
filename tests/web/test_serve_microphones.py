"""What a visitor says that a sound was recorded with: the whole circle, corrections, a warning, names but no files."""

import json
from dataclasses import replace

import numpy as np
import pytest
from web_doubles import Page, SineNetworks, client_of, tones, wav_of

import whence
from whence.cli import serve
from whence.cli.demo import SCENES
from whence.cli.main import main
from whence.inference import NetworkSystem, Stream
from whence.labels import read_json_lines

BEHIND_DEG = -130.0
DEMO = SCENES / "calm.flac"


def ambix(azimuth_deg=BEHIND_DEG, seconds=2.0):
    azimuth, tone = np.radians(azimuth_deg), tones((seconds, 500, 0.3, 0.0))[:1]
    return np.array([[1.0], [np.sin(azimuth)], [0.0], [np.cos(azimuth)]]) * tone


@pytest.fixture
def page():
    system = NetworkSystem(SineNetworks(), thresholds=np.full(13, 0.5))
    with client_of(open_stream=Stream, system=system) as client:
        yield Page(client)


def test_the_page_learns_the_names(page):
    told = page.about["microphones"]
    assert told["proposed"] == "auto"
    assert {"auto", "xy:90", "foa"} <= set(told["names"])


def test_ambisonics_are_the_whole_circle(page, tmp_path):
    found = page.recognize(wav_of(ambix()), microphones="foa")
    assert (found["microphones"], found["full_circle"]) == ("foa", True)
    assert len(found["rows"]["frame"]) == 20
    assert np.abs(np.array(found["rows"]["azimuth_deg"]) - BEHIND_DEG).max() < 1
    assert found["warnings"] == []
    text = page.client.get(f"{page.path}/downloads/json").text
    assert {json.loads(line)["microphones"] for line in text.splitlines()} == {"foa"}
    (tmp_path / "a.jsonl").write_text(text)
    assert np.abs(read_json_lines(tmp_path / "a.jsonl").azimuth_deg - BEHIND_DEG).max() < 1
    # The picture is of the pair that looks ahead: right of the middle, so the right channel is louder.
    picture = np.frombuffer(page.client.get(f"{page.path}/picture").content, np.uint8).reshape(-1, 2, 64)
    assert picture[10, 1].max() > picture[10, 0].max() + 10


def test_a_view_is_an_ordinary_result(page):
    found = page.recognize(wav_of(ambix()), microphones="foa:0")
    assert found["full_circle"] is False
    assert np.abs(np.array(found["rows"]["azimuth_deg"]) - -50).max() < 1


def test_nothing_told_is_as_before(page):
    found = page.recognize(wav_of(tones((1.0, 500, 0.3, 0.1))))
    assert (found["microphones"], found["full_circle"], found["warnings"]) == (None, False, [])


def test_another_pair_is_a_warning(page):
    found = page.recognize(wav_of(tones((1.0, 500, 0.3, 0.1))), microphones="ab:0.3")
    assert len(found["warnings"]) == 1
    assert "45.5 % to 16.6 %" in found["warnings"][0]


@pytest.mark.parametrize(
    ("signal", "told", "sentence"),
    [
        (tones((1.0, 500, 0.3, 0.1)), "foa", "a.wav: foa needs four channels, and here are 2"),
        (ambix(), "ortf", "a.wav: 4 channels; choose two"),
    ],
)
def test_channels_that_contradict_fail_with_the_sentence_of_the_command_line(page, signal, told, sentence):
    assert page.send(wav_of(signal), microphones=told).status_code == 202
    state = page.wait()
    assert state["state"] == "failed"
    assert sentence in state["sentence"]


def test_names_are_taken_and_files_are_not(page, tmp_path):
    (tmp_path / "mine.yaml").write_text("left: {}\nright: {}\n")
    for word in ("otrf", str(tmp_path / "mine.yaml"), "../mine.yaml", "<img>", "a" * 5_000):
        answer = page.send(wav_of(tones((1.0, 500, 0.3, 0.1))), microphones=word)
        assert answer.status_code == 400
        assert "no microphones" in answer.text
    assert page.state()["state"] == "idle"


def test_a_description_of_the_server_is_proposed_and_corrects():
    told = replace(whence.read_microphones("dcase"), name="mine", swapped=True, gain_db=6.0206)
    system = NetworkSystem(SineNetworks())
    signal = tones((1.0, 500, 0.1, 0.6))  # in truth 0.3 left of 0.1 right
    with client_of(open_stream=Stream, system=system, microphones=told) as client:
        page = Page(client)
        assert page.about["microphones"]["proposed"] == "mine"
        found = page.recognize(wav_of(signal), microphones="mine")
        assert np.array(found["rows"]["azimuth_deg"]) == pytest.approx(30, abs=0.5)
        with page.listen("?microphones=mine") as socket:
            socket.receive_json()
            socket.send_bytes((np.clip(signal, -1, 1) * 32_767).astype("<i2").T.tobytes())
            socket.send_text("stop")
            rows = []
            while not (message := socket.receive_json()).get("done"):
                rows += message["rows"]["azimuth_deg"]
                if message["heard_s"] and message["rows"] is not None:
                    socket.receive_bytes()
        assert np.array(rows) == pytest.approx(30, abs=0.5)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [("?microphones=foa", "a browser gives two channels"), ("?microphones=x", "no microphones 'x'")],
)
def test_a_browsers_microphone_has_two_channels(page, query, sentence):
    with page.listen(query) as socket:
        assert sentence in socket.receive_json()["error"]


def test_the_command_proposes_what_it_is_told(monkeypatch, capsys):
    built = []
    monkeypatch.setattr(serve.web, "build_app", lambda *words, **more: built.append(more["microphones"]))
    monkeypatch.setattr(serve, "serve", lambda app, listener: None)
    monkeypatch.setattr(serve, "open_model", lambda words, swap: NetworkSystem(SineNetworks()))
    assert main(["serve", "--port", "0", "--microphones", "ortf"]) == 0
    assert main(["serve", "--port", "0"]) == 0
    assert [told and told.name for told in built] == ["ortf", None]
    capsys.readouterr()
    assert main(["serve", "--port", "0", "--microphones", "otrf"]) == 2
    assert "did you mean ortf?" in capsys.readouterr().err


def test_two_of_many_channels_are_chosen_on_the_page(page):
    signal = tones((1.0, 500, 0.3, 0.1))
    many = np.concatenate([0.01 * signal[::-1], signal])
    assert page.about["channels"][0] == "1,2"
    found = page.recognize(wav_of(many), channels="3,4")
    assert found["rows"] == page.recognize(wav_of(signal))["rows"]
    named = page.recognize(wav_of(many), channels="BL,BR")
    assert named["rows"] == found["rows"]


def test_four_channels_may_be_ambisonics_by_their_choice_alone(page):
    assert page.recognize(wav_of(ambix()), channels="foa")["full_circle"] is True


def test_without_a_choice_the_sentence_names_the_field(page):
    assert page.send(wav_of(ambix())).status_code == 202
    sentence = page.wait()["sentence"]
    assert "a.wav: 4 channels; choose two with Channels 1,2" in sentence
    assert "--" not in sentence


@pytest.mark.parametrize(
    ("word", "sentence"),
    [("1", "are not left and right"), ("0,1", "counted from 1")],
)
def test_what_is_no_choice_of_channels_is_refused_at_once(page, word, sentence):
    answer = page.send(wav_of(tones((1.0, 500, 0.3, 0.1))), channels=word)
    assert answer.status_code == 400
    assert sentence in answer.text


def test_the_page_has_the_rows_of_the_command_line_for_every_pair():
    """The packaged model has a second localizer for other pairs, with thresholds of its own."""
    system, sound = whence.load(threads=1), DEMO.read_bytes()
    with client_of(open_stream=Stream, system=system) as client:
        page = Page(client)
        for told in ("auto", "ortf"):
            found = page.recognize(sound, microphones=told)
            expected = whence.detect(DEMO, model=system, microphones=None if told == "auto" else told).frames
            thresholds, rows = np.array(found["thresholds"]), found["rows"]
            shown = np.array(rows["score"]) > thresholds[rows["class"]]
            assert np.array(rows["frame"])[shown].tolist() == expected.frame.tolist()
            assert np.array(rows["class"])[shown].tolist() == expected.class_index.tolist()
            assert found["warnings"] == []


@pytest.mark.parametrize("channel_count", [1, 2])
def test_a_sound_heard_as_mono_has_times_and_no_directions(page, channel_count):
    found = page.recognize(wav_of(tones((1.0, 500, 0.3, 0.3))[:channel_count]), channels="mono")
    rows = found["rows"]
    assert len(rows["frame"]) == 10
    assert set(rows["azimuth_deg"]) == set(rows["distance_m"]) == {None}
    assert found["warnings"] == []
    text = page.client.get(f"{page.path}/downloads/audacity").raise_for_status().text
    assert text.startswith("0.0")
    assert "ahead" not in text
    # The challenge's format has no place for what is not known.
    assert page.client.get(f"{page.path}/downloads/dcase").status_code == 422
