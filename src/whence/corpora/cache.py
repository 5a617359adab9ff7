"""Decode sounds once into a cache on disk, and open them as one memory-mapped `Sounds` table afterwards."""

import contextlib
import hashlib
import json
import logging
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from whence.audio import read_sound, summarized_log
from whence.corpora.progress import Progress, silent
from whence.corpora.sounds import SoundEntry, Sounds, to_int16
from whence.errors import AudioError, CorpusError
from whence.files import sweep_unfinished, written_whole
from whence.labels import ClassList
from whence.units import SAMPLE_RATE_HZ

_LOG = logging.getLogger("whence.corpora")

# Samples at both ends that stay below this level (80 dB under full scale) are cut off: it is what encoders leave of
# digital silence, below the noise of any microphone.
SILENCE_LEVEL = 1e-4
# A longer sound is cut off after so many seconds.
LONGEST_S = 30.0
# Up to this share of the files may be unreadable; they are left out and named in the log.
UNREADABLE_SHARE = 0.05

# Part of every key: a cache of another form is never opened.
_FORMAT = 1
_SAMPLES, _TABLE = "samples.int16", "table.npz"
_BLOCK_BYTES = 1 << 22
_BLOCKS_CHECKED = 16
_NAMES_SHOWN = 5


@dataclass(frozen=True)
class _Table:
    """What is stored beside the samples; `kept`, `silent` and `unreadable` are positions in the list of entries."""

    first_sample: NDArray[np.int64]
    scale: NDArray[np.float32]
    kept: NDArray[np.int64]
    silent: NDArray[np.int64]
    unreadable: NDArray[np.int64]
    reason: NDArray[np.str_]
    block_sum: NDArray[np.uint32]


def open_sounds(
    entries: Sequence[SoundEntry],
    classes: ClassList,
    cache_dir: Path,
    *,
    jobs: int | None = None,
    progress: Progress = silent,
) -> Sounds:
    """Open sounds for mixing; decode them if that has not been done before.

    Decoded sounds are stored in a folder of `cache_dir` named after the paths, sizes and times of their files. A
    changed file therefore makes a new cache, a changed class or split does not. The cache appears whole or not at
    all; one that is cut short or damaged is made again. Several processes may open the same sounds at once: one
    decodes, the others wait.

    Args:
        entries: the sounds, each file once.
        classes: the class list their class indices point into.
        cache_dir: for all caches; made if missing. Old caches are not removed.
        jobs: files decoded at once; as many as there are processors when None.
        progress: called with the number of files while decoding.

    Returns:
        the sounds in the order of the entries, their samples mapped from the disk. Files that cannot be read or hold
        only silence are left out, which the log names.

    Raises:
        CorpusError: there are no entries, one is repeated, a file is missing, too many cannot be read, or the cache
            cannot be written.
    """
    _check_entries(entries)
    folder = cache_dir / _key(entries)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        table = _load(folder)
        if table is None:
            with _only_writer(folder):
                # A process that waited finds the cache made.
                table = _load(folder) or _make(folder, entries, jobs or os.cpu_count() or 1, progress)
    except OSError as error:
        raise CorpusError(f"{folder}: no cache can be kept here ({error.strerror or error}); free some space") from None
    _log_left_out(entries, table)
    kept = [entries[position] for position in table.kept]
    return Sounds(
        samples=np.memmap(folder / _SAMPLES, "<i2", "r"),
        first_sample=table.first_sample,
        scale=table.scale,
        class_index=np.array([entry.class_index for entry in kept], np.int32),
        recording=tuple(entry.recording for entry in kept),
        name=tuple(entry.name for entry in kept),
        classes=classes,
    )


def trim(waveform: NDArray[np.float32], level: float) -> NDArray[np.float32]:
    """Cut digital silence off both ends.

    Args:
        waveform: (sample,) float32.
        level: absolute.

    Returns:
        (sample,) a view from the first to the last sample that reaches the level and is not zero; empty if none does.

    >>> trim(np.array([0.0, 0.00005, 0.5, 0.0, -0.2, 0.0], np.float32), 1e-4)
    array([ 0.5,  0. , -0.2], dtype=float32)
    """
    audible = np.abs(waveform) >= max(level, np.finfo(np.float32).tiny)
    if not audible.any():
        return waveform[:0]
    return waveform[int(audible.argmax()) : len(audible) - int(audible[::-1].argmax())]


def _check_entries(entries: Sequence[SoundEntry]) -> None:
    """Raise where there is nothing to open, or a name or path is repeated."""
    if not entries:
        raise CorpusError("no sounds to open")
    for values in ([entry.name for entry in entries], [str(entry.path) for entry in entries]):
        seen: set[str] = set()
        for value in values:
            if value in seen:
                raise CorpusError(f"{value} is listed twice among the sounds")
            seen.add(value)


def _key(entries: Sequence[SoundEntry]) -> str:
    """A name that changes with anything that would change the samples."""
    digest = hashlib.sha256(json.dumps([_FORMAT, SILENCE_LEVEL, LONGEST_S]).encode())
    for entry in entries:
        try:
            status = entry.path.stat()
        except OSError as error:
            raise CorpusError(f"{entry.path}: {error.strerror}; is the list of sounds older than the data?") from None
        # Path.resolve would ask the disk about every folder on the way, for every sound.
        path = os.path.abspath(entry.path)  # noqa: PTH100
        digest.update(json.dumps([path, status.st_size, status.st_mtime_ns]).encode())
    return digest.hexdigest()[:24]


