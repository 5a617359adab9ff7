"""A file played in real time: as it is, not faster than it sounds, and lost where it is read too late."""

import numpy as np
import pytest
from live_doubles import FakeClock, noise

from whence.audio import read_channels, write
from whence.cli.listen import open_device
from whence.cli.main import main
from whence.errors import AudioError, WhenceError
from whence.live.sound_file import SoundFile


@pytest.fixture
def street(tmp_path):
    path = tmp_path / "street.wav"
    write(path, noise(44_100 * 3 + 77), sample_rate_hz=44_100)
    return path


def test_a_file_comes_whole_and_in_real_time(street):
    clock = FakeClock()
    device = open_device(f"file:{street}", clock)
    device.start()
    begun, pieces = clock.monotonic(), []
    while not device.ended:
        chunk = device.read(0.05)
        if chunk is not None:
            pieces.append(chunk.signal)
            given_s = sum(piece.shape[1] for piece in pieces) / 44_100
            assert given_s <= clock.monotonic() - begun + 1e-3
            assert clock.monotonic() - begun < given_s + 0.2
    device.close()
    assert np.abs(np.concatenate(pieces, axis=1) - noise(44_100 * 3 + 77)).max() < 1e-4
    assert device.lost_s == 0
    assert clock.monotonic() - begun == pytest.approx(3.0, abs=0.2)


def test_who_reads_too_slowly_loses_sound_and_it_is_counted(street):
    clock = FakeClock()
    long = street.with_name("long.wav")
    write(long, noise(24_000 * 20, level=0.01))
    device = SoundFile(long, clock)
    device.start()
    read_s = 0.0
    while not device.ended:
        clock.sleep(9.0)
        chunk = device.read(0.05)
        read_s += chunk.signal.shape[1] / 24_000 if chunk else 0
    device.close()
    assert device.lost_s == pytest.approx(8.0, abs=0.2)
    assert read_s + device.lost_s == pytest.approx(20.0, abs=1e-6)


def test_nothing_comes_before_the_start_and_a_second_start_begins_nothing_anew(street):
    clock = FakeClock()
    device = SoundFile(street, clock)
    clock.sleep(1.0)
    assert device.read(0.05) is None
    device.start()
    clock.sleep(1.0)
    device.start()
    assert device.read(0.05).signal.shape[1] >= 44_000
    device.close()


def test_wrong_files_are_refused_in_one_sentence(tmp_path):
    mono = tmp_path / "mono.wav"
    write(mono, np.zeros((1, 100), np.float32))
    with pytest.raises(WhenceError, match=r"mono.wav has 1 channel; direction needs two$"):
        open_device(f"file:{mono}", FakeClock())
    with pytest.raises(AudioError, match="no such file"):
        open_device(f"file:{tmp_path / 'gone.wav'}", FakeClock())
    with pytest.raises(WhenceError, match="needs the name of a sound"):
        open_device("file:", FakeClock())


def test_two_of_four_channels_can_be_chosen(tmp_path):
    path = tmp_path / "four.wav"
    write(path, np.repeat(np.array([[0.1], [0.2], [0.3], [0.4]], np.float32), 4_800, axis=1))
    clock = FakeClock()
    device = open_device(f"file:{path}", clock, read_channels("4,2"))
    device.start()
    assert device.read(0.1).signal[:, 0] == pytest.approx([0.4, 0.2], abs=1e-4)
    device.close()


@pytest.mark.parametrize("words", ["1", "1,1", "mono", "0,1", "a,b", "1,2,3", "", "1;2"])
def test_wrong_channels_end_the_command(words, capsys):
    assert main(["listen", "--device", "file:none.wav", "--channels", words]) == 2
    assert "channel" in capsys.readouterr().err
