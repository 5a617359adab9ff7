"""The recorded data of a training: clips on disk or Ambisonic recordings, with whole recordings held out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from whence import corpora, labels, training
from whence.errors import WhenceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HELD_OUT = 0.15
_log = logging.getLogger("whence.cli")


def gather_recorded(
    folder: Path, recipe: training.Recipe, classes: labels.ClassList
) -> tuple[training.RealData, training.ValidationClips]:
    """Return recorded training clips, and held-out clips of other recordings.

    Raises:
        WhenceError: the folder is neither the stereo set nor STARSS23, or has too few recordings.
    """
    augmentation = recipe.scenes if recipe.augment_real else None
    if _is_starss(folder):
        recordings, others = _split_recordings(folder, recipe.seed)
        _log.info(
            "%s: any five seconds of %d recordings at any viewing angle; held out: %d",
            *(folder, len(recordings), len(others)),
        )
        windows = corpora.StereoWindows(recordings, classes=classes)
        held_out = _windows_in_memory(others, recipe.seed, recipe.validation_clips, classes)
        return training.RecordingData(windows, recipe.seed, augmentation), held_out
    kept, other_clips = _split_clips(folder, recipe.seed)
    corpora.check_clips([*kept, *other_clips], classes)
    clips = corpora.AudioFrameDataset(kept, classes)
    held_out = _spread_in_memory(other_clips, recipe.validation_clips, classes)
    return training.ClipData(clips, recipe.seed, augmentation), held_out


def held_out_clips(folder: Path, seed: int, count: int, classes: labels.ClassList) -> training.ValidationClips:
    """Return the clips that a training with the same seed holds out.

    Raises:
        WhenceError: as `gather_recorded`.
    """
    if _is_starss(folder):
        return _windows_in_memory(_split_recordings(folder, seed)[1], seed, count, classes)
    return _spread_in_memory(_split_clips(folder, seed)[1], count, classes)


def gather_test_clips(
    folder: Path | None, recipe: training.Recipe, classes: labels.ClassList
) -> training.DevTestClips | None:
    """Return the test clips that `protocol: paper` also chooses on; None for other recipes, which never see them.

    Raises:
        WhenceError: the recipe asks for them and there are none.
    """
    if recipe.protocol == "honest":
        return None
    if folder is None:
        raise WhenceError("protocol paper chooses on the clips of dev-test too: give a set that has them with --data")
    if _is_starss(folder):
        raise WhenceError(
            f"{folder}: protocol paper chooses on the published clips of dev-test too, and these are recordings; "
            f"first: whence convert {folder} --out dcase2025/"
        )
    clips = corpora.list_clips(folder, "dev-test")
    corpora.check_clips(_recorded(clips) or clips, classes)
    return training.DevTestClips(corpora.AudioFrameDataset(_recorded(clips) or clips, classes), classes)


def _is_starss(folder: Path) -> bool:
    """Whether a folder holds Ambisonic recordings and no stereo clips, which come first."""
    return (folder / "foa_dev").is_dir() and not (folder / "stereo_dev").is_dir()


def _split_recordings(folder: Path, seed: int) -> tuple[list[corpora.Recording], list[corpora.Recording]]:
    """Return recordings for training, and held-out ones."""
    return corpora.split_by_recording(corpora.list_recordings(folder, "dev-train-*"), HELD_OUT, seed)


def _split_clips(folder: Path, seed: int) -> tuple[list[corpora.Clip], list[corpora.Clip]]:
    """Return clips for training and held-out clips: the validation part of the set, else whole recordings.

    Synthetic clips are never validated on beside recorded ones.
    """
    clips = corpora.list_clips(folder)
    others = corpora.list_clips(folder, "dev-val") if any(folder.glob("stereo_dev/dev-val-*")) else []
    recorded = _recorded(clips)
    if others and not recorded:
        return clips, others
    if _recorded(others):
        return clips, _recorded(others)
    if others:
        _log.info("%s: %d synthetic clips of dev-val are left out; validation is on recordings", folder, len(others))
    _, held_out = corpora.split_by_recording(recorded or clips, HELD_OUT, seed)
    unnamed = sum(clip.recording == clip.name for clip in recorded or clips)
    if unnamed:
        _log.warning(
            "%s: %d of %d clip names tell no recording, as room1_deg000_start0000 does; each such clip counts as one, "
            "and validation is too good if clips of one recording are on both sides",
            *(folder, unnamed, len(recorded or clips)),
        )
    names = {clip.name for clip in held_out}
    return [clip for clip in clips if clip.name not in names], held_out


def _recorded(clips: Sequence[corpora.Clip]) -> list[corpora.Clip]:
    """Clips that were recorded, not mixed."""
    return [clip for clip in clips if not clip.is_synthetic]


def _windows_in_memory(
    recordings: Sequence[corpora.Recording], seed: int, count: int, classes: labels.ClassList
) -> training.ValidationClips:
    """Convert `count` windows of recordings, always the same ones."""
    windows = corpora.StereoWindows(recordings, classes=classes)
    return _in_memory(corpora.draw_window_clips(windows, count, seed), classes)


def _spread_in_memory(clips: Sequence[corpora.Clip], count: int, classes: labels.ClassList) -> training.ValidationClips:
    """Read `count` clips, spread over all recordings."""
    step = max(len(clips) // count, 1)
    return _in_memory(clips[::step][:count], classes)


def _in_memory(clips: Sequence[corpora.LabelledClip], classes: labels.ClassList) -> training.ValidationClips:
    """Read clips and labels."""
    import numpy as np
    import torch

    signals, tables = zip(*corpora.AudioFrameDataset(clips, classes), strict=True)
    return training.ValidationClips(torch.from_numpy(np.stack(signals)), tables, [clip.name for clip in clips], classes)
