"""Progress in many sounds, on a clock that the tests turn."""

import io
import json
import logging
import sys

import pytest

from whence.cli.demo import SCENES
from whence.cli.main import main
from whence.cli.scale_progress import SoundProgress
from whence.inference import Result


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def sounds(tmp_path):
    """Three files of one size and one that is seven times as large."""
    paths = [tmp_path / f"{number}.wav" for number in range(4)]
    for path in paths:
        path.write_bytes(bytes(7_000 if path.stem == "3" else 1_000))
    return paths


@pytest.fixture
def of(sounds):
    def make(style, **options):
        clock = Clock()
        return SoundProgress(sounds, style, clock=clock, **options), clock

    return make


def test_what_is_left_is_known_from_the_sizes(of, sounds):
    progress, clock = of("lines")
    assert progress.left_s is None
    for sound in sounds[:3]:
        clock.now += 20
        progress.add_seconds(600)
        progress.add_result(Result(sound, None, duration_s=600, failure="broken" if sound is sounds[0] else None))
    assert progress.line() == "3 of 4 sounds, 0.50 hours, 30 times real time, 1 failed, 0:02:20 left"
    # Half of the large one.
    clock.now += 70
    progress.add_seconds(2_100)
    assert progress.left_s == pytest.approx(70)


def test_a_line_a_minute_where_there_is_no_terminal(of, sounds, caplog):
    caplog.set_level(logging.INFO, logger="whence.cli")
    progress, clock = of("lines")
    with progress:
        for _ in range(100):
            clock.now += 1
            progress.add_seconds(10)
    assert [record.getMessage() for record in caplog.records] == [
        "0 of 4 sounds, 0.17 hours, 10 times real time",
        "0 of 4 sounds, 0.28 hours, 10 times real time",
    ]


def test_what_is_quickly_done_or_quiet_leaves_no_line(of, caplog):
    caplog.set_level(logging.INFO, logger="whence.cli")
    progress, clock = of("lines")
    with progress:
        clock.now += 59
        progress.add_seconds(10)
    progress, clock = of("lines", quiet=True)
    with progress:
        clock.now += 99
        progress.add_seconds(10)
    assert caplog.records == []


def test_lines_of_json_for_dashboards(of, sounds, capsys):
    progress, clock = of("json", quiet=True)
    with progress:
        clock.now += 2
        progress.add_seconds(60)
        progress.add_seconds(60)
        progress.add_result(Result(sounds[0], None, duration_s=120))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["ended"] for line in lines] == [False, True]
    assert lines[1] == {
        "sounds": 1,
        "of": 4,
        "failed": 0,
        "sound_s": 120.0,
        "elapsed_s": 2.0,
        "times_real_time": 60.0,
        "left_s": 18,
        "ended": True,
    }


def test_one_bar_on_a_terminal(of, sounds, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    progress, clock = of(None)
    with progress:
        clock.now += 20
        progress.add_seconds(600)
        clock.now += 1
        progress.add_result(Result(sounds[0], None, duration_s=600))
    shown = sys.stderr.getvalue()
    assert " 10 % |##" in shown
    assert "| 1 of 4 sounds, 0.17 hours, 29 times real time, 0:03:09 left" in shown


def test_detect_tells_a_dashboard(tmp_path, capsys):
    assert main(["detect", str(SCENES / "calm.flac"), "--out", str(tmp_path), "--progress", "json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert (lines[-1]["sounds"], lines[-1]["of"], lines[-1]["sound_s"], lines[-1]["ended"]) == (1, 1, 8.0, True)
