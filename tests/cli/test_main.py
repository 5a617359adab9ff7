"""The command line as a whole: words, exit codes, streams, and how it ends."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import whence
from whence.cli import main as main_module
from whence.cli.command import Command
from whence.cli.main import COMMANDS, main
from whence.errors import MissingExtraError, WhenceError


def command_that(act):
    return Command("does it", ("whence act",), lambda parser: None, lambda args: act())


@pytest.fixture
def acting(monkeypatch):
    """Install a command `act` that runs a function of the test."""

    def install(act):
        monkeypatch.setitem(COMMANDS, "act", command_that(act))

    return install


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_command_on_stdout(words, capsys):
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for name, command in COMMANDS.items():
        assert f"  {name}" in out
        assert command.summary in out


def test_version_is_that_of_the_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"whence {whence.__version__}\n"


def test_the_version_is_at_the_top_of_the_change_log():
    changes = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
    entries = [line for line in changes.splitlines() if line.startswith("## [") and "[Unreleased]" not in line]
    assert entries[0].startswith(f"## [{whence.__version__}]")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_begins_with_its_examples(name, capsys):
    assert main([*name.split(), "--help"]) == 0
    out = capsys.readouterr().out
    for example in COMMANDS[name].examples:
        assert example in out
        assert f"{example} ".startswith(f"whence {name} ")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_at_most_eight_flags_of_its_own(name):
    flags = {action.dest for action in COMMANDS[name].parser(name)._actions if action.option_strings}
    of_any_command, of_the_machine = {"help", "quiet", "strict", "debug"}, {"device", "workers", "render_on"}
    of_the_recording, of_scale = {"channels", "microphones"}, {"jobs", "engine", "address", "shard", "progress"}
    assert len(flags - of_any_command - of_the_machine - of_the_recording - of_scale) <= 8


def test_a_misspelt_command_is_named_with_the_nearest(capsys):
    assert main(["evalute"]) == 2
    assert "no command 'evalute'; did you mean evaluate?" in capsys.readouterr().err


def test_a_bad_flag_ends_in_one_sentence(capsys):
    assert main(["evaluate", "a", "b", "--avarage", "macro"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "--avarage" in err


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (WhenceError("a.csv:17: class 13; this task has 0..12"), 2, "a.csv:17: class 13; this task has 0..12"),
        (
            MissingExtraError("drawing", "pictures"),
            2,
            "drawing needs more packages; pip install 'whence[pictures]' (in a",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "out.csv"),
            3,
            "out.csv: No space left on device; free some space",
        ),
        (OSError(errno.EACCES, "Permission denied", "out.csv"), 2, "out.csv: Permission denied"),
        (MemoryError(), 3, "out of memory"),
        (KeyboardInterrupt(), 130, "act was interrupted"),
    ],
)
def test_every_error_has_its_exit_code_and_one_sentence(error, code, sentence, acting, capsys):
    def act():
        raise error

    acting(act)
    assert main(["act"]) == code
    err = capsys.readouterr().err
    assert err.startswith(f"whence: {sentence}")
    assert err.count("\n") == 1


def test_debug_shows_the_traceback(acting, capsys):
    def act():
        raise WhenceError("no")

    acting(act)
    assert main(["act", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_bugs_of_the_package_keep_their_traceback(acting):
    def act():
        raise KeyError("bug")

    acting(act)
    with pytest.raises(KeyError):
        main(["act"])


@pytest.mark.parametrize(("flags", "shown"), [([], True), (["--quiet"], False)])
def test_messages_are_shown_on_stderr(flags, shown, acting, capsys):
    def act():
        import logging

        logging.getLogger("whence.audio").warning("x.wav: right channel is silent")
        logging.getLogger("whence.audio").info("resampled")
        return 0

    acting(act)
    assert main(["act", *flags]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert (err == "warning: x.wav: right channel is silent\nresampled\n") is shown


def test_sigterm_ends_with_143_and_removes_unfinished_files(tmp_path):
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from whence.cli import main as m\n"
        "from whence.cli.command import Command\n"
        "from whence.files import written_whole\n"
        "def act(args):\n"
        f"    with written_whole(Path({str(tmp_path / 'result.txt')!r})) as file:\n"
        "        file.write(b'half'); print('ready', flush=True); time.sleep(60)\n"
        "m.COMMANDS['act'] = Command('x', ('whence act',), lambda p: None, act)\n"
        "sys.exit(m.main(['act']))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 143
    assert b"was terminated" in err
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_ends_quietly_with_0():
    """`whence ... | head` with more output than a pipe holds."""
    script = (
        "import sys\n"
        "from whence.cli import main as m\n"
        "from whence.cli.command import Command\n"
        "def act(args):\n"
        "    for _ in range(100_000): sys.stdout.write('a line of data\\n')\n"
        "    return 0\n"
        "m.COMMANDS['act'] = Command('x', ('whence act',), lambda p: None, act)\n"
        "sys.exit(m.main(['act']))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=30) == 0
    process.stderr.close()


def test_python_dash_m_is_the_command():
    done = subprocess.run([sys.executable, "-m", "whence", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"whence {whence.__version__}\n"


def test_the_demo_runs_without_a_home_folder():
    bare = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-m", "whence", "demo"], capture_output=True, text=True, env=bare, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_signal_handler_is_restored(acting):
    before = signal.getsignal(signal.SIGTERM)
    acting(lambda: 0)
    assert main(["act"]) == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_overview_is_made_without_building_parsers(monkeypatch):
    def never(self, name):
        raise AssertionError("a parser was built")

    monkeypatch.setattr(Command, "parser", never)
    started = time.process_time()
    assert main_module._overview()
    assert time.process_time() - started < 1
