"""Channel swap: left and right exchanged, and with them the sign of every azimuth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from whence.labels import Events
from whence.settings import check_probability


@dataclass(frozen=True)
class ChannelSwapSettings:
    """How often.

    Args:
        probability: share of clips swapped, 0 to 1.
    """

    probability: float = 0.5

    def __post_init__(self) -> None:
        check_probability("channel_swap.probability", self.probability)


def draw_channel_swap(rng: np.random.Generator, settings: ChannelSwapSettings) -> bool:
    """Draw whether a clip is swapped."""
    return bool(rng.random() < settings.probability)


def apply_channel_swap(
    audio: torch.Tensor, events: Sequence[Events], swapped: Sequence[bool]
) -> tuple[torch.Tensor, list[Events]]:
    """Exchange left and right of the marked clips, in sound and labels.

    The two cardioids mirror each other, so this is exact: the result is the clip of the mirrored room.

    `audio` is (clip, 2, sample); there is one table and one mark per clip.

    >>> events = Events.from_columns({"frame": [0], "class_index": [2], "azimuth_deg": [30.0]})
    >>> audio, (mirrored,) = apply_channel_swap(torch.tensor([[[1.0], [0.0]]]), [events], [True])
    >>> audio.tolist(), mirrored.azimuth_deg.tolist()
    ([[[0.0], [1.0]]], [-30.0])
    """
    mark = torch.tensor(list(swapped), device=audio.device)
    exchanged = torch.where(mark[:, None, None], audio.flip(1), audio) if any(swapped) else audio
    return exchanged, [table.mirrored() if mirror else table for table, mirror in zip(events, swapped, strict=True)]
