"""Five seconds of stereo with events each 100 ms, on disk: read when needed, checked when read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.audio import probe, read_window
from whence.corpora.draws import recording_of
from whence.corpora.progress import Progress, silent
from whence.errors import AudioError, CorpusError, LabelError
from whence.labels import STARSS23, ClassList, ClipEvents, Events, read_dcase, read_dcase_files
from whence.units import SAMPLE_RATE_HZ

CLIP_SAMPLES = 120_000
_FOLD = re.compile(r"fold(\d+)_")


@dataclass(frozen=True)
class Clip:
    """Five seconds of stereo sound on disk, with its label file.

    Args:
        name: the file name without ending.
        sound: a stereo file at 24 kHz.
        labels: a DCASE 2025 CSV file; None where labels are withheld.
        subset: the folder it lies in, e.g. `dev-train-sony`.
    """

    name: str
    sound: Path
    labels: Path | None
    subset: str

    @property
    def recording(self) -> str:
        """The recording it was cut from, the unit that splits and confidence intervals go by."""
        return recording_of(self.name)

    @property
    def fold(self) -> int | None:
        """1 synthetic, 3 train, 4 test; None where the name does not say."""
        match = _FOLD.match(self.name)
        return int(match.group(1)) if match else None

    def read_signal(self) -> NDArray[np.float32]:
        """The sound.

        Returns:
            (2, 120000) float32, left first, as the file has it.

        Raises:
            CorpusError: if it is not five seconds of stereo at 24 kHz.
            AudioError: if it cannot be read.
        """
        info = probe(self.sound)
        if info.channel_count != 2:
            raise CorpusError(f"{self.sound} has {info.channel_count} channel(s); the clips of this set are stereo")
        if info.sample_rate_hz != SAMPLE_RATE_HZ:
            raise CorpusError(f"{self.sound} has {info.sample_rate_hz} Hz; the clips of this set have {SAMPLE_RATE_HZ}")
        if info.sample_count != CLIP_SAMPLES:
            raise CorpusError(
                f"{self.sound} has {info.sample_count} samples; a clip has {CLIP_SAMPLES} (5 s at 24 kHz)"
            )
        return read_window(self.sound, 0, CLIP_SAMPLES)

    def read_events(self, classes: ClassList = STARSS23) -> Events:
        """The events, azimuths in degrees positive to the left, distances in metres.

        Raises:
            CorpusError: if the labels are withheld.
            LabelError: naming file and line.
        """
        if self.labels is None:
            raise CorpusError(f"{self.sound}: the labels of this clip are not published")
        return read_dcase(self.labels, classes)


class AudioFrameDataset:
    """Clips by number, read when asked for: what validation and test iterate over.

    Has the length and item access a PyTorch loader wants, and is cheap to send to its workers.

    Args:
        clips: with labels.
        classes: the list that the label files point into.
    """

    def __init__(self, clips: Sequence[Clip], classes: ClassList = STARSS23) -> None:
        self.clips = tuple(clips)
        self.classes = classes

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, number: int) -> tuple[NDArray[np.float32], Events]:
        """(2, 120000) float32 signal and events of one clip; errors as `Clip` raises them."""
        clip = self.clips[number]
        return clip.read_signal(), clip.read_events(self.classes)

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], Events]]:
        return (self[number] for number in range(len(self)))


def read_all_events(clips: Sequence[Clip], classes: ClassList = STARSS23) -> ClipEvents:
    """The events of many clips at once, many times faster than clip by clip.

    Raises:
        CorpusError: if the labels of a clip are withheld.
        LabelError: naming file and line.
    """
    withheld = next((clip for clip in clips if clip.labels is None), None)
    if withheld is not None:
        raise CorpusError(f"{withheld.sound}: the labels of this clip are not published")
    return read_dcase_files([clip.labels for clip in clips if clip.labels is not None], classes)


def check_clips(clips: Sequence[Clip], classes: ClassList = STARSS23, *, progress: Progress = silent) -> list[str]:
    """Open every clip and label file and say what is wrong, one sentence each.

    Args:
        clips: any number.
        classes: the class list.
        progress: told the number of clips.
    """
    problems = []
    for done, clip in enumerate(clips, 1):
        try:
            clip.read_signal()
            if clip.labels is not None:
                clip.read_events(classes)
        except (AudioError, CorpusError, LabelError) as error:
            problems.append(str(error))
        progress("checking", done, len(clips))
    return problems
