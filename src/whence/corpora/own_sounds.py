"""A user's own sounds: a CSV table that lists them (`sounds.csv`), or a folder with one sub-folder per class."""

import csv
import io
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from whence.audio import SOUND_ENDINGS
from whence.corpora.class_names import match_class
from whence.corpora.sounds import BACKGROUND, INTERFERENCE, SoundEntry
from whence.corpora.splitting import split_name
from whence.errors import CorpusError
from whence.files import written_whole
from whence.labels import ClassList
from whence.text import one_line

# The first of these columns that the table has says which sounds belong together.
_RECORDING_COLUMNS = ("recording", "source_recording_id", "speaker", "uploader", "artist")
_VALUES_SHOWN = 8


def read_manifest(path: Path, classes: ClassList, *, where: Mapping[str, str] | None = None) -> list[SoundEntry]:
    """Read a table that lists sounds with their classes.

    Columns: `path` (relative to the table, or absolute) and `class` (any spelling that `match_class` takes) or
    `class_id`; optional: `recording` (or `source_recording_id`, `speaker`, `uploader`, `artist`), `licence`, and
    `split`: `train`, `val` or `test`, which `training`, `validation` and `eval` mean as well. Other columns are free
    and can be filtered by. A sound without a recording is its own recording.

    Args:
        path: a CSV file with a header line, UTF-8.
        classes: the class list.
        where: keep only the rows whose columns equal these texts, e.g. `{"split": "train", "licence_clear": "1"}`.

    Returns:
        the rows kept, in file order; the sound files are not touched.

    Raises:
        CorpusError: naming file and line; also when no row is kept.
    """
    rows = _rows(path)
    if not rows:
        raise CorpusError("the manifest lists no sounds", where=path)
    for column, text in (where or {}).items():
        if column not in rows[0][1]:
            raise CorpusError(f"no column {column!r} to filter by; there are: {', '.join(rows[0][1])}", where=path)
        values = sorted({row[column] for _, row in rows})
        rows = [(line, row) for line, row in rows if row[column] == text]
        if not rows:
            listed = ", ".join(map(repr, values[:_VALUES_SHOWN]))
            more = f" and {len(values) - _VALUES_SHOWN} more" if len(values) > _VALUES_SHOWN else ""
            raise CorpusError(f"no row left with {column} = {text!r}; that column holds {listed}{more}", where=path)
    entries = [_entry(path, line, row, classes) for line, row in rows]
    first_line: dict[str, int] = {}
    for (line, _), entry in zip(rows, entries, strict=True):
        if entry.name in first_line:
            raise CorpusError(f"{entry.name} is already in line {first_line[entry.name]}", where=path, line=line)
        first_line[entry.name] = line
    return entries


def write_manifest(
    path: Path, entries: Iterable[SoundEntry], classes: ClassList, columns: Mapping[str, Iterable[str]]
) -> None:
    """Write a table of sounds in the form that `read_manifest` reads; it appears whole or not at all.

    Paths are relative to the table, so that it can be moved together with the sounds; they are absolute only where
    table and sounds have no folder in common but the root of the disk.

    Args:
        path: the table; its folder must exist.
        entries: the sounds.
        classes: the class list of the entries.
        columns: further columns by name, each with one text for each entry.

    Raises:
        CorpusError: the name of a file is not UTF-8.
        OSError: the disk refuses.
    """
    special = {BACKGROUND: "background", INTERFERENCE: "interference"}
    located = _Located(path.parent)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "class", "recording", "split", "licence", *columns])
    for entry, *more in zip(entries, *columns.values(), strict=True):
        name = special.get(entry.class_index) or classes[entry.class_index]
        row = [located(entry.path), name, entry.recording, entry.split, one_line(entry.licence), *more]
        try:
            "".join(row).encode()
        except UnicodeEncodeError:
            raise CorpusError("the name is not UTF-8; rename the file", where=repr(str(entry.path))) from None
        writer.writerow(row)
    with written_whole(path) as file:
        file.write(text.getvalue().encode())


