"""Recognise the events of a sound block by block, so that work can be watched, stopped, and never fills the memory."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from whence.audio import Channels, Microphones, check, corrected_microphones, front_pair, probe, read_blocks
from whence.errors import WhenceError
from whence.features import logmel_settings, mel_filterbank
from whence.inference import untrained_sentence
from whence.labels import ClassList, Events
from whence.text import shown
from whence.units import SAMPLE_RATE_HZ
from whence.views import SpectrogramColumns
from whence.web.limits import Limits, RefusedError
from whence.web.results import Result

if TYPE_CHECKING:
    from whence.inference import Stream

# Rows with a lower score are not sent to the page.
LOWEST_SCORE = 0.1
# For a model without thresholds of its own.
_COMMON_THRESHOLD = 0.5
# Short enough that others (and Cancel) wait less than a second, long enough for an efficient call of the network.
BLOCK_S = 2.5
HOP_SAMPLES = 600  # 25 ms: four columns to a label frame, 5 kB for a second of stereo
# A level of 0 is this or less, 255 is a full-scale tone.
_FLOOR_DB = -100.0

Latency = Literal["best", "low"]


@dataclass(frozen=True, eq=False)
class Model:
    """A model as the server uses it.

    Args:
        classes: names.
        thresholds: (class,) score above which the model itself counts a class as active, where no microphones are told.
        open_stream: begins a new sound of these microphones, corrected already; "low" gives rows soon, "best" waits for
            what makes them surer.
        of_pair: the thresholds for sound of these microphones, and the names of the pairs that the networks which take
            it were trained for; None where the model does not say.
    """

    classes: ClassList
    thresholds: NDArray[np.float64]
    open_stream: Callable[[Latency, Microphones | None], Stream]
    of_pair: Callable[[Microphones | None], tuple[NDArray[np.float64], tuple[str, ...] | None]]


def model_of(system: Any, open_stream: Callable[..., Stream] | None = None) -> Model:
    """Return the model of a system.

    A model whose coding decides by itself what is active takes no threshold: then all of its rows are shown.

    Args:
        system: with `classes`, and `thresholds` if it has its own.
        open_stream: makes a stream from (system, latency=, threshold=, microphones=); `whence.Stream` when None.
    """
    if open_stream is None:
        from whence.inference import Stream

        open_stream = Stream
    make = open_stream
    classes: ClassList = system.classes
    lowest: float | None = min(LOWEST_SCORE, float(_own_thresholds(system).min()))
    try:
        make(system, latency="low", threshold=lowest)
    except WhenceError:
        lowest = None

    def of_pair(microphones: Microphones | None) -> tuple[NDArray[np.float64], tuple[str, ...] | None]:
        chosen = system.for_microphones(microphones) if hasattr(system, "for_microphones") else system
        thresholds = np.zeros(len(classes)) if lowest is None else _own_thresholds(chosen)
        return thresholds, getattr(chosen, "microphones", None)

    return Model(
        classes,
        of_pair(None)[0],
        lambda latency, microphones: make(system, latency=latency, threshold=lowest, microphones=microphones),
        of_pair,
    )


def _own_thresholds(system: Any) -> NDArray[np.float64]:
    """The thresholds of a system, (class,)."""
    own = getattr(system, "thresholds", None)
    return np.broadcast_to(
        _COMMON_THRESHOLD if own is None else np.asarray(own, np.float64), len(system.classes)
    ).copy()


class Recognition:
    """One sound in work: its rows, and the columns of its spectrogram, as they become final.

    A column is centred on the middle of its hop, and there is one for every hop that has begun.

    Args:
        model: of the server.
        latency: of the stream.
        microphones: what the sound was recorded with; None where that is not known.
    """

    def __init__(self, model: Model, latency: Latency, microphones: Microphones | None = None) -> None:
        bank = mel_filterbank(logmel_settings())
        # The mean of the bins of a band and not their sum, so that white noise looks equally loud everywhere.
        weights = (bank / bank.sum(axis=1, keepdims=True)).T
        self._stream = model.open_stream(latency, corrected_microphones(microphones))
        self._microphones = microphones
        self._thresholds, trained = model.of_pair(microphones)
        self._untrained = untrained_sentence(trained, microphones) if trained is not None else None
        self._spectrogram = SpectrogramColumns(weights, HOP_SAMPLES, before=212, after=811)
        self._rows: list[Events] = []
        self._columns: list[NDArray[np.uint8]] = []
        self.sample_count = 0

    @property
    def latency_s(self) -> float:
        """The time from a sound to its rows, at least."""
        return self._stream.latency_s

    @property
    def duration_s(self) -> float:
        """Seconds of sound taken so far."""
        return self.sample_count / SAMPLE_RATE_HZ

    def feed(self, signal: NDArray[np.float32]) -> tuple[Events, NDArray[np.uint8]]:
        """Take the next (channel, any number of samples), corrected.

        Returns:
            the rows that are final now, and the complete columns (column, 2, band): 0 for -100 dB and less, 255 for
            full scale.
        """
        self.sample_count += signal.shape[1]
        return self._kept(self._stream.feed(signal), self._spectrogram.feed(front_pair(signal)))

    def finish(self) -> tuple[Events, NDArray[np.uint8]]:
        """Return the last rows and columns."""
        return self._kept(self._stream.finish(), self._spectrogram.rest())

    def _kept(self, rows: Events, power: NDArray[np.float32]) -> tuple[Events, NDArray[np.uint8]]:
        level_db = 10 * np.log10(power + 1e-12)
        columns = np.clip((level_db / -_FLOOR_DB + 1) * 255, 0, 255).astype(np.uint8)
        self._rows.append(rows)
        self._columns.append(columns)
        return rows, columns

    def result(self, name: str, warnings: Iterable[str]) -> Result:
        """Return all rows and columns so far; another pair than the model's is the first warning."""
        events, columns = Events.concatenate(self._rows), np.concatenate(self._columns)
        sentences = ([self._untrained] if self._untrained else []) + list(warnings)
        return Result(name, self.duration_s, events, columns, tuple(sentences), self._thresholds, self._microphones)


