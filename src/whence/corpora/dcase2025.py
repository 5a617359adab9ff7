"""The DCASE 2025 stereo set: its clips listed, and read when needed; so are any two folders of sounds and labels."""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from whence.audio import probe, read_window
from whence.errors import AudioError, CorpusError
from whence.labels import STARSS23, ClassList, ClipEvents, Events, read_dcase, read_dcase_files
from whence.text import counted
from whence.units import FRAME_SAMPLES, SAMPLE_RATE_HZ

_LOG = logging.getLogger("whence.corpora")

# How many clips the organisers published in each part; only generated sets have dev-val.
OFFICIAL_COUNTS = {"dev-train": 16_214, "dev-val": 0, "dev-test": 13_786, "eval": 10_000}
_SYNTHETIC = "-synth"
_SYNTHETIC_FOLD, _TEST_FOLD = 1, 4
CLIP_SAMPLES = 120_000
_FOLD = re.compile(r"fold(\d+)_")
_NAME = re.compile(r"(?P<recording>.+)_deg\d{3}_start\d{4,}")


class LabelledClip(Protocol):
    """Five seconds of stereo sound with labels, wherever they come from."""

    @property
    def name(self) -> str:
        """The name, which tells the recording."""

    @property
    def recording(self) -> str:
        """The recording it was cut from."""

    @property
    def sound(self) -> Path:
        """The file that it is read from."""

    def read_signal(self) -> NDArray[np.float32]:
        """Return (2, 120000) float32, left first."""

    def read_events(self, classes: ClassList = STARSS23) -> Events:
        """Return the events."""


@dataclass(frozen=True)
class Clip:
    """Five seconds of stereo sound on disk, with its label file.

    Args:
        name: the file name without ending.
        sound: a stereo file at 24 kHz.
        labels: a DCASE 2025 CSV file; None where labels are withheld.
        subset: the name of its folder, e.g. `dev-train-sony`.
    """

    name: str
    sound: Path
    labels: Path | None
    subset: str

    @property
    def recording(self) -> str:
        """The recording it was cut from: the unit of splits and confidence intervals."""
        return recording_of(self.name)

    @property
    def fold(self) -> int | None:
        """1 synthetic, 3 train, 4 test; None for other names."""
        match = _FOLD.match(self.name)
        return int(match.group(1)) if match else None

    @property
    def is_synthetic(self) -> bool:
        """Whether it was mixed, not recorded: its fold is 1, or its folder ends with `-synth`."""
        return self.fold == _SYNTHETIC_FOLD or self.subset.endswith(_SYNTHETIC)

    def read_signal(self) -> NDArray[np.float32]:
        """Return the samples of the file, (2, 120000) float32, left first.

        Raises:
            CorpusError: the file is not five seconds of stereo at 24 kHz.
            AudioError: it cannot be read.
        """
        fault = self.fault()
        if fault is not None:
            raise CorpusError(fault, where=self.sound)
        return read_window(self.sound, 0, CLIP_SAMPLES)

    def fault(self) -> str | None:
        """Return why the sound is not five seconds of stereo at 24 kHz, as its header tells; None where it is.

        Raises:
            AudioError: it cannot be read.
        """
        info = probe(self.sound)
        if info.channel_count != 2:
            return f"{counted(info.channel_count, 'channel')}; the clips of this set are stereo"
        if info.sample_rate_hz != SAMPLE_RATE_HZ:
            return f"{info.sample_rate_hz} Hz; the clips of this set have {SAMPLE_RATE_HZ}"
        if info.sample_count != CLIP_SAMPLES:
            return f"{info.sample_count} samples; a clip has {CLIP_SAMPLES} (5 s at 24 kHz)"
        return None

    def read_events(self, classes: ClassList = STARSS23) -> Events:
        """Return the events, azimuths in degrees positive to the left, distances in metres.

        Raises:
            CorpusError: the labels are withheld.
            LabelError: naming file and line.
        """
        if self.labels is None:
            raise CorpusError(f"{self.sound}: the labels of this clip are not published")
        return read_dcase(self.labels, classes)


