"""Names that a terminal cannot show are escaped; no command ends because of them."""

import io
import os
import subprocess
import sys

import pytest
import soundfile

from whence.cli.demo import SCENES
from whence.cli.main import main

NAME = "été ★ 日本"
HEADER = "frame,class,source,azimuth,distance,onscreen\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two folders of labels, a sound, a faulty label file and a list of classes, all with such a name."""
    monkeypatch.chdir(tmp_path)
    signal, rate = soundfile.read(SCENES / "calm.flac")
    for folder in ("sounds", "truth", "guess", "faulty", "alone"):
        (tmp_path / folder).mkdir()
    soundfile.write(tmp_path / "sounds" / f"{NAME}.wav", signal[: 2 * rate], rate)
    soundfile.write(tmp_path / "sounds" / "b.wav", signal[: 2 * rate], rate)
    soundfile.write(tmp_path / "alone" / f"{NAME}.wav", signal[: 2 * rate], rate)
    for folder, names in (("truth", [NAME, "b"]), ("guess", ["b", f"{NAME} too"])):
        for name in names:
            (tmp_path / folder / f"{name}.csv").write_text(f"{HEADER}0,0,0,0,100,0\n1,0,0,0,100,0\n")
    (tmp_path / "faulty" / f"{NAME}.csv").write_text(f"{HEADER}0,0,0,none,100,0\n")
    (tmp_path / "classes.txt").write_text(f"{NAME}\n", encoding="utf-8")
    return tmp_path


COMMANDS = {
    "detect": ["detect", "sounds"],
    "check a sound": ["check", "alone"],
    "check labels": ["check", "faulty"],
    "check classes": ["check", "truth", "--classes", "classes.txt"],
    "evaluate": ["evaluate", "truth", "guess", "--classes", "classes.txt"],
    "compare": ["compare", "truth", "guess", "guess", "--classes", "classes.txt"],
    "convert-labels": ["convert-labels", "faulty", "--to", "audacity", "--out", "tracks"],
    "plot": ["plot", f"alone/{NAME}.wav", f"guess/{NAME}.csv", "--out", "a.png"],
    "scenes": ["scenes", "--sounds", NAME, "--out", NAME],
    "models": ["models", NAME],
    "an unknown command": [NAME],
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_command_ends_as_on_any_other_terminal(folder, monkeypatch, capsys, words):
    expected = main(words)
    before = "".join(capsys.readouterr())
    streams = {name: io.TextIOWrapper(io.BytesIO(), "cp1252") for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    assert main(words) == expected
    for stream in streams.values():
        stream.flush()
    after = b"".join(stream.buffer.getvalue() for stream in streams.values())
    assert after == before.encode("cp1252", errors="backslashreplace")


SETTINGS = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_escaped_name_is_printed_in_a_process_of_its_own(folder, setting):
    (folder / "alone" / f"{NAME}.csv").write_text(f"{HEADER}90,0,0,0,100,0\n")
    words = [sys.executable, "-m", "whence", "check", "alone"]
    kept = {name: value for name, value in os.environ.items() if name not in ("LANG", "LC_ALL", "PYTHONIOENCODING")}
    ended = subprocess.run(words, capture_output=True, env=kept | SETTINGS[setting], check=False)
    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr
    assert b"beyond the end of the clip" in ended.stdout
