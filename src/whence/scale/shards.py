"""Shares of many sounds for jobs that know nothing of each other, and their tables put together again."""

import hashlib
import heapq
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whence.errors import WhenceError
from whence.scale.tables import TABLES, TableRow, path_text, read_table, write_table
from whence.text import few, shown

_PART = re.compile(r"events-(\d+)-of-(\d+)\.(\w+)")


@dataclass(frozen=True)
class Shard:
    """One of several shares of the sounds.

    Which share a sound is in depends on its path as it was named, and on nothing else, so every job must name the
    sounds in the same way.

    Args:
        number: from 1.
        count: of shares.

    >>> [Shard(number, 3).holds("recordings/a.wav") for number in (1, 2, 3)]
    [True, False, False]
    >>> Shard(2, 3).suffix
    '-2-of-3'
    """

    number: int
    count: int

    @property
    def suffix(self) -> str:
        """What the names of its files have."""
        return f"-{self.number}-of-{self.count}"

    def holds(self, sound: Path | str) -> bool:
        """Return whether a sound is in this share."""
        digest = hashlib.sha256(path_text(sound).encode()).digest()
        return int.from_bytes(digest[:8]) % self.count == self.number - 1


def read_shard(word: str, environment: Mapping[str, str] = os.environ) -> Shard:
    """Read `2/3`, or `slurm`: the share of a task in a job array.

    Raises:
        WhenceError: the word is another, or this is no task of a job array.

    >>> read_shard("2/3")
    Shard(number=2, count=3)
    >>> read_shard("slurm", {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_COUNT": "4"})
    Shard(number=3, count=4)
    """
    if word == "slurm":
        names = ("ID", "COUNT", "MIN", "STEP")
        found = [environment.get(f"SLURM_ARRAY_TASK_{name}") for name in names]
        if found[0] is None or found[1] is None:
            raise WhenceError(
                "--shard slurm: this is no task of a SLURM job array", remedy="submit with sbatch --array"
            )
        number, count, first, step = (int(value) if value else 1 for value in found)
        # Arrays may begin anywhere and leave numbers out.
        return Shard((number - first) // step + 1, count)
    matched = re.fullmatch(r"(\d+)/(\d+)", word)
    if matched is None or not 1 <= int(matched[1]) <= int(matched[2]):
        raise WhenceError(f"--shard {word}: write the number of the share and how many there are, as 2/3, or slurm")
    return Shard(int(matched[1]), int(matched[2]))


def merge_tables(folders: Sequence[Path], out: Path) -> list[Path]:
    """Put the tables of all shards together: what one command for all sounds would have written.

    Args:
        folders: with the tables of shards, such as `events-2-of-3.parquet`.
        out: folder for the result.

    Returns:
        the files written, one for each kind of table.

    Raises:
        WhenceError: there are none, some are missing, or they do not belong together.
        MissingExtraError: Parquet files without pyarrow.
    """
    parts: dict[str, dict[Shard, Path]] = {}
    for path in sorted(path for folder in folders for path in folder.glob("events-*-of-*.*")):
        matched = _PART.fullmatch(path.name)
        if matched is None or matched[3] not in TABLES:
            continue
        shard = Shard(int(matched[1]), int(matched[2]))
        of_kind = parts.setdefault(matched[3], {})
        if shard in of_kind:
            raise WhenceError(f"{shown(path)} and {shown(of_kind[shard])} are the same share")
        of_kind[shard] = path
    if not parts:
        raise WhenceError("no tables of shards in here", where=few([str(folder) for folder in folders]))
    for of_kind in parts.values():
        _check_complete(of_kind)
    return [_merge(kind, list(of_kind.values()), out) for kind, of_kind in parts.items()]


def _check_complete(parts: Mapping[Shard, Path]) -> None:
    """Refuse shards of two divisions, and divisions with a share missing."""
    counts = sorted({shard.count for shard in parts})
    if len(counts) > 1:
        paths = [next(path for shard, path in parts.items() if shard.count == count) for count in counts[:2]]
        remedy = "remove the tables of one division; no sound is processed again for the other"
        raise WhenceError(f"{shown(paths[0])} and {shown(paths[1])} divide the sounds differently", remedy=remedy)
    missing = [number for number in range(1, counts[0] + 1) if Shard(number, counts[0]) not in parts]
    if missing:
        names = few([f"{number}/{counts[0]}" for number in missing])
        where = next(iter(parts.values())).parent
        raise WhenceError(f"shares are missing: {names}", where=where, remedy="run them with --shard")


def _merge(kind: str, parts: Sequence[Path], out: Path) -> Path:
    """Merge tables of one kind, each sorted by path."""
    target = out / f"events.{kind}"
    write_table(target, _checked(heapq.merge(*map(_rows, parts), key=lambda pair: pair[0].path)))
    return target


def _rows(path: Path) -> Iterator[tuple[TableRow, Path]]:
    """Yield the rows of a table with its path."""
    try:
        for row in read_table(path):
            yield row, path
    except ValueError as error:
        raise WhenceError(f"not the table of a shard: {error}", where=path) from None


def _checked(rows: Iterator[tuple[TableRow, Path]]) -> Iterator[TableRow]:
    """Yield the rows; refuse a sound in two tables."""
    last, of_last = None, None
    for row, path in rows:
        if row.path == last and path != of_last:
            both = f"{shown(of_last)} and {shown(path)}"
            raise WhenceError(f"{both} have the same sound, {shown(row.path)}", remedy="run the shards again")
        last, of_last = row.path, path
        yield row
