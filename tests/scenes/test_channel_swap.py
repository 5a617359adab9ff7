"""Channel swap, sound and labels together."""

import numpy as np
import pytest
import torch

from whence.labels import Events
from whence.scenes.transforms.channel_swap import ChannelSwapSettings, apply_channel_swap, draw_channel_swap

EVENTS = Events.from_columns(
    {"frame": [0, 1], "class_index": [2, 3], "azimuth_deg": [30.0, -12.5], "distance_m": [1, 2]}
)


def test_marked_clips_are_exchanged_and_others_left():
    audio = torch.randn(3, 2, 5, generator=torch.Generator().manual_seed(0))
    found, tables = apply_channel_swap(audio, [EVENTS] * 3, [True, False, True])
    assert torch.equal(found, torch.stack([audio[0].flip(0), audio[1], audio[2].flip(0)]))
    assert [table.azimuth_deg.tolist() for table in tables] == [[-30.0, 12.5], [30.0, -12.5], [-30.0, 12.5]]
    assert tables[0].distance_m.tolist() == [1, 2]


def test_twice_is_not_at_all():
    audio = torch.randn(1, 2, 5, generator=torch.Generator().manual_seed(0))
    again = apply_channel_swap(*apply_channel_swap(audio, [EVENTS], [True]), [True])
    assert torch.equal(again[0], audio)
    assert again[1] == [EVENTS]


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_swaps_are_as_frequent_as_asked(probability):
    rng = np.random.default_rng(0)
    drawn = [draw_channel_swap(rng, ChannelSwapSettings(probability)) for _ in range(1_000)]
    assert np.mean(drawn) == pytest.approx(probability, abs=0.05)
