"""How far many sounds are: one bar on a terminal, a line a minute elsewhere, lines of JSON for dashboards."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from whence import audio
from whence.inference import STDIN, Result
from whence.text import counted

_log = logging.getLogger("whence.cli")
_STYLES = ("bar", "lines", "json")
_SECONDS_BETWEEN = {"bar": 0.1, "lines": 60.0, "json": 1.0}


def add_progress(parser: argparse.ArgumentParser) -> None:
    """Add `--progress` to a parser."""
    parser.add_argument(
        "--progress",
        choices=_STYLES,
        help="on standard error: a bar (default on a terminal), a line a minute (default elsewhere), or lines of JSON",
    )


class SoundProgress:
    """Counts what is done, and shows it.

    Args:
        sounds: all that are to be processed; sizes of files tell how much is left.
        style: `bar`, `lines`, `json`, or None for what fits standard error.
        quiet: show neither bar nor lines.
        clock: seconds from any moment on.
    """

    def __init__(
        self,
        sounds: Sequence[Path | str],
        style: str | None,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._style = style or ("bar" if sys.stderr.isatty() else "lines")
        self._quiet = quiet and self._style != "json"
        self._clock, self._began, self._shown = clock, clock(), clock()
        self._sizes = {str(sound): _size(sound) for sound in sounds if sound != STDIN}
        self._all_bytes = sum(self._sizes.values())
        self._bar: Any = None
        self.sounds, self.failed, self.seconds = 0, 0, 0.0
        self._done_bytes, self._done_s = 0, 0.0

    def __enter__(self) -> Self:
        if self._style == "bar" and not self._quiet:
            from tqdm import tqdm

            layout = "{percentage:3.0f} % |{bar:20}| {desc}"
            self._bar = tqdm(total=1000, leave=False, bar_format=layout, file=sys.stderr)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        if self._style == "json":
            self._write_json(ended=True)
        elif not self._quiet and self._clock() - self._began >= _SECONDS_BETWEEN["lines"]:
            _log.info("%s", self.line())

    def add_seconds(self, seconds: float) -> None:
        """Take note of seconds of sound that were processed, and show it from time to time."""
        self.seconds += seconds
        now = self._clock()
        if not self._quiet and now - self._shown >= _SECONDS_BETWEEN[self._style]:
            self._shown = now
            self._show()

    def add_result(self, result: Result) -> None:
        """Take note of a sound that is done."""
        self.sounds += 1
        self.failed += result.failure is not None
        self._done_bytes += self._sizes.get(str(result.sound), 1)
        self._done_s += result.duration_s
        self.add_seconds(0.0)

    @property
    def share(self) -> float:
        """How much of the work is done, 0 to 1, by the seconds of the sounds that are done and the bytes of all."""
        if not self._done_s:
            return min(self._done_bytes / max(self._all_bytes, 1), 1.0)
        whole_s = self._done_s * self._all_bytes / max(self._done_bytes, 1)
        return min(max(self.seconds, self._done_s) / max(whole_s, self.seconds, 1e-9), 1.0)

    @property
    def left_s(self) -> float | None:
        """Seconds until the end; None while that is not known."""
        share = self.share
        return (self._clock() - self._began) * (1 - share) / share if share else None

    @property
    def times_real_time(self) -> float:
        """Seconds of sound in a second."""
        return self.seconds / max(self._clock() - self._began, 1e-9)

    def line(self) -> str:
        """Return the state in words."""
        parts = [
            f"{self.sounds:,} of {counted(max(len(self._sizes), 1), 'sound')}",
            f"{self.seconds / 3600:.2f} hours",
            f"{self.times_real_time:.0f} times real time",
        ]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        left_s = self.left_s
        if left_s is not None and self.sounds < len(self._sizes):
            parts.append(f"{_clock_text(left_s)} left")
        return ", ".join(parts)

    def _show(self) -> None:
        """Show the state."""
        if self._style == "json":
            self._write_json(ended=False)
        elif self._bar is not None:
            self._bar.n = round(1000 * self.share)
            self._bar.set_description_str(self.line())
        else:
            _log.info("%s", self.line())

    def _write_json(self, *, ended: bool) -> None:
        """Write the state as a line of JSON."""
        left_s = self.left_s
        state = {
            "sounds": self.sounds,
            "of": len(self._sizes),
            "failed": self.failed,
            "sound_s": round(self.seconds, 1),
            "elapsed_s": round(self._clock() - self._began, 1),
            "times_real_time": round(self.times_real_time, 1),
            "left_s": None if left_s is None else round(left_s),
            "ended": ended,
        }
        sys.stderr.write(json.dumps(state) + "\n")
        sys.stderr.flush()


def _size(sound: Path | str) -> int:
    """Return the bytes of a file; 1 where that is unknown, so that sounds count alike."""
    return max(audio.source_size(sound), 1) if isinstance(sound, Path) else 1


def _clock_text(seconds: float) -> str:
    """Return hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
