"""Time-frequency masking: stretches of feature frames and runs of mel bands are masked, in all channels alike."""

# B batch, C channel, T feature frame, F mel band

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from whence.errors import SceneError
from whence.settings import check_number, check_probability, check_span


@dataclass(frozen=True)
class SpecAugmentSettings:
    """How often, how many and how wide.

    Args:
        probability: share of clips masked, 0 to 1.
        time_masks: how many stretches of time.
        time_frames: shortest and longest stretch, feature frames (20 ms in the baseline's features).
        band_masks: how many runs of mel bands.
        bands: fewest and most bands in a run.
    """

    probability: float = 0.5
    time_masks: int = 2
    time_frames: tuple[int, int] = (0, 20)
    band_masks: int = 2
    bands: tuple[int, int] = (0, 8)

    def __post_init__(self) -> None:
        check_probability("spec_augment.probability", self.probability)
        check_number("spec_augment.time_masks", self.time_masks, 0, 100)
        check_span("spec_augment.time_frames", self.time_frames, 0)
        check_number("spec_augment.band_masks", self.band_masks, 0, 100)
        check_span("spec_augment.bands", self.bands, 0)


@dataclass(frozen=True)
class SpecMask:
    """The masked stretches of one clip.

    Args:
        frames: (first, count) of each stretch of feature frames.
        bands: (first, count) of each run of mel bands.
    """

    frames: tuple[tuple[int, int], ...] = ()
    bands: tuple[tuple[int, int], ...] = ()


def draw_spec_augment(
    rng: np.random.Generator, settings: SpecAugmentSettings, frame_count: int, band_count: int
) -> SpecMask:
    """Draw the masks of one clip.

    Raises:
        SceneError: if a mask could be wider than the features.
    """
    for field, span, most in (
        ("time_frames", settings.time_frames, frame_count),
        ("bands", settings.bands, band_count),
    ):
        if span[1] > most:
            raise SceneError(f"spec_augment.{field} goes up to {span[1]}; these features have only {most}")
    if rng.random() >= settings.probability:
        return SpecMask()
    return SpecMask(
        _draw_stretches(rng, settings.time_masks, settings.time_frames, frame_count),
        _draw_stretches(rng, settings.band_masks, settings.bands, band_count),
    )


def _draw_stretches(
    rng: np.random.Generator, number: int, width: tuple[int, int], length: int
) -> tuple[tuple[int, int], ...]:
    """Stretches of drawn width and position."""
    counts = [int(rng.integers(width[0], width[1] + 1)) for _ in range(number)]
    return tuple((int(rng.integers(0, length - count + 1)), count) for count in counts)


def apply_spec_augment(features: torch.Tensor, masks: Sequence[SpecMask]) -> torch.Tensor:
    """Fill the masked stretches of each clip with the mean of the clip and channel; labels stay as they are.

    All channels are masked alike: a band missing in one channel only would be a false direction.

    `features` is (B, C, T, F), with one mask per clip; the result is a new tensor.

    Source: Park et al., "SpecAugment", Interspeech 2019, without time warping.
    """
    blank = torch.zeros(features.shape[0], 1, *features.shape[2:], dtype=torch.bool)
    for clip, mask in enumerate(masks):
        for first, count in mask.frames:
            blank[clip, :, first : first + count] = True
        for first, count in mask.bands:
            blank[clip, :, :, first : first + count] = True
    return torch.where(blank.to(features.device), features.mean(dim=(2, 3), keepdim=True), features)
