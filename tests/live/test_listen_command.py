"""`whence listen` as it is typed: wrong words, exit codes, signals, closed pipes, and a real terminal given back."""

import contextlib
import fcntl
import io
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from live_doubles import FakeClock, FakeDevice, FakeStream, noise, wav_seconds

from whence.audio import write
from whence.cli import listen
from whence.cli.main import main
from whence.inference import NetworkSystem
from whence.labels import STARSS23, read_dcase, read_json_lines
from whence.models.outputs import Classwise
from whence.views.terminal import State, Terminal, can_show_page

# The command with a made-up system; a process of its own has to open its terminal to own it.
PREAMBLE = f"""
import os, sys
if os.isatty(0):
    os.close(os.open(os.ttyname(0), os.O_RDWR))
sys.path.insert(0, {str(Path(__file__).parent)!r})
from live_doubles import FakeStream
from whence.cli import listen
from whence.cli.main import main
from whence.labels import STARSS23
class System: classes, microphones = STARSS23, ('dcase',)
listen.load_system = lambda model: System()
listen.open_stream = lambda system, threshold, microphones: FakeStream()
"""
COMMAND = "sys.exit(main(['listen', *sys.argv[1:]]))"
ENTERED, LEFT, CURSOR_BACK = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """A minute of noise: longer than any test waits."""
    path = tmp_path_factory.mktemp("street") / "street.wav"
    write(path, noise(60 * 24_000))
    return path


@pytest.fixture
def stand_in(monkeypatch):
    """No model is loaded."""

    class System:
        classes = STARSS23
        microphones = ("dcase",)

    monkeypatch.setattr(listen, "load_system", lambda model: System())
    monkeypatch.setattr(listen, "open_stream", lambda system, threshold, microphones: FakeStream())


class InTerminal:
    """The command in a terminal of its own, 80 by 24."""

    def __init__(self, folder, *words, code=COMMAND, environment=None):
        self.master, self.slave = pty.openpty()
        self.resize(80, 24)
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        plain = {name: value for name, value in os.environ.items() if name != "COLORTERM"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + textwrap.dedent(code), *words],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            cwd=folder,
            start_new_session=True,
            env={**plain, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **(environment or {})},
        )

    def resize(self, columns, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, wanted, timeout_s=20.0):
        """Read the screen until something is there; what came since the last call up to now."""
        begun, deadline = len(self.output), time.monotonic() + timeout_s
        while wanted not in self.output[begun:]:
            assert time.monotonic() < deadline, self.output[begun:]
            if select.select([self.master], [], [], 0.1)[0]:
                self.output += os.read(self.master, 65_536)
        return self.output[begun:]

    def press(self, keys):
        os.write(self.master, keys)

    def end(self):
        """The exit code, when everything was read and the terminal is as it was before."""
        deadline = time.monotonic() + 20
        while self.process.poll() is None:
            assert time.monotonic() < deadline
            self._drain(0.05)
        self._drain(0.0)
        assert termios.tcgetattr(self.slave) == self.before
        return self.process.returncode

    def close(self):
        """Whatever the test did: no process and no terminal is left."""
        self.process.kill()
        self.process.wait()
        for end in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(end)

    def _drain(self, timeout_s):
        while select.select([self.master], [], [], timeout_s)[0]:
            self.output += os.read(self.master, 65_536)


@pytest.fixture
def in_terminal(tmp_path):
    """Opens terminals in the test's own folder."""
    with contextlib.ExitStack() as opened:

        def open_one(*words, **settings):
            return opened.enter_context(contextlib.closing(InTerminal(tmp_path, *words, **settings)))

        yield open_one


def given_back(output):
    """Whether the last thing sent about the page is that it is gone."""
    return output.rfind(LEFT) > output.rfind(ENTERED) >= 0 and output.rfind(CURSOR_BACK) > output.rfind(b"\x1b[?25l")


def only_wav(folder):
    (wav,) = folder.glob("*.wav")
    assert ".growing" not in wav.name
    assert read_dcase(wav.with_suffix(".csv")).row_count == pytest.approx(wav_seconds(wav) * 10, abs=2)
    return wav


def test_radar_keys_resize_and_a_terminal_given_back(street, tmp_path, in_terminal):
    terminal = in_terminal("--device", f"file:{street}")
    first = terminal.read_until(b"music")
    assert ENTERED in first
    assert b"38;5;" in first
    assert not termios.tcgetattr(terminal.slave)[3] & (termios.ECHO | termios.ICANON)
    terminal.press(b"\x1b[A")
    terminal.press(b"r")
    terminal.read_until(b"recording 0:01")
    terminal.resize(120, 40)
    assert b"\x1b[40;1H" in terminal.read_until(b"q quit")
    terminal.press(b"s")
    terminal.read_until(b"kept")
    terminal.press(b"q")
    assert terminal.end() == 0
    assert given_back(terminal.output)
    messages = terminal.output[terminal.output.rfind(LEFT) :].decode()
    assert "-last-minute.wav" in messages
    assert messages.rstrip().endswith("stopped; everything recorded is kept")
    assert len(list(tmp_path.glob("*.csv"))) == len(list(tmp_path.glob("*.wav"))) == 2


