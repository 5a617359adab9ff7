"""Live listening to four Ambisonic channels: devices, files, recordings, the page, and corrections of a description."""

import json
import wave
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from live_doubles import FRAME, FakeClock, FakeDevice, FakeStream, FakeTerminal, noise
from test_listen_command import LevelNetworks
from test_microphone import FakePortAudio, described

import whence
from whence.cli import listen
from whence.cli.main import main
from whence.inference import NetworkSystem, Stream
from whence.labels import STARSS23, read_dcase, read_json_lines
from whence.live.channel_check import ChannelCheck
from whence.live.device import DeviceError
from whence.live.device_input import DeviceInput
from whence.live.listener import Listener
from whence.live.microphone import Microphone
from whence.live.recorder import Recorder
from whence.live.session import PageMessages, Stop

FOA = whence.read_microphones("foa")
BEHIND = -120.0


class SineNetworks(LevelNetworks):
    """The azimuth whose sine is the level difference."""

    def predict(self, audio):
        (values,) = super().predict(audio)
        values[:, :, 1] = np.degrees(np.arcsin(np.clip(values[:, :, 1] / 90, -1, 1)))
        return [values]


def wave_from(azimuth_deg, sample_count, order="ambix"):
    azimuth, sound = np.radians(azimuth_deg), noise(sample_count, level=0.2)[:1]
    ambix = np.array([[1.0], [np.sin(azimuth)], [0.0], [np.cos(azimuth)]]) * sound
    if order == "fuma":
        return (ambix[[0, 3, 1, 2]] * np.array([[2**-0.5], [1], [1], [1]])).astype(np.float32)
    return ambix.astype(np.float32)


class Session:
    """A live session with stand-ins for all but the stream."""

    def __init__(self, folder, script, microphones=FOA, keys=(), rate_hz=24_000, stream=None):
        self.clock = FakeClock()
        self.source = FakeDevice(self.clock, script, rate_hz)
        self.sound = DeviceInput(self.source, self.clock, microphones=microphones)
        self.recorder = Recorder(folder, channel_count=self.sound.channel_count)
        self.terminal = FakeTerminal(keys, shows_page=True, columns=116)
        self.stop = Stop()
        self.source.start()
        self.listener = Listener(
            self.sound, stream or FakeStream(), STARSS23, self.recorder, (), self.terminal, self.clock, self.stop,
            PageMessages(active=False),
        )  # fmt: skip


@pytest.mark.parametrize(("told", "order"), [("foa", "ambix"), ("foa:fuma", "fuma")])
def test_a_real_stream_finds_what_is_behind(tmp_path, monkeypatch, capsys, told, order):
    soundfile.write(tmp_path / "a.wav", wave_from(BEHIND, 3 * 48_000, order).T, 48_000)
    monkeypatch.setattr(listen, "time", FakeClock())
    monkeypatch.setattr(listen, "load_system", lambda model: NetworkSystem(SineNetworks()))
    words = ["listen", "--device", f"file:{tmp_path / 'a.wav'}", "--microphones", told, "--to", "jsonl"]
    assert main(words) == 0
    lines = capsys.readouterr().out
    assert {json.loads(line)["microphones"] for line in lines.splitlines()} == {told}
    (tmp_path / "a.jsonl").write_text(lines)
    found = read_json_lines(tmp_path / "a.jsonl")
    assert found.row_count >= 25
    assert np.abs(found.azimuth_deg - BEHIND).max() < 2


def test_a_recording_has_four_channels_and_the_labels_behind(tmp_path):
    stream = Stream(NetworkSystem(SineNetworks()), latency="low", microphones="foa")
    script = [wave_from(BEHIND, FRAME) for _ in range(30)]
    session = Session(tmp_path, script, keys=["r"], stream=stream)
    session.listener.run()
    (path,) = session.recorder.written
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (4, 24_000)
    labels = read_dcase(path.with_suffix(".csv"))
    assert labels.row_count > 20
    assert np.abs(labels.azimuth_deg - BEHIND).max() < 2
    again = whence.detect(path, model=NetworkSystem(SineNetworks()), microphones="foa").frames
    assert np.abs(again.azimuth_deg - BEHIND).max() < 2


def test_the_last_minute_has_four_channels(tmp_path):
    session = Session(tmp_path, [wave_from(BEHIND, FRAME) for _ in range(12)], keys=["", "", "", "s"])
    session.listener.run()
    samples, _ = soundfile.read(session.recorder.written[0])
    assert samples.shape[1] == 4


