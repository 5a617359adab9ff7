"""Which sounds of a folder of results have been answered, and by what: an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from whence.inference.batch import Request

# Hidden, so that readers of label folders pass it over.
RECORD = ".whence.jsonl"


class ResumeRecord:
    """A line for each finished sound: the result, the sound as it was, and what answered.

    Args:
        folder: of results.
        question: how sounds are answered now; a result of another question is not finished.
    """

    def __init__(self, folder: Path, question: Request) -> None:
        self.folder = folder
        self._asked = _digest(question)
        self._lines = _read(folder / RECORD)

    def has(self, sound: Path, target: Path) -> bool:
        """Whether the results of this sound stand there already."""
        line = self._lines.get(str(target))
        return (
            line is not None
            and line == self._line(sound, target)
            and (self.folder / target).with_name(f"{target.name}.csv").is_file()
        )

    def add(self, sound: Path, target: Path) -> None:
        """Write down that a sound is finished; a line cut by a kill is no line."""
        line = self._line(sound, target)
        self._lines[str(target)] = line
        with (self.folder / RECORD).open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(json.dumps({"result": str(target), **line}) + "\n")

    def _line(self, sound: Path, target: Path) -> dict[str, Any]:
        """What must be the same for a result to be still true."""
        try:
            status = sound.stat()
        except OSError:
            return {"asked": self._asked, "bytes": -1, "changed_ns": -1}
        return {"asked": self._asked, "bytes": status.st_size, "changed_ns": status.st_mtime_ns}


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The lines by result; the last of each counts, and what is no line is passed over."""
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return {}
    found = {}
    for line in text.splitlines():
        try:
            data = json.loads(line)
            found[data.pop("result")] = data
        except (ValueError, KeyError, AttributeError, TypeError):
            continue
    return found


def _digest(question: Request) -> str:
    """One word for the model's bytes and everything that changes its answers."""
    from whence.inference.loading import PACKAGED

    digest = hashlib.sha256(
        repr((question.threshold, question.swap, question.channels, question.mono, question.formats)).encode()
    )
    place = Path(question.model) if question.model is not None else PACKAGED
    parts = [place / "system.json", *sorted(place.glob("*/weights.safetensors"))] if place.is_dir() else [place]
    for part in parts:
        with part.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
