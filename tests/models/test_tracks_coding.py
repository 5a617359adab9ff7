"""Tracks against brute force over assignments, and the choice among them by a detector."""

import itertools
import math

import numpy as np
import pytest
import torch
from event_tables import table, tables
from hypothesis import given, settings, strategies as st

from whence.errors import ModelError
from whence.models.outputs.tracks import Tracks, TracksSettings

FRAMES, CLASSES = 3, 2


clips = tables(FRAMES, CLASSES, [*(float(metre) for metre in range(1, 10)), math.nan])


def slow_loss(raw, target, conf):
    """Every assignment of sources to tracks, cell by cell."""
    count, total, cells = conf.track_count, 0.0, 0
    for frame, k in np.ndindex(FRAMES, CLASSES):
        parts = raw[0, frame].reshape(count, 3, CLASSES)[:, :, k]
        wanted = target[0, frame, :, :, k]
        ways = []
        for order in itertools.permutations(range(count)):
            cost = 0.0
            for track, source in enumerate(order):
                probability = 1 / (1 + math.exp(-parts[track, 0]))
                there, azimuth, distance = wanted[source]
                cost -= math.log(probability if there else 1 - probability)
                if there:
                    cost += 2.0 * (math.tanh(parts[track, 1]) - azimuth / 90) ** 2
                    metres = math.log(1 + math.exp(parts[track, 2]))
                    cost += 0.0 if math.isnan(distance) else 0.3 * (metres / distance - 1) ** 2
            ways.append(cost / count)
        total, cells = total + min(ways), cells + 1
    return total / cells


@settings(max_examples=30, deadline=None)
@given(events=clips, count=st.integers(1, 3))
def test_loss_equals_brute_force(events, count):
    conf = TracksSettings(CLASSES, count)
    coding = Tracks(conf)
    raw = np.random.default_rng([1, count, 0]).standard_normal((1, FRAMES, coding.output_size))
    target = coding.encode([events], FRAMES)
    found = coding.loss(torch.from_numpy(raw).float(), torch.from_numpy(target))
    assert found.item() == pytest.approx(slow_loss(raw, target, conf), rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(events=clips)
def test_the_order_of_rows_does_not_change_the_loss(events):
    coding = Tracks(TracksSettings(CLASSES, 3))
    raw = torch.randn(1, FRAMES, coding.output_size, generator=torch.Generator().manual_seed(1))
    few = events[np.array([row for row in range(events.row_count) if row < 3], dtype=int)]
    backwards = few[np.arange(few.row_count)[::-1]]
    losses = [coding.loss(raw, torch.from_numpy(coding.encode([rows], FRAMES))) for rows in (few, backwards)]
    torch.testing.assert_close(losses[0], losses[1])


def test_a_target_decodes_to_its_rows_and_further_sources_are_left_out():
    coding = Tracks(TracksSettings(CLASSES, 2))
    rows = [(0, 1, -40.0, 1.0), (0, 1, 40.0, 2.0), (0, 1, 0.0, 3.0), (2, 0, 10.0, 4.0)]
    decoded = coding.decode(coding.encode([table(rows)], FRAMES))[0]
    assert decoded.azimuth_deg.tolist() == [-40.0, 40.0, 10.0]
    assert decoded.source.tolist() == [0, 1, 0]
    assert decoded.distance_m.tolist() == [1.0, 2.0, 4.0]


def slow_merged(tracks, chosen, merge_deg):
    """The chosen tracks of one cell, from right to left: a neighbour that is close joins the group before it."""
    groups = []
    for index in sorted(np.flatnonzero(chosen), key=lambda index: tracks[index, 1]):
        if groups and tracks[index, 1] - tracks[groups[-1][-1], 1] < merge_deg:
            groups[-1].append(index)
        else:
            groups.append([index])
    found = {min(group): (tracks[group, 0].max(), *tracks[group, 1:].mean(axis=0)) for group in groups}
    return [found[index] for index in sorted(found)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(1, 3))
def test_merging_equals_the_loop_and_merges_nothing_twice(seed, count):
    coding = Tracks(TracksSettings(CLASSES, count))
    rng = np.random.default_rng(seed)
    values = rng.uniform([0.1, -30, 1], [1, 30, 4], (2, FRAMES, count, CLASSES, 3)).astype(np.float32)
    values, chosen = values.swapaxes(3, 4), rng.random((2, FRAMES, count, CLASSES)) < 0.7
    merged = coding.merged(values, chosen)
    for cell in np.ndindex(2, FRAMES, CLASSES):
        clip, frame, k = cell
        expected = slow_merged(values[clip, frame, :, :, k], chosen[clip, frame, :, k], 15.0)
        found = merged[clip, frame, :, :, k]
        np.testing.assert_allclose(found[found[:, 0] > 0], np.array(expected).reshape(-1, 3), rtol=1e-5)
    np.testing.assert_array_equal(coding.merged(merged, merged[:, :, :, 0] > 0), merged)


def test_mirrored_tracks_merge_to_mirrored_sources():
    coding = Tracks(TracksSettings(1, 3))
    values = np.array([[0.9, 10, 1], [0.8, 20, 3], [0.7, -40, 2]], np.float32).reshape(1, 1, 3, 3, 1)
    chosen = np.ones((1, 1, 3, 1), bool)
    merged = coding.merged(values, chosen)
    assert merged[0, 0, :, :, 0].tolist() == [pytest.approx([0.9, 15, 2]), [0, 20, 3], pytest.approx([0.7, -40, 2])]
    np.testing.assert_array_equal(coding.merged(coding.mirror(values), chosen), coding.mirror(merged))


def test_averaging_ignores_the_order_of_tracks():
    coding = Tracks(TracksSettings(CLASSES, 2))
    raw = np.random.default_rng([3, 0, 0]).standard_normal((2, FRAMES, coding.output_size)).astype(np.float32)
    values = coding.activate(raw)
    np.testing.assert_allclose(coding.average([values, values[:, :, ::-1].copy()]), values, rtol=1e-5)
    tensor = torch.from_numpy(values)
    torch.testing.assert_close(coding.average([tensor, tensor.flip(2)]), tensor)


def test_a_position_that_only_one_finds_is_its_own():
    coding = Tracks(TracksSettings(1, 2))
    both = np.array([[0.8, 30, 2], [0.6, -40, 1]], np.float32).reshape(1, 1, 2, 3, 1)
    one = np.array([[0.0, 80, 5], [0.6, -50, 3]], np.float32).reshape(1, 1, 2, 3, 1)
    averaged = coding.average([both, one])
    np.testing.assert_allclose(averaged[0, 0, :, :, 0], [[0.4, 30, 2], [0.6, -45, 2]], rtol=1e-4)
    np.testing.assert_allclose(coding.average([both * [[0], [1], [1]], one * [[0], [1], [1]]])[0, 0, 0, 1, 0], 55)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ModelError, match="track_count 1 to 3"):
        TracksSettings(track_count=4)
    with pytest.raises(ModelError, match=r"merge_deg is 200; it must lie in 0\.\.180"):
        TracksSettings(merge_deg=200)
    with pytest.raises(ModelError, match="weights cannot be negative"):
        TracksSettings(presence_weight=-1.0)