@pytest.mark.parametrize(
    ("end_it", "code"),
    [
        (lambda terminal: terminal.press(b"\x03"), 130),
        (lambda terminal: terminal.process.send_signal(signal.SIGTERM), 143),
    ],
)
def test_ctrl_c_and_sigterm_end_it_after_saving(end_it, code, street, tmp_path, in_terminal):
    terminal = in_terminal("--device", f"file:{street}", environment={"NO_COLOR": "1"})
    terminal.read_until(b"music")
    terminal.press(b"r")
    terminal.read_until(b"recording 0:01")
    end_it(terminal)
    assert terminal.end() == code
    assert given_back(terminal.output)
    assert b"38;5;" not in terminal.output
    assert wav_seconds(only_wav(tmp_path)) > 0


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(street, in_terminal):
    terminal = in_terminal("--device", f"file:{street}")
    terminal.read_until(b"music")
    terminal.press(b"\x1a")
    terminal.read_until(LEFT)
    assert os.WIFSTOPPED(os.waitpid(terminal.process.pid, os.WUNTRACED)[1])
    assert termios.tcgetattr(terminal.slave) == terminal.before
    terminal.process.send_signal(signal.SIGCONT)
    terminal.read_until(ENTERED)
    terminal.read_until(b"q quit")
    terminal.press(b"q")
    assert terminal.end() == 0


def test_an_error_of_our_own_gives_the_terminal_back_too(street, in_terminal):
    code = """
    def broken(self, signal): raise RuntimeError("a bug")
    FakeStream.feed = broken
    main(['listen', *sys.argv[1:]])
    """
    terminal = in_terminal("--device", f"file:{street}", code=code)
    assert terminal.end() == 1
    assert given_back(terminal.output)
    assert terminal.output.rstrip().endswith(b"RuntimeError: a bug")


def test_a_window_that_is_closed_ends_it_after_saving(street, tmp_path, in_terminal):
    terminal = in_terminal("--device", f"file:{street}")
    terminal.read_until(b"music")
    terminal.press(b"r")
    terminal.read_until(b"recording 0:01")
    os.close(terminal.slave)
    os.close(terminal.master)
    terminal.master = terminal.slave = -1
    assert terminal.process.wait(timeout=20) == 143
    assert wav_seconds(only_wav(tmp_path)) > 0


