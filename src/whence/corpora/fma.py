"""FMA: its tracks as sounds of class music, grouped by artist."""

import csv
from collections.abc import Iterator
from pathlib import Path

from whence.corpora.class_names import match_class
from whence.corpora.sounds import SoundEntry
from whence.corpora.splitting import split_name
from whence.errors import CorpusError
from whence.labels import ClassList

# Each size contains the ones before it.
SIZES = ("small", "medium", "large", "full")

_NEEDED = {
    "artist": ("artist", "id"),
    "split": ("set", "split"),
    "size": ("set", "subset"),
    "licence": ("track", "license"),
}


def read_fma(folder: Path, classes: ClassList, *, size: str = "small", class_name: str = "music") -> list[SoundEntry]:
    """List the tracks of one size of FMA.

    The recording of an entry is its artist: the tracks of one album share instruments, voices and mix.

    Args:
        folder: holds `fma_metadata/tracks.csv` and `fma_small/`, `fma_medium/`, `fma_large/` or `fma_full/`.
        classes: the class list.
        size: `small` (8,000 tracks of 30 s), `medium` (25,000), `large` (106,574) or `full` (whole tracks).
        class_name: the class that music belongs to.

    Returns:
        entries in the order of tracks.csv; `split` is FMA's own, as `train`, `val` or `test`.

    Raises:
        CorpusError: a folder, column or track is missing.

    Source: Defferrard et al., FMA: A Dataset For Music Analysis, arXiv:1612.01840.
    """
    if size not in SIZES:
        raise CorpusError(f"FMA has no size {size!r}; there are: {', '.join(SIZES)}")
    audio = folder / f"fma_{size}"
    if not audio.is_dir():
        raise CorpusError(f"{folder}: no folder {audio.name}; unpack {audio.name}.zip here")
    try:
        class_index = match_class(class_name, classes)
    except CorpusError as error:
        raise CorpusError(str(error), where=folder, remedy="leave FMA out or add the class") from None
    wanted = SIZES[: SIZES.index(size) + 1]
    entries = [
        SoundEntry(
            path=audio / f"{track // 1000:03d}" / f"{track:06d}.mp3",
            class_index=class_index,
            recording=f"artist {row['artist']}",
            name=f"{audio.name}/{track // 1000:03d}/{track:06d}.mp3",
            split=split_name(row["split"]),
            licence=row["licence"],
        )
        for track, row in _read_tracks(folder / "fma_metadata" / "tracks.csv")
        if row["size"] in wanted
    ]
    _check_complete(audio, entries)
    return entries


def _read_tracks(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each track's number and the columns needed here."""
    # Biographies and descriptions are longer than the csv module's default limit.
    longest = csv.field_size_limit(16_000_000)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            # Three lines of header: the table a column comes from, its name, and the name of the index.
            group, names, index = next(reader, []), next(reader, []), next(reader, [])
            position = _positions(path, group, names, index)
            for cells in reader:
                if len(cells) != len(group) or not cells[0].isdecimal():
                    raise CorpusError(f"not a track with {len(group)} columns", where=path, line=reader.line_num)
                yield int(cells[0]), {name: cells[column] for name, column in position.items()}
    except FileNotFoundError:
        raise CorpusError(f"{path}: no such file; unpack fma_metadata.zip here") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path}: not readable as CSV ({error})") from None
    finally:
        csv.field_size_limit(longest)


def _positions(path: Path, group: list[str], names: list[str], index: list[str]) -> dict[str, int]:
    """The index of each needed column."""
    columns = list(zip(group, names, strict=False))
    missing = [".".join(column) for column in _NEEDED.values() if column not in columns]
    if missing or index[:1] != ["track_id"]:
        what = f"not FMA's tracks.csv with its three header lines; no column {missing or 'track_id'}"
        raise CorpusError(what, where=path)
    return {name: columns.index(column) for name, column in _NEEDED.items()}


def _check_complete(audio: Path, entries: list[SoundEntry]) -> None:
    """Raise where tracks are missing on disk."""
    there = set(audio.glob("*/*.mp3"))
    missing = [entry for entry in entries if entry.path not in there]
    if missing or not entries:
        first = f" (first: {missing[0].name})" if missing else ""
        raise CorpusError(
            f"{audio}: {len(missing)} of the {len(entries)} tracks in tracks.csv are missing{first}; "
            "the download or unpacking is incomplete"
        )
