"""Augmentation of finished clips: what the settings of scenes do to events, done to a whole clip with its labels.

A recorded clip cannot be taken apart into its events, so all of them get one gain, one equalizer, one polarity and the
same silenced stretches. Room responses, moving sources and backgrounds are left out: a recording has its own.
"""

from dataclasses import dataclass

import numpy as np
import torch

from whence.labels import Events
from whence.scenes.scene import TimeMask
from whence.scenes.settings import SceneSettings
from whence.scenes.transforms.channel_swap import apply_channel_swap, draw_channel_swap
from whence.scenes.transforms.gain import draw_gain
from whence.scenes.transforms.multiband_eq import (
    HALF_WIDTH_SAMPLES,
    apply_multiband_eq,
    draw_multiband_eq,
    eq_curve,
)
from whence.scenes.transforms.polarity_inversion import draw_polarity_inversion
from whence.scenes.transforms.time_mask import apply_time_masks, draw_time_masks

# Names of the fields of `SceneSettings` that finished clips are augmented by.
CLIP_TRANSFORMS = ("gain", "polarity_inversion", "multiband_eq", "time_mask", "channel_swap", "scene_mixing")


@dataclass(frozen=True)
class ClipAugmentation:
    """What is done to one clip.

    Args:
        gain_db: of the whole clip.
        inverted: whether the waveform is negated.
        eq_db: gain of each band of the equalizer; empty for none.
        masks: silenced stretches. Labels stay, as scenes keep them through short pauses of an event.
        swapped: left and right exchanged, labels too.
    """

    gain_db: float = 0.0
    inverted: bool = False
    eq_db: tuple[float, ...] = ()
    masks: tuple[TimeMask, ...] = ()
    swapped: bool = False


def draw_clip_augmentation(rng: np.random.Generator, settings: SceneSettings, sample_count: int) -> ClipAugmentation:
    """Draw the augmentation of one clip from the settings of scenes.

    A recorded clip has a level of its own, so `gain` gives a difference: the range of `level_dbfs` around its middle.

    >>> drawn = draw_clip_augmentation(np.random.default_rng([1, 0, 0]), SceneSettings(), 120_000)
    >>> abs(drawn.gain_db) <= 10
    True
    """
    return ClipAugmentation(
        gain_db=draw_gain(rng, settings.gain) - sum(settings.gain.level_dbfs) / 2,
        inverted=draw_polarity_inversion(rng, settings.polarity_inversion),
        eq_db=draw_multiband_eq(rng, settings.multiband_eq),
        masks=draw_time_masks(rng, settings.time_mask, 0, sample_count),
        swapped=draw_channel_swap(rng, settings.channel_swap),
    )


def augment_clip(audio: torch.Tensor, events: Events, augmentation: ClipAugmentation) -> tuple[torch.Tensor, Events]:
    """Return another clip, (2, sample), and its labels; both channels are treated alike except for the swap.

    The result may exceed full scale.

    >>> events = Events.from_columns({"frame": [0], "class_index": [2], "azimuth_deg": [30.0]})
    >>> louder = ClipAugmentation(gain_db=6.0206, inverted=True, swapped=True)
    >>> audio, mirrored = augment_clip(torch.tensor([[0.25], [0.1]]), events, louder)
    >>> [round(value, 4) for value in audio[:, 0].tolist()], mirrored.azimuth_deg.tolist()
    ([-0.2, -0.5], [-30.0])
    """
    factor = 10 ** (augmentation.gain_db / 20) * (-1 if augmentation.inverted else 1)
    audio = audio * factor
    if augmentation.eq_db:
        audio = _equalized(audio, augmentation.eq_db)
    for channel in audio:
        apply_time_masks(channel, augmentation.masks, 0)
    swapped, (table,) = apply_channel_swap(audio[None], [events], [augmentation.swapped])
    return swapped[0], table


def _equalized(audio: torch.Tensor, eq_db: tuple[float, ...]) -> torch.Tensor:
    """Filter a clip with silence before and after it."""
    count = audio.shape[-1]
    # 15 times a power of two: five seconds and the two margins fit almost exactly.
    length = 15
    while length < count + 2 * HALF_WIDTH_SAMPLES:
        length *= 2
    spectrum = torch.fft.rfft(torch.nn.functional.pad(audio, (HALF_WIDTH_SAMPLES, 0)), length)
    apply_multiband_eq(spectrum, eq_curve(eq_db, length, audio.device))
    filtered: torch.Tensor = torch.fft.irfft(spectrum, length)
    return filtered[:, HALF_WIDTH_SAMPLES : HALF_WIDTH_SAMPLES + count]
