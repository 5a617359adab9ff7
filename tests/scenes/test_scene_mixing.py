"""Two clips in one."""

import numpy as np
import pytest
import torch

from whence.labels import Events
from whence.scenes.transforms.scene_mixing import SceneMixingSettings, apply_scene_mixing, draw_scene_mixing

ONE = Events.from_columns({"frame": [0, 1], "class_index": [2, 2], "source": [0, 3], "azimuth_deg": [10.0, 20.0]})
OTHER = Events.from_columns(
    {"frame": [1], "class_index": [2], "source": [0], "azimuth_deg": [-50.0], "distance_m": [2.0]}
)


def test_sounds_add_and_labels_unite():
    first, second = torch.randn(2, 2, 40, generator=torch.Generator().manual_seed(0))
    audio, events = apply_scene_mixing(first, ONE, second, OTHER, -20.0)
    np.testing.assert_allclose(audio.numpy(), (first + 0.1 * second).numpy(), atol=1e-7)
    assert events.frame.tolist() == [0, 1, 1]
    assert events.source.tolist() == [0, 3, 4]
    assert events.azimuth_deg.tolist() == [10.0, 20.0, -50.0]
    assert events.distance_m[2] == 2.0
    assert np.isnan(events.distance_m[0])


@pytest.mark.parametrize(
    ("one", "other"), [(Events.empty(), ONE), (ONE, Events.empty()), (Events.empty(), Events.empty())]
)
def test_silence_adds_no_rows(one, other):
    _, events = apply_scene_mixing(torch.zeros(2, 4), one, torch.zeros(2, 4), other, 0.0)
    assert events == (one if one else other)


def test_no_two_sources_of_a_frame_and_class_share_a_number():
    _, events = apply_scene_mixing(torch.zeros(2, 4), ONE, torch.zeros(2, 4), ONE, 0.0)
    keys = list(zip(events.frame.tolist(), events.class_index.tolist(), events.source.tolist(), strict=True))
    assert len(set(keys)) == len(keys) == 4


def test_gains_are_drawn_as_often_and_in_the_range_asked():
    rng = np.random.default_rng(0)
    drawn = [draw_scene_mixing(rng, SceneMixingSettings(0.4, (-3.0, 2.0))) for _ in range(500)]
    used = [gain for gain in drawn if gain is not None]
    assert 0.32 < len(used) / 500 < 0.48
    assert -3 <= min(used) < -2.8
    assert 1.8 < max(used) <= 2
