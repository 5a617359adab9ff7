"""A microphone: what PortAudio gives, what it says when something is missing, and the same device after an absence."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from whence.cli.listen import open_device
from whence.errors import MissingExtraError, WhenceError
from whence.live.device import DeviceError
from whence.live.microphone import Microphone, device_table, portaudio


class FakePortAudio:
    """The functions of sounddevice that are used, over a list of devices that can change."""

    class PortAudioError(Exception):
        pass

    def __init__(self, *devices, default=0):
        self.devices, self.streams, self.renewed, self.refuse = list(devices), [], 0, False
        self.default = SimpleNamespace(device=(default, -1))

    def query_hostapis(self, index):
        return {"name": ["ALSA", "JACK"][index]}

    def query_devices(self, device=None, kind=None):
        if kind is None:
            return self.devices
        if device is None and self.default.device[0] < 0:
            raise self.PortAudioError("Error querying device -1")
        wanted = self.default.device[0] if device is None else device
        for found in self.devices:
            if found["index"] == wanted or (isinstance(wanted, str) and wanted.lower() in found["name"].lower()):
                return found
        raise ValueError(f"No input device matching {wanted!r}")

    def _terminate(self):
        self.renewed += 1

    def _initialize(self):
        assert self.renewed

    def InputStream(self, **settings):  # noqa: N802
        if self.refuse:
            raise self.PortAudioError("Device unavailable")
        stream = SimpleNamespace(settings=settings, start=lambda: None, close=lambda ignore_errors: None)
        self.streams.append(stream)
        return stream

    def play(self, block, begun_s=0.0, overflow=False):
        """Call back as PortAudio does, from an array that is overwritten afterwards."""
        lent = np.array(block, np.float32)
        times = SimpleNamespace(inputBufferAdcTime=begun_s)
        self.streams[-1].settings["callback"](lent, len(lent), times, SimpleNamespace(input_overflow=overflow))
        lent[:] = 9.0


def described(index, name, channels=2, rate=48_000.0, hostapi=0):
    return {
        "index": index,
        "name": name,
        "max_input_channels": channels,
        "default_samplerate": rate,
        "hostapi": hostapi,
    }


def test_blocks_come_out_as_left_and_right_and_are_copied():
    system = FakePortAudio(described(0, "Yeti"))
    microphone = Microphone(system)
    microphone.start()
    system.play([[0.1, 0.2], [0.3, 0.4]])
    system.play([[0.5, 0.6]])
    chunk = microphone.read(0.0)
    assert chunk.rate_hz == 48_000
    assert chunk.signal.tolist() == np.array([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], np.float32).tolist()
    assert microphone.read(0.0) is None
    assert (microphone.name, microphone.ended, microphone.lost_s) == ("Yeti", False, 0.0)
    microphone.close()
    microphone.close()


def test_two_of_many_channels():
    system = FakePortAudio(described(0, "Interface", channels=8))
    microphone = Microphone(system, channels=(4, 3))
    microphone.start()
    assert system.streams[0].settings["channels"] == 4
    system.play([[0.0, 0.1, 0.2, 0.3]])
    assert microphone.read(0.0).signal[:, 0] == pytest.approx([0.3, 0.2])


def test_what_the_system_lost_is_counted():
    system = FakePortAudio(described(0, "Yeti", rate=1_000.0))
    microphone = Microphone(system)
    microphone.start()
    block = np.zeros((100, 2))
    system.play(block, begun_s=5.0)
    system.play(block, begun_s=5.4, overflow=True)
    assert microphone.lost_s == pytest.approx(0.3)
    # Where the system does not tell the time, a block is the least that is missing.
    system.play(block, begun_s=0.0, overflow=True)
    assert microphone.lost_s == pytest.approx(0.4)


def test_the_callback_never_waits_and_what_finds_no_room_is_counted():
    system = FakePortAudio(described(0, "Yeti", rate=1_000.0))
    microphone = Microphone(system)
    microphone.start()
    for _ in range(70):
        system.play(np.zeros((100, 2)))
    assert microphone.lost_s == pytest.approx(2.0)
    assert microphone.read(0.0).signal.shape == (2, 5_000)


def test_after_an_absence_the_same_device_is_found_under_its_new_number_and_rate():
    system = FakePortAudio(described(0, "Webcam"), described(3, "Yeti"))
    microphone = Microphone(system, "yeti")
    microphone.start()
    system.devices = [described(0, "Webcam")]
    with pytest.raises(DeviceError, match="Yeti is not there"):
        microphone.start()
    system.devices = [described(0, "Webcam"), described(1, "Yeti", hostapi=1), described(2, "Yeti", rate=44_100.0)]
    microphone.start()
    assert system.streams[-1].settings["device"] == 2
    system.play([[0.0, 0.0]])
    assert microphone.read(0.0).rate_hz == 44_100


@pytest.mark.parametrize(
    ("devices", "wanted", "sentence"),
    [
        ([described(0, "Webcam", channels=1)], None, "Webcam has 1 channel; direction needs two"),
        ([described(0, "Speaker", channels=0)], 0, "Speaker has 0 channels; direction needs two"),
        ([described(0, "Yeti")], 7, r"no microphone 7 \(No input device matching 7\); whence listen --device list"),
        ([described(0, "Yeti")], "yeto", "no microphone yeto"),
    ],
)
def test_wrong_devices_are_refused_with_the_way_to_a_right_one(devices, wanted, sentence):
    with pytest.raises(DeviceError, match=sentence):
        Microphone(FakePortAudio(*devices), wanted)


def test_no_microphone_at_all():
    system = FakePortAudio(default=-1)
    with pytest.raises(DeviceError, match="the system shows no microphone; plug one in"):
        Microphone(system)
    assert device_table(system) == "no sound comes in here: the system shows no microphone\n"


def test_too_few_channels_for_those_chosen():
    with pytest.raises(DeviceError, match="Yeti has no channel 4; it has 2, counted from 1"):
        Microphone(FakePortAudio(described(0, "Yeti")), channels=(3, 4))


def test_a_system_that_shows_nothing_during_an_absence_is_asked_again_later(monkeypatch):
    system = FakePortAudio(described(0, "Yeti"))
    microphone = Microphone(system)
    microphone.start()

    def gone():
        raise system.PortAudioError("no host")

    with monkeypatch.context() as patch:
        patch.setattr(system, "_initialize", gone)
        with pytest.raises(DeviceError, match=r"Yeti is not there \(no host\)"):
            microphone.start()
    microphone.start()
    assert len(system.streams) == 2


def test_a_device_that_does_not_open_is_a_sentence():
    system = FakePortAudio(described(0, "Yeti"))
    system.refuse = True
    with pytest.raises(DeviceError, match=r"Yeti cannot be opened \(Device unavailable\)"):
        Microphone(system).start()


def test_the_table_shows_what_can_be_listened_to():
    table = device_table(
        FakePortAudio(
            described(0, "Speaker", channels=0),
            described(1, "Webcam", channels=1, rate=16_000.0),
            described(2, "Yeti\x1b[2J"),
            default=2,
        )
    )
    assert "Speaker" not in table
    assert "    1  Webcam  (1 channel, no direction, 16 kHz, ALSA)\n" in table
    assert "*   2  'Yeti\\x1b[2J'  (2 channels, 48 kHz, ALSA)\n" in table


def test_a_missing_module_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'whence\[mic\]'"):
        open_device(None, None)


def test_a_missing_library_names_the_package(monkeypatch, tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(WhenceError, match="apt install libportaudio2"):
        portaudio()