def test_the_page_shows_the_whole_circle(tmp_path):
    session = Session(tmp_path, [wave_from(0.0, FRAME) for _ in range(12)])
    session.listener.run()
    assert any("behind" in line for line in session.terminal.pages[-1])
    assert "left" in session.terminal.pages[-1][1]


def test_x_exchanges_the_sides_of_four_channels(tmp_path):
    given = wave_from(70.0, FRAME)
    sound = DeviceInput(FakeDevice(FakeClock(), [given]), FakeClock(), swapped=True, microphones=FOA)
    received = sound.read()
    sign = np.array([[1], [-1], [1], [1]])
    np.testing.assert_allclose(received, sign * given[:, : received.shape[1]], atol=1e-6)
    louder = sound.levels_db
    assert louder[1] > louder[0]


def test_a_view_and_a_description_are_corrected_before_they_are_recorded():
    given = wave_from(60.0, FRAME)
    view = DeviceInput(FakeDevice(FakeClock(), [given]), FakeClock(), microphones=whence.read_microphones("foa:30"))
    assert view.channel_count == 2
    assert view.read().shape[0] == 2
    assert view.levels_db[0] > view.levels_db[1] + 20
    pair = replace(whence.read_microphones("ortf"), gain_db=6.0206, swapped=True)
    sound = DeviceInput(FakeDevice(FakeClock(), [noise(FRAME)]), FakeClock(), microphones=pair)
    received, expected = sound.read(), noise(FRAME)[::-1] * np.array([[0.5], [1.0]], np.float32)
    np.testing.assert_allclose(received, expected[:, : received.shape[1]], atol=1e-6)


def test_a_device_of_four_channels_is_opened_with_them():
    audio = FakePortAudio(described(0, "Zylia", channels=4))
    microphone = Microphone(audio, None, (1, 2, 3, 4))
    microphone.start()
    assert audio.streams[0].settings["channels"] == 4
    audio.play(np.arange(8).reshape(2, 4))
    assert microphone.read(0.0).signal.tolist() == [[0, 4], [1, 5], [2, 6], [3, 7]]


def test_too_few_channels_are_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(listen.live, "portaudio", lambda: FakePortAudio(described(0, "Yeti")))
    with pytest.raises(DeviceError, match="Yeti has 2 channels; Ambisonics needs four"):
        listen.open_device(None, FakeClock(), None, FOA)
    soundfile.write(tmp_path / "a.wav", noise(FRAME).T, 24_000)
    assert main(["listen", "--device", f"file:{tmp_path / 'a.wav'}", "--microphones", "foa"]) == 2
    assert "foa needs four channels, and here are 2" in capsys.readouterr().err
    assert main(["listen", "--device", "file:a.wav", "--microphones", "foa", "--channels", "1,2"]) == 2
    assert "leave it out" in capsys.readouterr().err
    assert main(["listen", "--microphones", "fo"]) == 2
    assert "did you mean foa?" in capsys.readouterr().err


def test_a_pair_that_the_model_does_not_know_is_one_warning(tmp_path, monkeypatch, capsys):
    soundfile.write(tmp_path / "a.wav", noise(4 * FRAME).T, 24_000)
    monkeypatch.setattr(listen, "time", FakeClock())
    monkeypatch.setattr(listen, "load_system", lambda model: NetworkSystem(LevelNetworks()))
    assert main(["listen", "--device", f"file:{tmp_path / 'a.wav'}", "--microphones", "xy:90"]) == 0
    assert capsys.readouterr().err.count("45.5 % to 28.6 %") == 1


def test_a_snap_at_the_left_is_found_in_four_channels(capsys, caplog):
    room = [noise(FRAME, seed=s, level=1e-3) for s in range(60)]
    room = [np.concatenate([one, noise(FRAME, seed=99, level=1e-3)]) for one in room]
    snap = room[0].copy()
    snap[:, 1_000:1_240] += wave_from(90.0, 240)
    clock = FakeClock()
    sound = DeviceInput(FakeDevice(clock, [*room, snap, *room[:5]]), clock, microphones=FOA)
    with caplog.at_level("INFO", logger="whence"):
        ChannelCheck(sound, SimpleNamespace(pressed=lambda: ""), clock, Stop()).run()
    assert any(record.message.startswith("left is left") for record in caplog.records)