class _Located:
    """Turns the paths of sounds into paths relative to the folder of a table."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._real_folder = Path(os.path.abspath(folder)), folder.resolve()  # noqa: PTH100
        # The disk is asked about each folder once, not about each sound.
        self._relative_folder = cache(self._find)

    def __call__(self, path: Path) -> str:
        return (self._relative_folder(path.parent) / path.name).as_posix()

    def _find(self, folder: Path) -> Path:
        """A folder of sounds, seen from the folder of the table."""
        absolute = Path(os.path.abspath(folder))  # noqa: PTH100
        real = absolute.resolve()
        # A link inside the folder of the table is kept as it is: what it points to may move.
        for there, here in ((absolute, self._folder), (real, self._real_folder)):
            if there.is_relative_to(here):
                return there.relative_to(here)
        if real.parts[:2] != self._real_folder.parts[:2]:
            return real
        return Path(os.path.relpath(real, self._real_folder))


def read_sound_folder(folder: Path, classes: ClassList) -> list[SoundEntry]:
    """List the sounds of a folder whose sub-folders are named after classes.

    ```
    my_sounds/knock/door1.wav           my_sounds/background/street.flac
    my_sounds/3_telephone/old/bell.ogg  my_sounds/interference/keys.wav
    ```
    Deeper folders are searched too and count as one recording each; a sound directly in its class folder is its own
    recording. Hidden files and other endings are skipped.

    Args:
        folder: holds one folder per class, named as `match_class` takes it; `background/` and `interference/` hold
            sounds that are mixed in but never labelled.
        classes: the class list; classes without a folder are simply absent.

    Returns:
        entries by class folder and file name.

    Raises:
        CorpusError: the folder is missing, has no class folder, one that names no class (all are listed), two that
            name the same, or holds no sounds.
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder")
    class_folders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not class_folders:
        raise CorpusError(f"{folder}: no class folders in it; make one per class, e.g. {folder / classes[0]}")
    class_index = _match_folders(folder, class_folders, classes)
    entries = [
        SoundEntry(
            path=path,
            class_index=class_index[class_folder],
            recording=(path if path.parent == class_folder else path.parent).relative_to(folder).as_posix(),
            name=path.relative_to(folder).as_posix(),
        )
        for class_folder in class_folders
        for path in _sounds_below(class_folder)
    ]
    if not entries:
        endings = ", ".join(sorted(SOUND_ENDINGS))
        raise CorpusError(f"{folder}: no sounds in its {len(class_folders)} folders; endings read: {endings}")
    return entries


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Each row of a manifest with its line number."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CorpusError("no such manifest", where=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"not readable as a manifest ({error})", where=path) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = list(reader.fieldnames or [])
        if "path" not in header or not {"class", "class_id"} & set(header):
            what = f"a manifest needs the columns path and class (or class_id), not {header}"
            raise CorpusError(what, where=path, line=1)
        rows = [(reader.line_num, row) for row in reader if any(row.values())]
    except csv.Error as error:
        raise CorpusError(f"not CSV ({error})", where=path, line=reader.line_num + 1) from None
    for line, row in rows:
        if None in row or None in row.values():
            what = f"not {len(header)} cells as in the header"
            raise CorpusError(what, where=path, line=line, remedy="is a comma unquoted?")
    return rows


def _entry(path: Path, line: int, row: dict[str, str], classes: ClassList) -> SoundEntry:
    """The entry of one row; the class is given by name, by number where there is no name, or by both, which agree."""
    if not row["path"].strip():
        raise CorpusError("no path", where=path, line=line)
    number = row.get("class_id", "").strip()
    try:
        class_index = match_class(row.get("class", "").strip() or number, classes)
    except CorpusError as error:
        raise CorpusError(str(error), where=path, line=line) from None
    # Other tools mark sounds without a class by negative numbers; the name decides then.
    if number.isdecimal() and int(number) != class_index:
        what = f"class_id {number} is not class {row['class']!r}, which is {class_index}"
        raise CorpusError(what, where=path, line=line)
    recording = next((row[column] for column in _RECORDING_COLUMNS if column in row), "")
    return SoundEntry(
        path=path.parent / row["path"],
        class_index=class_index,
        recording=recording or row["path"],
        name=row["path"],
        split=split_name(row.get("split", "")),
        licence=row.get("licence", ""),
    )


def _match_folders(folder: Path, class_folders: list[Path], classes: ClassList) -> dict[Path, int]:
    """The class of each folder."""
    matched: dict[Path, int] = {}
    for class_folder in class_folders:
        try:
            class_index = match_class(class_folder.name, classes)
        except CorpusError as error:
            present = ", ".join(repr(path.name) for path in class_folders)
            raise CorpusError(f"{folder}: {error}. Folders there: {present}") from None
        twin = next((path for path, index in matched.items() if index == class_index), None)
        if twin is not None:
            raise CorpusError(f"{folder}: {twin.name!r} and {class_folder.name!r} are the same class; merge them")
        matched[class_folder] = class_index
    return matched


def _sounds_below(class_folder: Path) -> list[Path]:
    """All sound files at any depth, sorted, without hidden ones."""
    return sorted(
        path
        for path in class_folder.rglob("*")
        if path.suffix.lower() in SOUND_ENDINGS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(class_folder).parts)
    )
