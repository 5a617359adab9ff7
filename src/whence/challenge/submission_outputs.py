"""A system's answers to the evaluation clips: all of them, none else, and each as the challenge reads it."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from whence.challenge.submission_rules import FRAMES, LARGEST_AZIMUTH_DEG, LARGEST_DISTANCE_M, LARGEST_OUTPUT_BYTES
from whence.errors import LabelError, WhenceError
from whence.labels import (
    DCASE_2025,
    STARSS23,
    ClassList,
    ClipEvents,
    LabelFile,
    Layout,
    clips_from_files,
    parse_exactly,
    read_tree,
)
from whence.text import counted, shown

_LOG = logging.getLogger("whence.challenge")
_ROW = rb"\d+,\d+,-?\d+,-?\d+,\d+,-?\d+\n"
_CANONICAL = re.compile(rb"%b\n(?:%b)*" % (re.escape(DCASE_2025.header_line), _ROW))
_HARMLESS_ROW = b"0,0,0,0,0,0"
# A file without any sense would fill the screen alone.
_MOST_PER_FILE = 20
_NAMES_SHOWN = 10


class Outputs(NamedTuple):
    """What one system says.

    Args:
        files: for each clip, the text of its file, without byte order mark, carriage returns, spaces and blank ends.
        problems: one sentence for each, with file and line.
    """

    files: dict[str, bytes]
    problems: list[str]


def eval_clips(path: Path) -> list[str]:
    """The names of the clips that have to be answered, sorted.

    Args:
        path: the data set's folder with `stereo_eval/eval/*.wav`, a folder of sounds, or a text file: a name a line.

    Raises:
        WhenceError: there are no such clips, or a name stands twice.
    """
    if path.is_dir():
        for folder in (path / "stereo_eval" / "eval", path / "eval", path):
            names = [
                sound.stem for sound in folder.glob("*") if sound.suffix.lower() == ".wav" and sound.name[0] != "."
            ]
            if names:
                break
    elif path.is_file():
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise WhenceError(f"{shown(path)}: cannot be read as a list of clips ({type(error).__name__})") from None
        names = [re.sub(r"\.(wav|csv)$", "", line.strip(), flags=re.IGNORECASE) for line in lines if line.strip()]
    else:
        raise WhenceError(f"{shown(path)}: no such folder or list")
    if not names:
        raise WhenceError(f"{shown(path)}: no .wav files in it, nor in stereo_eval/eval/; unpack stereo_eval.zip there")
    if len(set(names)) < len(names):
        raise WhenceError(f"{shown(path)}: clip {shown(_repeated(names))} stands twice")
    return sorted(names)


def check_outputs(path: Path, clips: Collection[str], classes: ClassList = STARSS23) -> Outputs:
    """Read and check the answers of one system.

    Args:
        path: a folder or a zip archive of label files.
        clips: names of the evaluation clips.
        classes: what the class column points into.
    """
    try:
        files = read_tree(path, ".csv")
    except LabelError as error:
        return Outputs({}, [str(error)])
    problems = list(_names(path, {file.name for file in files}, set(clips)))
    problems += [
        f"{shown(file.path)}: {len(file.content):,} bytes; an answer has at most {LARGEST_OUTPUT_BYTES:,}"
        for file in files
        if len(file.content) > LARGEST_OUTPUT_BYTES
    ]
    files = [file for file in files if len(file.content) <= LARGEST_OUTPUT_BYTES]
    good, mended, wrong = _read(files, classes)
    for some in (good, mended):
        events = clips_from_files(some, DCASE_2025, classes)
        wrong += _ranges(some, events)
        if some is good and good and not events.events.row_count:
            _LOG.warning("%s: no event in any of %s", shown(path), counted(len(good), "file"))
    problems += sorted(wrong, key=_by_line)
    texts = {file.name: _canonical(file.content) for file in good}
    changed = sum(texts[file.name] != file.content for file in good)
    if changed:
        _LOG.info(
            "%s: byte order marks, carriage returns, spaces or blank ends left out of %d files", shown(path), changed
        )
    return Outputs(texts, problems)


def _names(path: Path, found: set[str], wanted: set[str]) -> Iterator[str]:
    """Clips without an answer and answers without a clip."""
    for names, what in (
        (wanted - found, "without an answer; a clip without events has a file with only the header line"),
        (found - wanted, "answered but not among the evaluation clips; take the files out"),
    ):
        if names:
            few = ", ".join(shown(name) for name in sorted(names)[:_NAMES_SHOWN])
            more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
            yield f"{shown(path)}: {counted(len(names), 'clip')} {what}: {few}{more}"


def _read(files: Sequence[LabelFile], classes: ClassList) -> tuple[Sequence[LabelFile], list[LabelFile], list[str]]:
    """The files that are label files, the others as far as they can be mended, and what was wrong with those."""
    mended: list[LabelFile] = []
    problems: list[str] = []
    try:
        clips_from_files(files, DCASE_2025, classes)
    except LabelError:
        pass
    else:
        return files, mended, problems
    layout, good = DCASE_2025.with_class_count(len(classes)), []
    for file in files:
        lines, wrong = _mended(file, layout)
        problems += wrong
        if not wrong:
            good.append(file)
        elif lines is not None:
            mended.append(lines)
    return good, mended, problems


def _mended(file: LabelFile, layout: Layout) -> tuple[LabelFile | None, list[str]]:
    """Everything that the parser has to say: it names one line at a time, which is then mended for the next look.

    Returns:
        the file with harmless rows in place of the wrong ones, None where it is beyond that; and the problems.
    """
    problems: list[str] = []
    lines = file.content.split(b"\n")
    while len(problems) < _MOST_PER_FILE:
        looked_at = file._replace(content=b"\n".join(lines))
        try:
            parse_exactly(looked_at, layout)
        except LabelError as error:
            problems.append(str(error))
            if error.line is None:  # about the file as a whole
                return None, problems
            lines[error.line - 1] = layout.header_line if error.line == 1 else _HARMLESS_ROW
        else:
            return looked_at, problems
    return None, [*problems, f"{shown(file.path)}: more lines like these"]


def _ranges(files: Sequence[LabelFile], clips: ClipEvents) -> Iterator[str]:
    """Numbers that a label file may hold and a submission may not. A row's line is its place plus the header."""
    events = clips.events
    azimuth, centimetres = events.azimuth_deg, events.distance_m * 100.0
    rules = (
        (events.frame >= FRAMES, events.frame, f"frame {{}}; a clip has frames 0..{FRAMES - 1}"),
        (
            np.abs(azimuth) > LARGEST_AZIMUTH_DEG,
            azimuth,
            f"azimuth {{}} is outside -{LARGEST_AZIMUTH_DEG}..{LARGEST_AZIMUTH_DEG}; fold what is behind to the front",
        ),
        (
            events.distance_m > LARGEST_DISTANCE_M,
            centimetres,
            f"distance {{}} is more than {LARGEST_DISTANCE_M:g} m; did you write millimetres?",
        ),
    )
    for broken, values, sentence in rules:
        for row in np.flatnonzero(broken):
            clip = int(np.searchsorted(clips.first_row, row, side="right")) - 1
            line = int(row - clips.first_row[clip]) + 2
            yield f"{shown(files[clip].path)}:{line}: {sentence.format(round(float(values[row])))}"


def _by_line(problem: str) -> tuple[str, int]:
    """File and line of a problem, for sorting."""
    place = re.match(r"(.*?):(\d+): ", problem)
    return (place.group(1), int(place.group(2))) if place else (problem, 0)


def _canonical(content: bytes) -> bytes:
    """A file's text as the strictest reader wants it; the numbers stay as they are written."""
    if _CANONICAL.fullmatch(content):
        return content
    lines = content.removeprefix(b"\xef\xbb\xbf").rstrip().split(b"\n")
    return b"".join(b",".join(field.strip() for field in line.split(b",")) + b"\n" for line in lines)


def _repeated(names: Sequence[str]) -> str:
    """The first name that stands twice."""
    seen: set[str] = set()
    return next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
