"""A sound file becomes findings, block by block, so that it can be watched, stopped, and never fills the memory."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import numpy as np

from whence.audio import check, probe, read_blocks
from whence.errors import WhenceError
from whence.labels import Events
from whence.text import shown as shown_name
from whence.units import SAMPLE_RATE_HZ
from whence.web.ears import Ears
from whence.web.findings import Findings
from whence.web.limits import Limits
from whence.web.refusals import RefusedError
from whence.web.spectrogram import Spectrogram

T = TypeVar("T")

# Short enough that others (and Cancel) wait less than a second, long enough that a network is not called for nothing.
BLOCK_S = 2.5


def refuse_long(path: Path, name: str, limits: Limits) -> float:
    """Read the header alone.

    Args:
        path: of the upload.
        name: what the visitor calls it.
        limits: how long it may be.

    Returns:
        seconds as promised, NaN where the header does not say.

    Raises:
        RefusedError: 413, when the header promises more than may be.
        WhenceError: no sound; the sentence names it as the visitor does.
    """
    duration_s = named(name, path, lambda: probe(path)).duration_s
    if duration_s > limits.sound_s:
        raise too_long(name, limits, duration_s)
    return duration_s


def recognize(path: Path, name: str, ears: Ears, limits: Limits) -> Generator[float, None, Findings]:
    """Listen to a file.

    Args:
        path: of the upload.
        name: what the visitor calls it.
        ears: the model.
        limits: how long it may be; a header may have lied.

    Yields:
        seconds heard so far, after each block; the work between two is short.

    Returns:
        the findings.

    Raises:
        RefusedError: 413, when it goes on for longer than may be.
        WhenceError: it cannot be read; the sentence is the command line's.
    """
    hearing, picture = ears.listen("best"), Spectrogram()
    tables: list[Events] = []
    columns = []
    sample_count = 0
    blocks = read_blocks(path, BLOCK_S)
    while (block := named(name, path, lambda: next(blocks, None))) is not None:
        sample_count += block.shape[1]
        if sample_count > limits.sound_s * SAMPLE_RATE_HZ:
            raise too_long(name, limits)
        tables.append(hearing.feed(block))
        columns.append(picture.feed(block))
        yield sample_count / SAMPLE_RATE_HZ
    tables.append(hearing.finish())
    columns.append(picture.finish())
    yield sample_count / SAMPLE_RATE_HZ
    # A second decoding, of the sound as it was recorded: clipping and the like do not show afterwards.
    report = named(name, path, lambda: check(path))
    return Findings(
        name,
        sample_count / SAMPLE_RATE_HZ,
        Events.concatenate(tables),
        np.concatenate(columns),
        tuple(report.warnings(shown_name(name))),
    )


def too_long(name: str, limits: Limits, duration_s: float | None = None) -> RefusedError:
    """The refusal of a sound that is longer than may be."""
    lasts = "goes on for longer" if duration_s is None else f"lasts {duration_s / 60:,.1f} minutes"
    remedy = "cut it, or use whence detect, which takes any length"
    return RefusedError(413, f"{shown_name(name)} {lasts}; here sounds may last {limits.sound_text}: {remedy}")


def named(name: str, path: Path, read: Callable[[], T]) -> T:
    """What `read` gives; in the sentence of an error, the visitor's name for the file and not ours."""
    try:
        return read()
    except WhenceError as error:
        raise WhenceError(str(error).replace(str(path), shown_name(name))) from None
