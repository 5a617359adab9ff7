"""While a model runs nothing asks the network for anything, and nothing is written about the user."""

import signal
import subprocess
import sys
from pathlib import Path

import no_network
import numpy as np
import pytest
import soundfile

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(no_network.SOCKET_CALL is None, reason="the filter is written for Linux")

# onnxruntime 1.32 sends ten seconds after its first session, or when the process ends.
RUN_FOR_SECONDS = """
import time
import numpy as np
import whence
import onnxruntime  # as a program of the user's may do
end = time.monotonic() + 12.0
system = whence.load()
system.detect(np.random.default_rng(0).standard_normal((2, 48000)).astype(np.float32))
time.sleep(end - time.monotonic())
"""


def run_without_network(folder, code, *arguments):
    """Run Python code behind the filter, with an empty home folder."""
    program, home = folder / "program.py", folder / "home"
    program.write_text(code)
    home.mkdir()
    done = subprocess.run(
        [sys.executable, no_network.__file__, program, *arguments],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_the_filter_ends_a_process_that_opens_a_socket(tmp_path, family):
    done, _ = run_without_network(tmp_path, f"import socket; socket.socket(socket.{family})")
    assert done.returncode == -signal.SIGSYS


def test_a_model_that_runs_for_some_seconds_opens_no_socket_and_writes_nothing(tmp_path):
    done, written = run_without_network(tmp_path, RUN_FOR_SECONDS)
    assert (done.returncode, done.stderr, written) == (0, "", [])


def test_worker_processes_open_no_socket_and_write_nothing(tmp_path):
    sounds = [tmp_path / f"{name}.wav" for name in "ab"]
    for sound in sounds:
        soundfile.write(sound, np.random.default_rng(0).uniform(-0.1, 0.1, (24000, 2)), 24000)
    code = "import runpy\nif __name__ == '__main__':\n    runpy.run_module('whence', run_name='__main__')\n"
    out = tmp_path / "out"
    done, written = run_without_network(tmp_path, code, "detect", *sounds, "--out", out, "--jobs", "2", "--quiet")
    assert (done.returncode, written) == (0, []), done.stderr
    assert sorted(path.name for path in out.glob("*.csv")) == ["a.csv", "b.csv"]
