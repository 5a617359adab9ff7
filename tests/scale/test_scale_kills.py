"""A run that is killed again and again, workers and all, ends with the bytes of one that nothing disturbed."""

import contextlib
import random
import signal
import subprocess
import sys
import time

import pytest
import soundfile

from whence.cli.demo import SCENES
from whence.cli.main import main

psutil = pytest.importorskip("psutil")

BAD = "bad.wav"


@pytest.fixture
def folder(tmp_path, request, monkeypatch):
    """So many sounds as the test asks for, one of them broken, and what one process finds in them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    whole, rate = soundfile.read(SCENES / "busy.flac")
    for number in range(request.param):
        start = number % 20 * rate // 4
        soundfile.write(tmp_path / f"in/{number:03d}.wav", whole[start : start + 3 * rate], rate)
    (tmp_path / "in" / BAD).write_bytes(b"hello")
    assert main(["detect", "in", "--out", "whole", "--to", "parquet"]) == 1
    return tmp_path


def killed_again_and_again(folder, victims, rng, jobs):
    """Run until the end, killing the next victim whenever something new was done; return the last exit code."""
    words = ["detect", "in", "--out", "killed", "--to", "parquet", "--jobs", str(jobs)]
    record, victims = folder / "killed/.whence.jsonl", list(victims)
    while True:
        done = lines_of(record)
        with subprocess.Popen([sys.executable, "-m", "whence", *words], stderr=subprocess.DEVNULL) as driver:
            while victims and driver.poll() is None:
                if lines_of(record) == done:
                    time.sleep(0.002)
                    continue
                time.sleep(rng.uniform(0, 0.2))
                done = lines_of(record)
                family = psutil.Process(driver.pid).children(recursive=True)
                if victims.pop() == "driver":
                    driver.kill()
                    driver.wait()
                    _, alive = psutil.wait_procs(family, timeout=20)
                    assert alive == []
                elif family:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        rng.choice(family).send_signal(signal.SIGKILL)
            code = driver.wait()
        if code >= 0:
            assert victims == []
            return code


def lines_of(record):
    """How many sounds are finished."""
    return record.read_bytes().count(b'"rows"') if record.exists() else 0


def check_bytes(folder):
    for name in ("events.parquet", "failures.csv"):
        assert (folder / "killed" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    # Nothing twice.
    assert lines_of(folder / "killed/.whence.jsonl") == len(list((folder / "in").iterdir())) - 1


@pytest.mark.parametrize("folder", [14], indirect=True)
def test_a_worker_and_the_driver_are_killed(folder):
    assert killed_again_and_again(folder, ["driver", "worker"], random.Random(1), jobs=2) == 1
    check_bytes(folder)


@pytest.mark.nightly
@pytest.mark.parametrize(("folder", "jobs"), [(120, 2), (90, 1)], indirect=["folder"])
def test_twenty_kills_at_random_moments(folder, jobs):
    rng = random.Random(jobs)
    victims = rng.choices(["driver", "worker"] if jobs > 1 else ["driver"], k=20)
    assert killed_again_and_again(folder, victims, rng, jobs) == 1
    check_bytes(folder)
