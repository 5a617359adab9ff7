"""The DCASE 2025 stereo set on disk becomes a list of clips; so do any two folders of sounds and label files."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from whence.corpora.clips import AudioFrameDataset, Clip
from whence.errors import CorpusError

__all__ = ["OFFICIAL_COUNTS", "AudioFrameDataset", "Clip", "list_clips", "list_pairs"]

_LOG = logging.getLogger("whence.corpora")

# How many clips the organisers published in each part; they have no dev-val, which a made set may bring.
OFFICIAL_COUNTS = {"dev-train": 16_214, "dev-val": 0, "dev-test": 13_786, "eval": 10_000}
_SYNTHETIC = "-synth"
_TEST_FOLD = 4


def list_clips(folder: Path, part: str = "dev-train", *, synthetic: bool = True, complete: bool = False) -> list[Clip]:
    """List the clips of one part of the stereo set.

    ```
    folder/stereo_dev/dev-train-sony/*.wav     folder/metadata_dev/dev-train-sony/*.csv
    folder/stereo_eval/eval/*.wav              (no labels)
    ```
    Nothing is opened. For validation, hold recordings out of `dev-train` with `split_by_recording`; `dev-test` is
    for the end.

    Args:
        folder: holds `stereo_dev/` and `metadata_dev/`, or `stereo_eval/`.
        part: `dev-train`, `dev-val` (made sets alone have it), `dev-test` or `eval`.
        synthetic: whether `dev-train-synth` belongs to `dev-train` where it is there, and so for the other parts.
        complete: refuse fewer clips than were published; otherwise that is a line in the log.

    Returns:
        clips by subset and name.

    Raises:
        CorpusError: if folders are missing, sounds lack labels or labels sounds, or a test clip lies among the
            training clips.
    """
    if part not in OFFICIAL_COUNTS:
        raise CorpusError(f"the stereo set has no part {part!r}; there are: {', '.join(OFFICIAL_COUNTS)}")
    if part == "eval":
        clips = list_pairs(_existing(folder / "stereo_eval" / "eval", "stereo_eval.zip"), None)
    else:
        sounds = _existing(folder / "stereo_dev", "stereo_dev.zip")
        labels = _existing(folder / "metadata_dev", "metadata_dev.zip")
        subsets = _subsets(sounds, labels, part)
        kept = [subset for subset in subsets if synthetic or not subset.endswith(_SYNTHETIC)]
        clips = [clip for subset in kept for clip in list_pairs(sounds / subset, labels / subset)]
        _check_folds(clips, part)
    _check_count(folder, part, clips, complete)
    return clips


def list_pairs(sounds: Path, labels: Path | None) -> list[Clip]:
    """List the clips of two folders: sounds in one, label files of the same names in the other (or in the same).

    Args:
        sounds: holds `.wav` files.
        labels: holds `.csv` files; None for clips without labels.

    Raises:
        CorpusError: if a folder is missing, there are no sounds, or a sound or label file has no partner.
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
    """The sub-folders of a part, which must be the same on both sides."""
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
    """The files of one ending by name, without the hidden ones that other systems strew about."""
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder")
    return {path.stem: path for path in folder.iterdir() if path.suffix == ending and not path.name.startswith(".")}


def _refuse_single(
    folder: Path, names: dict[str, Path], other: Path, partners: dict[str, Path], what: str, remedy: str
) -> None:
    """Refuse files without a partner."""
    single = sorted(set(names) - set(partners))
    if single:
        listed = ", ".join(names[stem].name for stem in single[:3]) + (", ..." if len(single) > 3 else "")
        raise CorpusError(
            f"{folder}: {len(single)} of {len(names)} files have no {what} in {other}: {listed}; {remedy}"
        )


def _check_folds(clips: Sequence[Clip], part: str) -> None:
    """Refuse test clips among training clips and the other way round: scores would mean nothing."""
    for clip in clips:
        if clip.fold is not None and (clip.fold == _TEST_FOLD) != (part == "dev-test"):
            raise CorpusError(f"{clip.sound}: fold {clip.fold} does not belong to {part}; fold 4 is the test part")
    repeated = [name for name, count in Counter(clip.name for clip in clips).items() if count > 1]
    if repeated:
        raise CorpusError(f"{repeated[0]} lies in two folders of {part}; remove one")


def _check_count(folder: Path, part: str, clips: Sequence[Clip], complete: bool) -> None:
    """Say when there are fewer clips than were published."""
    found = sum(not clip.subset.endswith(_SYNTHETIC) for clip in clips)
    # A set that somebody made alone is not an incomplete copy of the published one.
    if found < OFFICIAL_COUNTS[part] and (found or complete):
        sentence = f"{folder}: {found:,} clips of {part}; the published set has {OFFICIAL_COUNTS[part]:,}"
        if complete:
            raise CorpusError(f"{sentence}. Complete it: whence data fetch dcase2025_stereo")
        _LOG.warning("%s", sentence)