def test_a_pipe_that_is_closed_early_ends_it_quietly(street, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + COMMAND, "--device", f"file:{street}", "--to", "jsonl"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    line = process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read().decode()
    assert process.wait(timeout=20) == 0
    process.stderr.close()
    assert line.startswith(b'{"frame": 0, "class": 8, "name": "music"')
    assert err.splitlines() == [f"listening to {street}; {listen.FRONT_ONLY}"]


def test_without_a_terminal_plain_lines_go_to_stdout(stand_in, tmp_path, capsys):
    write(tmp_path / "a.wav", noise(24_000))
    assert main(["listen", "--device", f"file:{tmp_path / 'a.wav'}", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out == "     0.0 s  music               30 deg left    2.0 m   0.90\n"
    assert "\x1b" not in out + err
    assert err.splitlines()[-1] == "stopped; everything recorded is kept"


def test_jsonl_on_stdout_is_nothing_but_data(stand_in, tmp_path, capsys):
    write(tmp_path / "a.wav", noise(24_000))
    assert main(["listen", "--device", f"file:{tmp_path / 'a.wav'}", "--to", "jsonl", "--quiet"]) == 0
    out, err = capsys.readouterr()
    (tmp_path / "a.jsonl").write_text(out)
    assert read_json_lines(tmp_path / "a.jsonl").frame.tolist() == list(range(10))
    assert err == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--device", "file:gone.wav"], "gone.wav: no such file"),
        (["--to", "carrier-pigeon"], "--to knows jsonl, ros2-json and odas://host:port, not carrier-pigeon"),
        (["--channels", "2", "--device", "file:x.wav"], "channels '2' are not left and right"),
        (["--device", "file:{street}", "--out", "gone"], "gone: no such folder for recordings; make it first"),
    ],
)
def test_wrong_arguments_end_with_2_before_anything_starts(words, sentence, stand_in, street, tmp_path, capsys):
    with contextlib.chdir(tmp_path):
        assert main(["listen", *(word.format(street=street) for word in words)]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_library_ends_with_2_and_the_name_of_the_package(tmp_path, monkeypatch, capsys):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    for words in ([], ["--device", "list"], ["--device", "3"]):
        assert main(["listen", *words]) == 2
        err = capsys.readouterr().err
        assert "apt install libportaudio2" in err
        assert err.count("\n") == 1


def test_an_unplugged_device_ends_with_3(stand_in, tmp_path, monkeypatch, capsys):
    clock = FakeClock()
    source = FakeDevice(clock, [noise(24_000), 60.0])
    monkeypatch.setattr(listen, "time", clock)
    monkeypatch.setattr(listen, "open_device", lambda name, clock, channels, microphones: source)
    assert main(["listen", "--out", str(tmp_path)]) == 3
    assert capsys.readouterr().err.endswith(
        "whence: a fake device gave no sound for 10 s; was it unplugged? What was recorded is kept\n"
    )
    assert source.closed


class LevelNetworks:
    """Predicts class 8 where it is loud, at the azimuth of the level difference."""

    codings = (Classwise(),)

    def predict(self, audio):
        frames = np.abs(audio.reshape(len(audio), 2, -1, 2_400)).max(axis=-1)
        left, right = frames[:, 0], frames[:, 1]
        values = np.zeros((len(audio), frames.shape[2], 3, 13), np.float32)
        values[:, :, 0, 8] = frames.max(axis=1) > 0.1
        values[:, :, 1, 8] = 90 * (left - right) / np.maximum(left + right, 1e-9)
        values[:, :, 2, 8] = 2.0
        return [values]


@pytest.mark.parametrize(("flags", "side"), [([], 1), (["--swap-channels"], -1)])
def test_a_real_stream_finds_a_sound_on_its_side_at_its_time(flags, side, tmp_path, monkeypatch, capsys):
    signal = np.zeros((2, 48_000 * 4), np.float32)
    signal[:, 48_000 : 48_000 * 2] = noise(48_000, level=0.2) * np.array([[1.0], [0.3]], np.float32)
    write(tmp_path / "a.wav", np.clip(signal, -1, 1), sample_rate_hz=48_000)
    monkeypatch.setattr(listen, "time", FakeClock())
    monkeypatch.setattr(listen, "load_system", lambda model: NetworkSystem(LevelNetworks()))
    assert main(["listen", "--device", f"file:{tmp_path / 'a.wav'}", "--to", "jsonl", *flags]) == 0
    (tmp_path / "a.jsonl").write_text(capsys.readouterr().out)
    found = read_json_lines(tmp_path / "a.jsonl")
    assert set(range(10, 20)) <= set(found.frame.tolist()) <= set(range(9, 21))
    middle = found.between(10, 20)
    assert (np.sign(middle.azimuth_deg) == side).all()
    assert np.abs(middle.azimuth_deg).mean() == pytest.approx(48, abs=12)


class FakeTty(io.StringIO):
    def isatty(self):
        return True


class DataFile(io.StringIO):
    """Standard output that was sent to a file."""

    def fileno(self):
        self.file = Path(__file__).open()  # noqa: SIM115  (closed with the stream)
        return self.file.fileno()

    def close(self):
        self.file.close()
        super().close()


class Pipe(io.StringIO):
    """Standard output that another program reads."""

    def __init__(self):
        super().__init__()
        self.ends = os.pipe()

    def fileno(self):
        return self.ends[1]

    def close(self):
        for end in self.ends:
            os.close(end)
        super().close()


@pytest.mark.parametrize(
    ("stdout", "stderr", "data", "quiet", "term", "shown"),
    [
        (FakeTty, FakeTty, False, False, "xterm", "stdout"),
        (FakeTty, FakeTty, True, False, "xterm", None),
        (DataFile, FakeTty, True, False, "xterm", "stderr"),
        (io.StringIO, FakeTty, True, False, "xterm", None),
        (Pipe, FakeTty, True, False, "xterm", None),
        (DataFile, io.StringIO, True, False, "xterm", None),
        (io.StringIO, FakeTty, False, False, "xterm", None),
        (FakeTty, FakeTty, False, True, "xterm", None),
        (FakeTty, FakeTty, False, False, "dumb", None),
        (FakeTty, FakeTty, False, False, "", None),
    ],
)
def test_the_radar_is_drawn_only_where_no_data_goes(stdout, stderr, data, quiet, term, shown, monkeypatch):
    streams = {"stdout": stdout(), "stderr": stderr(), None: None}
    monkeypatch.setattr(sys, "stdout", streams["stdout"])
    monkeypatch.setattr(sys, "stderr", streams["stderr"])
    monkeypatch.setenv("TERM", term)
    assert listen.page_stream(data_on_stdout=data, quiet=quiet) is streams[shown]
    for stream in (streams["stdout"], streams["stderr"]):
        stream.close()


def test_a_terminal_of_nothing_takes_nothing():
    closed = io.StringIO()
    closed.close()
    assert not can_show_page(closed)
    with Terminal(closed, None) as terminal:
        assert (terminal.reads_keys, terminal.shows_page, terminal.pressed()) == (False, False, "")
        terminal.draw(State("a device"), STARSS23)
    with Terminal(io.StringIO(), None) as terminal:
        assert not terminal.reads_keys
