"""How long does a report of 2,000 clips take, and which part of it?

Writes references of several events, predictions of most of them, and sounds for the clips, then times `whence report`
as a whole and its parts. Most of the time goes into the sounds of the worst clips, so the number of clips hardly
matters.

    python benchmarks/report.py [number of clips]
"""

import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from whence.audio import write
from whence.cli.main import main as whence
from whence.labels import STARSS23, Events, read_labels, write_dcase
from whence.metrics import evaluate
from whence.views.report import worst_clips
from whence.views.report.error_profiles import confusion_section, error_section
from whence.views.report.sounds import write_sound

CLIPS, WORST, SECONDS = 2_000, 50, 5
SEED = 11


def drawn(rng: np.random.Generator) -> Events:
    """Return three events of one to four seconds."""
    tables = []
    for source in range(3):
        frames = np.arange(rng.integers(10), rng.integers(20, 10 * SECONDS))
        columns = {
            "frame": frames,
            "class_index": np.full(len(frames), rng.integers(13)),
            "source": source + 0 * frames,
        }
        azimuth_deg = np.clip(rng.uniform(-80, 80) + np.cumsum(rng.normal(0, 1, len(frames))), -90, 90)
        distance_m = np.full(len(frames), round(rng.uniform(0.5, 4), 2))
        tables.append(Events.from_columns({**columns, "azimuth_deg": azimuth_deg.round(), "distance_m": distance_m}))
    return Events.concatenate(tables).sorted()


def predicted(truth: Events, rng: np.random.Generator) -> Events:
    """Return four rows of five, 12 degrees off, one in ten of another class."""
    rows = truth[rng.random(truth.row_count) < 0.8]
    class_index = np.where(rng.random(rows.row_count) < 0.1, rng.integers(0, 13, rows.row_count), rows.class_index)
    azimuth_deg = np.clip(rows.azimuth_deg + rng.normal(0, 12, rows.row_count), -90, 90).round()
    return Events.from_columns({**rows.to_columns(), "class_index": class_index, "azimuth_deg": azimuth_deg})


def make(folder: Path, clips: int) -> None:
    """Write references, predictions, and a sound for every clip: links to a few files, since only reading is timed."""
    for name in ("refs", "preds", "wavs"):
        (folder / name).mkdir()
    for sound in range(8):
        noise = np.random.default_rng([SEED, sound]).normal(0, 0.1, (2, 24_000 * SECONDS)).clip(-1, 1)
        write(folder / f"sound{sound}.wav", noise)
    for clip in range(clips):
        rng = np.random.default_rng([SEED, clip, 0])
        name, truth = f"room{clip % 80}_deg{clip % 360:03d}_start{clip:04d}", drawn(rng)
        write_dcase(folder / "refs" / f"{name}.csv", truth)
        write_dcase(folder / "preds" / f"{name}.csv", predicted(truth, rng))
        (folder / "wavs" / f"{name}.wav").symlink_to(folder / f"sound{clip % 8}.wav")


def seconds_of(work: Callable[[], object]) -> float:
    """The fastest of three runs."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            work()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> int:
    """Print the table."""
    clips = int(sys.argv[1]) if len(sys.argv) > 1 else CLIPS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, clips)
        refs, preds, out = (folder / part for part in ("refs", "preds", "report"))
        words = ["report", str(refs), str(preds), "--worst", str(WORST), "--out", str(out), "--quiet"]
        references, predictions = read_labels(refs, STARSS23), read_labels(preds, STARSS23)
        evaluation = evaluate(references, predictions)
        (folder / "one").mkdir()
        sounds = [folder / f"sound{i % 8}.wav" for i in range(WORST)]
        times = {
            "whence report --audio": seconds_of(lambda: whence([*words, "--audio", str(folder / "wavs")])),
            "whence report": seconds_of(lambda: whence(words)),
            "of which: reading the labels": seconds_of(
                lambda: (read_labels(refs, STARSS23), read_labels(preds, STARSS23))
            ),
            "  scores and intervals": seconds_of(lambda: evaluate(references, predictions)),
            "  confusions": seconds_of(lambda: confusion_section(evaluation)),
            "  errors by position": seconds_of(lambda: error_section(evaluation)),
            "  ranking": seconds_of(lambda: worst_clips(evaluation, WORST)),
            f"  {WORST} sounds": seconds_of(lambda: [write_sound(path, folder / "one" / "a") for path in sounds]),
        }
        page, whole = (out / "index.html").stat().st_size, sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    rows = references.events.row_count + predictions.events.row_count
    print(f"{clips:,} clips, {rows:,} rows, {WORST} worst clips of {SECONDS} s; page {page / 1e6:.1f} MB", end="")
    print(f", folder without sounds {whole / 1e6:.1f} MB")
    for what, seconds in times.items():
        print(f"{what:30} {seconds:6.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