class AudioFrameDataset:
    """Clips by index, read when asked for, as a PyTorch loader wants them.

    Args:
        clips: with labels.
        classes: the list that the label files point into.
    """

    def __init__(self, clips: Sequence[LabelledClip], classes: ClassList = STARSS23) -> None:
        self.clips = tuple(clips)
        self.classes = classes

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], Events]:
        """(2, 120000) float32 signal and events of one clip; errors as `Clip` raises them."""
        clip = self.clips[index]
        return clip.read_signal(), clip.read_events(self.classes)

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], Events]]:
        return (self[index] for index in range(len(self)))


def find_faults(clips: Sequence[Clip]) -> Iterator[tuple[Clip, str]]:
    """Yield the clips that cannot be trained on, each with the reason, by their headers alone."""

    def fault(clip: Clip) -> str | None:
        try:
            return clip.fault()
        except AudioError as error:
            return error.what

    with ThreadPoolExecutor() as pool:
        for clip, found in zip(clips, pool.map(fault, clips), strict=True):
            if found is not None:
                yield clip, found


def check_clips(clips: Sequence[Clip], classes: ClassList = STARSS23) -> None:
    """Refuse clips that a training would fail at later: every header and every label file is looked at.

    Rows of labels after the end of their clips are left out in training, and a warning counts them.

    Raises:
        CorpusError: some sounds are not five seconds of stereo at 24 kHz, or cannot be read; or labels are withheld.
        LabelError: naming file and line.
    """
    faults = list(find_faults(clips))
    if faults:
        clip, fault = faults[0]
        others = f" ({len(faults) - 1:,} more of {len(clips):,} clips have such faults)" if len(faults) > 1 else ""
        raise CorpusError(f"{fault}{others}", where=clip.sound, remedy="whence check lists all")
    events = read_all_events(clips, classes).events
    late = int((events.frame >= CLIP_SAMPLES // FRAME_SAMPLES).sum())
    if late:
        _LOG.warning(
            "%s of labels after the end of their clips are left out; whence check names the files",
            counted(late, "row"),
        )


def read_all_events(clips: Sequence[Clip], classes: ClassList = STARSS23) -> ClipEvents:
    """Return the events of many clips at once, many times faster than clip by clip.

    Raises:
        CorpusError: the labels of a clip are withheld.
        LabelError: naming file and line.
    """
    withheld = next((clip for clip in clips if clip.labels is None), None)
    if withheld is not None:
        raise CorpusError(f"{withheld.sound}: the labels of this clip are not published")
    return read_dcase_files([clip.labels for clip in clips if clip.labels is not None], classes)


def list_clips(folder: Path, part: str = "dev-train") -> list[Clip]:
    """List the clips of one part of the stereo set.

    ```
    folder/stereo_dev/dev-train-sony/*.wav     folder/metadata_dev/dev-train-sony/*.csv
    folder/stereo_eval/eval/*.wav              (no labels)
    ```
    No file is opened. For validation, hold recordings out of `dev-train` with `split_by_recording`; keep `dev-test`
    for the end.

    Args:
        folder: holds `stereo_dev/` and `metadata_dev/`, or `stereo_eval/`.
        part: `dev-train`, `dev-val` (only generated sets have it), `dev-test` or `eval`.

    Returns:
        clips by subset and name; `dev-train-synth` belongs to `dev-train`, and so for the other parts. The log has a
        line where there are fewer than were published.

    Raises:
        CorpusError: folders are missing, sounds lack labels or labels sounds, or a test clip is among the training
            clips.
    """
    if part not in OFFICIAL_COUNTS:
        raise CorpusError(f"the stereo set has no part {part!r}; there are: {', '.join(OFFICIAL_COUNTS)}")
    if part == "eval":
        clips = list_pairs(_existing(folder / "stereo_eval" / "eval", "stereo_eval.zip"), None)
    else:
        sounds = _existing(folder / "stereo_dev", "stereo_dev.zip")
        labels = _existing(folder / "metadata_dev", "metadata_dev.zip")
        subsets = _subsets(sounds, labels, part)
        clips = [clip for subset in subsets for clip in list_pairs(sounds / subset, labels / subset)]
        _check_folds(clips, part)
    found = sum(not clip.subset.endswith(_SYNTHETIC) for clip in clips)
    # A set that has generated clips only is not an incomplete copy of the published one.
    if 0 < found < OFFICIAL_COUNTS[part]:
        _LOG.warning("%s: %d clips of %s; the published set has %s", folder, found, part, f"{OFFICIAL_COUNTS[part]:,}")
    return clips


def list_pairs(sounds: Path, labels: Path | None) -> list[Clip]:
    """List the clips of two folders: sounds in one, label files of the same names in the other (or in the same).

    Args:
        sounds: holds `.wav` files.
        labels: holds `.csv` files; None for clips without labels.

    Raises:
        CorpusError: a folder is missing, there are no sounds, or a sound or label file has no partner.
    """
    wavs = _by_stem(sounds, ".wav")
    if not wavs:
        raise CorpusError(f"{sounds}: no .wav files")
    if labels is None:
        return [Clip(stem, path, None, sounds.name) for stem, path in sorted(wavs.items())]
    csvs = _by_stem(labels, ".csv")
    _refuse_single(sounds, wavs, labels, csvs, "label file (.csv)", "write one with only the header for silence")
    _refuse_single(labels, csvs, sounds, wavs, "sound (.wav)", "the download or unpacking of the sounds is incomplete")
    return [Clip(stem, path, csvs[stem], sounds.name) for stem, path in sorted(wavs.items())]


def _existing(folder: Path, archive: str) -> Path:
    """The folder, if it is there."""
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; unpack {archive} of Zenodo record 15559774 here")
    return folder


def _subsets(sounds: Path, labels: Path, part: str) -> list[str]:
    """The sub-folders of a part, which sounds and labels must both have."""
    found = {
        side: {path.name for path in side.iterdir() if path.is_dir() and path.name.startswith(f"{part}-")}
        for side in (sounds, labels)
    }
    for side, other in ((sounds, labels), (labels, sounds)):
        lacking = sorted(found[side] - found[other])
        if lacking:
            raise CorpusError(f"{other}: no folder {lacking[0]}, which {side} has; the unpacking is incomplete")
    if not found[sounds]:
        raise CorpusError(f"{sounds}: no folder {part}-sony, {part}-tau or the like")
    return sorted(found[sounds])


def _by_stem(folder: Path, ending: str) -> dict[str, Path]:
    """The files of one ending by name, without hidden ones."""
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder")
    return {path.stem: path for path in folder.iterdir() if path.suffix == ending and not path.name.startswith(".")}


def _refuse_single(
    folder: Path, names: dict[str, Path], other: Path, partners: dict[str, Path], what: str, remedy: str
) -> None:
    """Raise where files have no partner."""
    single = sorted(set(names) - set(partners))
    if single:
        listed = ", ".join(names[stem].name for stem in single[:3]) + (", ..." if len(single) > 3 else "")
        raise CorpusError(
            f"{folder}: {len(single)} of {len(names)} files have no {what} in {other}: {listed}; {remedy}"
        )


def _check_folds(clips: Sequence[Clip], part: str) -> None:
    """Raise where test clips are among training clips or the other way round: scores would mean nothing."""
    for clip in clips:
        if clip.fold is not None and (clip.fold == _TEST_FOLD) != (part == "dev-test"):
            raise CorpusError(f"{clip.sound}: fold {clip.fold} does not belong to {part}; fold 4 is the test part")
    repeated = [name for name, count in Counter(clip.name for clip in clips).items() if count > 1]
    if repeated:
        raise CorpusError(f"{repeated[0]} is in two folders of {part}; remove one")


def recording_of(clip: str) -> str:
    """Return the recording that a clip was cut from; a name of another form is its own recording.

    >>> recording_of("fold3_room21_mix013_deg020_start0450"), recording_of("street")
    ('fold3_room21_mix013', 'street')
    """
    match = _NAME.fullmatch(clip)
    return match["recording"] if match else clip
