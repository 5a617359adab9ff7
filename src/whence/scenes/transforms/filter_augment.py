"""Filter augmentation: a random gain curve over the mel bands, as if room and microphone had another response."""

# B batch, C channel, T feature frame, F mel band

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from whence.errors import SceneError
from whence.settings import check_probability, check_span


@dataclass(frozen=True)
class FilterAugmentSettings:
    """How often, how many corners, how strong.

    Args:
        probability: share of clips filtered, 0 to 1.
        corners: fewest and most corners of the curve between its two ends.
        gain_db: lowest and highest gain at a corner, dB.
    """

    probability: float = 0.5
    corners: tuple[int, int] = (2, 5)
    gain_db: tuple[float, float] = (-6.0, 6.0)

    def __post_init__(self) -> None:
        check_probability("filter_augment.probability", self.probability)
        check_span("filter_augment.corners", self.corners, 0, 100)
        check_span("filter_augment.gain_db", self.gain_db, -60, 60)


@dataclass(frozen=True)
class FilterCurve:
    """Straight lines between corners.

    Args:
        bands: mel band of each corner, rising; empty for no filter.
        gains_db: gain there, dB.
    """

    bands: tuple[int, ...] = ()
    gains_db: tuple[float, ...] = ()


def draw_filter_augment(rng: np.random.Generator, settings: FilterAugmentSettings, band_count: int) -> FilterCurve:
    """Draw the curve of one clip.

    Raises:
        SceneError: if there are not enough bands for the corners.
    """
    if settings.corners[1] > band_count - 2:
        raise SceneError(
            f"filter_augment.corners goes up to {settings.corners[1]}; {band_count} mel bands have room for "
            f"{max(band_count - 2, 0)}"
        )
    if rng.random() >= settings.probability:
        return FilterCurve()
    number = int(rng.integers(settings.corners[0], settings.corners[1] + 1))
    inner = np.sort(rng.choice(np.arange(1, band_count - 1), size=number, replace=False))
    gains = rng.uniform(*settings.gain_db, size=number + 2)
    return FilterCurve((0, *map(int, inner), band_count - 1), tuple(float(gain) for gain in gains))


def apply_filter_augment(features_db: torch.Tensor, curves: Sequence[FilterCurve]) -> torch.Tensor:
    """Add each clip's curve to its log-mel bands; labels stay as they are.

    All channels get the same curve, so level differences stay. Give it level channels only: an intensity or a
    coherence is a ratio, which a filter does not change.

    `features_db` is (B, C, T, F) in dB, with one curve per clip; the result is a new tensor.

    Source: Nam et al., "FilterAugment", ICASSP 2022 (the linear type).

    >>> curve = FilterCurve(bands=(0, 2), gains_db=(0.0, 4.0))
    >>> apply_filter_augment(torch.zeros(1, 1, 1, 3), [curve]).tolist()
    [[[[0.0, 2.0, 4.0]]]]
    """
    bands = np.arange(features_db.shape[3])
    gain = np.stack([np.interp(bands, c.bands, c.gains_db) if c.bands else np.zeros(len(bands)) for c in curves])
    return features_db + torch.from_numpy(gain).to(features_db)[:, None, None, :]
