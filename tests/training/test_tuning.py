"""The choice of thresholds and smoothing for a system, with networks of given values."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from whence.inference import SystemFile
from whence.labels import STARSS23, Events
from whence.models.outputs import ACTIVITY, Classwise, detection, localization
from whence.training.tuning import tune_system
from whence.training.validation import ValidationClips

CLIPS, FRAMES, CLASSES = 8, 50, 13


class GivenValues:
    """A bundle that predicts given values for any clips."""

    def __init__(self, settings, values):
        self.coding, self._values = Classwise(settings), values

    def values(self, audio, *, swap=False):
        return self._values[: len(audio)]


@pytest.fixture(scope="module")
def scene():
    """A truth, a detector that is mostly right about it, and a localizer that always is."""
    rng = np.random.default_rng(1)
    active = rng.random((CLIPS, FRAMES, CLASSES)) < 0.2
    azimuth_deg, distance_m = rng.uniform(-80, 80, active.shape), rng.uniform(1, 3, active.shape)
    tables = []
    for clip in range(CLIPS):
        frame, class_index = np.nonzero(active[clip])
        columns = {"frame": frame, "class_index": class_index, "azimuth_deg": azimuth_deg[clip][frame, class_index]}
        tables.append(Events.from_columns({**columns, "distance_m": distance_m[clip][frame, class_index]}))
    audio = torch.zeros(CLIPS, 2, 2400)
    clips = ValidationClips(audio, tables, [f"fold3_room{n}_mix001" for n in range(CLIPS)], STARSS23)
    detected = np.full((CLIPS, FRAMES, 3, CLASSES), np.nan, np.float32)
    detected[:, :, ACTIVITY] = np.clip(0.3 * active + rng.normal(0.4, 0.2, active.shape), 0, 1)
    located = np.stack([np.full(active.shape, np.nan), azimuth_deg, distance_m], axis=2).astype(np.float32)
    return clips, [GivenValues(detection(), detected), GivenValues(localization(), located)]


def tuned(scene, **wanted):
    clips, bundles = scene
    return tune_system(
        SystemFile(("detector",), ("localizer",), classes=STARSS23.names), bundles, clips, **wanted
    ).system


def test_before_and_after_are_scores_of_the_same_clips(scene):
    clips, bundles = scene
    first = tune_system(SystemFile(("detector",), ("localizer",), classes=STARSS23.names), bundles, clips)
    # Whatever the file says of other clips is not what is compared.
    elsewhere = replace(first.system, validation={"f20": 0.99, "doae_deg": 1.0, "rde": 0.1})
    again = tune_system(elsewhere, bundles, clips)
    assert again.before == again.system.validation == first.system.validation
    assert first.before["f20"] < first.system.validation["f20"]


def test_caution_gives_up_no_more_than_it_may_and_raises_thresholds(scene):
    best, cautious = tuned(scene), tuned(scene, allowance=0.03)
    assert all(high >= low for high, low in zip(cautious.thresholds, best.thresholds, strict=True))
    assert sum(cautious.thresholds) > sum(best.thresholds) + 0.1
    assert best.validation["f20"] - 0.03 <= cautious.validation["f20"] < best.validation["f20"]


def test_smoothing_of_what_is_noise_from_frame_to_frame_is_not_chosen(scene):
    assert tuned(scene, smoothing=(1, 3, 7)).smoothing_frames == 1


def test_smoothing_is_chosen_where_flickers_are_wrong(scene):
    clips, (detector, localizer) = scene
    wrong = detector.values(clips.audio).copy()
    truth = [np.zeros((FRAMES, CLASSES), bool) for _ in range(CLIPS)]
    for table, grid in zip(clips.events, truth, strict=True):
        grid[table.frame, table.class_index] = True
    # Everything lasts a second, and the detector drops every tenth frame of it.
    wrong[:, :, ACTIVITY] = np.repeat(np.stack(truth)[:, ::10], 10, axis=1)
    events = []
    for grid in wrong[:, :, ACTIVITY]:
        frame, class_index = np.nonzero(grid)
        position = {"azimuth_deg": np.zeros(len(frame)), "distance_m": np.ones(len(frame))}
        events.append(Events.from_columns({"frame": frame, "class_index": class_index, **position}))
    wrong[:, 4::10, ACTIVITY] = 0
    located = np.nan_to_num(localizer.values(clips.audio)) * 0 + np.array([np.nan, 0, 1], np.float32)[:, None]
    lasting = ValidationClips(clips.audio, events, clips.names, clips.classes)
    chosen = tuned((lasting, [GivenValues(detection(), wrong), GivenValues(localization(), located)]), smoothing=(1, 3))
    assert chosen.smoothing_frames == 3
    assert chosen.validation["f20"] > 0.99
