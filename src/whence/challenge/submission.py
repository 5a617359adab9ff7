"""A DCASE submission to Task 3: its names and limits, the checks of predictions and report, and the archive.

The rules follow the layout that the challenge has used over the years. They are not an official document: read the
official page of the year before submitting, and change what differs here and in `meta_file.py`.
"""

from __future__ import annotations

import io
import logging
import math
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from whence.challenge.meta_file import check_meta
from whence.corpora import OFFICIAL_COUNTS
from whence.errors import LabelError, WhenceError
from whence.files import written_whole
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

MOST_SYSTEMS = 4
FRAMES = 50
LARGEST_AZIMUTH_DEG = 90
LARGEST_DISTANCE_M = 100.0
LARGEST_REPORT_BYTES = 20_000_000
LARGEST_OUTPUT_BYTES = 1_000_000
LARGEST_ZIP_BYTES = 500_000_000
# Family name of the corresponding author, short name of the institute, task, number of the system.
LABEL = re.compile(r"([A-Za-z][A-Za-z-]*_[A-Za-z0-9-]+_task3[ab]?)_([1-4])", re.ASCII)
LABEL_FORM = "Doe_INST_task3_1: family name, institute, task, and the number of the system from 1 to 4"

_ROW = rb"\d+,\d+,-?\d+,-?\d+,\d+,-?\d+\n"
_CANONICAL = re.compile(rb"%b\n(?:%b)*" % (re.escape(DCASE_2025.header_line), _ROW))
_HARMLESS_ROW = b"0,0,0,0,0,0"
# One file of nonsense must not fill the screen.
_MOST_PER_FILE = 20
_NAMES_SHOWN = 10
# The earliest date that a zip archive can hold; the real one would change the bytes.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX, _READABLE = 3, 0o100644 << 16
# Of many files in a folder, the tree shows so many from both ends.
_FILES_SHOWN = 2


def system_labels(first: str, count: int) -> list[str]:
    """Return the labels of a team's systems, counted up from the first.

    Raises:
        WhenceError: the first label has another form, or there are more than four systems.

    >>> system_labels("Doe_INST_task3_2", 2)
    ['Doe_INST_task3_2', 'Doe_INST_task3_3']
    """
    found = LABEL.fullmatch(first)
    if found is None:
        raise WhenceError(f"the name {first!r} is none of a system", remedy=f"write it like {LABEL_FORM}")
    number = int(found[2])
    if number + count - 1 > MOST_SYSTEMS:
        raise WhenceError(f"{count} systems from number {number} on; a team has at most {MOST_SYSTEMS}")
    return [f"{found[1]}_{number + offset}" for offset in range(count)]


def eval_clips(path: Path) -> list[str]:
    """Return the sorted names of the evaluation clips.

    Args:
        path: the data set's folder with `stereo_eval/eval/*.wav`, a folder of sounds, or a text file: a name a line.

    Raises:
        WhenceError: there are no such clips, or a name is repeated.
    """
    if path.is_dir():
        for folder in (path / "stereo_eval" / "eval", path / "eval", path):
            sounds = (sound for sound in folder.glob("*") if sound.suffix.lower() == ".wav" and sound.name[0] != ".")
            names = [sound.stem for sound in sounds]
            if names:
                break
    elif path.is_file():
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            what = f"cannot be read as a list of clips ({type(error).__name__})"
            raise WhenceError(what, where=path) from None
        names = [re.sub(r"\.(wav|csv)$", "", line.strip(), flags=re.IGNORECASE) for line in lines if line.strip()]
    else:
        raise WhenceError("no such folder or list", where=path)
    if not names:
        what = "no .wav files in it, nor in stereo_eval/eval/"
        raise WhenceError(what, where=path, remedy="unpack stereo_eval.zip there")
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise WhenceError(f"clip {shown(name)} is listed twice", where=path)
    if len(names) != OFFICIAL_COUNTS["eval"]:
        published = f"the published evaluation set has {OFFICIAL_COUNTS['eval']:,}"
        _LOG.warning("%s has %s; %s", path, counted(len(names), "clip"), published)
    return sorted(names)


