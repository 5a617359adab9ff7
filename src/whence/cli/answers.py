"""A run's answers to sounds on disk, one CSV for each, kept as long as the run is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from whence.cli.command import shown_progress
from whence.files import sweep_unfinished, written_whole

if TYPE_CHECKING:
    from whence.inference import System


def answer_files(system: System, pairs: Sequence[tuple[Path, Path]], *, quiet: bool) -> list[str]:
    """Answer for every sound; go on when one cannot be read.

    Args:
        system: that answers.
        pairs: a sound, and the CSV file to write; folders are made.
        quiet: show no progress.

    Returns:
        what went wrong, one sentence for each sound without an answer.
    """
    from whence.audio import read
    from whence.errors import AudioError
    from whence.labels import write_dcase

    failures = []
    with shown_progress("clip", quiet=quiet) as show:
        for number, (sound, target) in enumerate(pairs, start=1):
            try:
                signal = read(sound)
            except AudioError as error:
                failures.append(str(error))
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                write_dcase(target, system.detect(signal))
            show("predicting", number, len(pairs))
    return failures


def kept_answers(run: Path, part: str, sounds: Sequence[Path], *, swap: bool, quiet: bool) -> tuple[Path, list[str]]:
    """The answers of a run to a part of a data set, made now where they are missing or of other weights.

    They stand in `run/predictions/<part>/`. Beside them is noted what made them; answers of another state of the run,
    with another `swap` or to other files, of whatever name, are made anew.

    Returns:
        the folder, and what went wrong.
    """
    from whence.inference import load_run

    system = load_run(run, swap=swap)
    folder = run / "predictions" / (f"{part}-swap" if swap else part)
    folder.mkdir(parents=True, exist_ok=True)
    sweep_unfinished(folder)
    note, made_by = folder.with_suffix(".json"), {"run": _digest(run), "swap": swap, "sounds": _state_of(sounds)}
    if _noted(note) != made_by:
        for old in folder.glob("*.csv"):
            old.unlink()
        with written_whole(note) as file:
            file.write(json.dumps(made_by).encode("ascii"))
    pairs = [(sound, folder / f"{sound.stem}.csv") for sound in sounds]
    return folder, answer_files(system, [pair for pair in pairs if not pair[1].exists()], quiet=quiet)


def _noted(note: Path) -> object:
    """What made the answers that are there."""
    try:
        return json.loads(note.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _state_of(sounds: Sequence[Path]) -> str:
    """One number that changes when any of the files does: two sets may have parts and clips of the same names."""
    digest = hashlib.sha256()
    for sound in sorted(sounds):
        status = sound.stat()
        digest.update(f"{sound.resolve()} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _digest(run: Path) -> str:
    """One number for everything that a run's answers depend on."""
    digest = hashlib.sha256()
    for path in (run / "system.json", *sorted(run.glob("*/weights.safetensors"))):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