def promised_duration_s(path: Path, name: str, limits: Limits) -> float:
    """Return the seconds that a file's header promises, NaN where it does not say.

    Args:
        path: of the upload.
        name: the visitor's name for it.
        limits: its longest duration.

    Raises:
        RefusedError: 413, when the header promises more than is allowed.
        WhenceError: not a sound; the sentence has the visitor's name for it.
    """
    with _errors_named(path, name):
        duration_s = probe(path).duration_s
    if duration_s > limits.sound_s:
        raise _too_long(name, limits, f"lasts {duration_s / 60:,.1f} minutes")
    return duration_s


def recognize(
    path: Path,
    name: str,
    model: Model,
    limits: Limits,
    microphones: Microphones | None = None,
    channels: Channels | None = None,
) -> Generator[float, None, Result]:
    """Recognise the events of a file.

    Args:
        path: of the upload.
        name: the visitor's name for it.
        model: of the server.
        limits: its longest duration; a header may be wrong.
        microphones: what it was recorded with; None where that is not known.
        channels: which of its channels are heard; None for those that there are.

    Yields:
        seconds processed so far, after each block; the work between two is short.

    Returns:
        the result.

    Raises:
        RefusedError: 413, when it goes on for longer than is allowed.
        WhenceError: it cannot be read; the sentence is the command line's.
    """
    recognition = Recognition(model, "best", microphones)
    for block in _blocks(path, name, limits, microphones, channels):
        recognition.feed(block)
        yield recognition.duration_s
    recognition.finish()
    yield recognition.duration_s
    # A second decoding, of the sound as it was recorded: clipping and the like do not show afterwards.
    with _errors_named(path, name):
        warnings = check(path, channels=channels, microphones=microphones).warnings(shown(name))
    result = recognition.result(name, warnings)
    return result.without_positions() if channels is not None and channels.is_mono else result


def _blocks(
    path: Path, name: str, limits: Limits, microphones: Microphones | None, channels: Channels | None
) -> Iterator[NDArray[np.float32]]:
    """The blocks of a file, as far as they are allowed."""
    sample_count = 0
    with _errors_named(path, name):
        for block in read_blocks(path, BLOCK_S, channels=channels, microphones=microphones):
            sample_count += block.shape[1]
            if sample_count > limits.sound_s * SAMPLE_RATE_HZ:
                raise _too_long(name, limits, "goes on for longer")
            yield block


def _too_long(name: str, limits: Limits, lasts: str) -> RefusedError:
    remedy = "cut it, or use whence detect, which takes any length"
    return RefusedError(413, f"{shown(name)} {lasts}; here sounds may last {limits.sound_text}: {remedy}")


@contextlib.contextmanager
def _errors_named(path: Path, name: str) -> Iterator[None]:
    """Errors about an upload have the visitor's name for it; its path stays secret."""
    try:
        yield
    except RefusedError:
        raise
    except WhenceError as error:
        if str(error.where) == str(path):
            error = WhenceError(error.what, where=name, line=error.line, remedy=error.remedy)
        raise WhenceError(_with_fields(str(error).replace(str(path), shown(name)))) from None


def _with_fields(sentence: str) -> str:
    """Return a sentence with the names of the page's fields in place of flags or arguments.

    >>> _with_fields("choose two with --channels 1,2"), _with_fields('say microphones="foa"')
    ('choose two with Channels 1,2', 'say Recorded with foa')
    """
    for name, field in (("channels", "Channels"), ("microphones", "Recorded with")):
        sentence = re.sub(rf'\b{name}="([^"]*)"', rf"{field} \1", sentence.replace(f"--{name}", field))
    return sentence