def collect_submission(
    labels: Sequence[str],
    predictions: Sequence[Path],
    metas: Sequence[Path],
    report: Path,
    clips: Collection[str],
    classes: ClassList = STARSS23,
) -> tuple[dict[str, bytes], list[WhenceError]]:
    """Read and check all parts of a submission.

    Args:
        labels: of the systems, as `system_labels` gives them.
        predictions: for each system a folder or zip archive of label files.
        metas: for each system its meta file.
        report: the technical report, one for all systems.
        clips: names of the evaluation clips.
        classes: the class list of the predictions.

    Returns:
        the archive's members by name, and everything that is wrong.
    """
    content, problems = _check_report(report)
    members = {f"task3/{labels[0].rpartition('_')[0]}.technical_report.pdf": content}
    for label, predicted, meta in zip(labels, predictions, metas, strict=True):
        members[f"task3/{label}/{label}.meta.yaml"], wrong = check_meta(meta, label)
        problems += wrong
        outputs, wrong = check_outputs(predicted, clips, classes)
        problems += wrong
        members |= {f"task3/{label}/{label}.output/{clip}.csv": text for clip, text in outputs.items()}
    return members, problems


def check_outputs(
    path: Path, clips: Collection[str], classes: ClassList = STARSS23
) -> tuple[dict[str, bytes], list[WhenceError]]:
    """Read and check the predictions of one system.

    Args:
        path: a folder or zip archive of label files.
        clips: names of the evaluation clips.
        classes: the class list of the predictions.

    Returns:
        the text of each clip's file, without byte order mark, carriage returns, spaces and blank lines at the end;
        and everything that is wrong.
    """
    try:
        files = read_tree(path, ".csv")
    except LabelError as error:
        return {}, [error]
    problems = list(_wrong_names(path, {file.name for file in files}, set(clips)))
    sized = []
    for file in files:
        if len(file.content) <= LARGEST_OUTPUT_BYTES:
            sized.append(file)
        else:
            what = f"{len(file.content):,} bytes; predictions of a clip have at most {LARGEST_OUTPUT_BYTES:,}"
            problems.append(WhenceError(what, where=file.path))
    good, repaired, wrong = _read(sized, classes)
    for some in (good, repaired):
        events = clips_from_files(some, DCASE_2025, classes)
        wrong += _out_of_range(some, events)
        if some is good and good and not events.events.row_count:
            _LOG.warning("%s: no event in any of %s", shown(path), counted(len(good), "file"))
    problems += sorted(wrong, key=lambda problem: (str(problem.where), problem.line or math.inf))
    texts = {file.name: _canonical(file.content) for file in good}
    changed = sum(texts[file.name] != file.content for file in good)
    if changed:
        left_out = "byte order marks, carriage returns, spaces or blank lines at the end"
        _LOG.info("%s: %s left out of %d files", shown(path), left_out, changed)
    return texts, problems


