"""The record of a folder of results: which sounds are finished, with what, and which were begun and never finished."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from whence import __version__
from whence.audio import source_state
from whence.inference import PACKAGED, PACKAGED_PAIRS, STDIN, Request, Result
from whence.labels import Events
from whence.scale.tables import TableRow, path_text, row_of_failure, rows_of_sound
from whence.scale.work import PartResult, Parts

# Hidden, so that readers of label folders skip it. Each shard has its own.
_NAME = ".whence{}.jsonl"
_ALL = ".whence*.jsonl"
# Names of files may hold bytes that are no text.
_ANY = "surrogateescape"
# A sound whose process was killed this often is given up: it may be the cause.
MOST_TRIES = 3


class _Finished(NamedTuple):
    """Where the line of a finished sound is."""

    state: str
    file: Path
    position: int
    has_rows: bool


class ResumeRecord:
    """The finished sounds of a folder of results, a line for each, and how often a sound was begun.

    Lines are appended by one process; a line that a kill cut short is skipped. All records of a folder are read, so
    shards may be run in any number, and what one has finished counts for all.

    Args:
        folder: of results.
        request: how sounds are processed now; results of another request or model are not finished.
        shard: part of the name of the record that is written, such as `-2-of-3`.
    """

    def __init__(self, folder: Path, request: Request, shard: str = "") -> None:
        self.folder = folder
        self.path = folder / _NAME.format(shard)
        self.model_sha256 = model_sha256(request.models)
        self._request = request
        self._asked = _digest(request, self.model_sha256)
        self._finished: dict[str, _Finished] = {}
        self._parts: dict[str, list[tuple[Path, int]]] = {}
        self._begun: Counter[str] = Counter()
        # What this process has begun and not finished.
        self._mine: set[str] = set()
        for path in sorted(folder.glob(_ALL)):
            for position, line in _lines(path):
                self._take(line, path, position)

    def has(self, sound: Path | str, target: Path | None) -> bool:
        """Return whether the results of a sound exist and are current.

        Args:
            sound: its path or URL.
            target: of its label files, relative to the folder and without ending; None where none are written.
        """
        found = self._finished.get(str(sound))
        # Without an entry nobody looks at the sound, which may be far away.
        if found is None or (self._request.table and not found.has_rows):
            return False
        if target is not None and not os.path.isfile(self.folder / f"{target}.csv"):  # noqa: PTH113  (Path raises where a name is too long)
            return False
        return found.state == self._word(source_state(sound))

    def tries(self, sound: Path | str) -> int:
        """Return how often a sound was begun since it was finished, or was last left on purpose."""
        return self._begun[str(sound)]

    def begin(self, sound: Path | str) -> None:
        """Record that a sound is begun."""
        if sound != STDIN:
            self._mine.add(str(sound))
            self._add({"sound": str(sound), "begun": self._asked})

    def lose(self, sound: Path | str) -> None:
        """Take note that the process of a sound was killed: the try stays counted."""
        self._mine.discard(str(sound))

    def leave(self, sounds: Iterable[Path | str] | None = None) -> None:
        """Record that sounds are left on purpose, so that they are not to blame for the end of their process.

        Args:
            sounds: those; None for all that this process has begun and not finished.
        """
        for name in list(self._mine) if sounds is None else [str(sound) for sound in sounds if self.tries(sound)]:
            self._mine.discard(name)
            self._add({"sound": name, "left": self._asked})

    def finish(self, result: Result) -> None:
        """Record the result of a sound; one that failed is tried again by the next command."""
        if result.failure is not None or result.state is None:
            self.leave([result.sound])
            return
        self._mine.discard(str(result.sound))
        line: dict[str, Any] = {"sound": str(result.sound), "state": self._word(result.state)}
        line["seconds"] = round(result.duration_s, 3)
        if self._request.microphones is not None:
            line["microphones"] = self._request.microphones.name
        if result.rows is not None:
            line |= {"whence": __version__, "rows": result.rows}
        self._add(line)

    def finish_part(self, sound: Path | str, parts: Parts, number: int, result: PartResult) -> None:
        """Record the events of a part of a long sound."""
        if parts.whole.state is not None and result.events is not None:
            columns = {name: column.tolist() for name, column in result.events.to_columns().items()}
            line: dict[str, Any] = {"sound": str(sound), "state": self._word(parts.whole.state)}
            self._add(line | {"part": [number, parts.count, parts.part_s], "columns": columns})

    def parts(self, sound: Path | str, parts: Parts) -> dict[int, PartResult]:
        """Return the results of the parts of a long sound that are finished and current, by number."""
        found, state = {}, self._word(parts.whole.state)
        for file, position in self._parts.get(str(sound), ()):
            line = _line_at(file, position)
            number, *how = line["part"]
            if line["state"] == state and how == [parts.count, parts.part_s]:
                found[number] = PartResult(Events.from_columns(line["columns"]))
        return found

    def rows(self, sounds: Sequence[Path | str], failures: Sequence[Result]) -> Iterator[TableRow]:
        """Yield the rows of the finished and the failed among sounds, by path."""
        failed = {str(result.sound): result.failure or "" for result in failures}
        for name in sorted(map(str, sounds), key=path_text):
            if name in failed:
                yield row_of_failure(name, failed[name], self.model_sha256)
            elif (found := self._finished.get(name)) is not None:
                line = _line_at(found.file, found.position)
                yield from rows_of_sound(name, line["rows"], self.model_sha256, line["whence"], line.get("microphones"))

    def _word(self, state: str | None) -> str | None:
        """Return one word for the request and the state of a sound."""
        return None if state is None else hashlib.sha256(f"{self._asked} {state}".encode(errors=_ANY)).hexdigest()[:16]

    def _take(self, line: dict[str, Any], path: Path, position: int) -> None:
        """Take in one line."""
        name = line["sound"]
        if "part" in line:
            # Who finishes part after part is not what kills.
            self._begun.pop(name, None)
            self._parts.setdefault(name, []).append((path, position))
        elif "state" in line:
            self._parts.pop(name, None)
            self._finished[name] = _Finished(line["state"], path, position, "rows" in line)
            self._begun.pop(name, None)
        elif line.get("begun") == self._asked:
            self._begun[name] += 1
        elif line.get("left") == self._asked:
            self._begun.pop(name, None)

    def _add(self, line: dict[str, Any]) -> None:
        """Append a line, and take it in."""
        text = (json.dumps(line, separators=(",", ":")) + "\n").encode()
        with self.path.open("a+b") as file:
            if file.tell() and not _ends_with_newline(file):
                file.write(b"\n")
            position = file.tell()
            file.write(text)
        self._take(line, self.path, position)


def model_sha256(models: Sequence[str]) -> str:
    """Return the checksum of an ONNX file, or one for the files of a run or of several models."""
    paths = [Path(name) for name in models] or [PACKAGED, PACKAGED_PAIRS]
    parts = [part for path in paths for part in _parts(path)]
    digests = []
    for part in parts:
        with part.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _parts(model: Path) -> list[Path]:
    """Return the files that make a model."""
    return [model / "system.json", *sorted(model.glob("*/weights.safetensors"))] if model.is_dir() else [model]


def _digest(request: Request, model: str) -> str:
    """Return one word for the model and everything else that changes the results."""
    asked = (
        *(request.threshold, request.swap, request.channels, request.formats, request.tracks, model),
        request.microphones,
    )
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the lines of a record with their positions; damaged ones, as a kill leaves them, are skipped."""
    position = 0
    with path.open("rb") as file:
        for text in file:
            try:
                line = json.loads(text)
                if isinstance(line["sound"], str) and isinstance(line.get("state", ""), str):
                    yield position, line
            except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
                pass
            position += len(text)


def _line_at(path: Path, position: int) -> dict[str, Any]:
    """Return one line of a record."""
    with path.open("rb") as file:
        file.seek(position)
        line: dict[str, Any] = json.loads(file.readline())
    return line


def _ends_with_newline(file: BinaryIO) -> bool:
    """Whether an open file ends with a whole line."""
    file.seek(-1, 2)
    return file.read(1) == b"\n"
