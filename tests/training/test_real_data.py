"""Recorded training data and mixed data: the same clips for any number of processes, in the share asked for."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from training_runs import dry_room, noise_scenes, noise_sounds

from whence.corpora import AudioFrameDataset, StereoWindows, list_clips, list_recordings
from whence.errors import TrainingError
from whence.scenes import SceneSettings, SceneStream
from whence.scenes.transforms import SceneMixingSettings
from whence.training import ClipData, MixedData, RecordingData, SceneData

MIXED_IN_PAIRS = SceneSettings(scene_mixing=SceneMixingSettings(probability=0.5))


def scene_data(duration_s=5.0):
    settings = replace(noise_scenes(), duration_s=duration_s)
    return SceneData(SceneStream(1, settings, noise_sounds(1), dry_room(), 1, 1))


@pytest.fixture(scope="module")
def clips(stereo_set):
    return AudioFrameDataset(list_clips(stereo_set))


@pytest.fixture(scope="module")
def windows(starss_folder):
    return StereoWindows(list_recordings(starss_folder, "dev-train-*"))


@pytest.fixture(params=["clips", "clips augmented", "recordings", "recordings augmented", "mixed"])
def data(request, clips, windows):
    """Every kind of recorded training data."""
    return {
        "clips": lambda: ClipData(clips, 1),
        "clips augmented": lambda: ClipData(clips, 1, MIXED_IN_PAIRS),
        "recordings": lambda: RecordingData(windows, 1),
        "recordings augmented": lambda: RecordingData(windows, 1, MIXED_IN_PAIRS),
        "mixed": lambda: MixedData(RecordingData(windows, 1, MIXED_IN_PAIRS), scene_data()).with_share(0.5),
    }[request.param]()


def assert_equal(one, other):
    assert torch.equal(one.audio, other.audio)
    assert list(one.names) == list(other.names)
    assert list(one.numbers) == list(other.numbers)
    for mine, theirs in zip(one.events, other.events, strict=True):
        for name, column in mine.to_columns().items():
            assert np.array_equal(column, theirs.to_columns()[name], equal_nan=True), name


def test_a_batch_is_the_same_by_any_worker_at_any_time(data):
    whole = list(data.batches(range(4), 4, 2, 0))
    for made in (
        data.batches(range(4), 4, 2, 2),
        [*data.batches(range(2), 4, 2, 1), *data.batches(range(2, 4), 4, 2, 0)],
    ):
        for one, other in zip(whole, made, strict=True):
            assert_equal(one, other)


def test_two_processes_of_a_training_share_the_clips_of_one(data):
    (whole,) = data.batches(range(1, 2), 4, 2, 0)
    halves = [next(iter(data.batches(range(number, number + 1), 2, 4, 0))) for number in (2, 3)]
    assert torch.equal(torch.cat([half.audio for half in halves]), whole.audio)
    assert [name for half in halves for name in half.names] == list(whole.names)


def test_labels_of_both_clips_are_in_a_mixed_one(clips):
    data = ClipData(clips, 1, SceneSettings(scene_mixing=SceneMixingSettings(probability=1.0)))
    examples = data.examples(range(12))
    assert {len(example.events.frame) for example in examples} == {20}
    assert all(" + " in example.name for example in examples)
    assert all(float(example.audio.abs().max()) <= 0.99 for example in examples)


def test_every_clip_comes_once_in_each_round_whatever_the_share(clips):
    mixed = MixedData(ClipData(clips, 1), scene_data()).with_share(0.25)
    names = [name for batch in mixed.batches(range(6), 4, 3, 0) for name in batch.names]
    recorded = [name for name in names if name.startswith("fold3")]
    assert (len(names), len(recorded)) == (24, 6)
    assert len(set(recorded)) == 6


@pytest.mark.parametrize(("share", "counts"), [(0.5, {4}), (0.3, {2, 3}), (0.01, {0, 1}), (0.95, {7, 8})])
def test_every_batch_has_its_share_of_recorded_clips(share, counts, clips):
    mixed = MixedData(ClipData(clips, 1), scene_data()).with_share(share)
    found = {sum(name.startswith("fold3") for name in batch.names) for batch in mixed.batches(range(3), 8, 3, 0)}
    assert found <= counts


def test_scenes_of_a_mixed_batch_are_those_of_scenes_alone(clips):
    scenes = scene_data()
    (alone,) = scenes.batches(range(3, 4), 4, 2, 0)
    (mixed,) = MixedData(ClipData(clips, 1), scenes).with_share(0.5).batches(range(3, 4), 4, 2, 0)
    same = [place for place in range(4) if mixed.names[place] == alone.names[place]]
    assert len(same) == 2
    for place in same:
        assert torch.equal(mixed.audio[place], alone.audio[place])


def test_a_share_of_nothing_or_all_is_one_kind_of_data(clips):
    real, scenes = ClipData(clips, 1), scene_data()
    assert MixedData(real, scenes).with_share(0) is scenes
    assert MixedData(real, scenes).with_share(1.0) is real


def test_scenes_of_another_length_are_refused(clips):
    with pytest.raises(TrainingError, match=r"recipe.scenes.duration_s is 1.0; .* it must be 5.0"):
        MixedData(ClipData(clips, 1), scene_data(1.0))