@contextlib.contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Wait until no other process makes this cache, and remove what a killed one left."""
    with (folder / "lock").open("wb") as lock:
        # Without locks (Windows, some network disks) two may decode at once; both then write the same bytes.
        with contextlib.suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
            sweep_unfinished(folder)
        yield


def _make(folder: Path, entries: Sequence[SoundEntry], jobs: int, progress: Progress) -> _Table:
    """Decode all sounds; write the samples first and the table, which marks them as complete, last."""
    lengths, scales = [0], []
    kept, silent_ones, unreadable = [], [], dict[int, str]()
    with summarized_log(), written_whole(folder / _SAMPLES) as file:
        for position, decoded in enumerate(_decode_all(entries, jobs)):
            if isinstance(decoded, str):
                unreadable[position] = decoded
                if len(unreadable) > UNREADABLE_SHARE * len(entries):
                    raise CorpusError(
                        f"{len(unreadable)} of {len(entries)} sounds cannot be read, more than {UNREADABLE_SHARE:.0%}; "
                        f"the first: {next(iter(unreadable.values()))}"
                    )
            elif not len(decoded[0]):
                silent_ones.append(position)
            else:
                samples, scale = decoded
                file.write(samples.astype("<i2").tobytes())
                lengths.append(len(samples))
                scales.append(scale)
                kept.append(position)
            progress("decoding", position + 1, len(entries))
        if not kept:
            raise CorpusError(f"none of the {len(entries)} sounds can be used: all are silent or unreadable")
    table = _Table(
        first_sample=np.cumsum(lengths, dtype=np.int64),
        scale=np.array(scales, np.float32),
        kept=np.array(kept, np.int64),
        silent=np.array(silent_ones, np.int64),
        unreadable=np.array(list(unreadable), np.int64),
        reason=np.array(list(unreadable.values()), np.str_),
        block_sum=np.array(list(_block_sums(folder / _SAMPLES)), np.uint32),
    )
    with written_whole(folder / _TABLE) as file:
        np.savez(file, **vars(table))
    return table


_Decoded = tuple[NDArray[np.int16], np.float32] | str


def _decode_all(entries: Sequence[SoundEntry], jobs: int) -> Iterator[_Decoded]:
    """Yield the samples and scale of each sound in order, or why it cannot be read.

    Decoders work outside of Python's lock, so threads are enough. Only a few sounds are decoded ahead, so that memory
    does not grow with the list.
    """

    def decode(entry: SoundEntry) -> _Decoded:
        try:
            waveform = read_sound(entry.path, SAMPLE_RATE_HZ)
        except AudioError as error:
            return str(error)
        return to_int16(trim(waveform, SILENCE_LEVEL)[: round(LONGEST_S * SAMPLE_RATE_HZ)])

    ahead = 4 * jobs
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for first in range(0, len(entries), ahead):
            yield from pool.map(decode, entries[first : first + ahead])


def _block_sums(path: Path) -> Iterator[int]:
    """The checksum of each block of the samples on disk."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield zlib.crc32(block)


def _load(folder: Path) -> _Table | None:
    """The table of a complete cache; None where there is none, or a damaged one, which the log tells."""
    if not (folder / _TABLE).is_file():
        return None
    try:
        # NumPy leaves a file it opened itself open when it turns out to be no archive.
        with (folder / _TABLE).open("rb") as file, np.load(file) as arrays:
            table = _Table(**{name: arrays[name] for name in arrays.files})
        with (folder / _SAMPLES).open("rb") as file:
            _check_samples(file, table)
    except (FileNotFoundError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        _LOG.warning("%s: the cache is damaged (%s); decoding again", folder, error)
        return None
    return table


def _check_samples(file: BinaryIO, table: _Table) -> None:
    """Raise ValueError where the samples are not those the table was made with.

    The length is always compared, the content in a few blocks: a crash or a full disk cuts or blanks a file, and
    reading all of it would cost what the cache saves.
    """
    size = file.seek(0, os.SEEK_END)
    if size != 2 * int(table.first_sample[-1]) or len(table.scale) != len(table.kept):
        raise ValueError(f"{size} bytes of samples, {2 * int(table.first_sample[-1])} expected")
    count = len(table.block_sum)
    for number in {round(position) for position in np.linspace(0, count - 1, min(count, _BLOCKS_CHECKED))}:
        file.seek(number * _BLOCK_BYTES)
        if zlib.crc32(file.read(_BLOCK_BYTES)) != int(table.block_sum[number]):
            raise ValueError(f"block {number} of the samples has changed")


def _log_left_out(entries: Sequence[SoundEntry], table: _Table) -> None:
    """Log which sounds are not used, each time the cache is opened."""
    for what, positions in (("cannot be read", table.unreadable), ("are silent", table.silent)):
        if len(positions):
            names = ", ".join(entries[position].name for position in positions[:_NAMES_SHOWN])
            more = f" and {len(positions) - _NAMES_SHOWN} more" if len(positions) > _NAMES_SHOWN else ""
            why = f" (the first: {table.reason[0]})" if positions is table.unreadable else ""
            _LOG.warning("%d of %d sounds %s, left out: %s%s%s", len(positions), len(entries), what, names, more, why)