def write_submission(path: Path, members: Mapping[str, bytes]) -> int:
    """Write the archive, whole or not at all, and return its size in bytes.

    The same members give the same bytes wherever the same zlib compresses them: they are ordered by name, have one
    fixed date, and carry nothing of this machine.

    Args:
        path: of the archive; its folder must exist.
        members: by name in the archive.

    Raises:
        WhenceError: it would be too large.
        OSError: the disk refuses; a file that was there before is unchanged.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _NO_DATE)
            entry.create_system, entry.external_attr = _UNIX, _READABLE
            archive.writestr(entry, members[name], zipfile.ZIP_DEFLATED, compresslevel=9)
    content = packed.getvalue()
    if len(content) > LARGEST_ZIP_BYTES:
        what = f"would have {len(content) / 1e6:.0f} MB; at most {LARGEST_ZIP_BYTES / 1e6:.0f} are allowed"
        raise WhenceError(what, where=path)
    with written_whole(path) as file:
        file.write(content)
    return len(content)


def submission_tree(members: Mapping[str, bytes]) -> str:
    """Return the archive as an indented list of folders and files with their sizes, long lists shortened.

    >>> print(submission_tree({"task3/a.pdf": b"12", "task3/x/1.csv": b"1"}), end="")
    task3/
      a.pdf  2 B
      x/
        1.csv  1 B
    """
    return "".join(f"{line}\n" for line in _tree_lines(sorted(members), members, "", 0))


def _check_report(path: Path) -> tuple[bytes, list[WhenceError]]:
    """The technical report, and what is wrong with it."""
    content, what = b"", ""
    if not path.is_file():
        what = "not a regular file" if path.exists() else "no such file"
    elif not 0 < (size := path.stat().st_size) <= LARGEST_REPORT_BYTES:
        what = f"{size:,} bytes; a report has 1 to {LARGEST_REPORT_BYTES:,}"
    elif not (content := path.read_bytes()).startswith(b"%PDF"):
        what = "not a PDF file (it does not begin with %PDF)"
    elif b"%%EOF" not in content[-2048:]:
        what = "the PDF is cut short (no %%EOF at its end); export it again"
    return content, [WhenceError(what, where=path)] if what else []


def _wrong_names(path: Path, found: set[str], wanted: set[str]) -> Iterator[WhenceError]:
    """Clips without predictions and predictions without a clip."""
    for names, what in (
        (wanted - found, "without predictions; a clip without events has a file with only the header line"),
        (found - wanted, "predicted but not among the evaluation clips; take the files out"),
    ):
        if names:
            few = ", ".join(shown(name) for name in sorted(names)[:_NAMES_SHOWN])
            more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
            yield WhenceError(f"{counted(len(names), 'clip')} {what}: {few}{more}", where=path)


def _read(
    files: Sequence[LabelFile], classes: ClassList
) -> tuple[Sequence[LabelFile], list[LabelFile], list[WhenceError]]:
    """The valid files, the others with their wrong lines replaced, and what was wrong."""
    try:
        clips_from_files(files, DCASE_2025, classes)
    except LabelError:
        pass
    else:
        return files, [], []
    layout = DCASE_2025.with_class_count(len(classes))
    good, repaired, problems = [], [], list[WhenceError]()
    for file in files:
        readable, wrong = _mend(file, layout)
        problems += wrong
        if not wrong:
            good.append(file)
        elif readable is not None:
            repaired.append(readable)
    return good, repaired, problems


def _mend(file: LabelFile, layout: Layout) -> tuple[LabelFile | None, list[WhenceError]]:
    """Find every wrong line: the parser stops at the first, which is then replaced before the next look.

    Returns:
        the file with harmless rows in place of the wrong ones, None where that is not enough; and the problems.
    """
    problems: list[WhenceError] = []
    lines = file.content.split(b"\n")
    while len(problems) < _MOST_PER_FILE:
        current = file._replace(content=b"\n".join(lines))
        try:
            parse_exactly(current, layout)
        except LabelError as error:
            problems.append(error)
            if error.line is None:  # about the file as a whole
                return None, problems
            lines[error.line - 1] = layout.header_line if error.line == 1 else _HARMLESS_ROW
        else:
            return current, problems
    return None, [*problems, WhenceError("more lines like these", where=file.path)]


def _out_of_range(files: Sequence[LabelFile], clips: ClipEvents) -> Iterator[WhenceError]:
    """Numbers that a label file may hold and a submission may not."""
    events = clips.events
    azimuth, centimetres = events.azimuth_deg, events.distance_m * 100.0
    limits = f"outside -{LARGEST_AZIMUTH_DEG}..{LARGEST_AZIMUTH_DEG}; fold what is behind to the front"
    rules = (
        (events.frame >= FRAMES, "frame", events.frame, f"; a clip has frames 0..{FRAMES - 1}"),
        (np.abs(azimuth) > LARGEST_AZIMUTH_DEG, "azimuth", azimuth, f" is {limits}"),
        (
            events.distance_m > LARGEST_DISTANCE_M,
            "distance",
            centimetres,
            f" is more than {LARGEST_DISTANCE_M:g} m; did you write millimetres?",
        ),
    )
    for broken, name, values, why in rules:
        for row in np.flatnonzero(broken):
            clip = int(np.searchsorted(clips.first_row, row, side="right")) - 1
            line = int(row - clips.first_row[clip]) + 2  # counted from 1, and after the header
            yield WhenceError(f"{name} {round(float(values[row]))}{why}", where=files[clip].path, line=line)


def _canonical(content: bytes) -> bytes:
    """A file's text in the strictest form; the numbers stay as they are written."""
    if _CANONICAL.fullmatch(content):
        return content
    lines = content.removeprefix(b"\xef\xbb\xbf").rstrip().split(b"\n")
    return b"".join(b",".join(field.strip() for field in line.split(b",")) + b"\n" for line in lines)


def _tree_lines(names: Sequence[str], members: Mapping[str, bytes], folder: str, depth: int) -> list[str]:
    """The lines for everything below a folder."""
    indent = "  " * depth
    files = [name for name in names if "/" not in name[len(folder) :]]
    lines = [f"{indent}{name[len(folder) :]}  {_size(len(members[name]))}" for name in files]
    if len(files) > 2 * _FILES_SHOWN + 1:
        total = _size(sum(len(members[name]) for name in files))
        lines[_FILES_SHOWN:-_FILES_SHOWN] = [f"{indent}... {len(files):,} files, {total}"]
    for name in sorted({name[len(folder) :].split("/")[0] for name in names if "/" in name[len(folder) :]}):
        below = f"{folder}{name}/"
        lines.append(f"{indent}{name}/")
        lines += _tree_lines([n for n in names if n.startswith(below)], members, below, depth + 1)
    return lines


def _size(count: int) -> str:
    """Bytes in the unit that fits."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1e3:.0f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"
