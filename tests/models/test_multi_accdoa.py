"""ADPIT against brute force over permutations; targets and decoding against the per-frame Python definitions."""

import itertools
import math

import numpy as np
import pytest
import torch
from event_tables import table, tables
from hypothesis import given, settings, strategies as st

from whence.errors import ModelError
from whence.labels import fold_to_front
from whence.models.outputs.multi_accdoa import PERMUTATIONS, MultiAccdoa, MultiAccdoaSettings

FRAMES, CLASSES = 4, 3
CODING = MultiAccdoa(MultiAccdoaSettings(CLASSES))


clips = st.lists(tables(FRAMES, CLASSES, [float(metre) for metre in range(1, 10)], 24), min_size=1, max_size=2)


def sources_by_cell(tables):
    """(clip, frame, class) -> its first three sources as (x, y, distance)."""
    cells = {}
    for clip, events in enumerate(tables):
        for row in range(events.row_count):
            radians = math.radians(events.azimuth_deg[row])
            cell = cells.setdefault((clip, int(events.frame[row]), int(events.class_index[row])), [])
            cell.append((math.cos(radians), math.sin(radians), events.distance_m[row]))
    return {cell: sources[:3] for cell, sources in cells.items() if cell[1] < FRAMES}


def slow_encode(tables):
    """Dummy track 0 for a single source, 1-2 for a pair, 3-5 for three."""
    target = np.zeros((len(tables), FRAMES, 6, 4, CLASSES), np.float32)
    for (clip, frame, k), sources in sources_by_cell(tables).items():
        first = {1: 0, 2: 1, 3: 3}[len(sources)]
        for number, (x, y, distance) in enumerate(sources):
            target[clip, frame, first + number, :, k] = 1, x, y, distance
    return target


def slow_adpit(raw, tables):
    """For each cell, every way of giving three tracks to its sources, each at least one; the cheapest counts."""
    cells, total = sources_by_cell(tables), 0.0
    for clip, frame, k in np.ndindex(raw.shape[0], FRAMES, CLASSES):
        estimate = raw[clip, frame].reshape(3, 3, CLASSES)[:, :, k]
        estimate = np.stack([np.tanh(estimate[:, 0]), np.tanh(estimate[:, 1]), np.maximum(estimate[:, 2], 0)], 1)
        sources = cells.get((clip, frame, k), [(0.0, 0.0, 0.0)])
        ways = [w for w in itertools.product(range(len(sources)), repeat=3) if set(w) == set(range(len(sources)))]
        total += min(np.mean((estimate - np.array([sources[i] for i in way])) ** 2) for way in ways)
    return total / (raw.shape[0] * FRAMES * CLASSES)


def slow_decode(values, merge_deg=15.0, threshold=0.5):
    """The rule frame by frame, class by class, in Python: (frame, class, azimuth, distance, length) rows."""
    rows = []
    for frame in range(values.shape[0]):
        for k in range(values.shape[3]):
            tracks = [values[frame, n, :, k] for n in range(3)]
            active = [np.sqrt(t[0] ** 2 + t[1] ** 2) > threshold for t in tracks]
            similar = []
            for a, b in ((0, 1), (1, 2), (2, 0)):
                u, v = (tracks[i][:2] / np.sqrt(tracks[i][0] ** 2 + tracks[i][1] ** 2 + 1e-10) for i in (a, b))
                apart = np.arccos(np.clip(u[0] * v[0] + u[1] * v[1], -1, 1)) * 180 / np.pi
                similar.append(bool(active[a] and active[b] and apart < merge_deg))
            if sum(similar) == 0:
                found = [t for t, is_active in zip(tracks, active, strict=True) if is_active]
            elif sum(similar) == 1:
                a, b, c = ((0, 1, 2), (1, 2, 0), (2, 0, 1))[similar.index(True)]
                found = [tracks[c]] * bool(active[c]) + [(tracks[a] + tracks[b]) / 2]
            else:
                found = [(tracks[0] + tracks[1] + tracks[2]) / 3]
            for x, y, d in found:
                rows.append((frame, k, float(np.arctan2(y, x) * 180 / np.pi), float(d), float(np.sqrt(x**2 + y**2))))
    return rows


def crowded_values(clip_count, frames, classes, seed=0):
    """Values with every branch of the merging rule: silent, single, near and far tracks."""
    rng = np.random.default_rng([5, clip_count, seed])
    shape = (clip_count, frames, 3, classes)
    azimuth = np.radians(rng.uniform(-180, 180, (clip_count, frames, 1, classes)) + rng.normal(0, 12, shape))
    length = rng.choice([0.0, 0.3, 0.499, 0.501, 0.8, 1.0], shape)
    values = np.stack([length * np.cos(azimuth), length * np.sin(azimuth), rng.uniform(0, 5, shape)], axis=3)
    return values.astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(tables=clips)
def test_encode_equals_the_loop(tables):
    np.testing.assert_allclose(CODING.encode(tables, FRAMES), slow_encode(tables), atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(tables=clips)
def test_adpit_equals_brute_force_over_permutations(tables):
    raw = np.random.default_rng([1, len(tables), 0]).standard_normal((len(tables), FRAMES, CODING.output_size))
    target = torch.from_numpy(CODING.encode(tables, FRAMES))
    found = CODING.loss(torch.from_numpy(raw).float(), target)
    assert float(found) == pytest.approx(slow_adpit(raw, tables), rel=1e-5)


def test_there_are_thirteen_permutations_each_using_every_source():
    assert len({tuple(p) for p in PERMUTATIONS}) == 13
    assert [set(p.tolist()) for p in PERMUTATIONS] == [{0}] + [{1, 2}] * 6 + [{3, 4, 5}] * 6


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_perfect_output_in_any_order_costs_nothing(count):
    rows = [(0, 1, azimuth, distance) for azimuth, distance in [(-60.0, 1.0), (0.0, 2.0), (70.0, 3.0)][:count]]
    target = CODING.encode([table(rows)], 1)
    sources = [target[0, 0, i, 1:, 1] for i in range(6) if target[0, 0, i, 0, 1]] or [np.zeros(3, np.float32)]
    for way in itertools.product(range(len(sources)), repeat=3):
        if set(way) != set(range(len(sources))):
            continue
        values = np.zeros((1, 1, 3, 3, CLASSES), np.float32)
        values[0, 0, :, :, 1] = [sources[i] for i in way]
        # The inverse of tanh reaches 1 only at infinity, hence the small remainder.
        inside = np.clip(values[:, :, :, :2], -0.99999, 0.99999)
        raw = np.concatenate([np.arctanh(inside), values[:, :, :, 2:]], axis=3).reshape(1, 1, -1)
        assert float(CODING.loss(torch.from_numpy(raw), torch.from_numpy(target))) < 1e-9


def test_the_gradient_flows_through_the_cheapest_permutation_only():
    target = torch.from_numpy(CODING.encode([table([(0, 0, -50.0, 1.0), (0, 0, 50.0, 2.0)])], 1))
    raw = torch.randn(1, 1, CODING.output_size, generator=torch.Generator().manual_seed(1)).requires_grad_()
    CODING.loss(raw, target).backward()
    step = raw.detach() - 0.01 * raw.grad
    assert CODING.loss(step, target) < CODING.loss(raw, target)


def test_unknown_distances_cost_nothing_and_have_no_gradient():
    target = torch.from_numpy(CODING.encode([table([(0, 0, 20.0, math.nan)])], 1))
    raw = torch.full((1, 1, CODING.output_size), 0.3, requires_grad=True)
    loss = CODING.loss(raw, target)
    loss.backward()
    gradient = raw.grad.reshape(3, 3, CLASSES)
    assert math.isfinite(loss.item())
    assert gradient[:, 2, 0].tolist() == [0.0] * 3
    assert bool(torch.isfinite(gradient).all())


@pytest.mark.parametrize("seed", range(4))
def test_official_decoding_equals_the_definition_row_by_row(seed):
    values = crowded_values(2, 50, 13, seed)
    coding = MultiAccdoa(MultiAccdoaSettings(official_rows=True))
    for clip, events in enumerate(coding.decode(values)):
        expected = slow_decode(values[clip])
        assert events.row_count == len(expected)
        found = zip(events.frame, events.class_index, events.azimuth_deg, events.distance_m, strict=True)
        for got, wanted in zip(found, expected, strict=True):
            assert got[:2] == wanted[:2]
            assert got[2:] == pytest.approx(wanted[2:4], abs=2e-5)
            # At a tie the last bit of the arc tangent decides, which differs between processors.
            assert round(got[2]) == round(wanted[2]) or abs(abs(wanted[2]) % 1 - 0.5) < 1e-4
            assert round(got[3] * 100) == round(wanted[3] * 100)
        assert (events.source == 0).all()


def test_plain_rows_are_folded_and_numbered_and_otherwise_the_official_ones():
    values = crowded_values(1, 50, 13)
    official = MultiAccdoa(MultiAccdoaSettings(official_rows=True)).decode(values)[0]
    plain = MultiAccdoa().decode(values)[0]
    np.testing.assert_array_equal(plain.azimuth_deg, fold_to_front(official.azimuth_deg))
    np.testing.assert_array_equal(plain.distance_m, official.distance_m)
    cells = list(zip(plain.frame, plain.class_index, plain.source, strict=True))
    assert len(set(cells)) == len(cells)
    assert np.abs(official.azimuth_deg).max() > 90


def hand_made(*tracks):
    """One frame and class with the given (azimuth_deg, length, distance) tracks."""
    values = np.zeros((1, 1, 3, 3, 1), np.float32)
    for number, (azimuth, length, distance) in enumerate(tracks):
        radians = math.radians(azimuth)
        values[0, 0, number, :, 0] = length * math.cos(radians), length * math.sin(radians), distance
    events = MultiAccdoa(MultiAccdoaSettings(1)).decode(values)[0]
    return [(round(a), round(d, 3)) for a, d in zip(events.azimuth_deg, events.distance_m, strict=True)]


def test_hand_made_merges():
    assert hand_made((10, 1, 1.0), (20, 1, 3.0), (0, 0, 9.0)) == [(15, 2.0)]
    assert hand_made((10, 1, 1.0), (26, 1, 3.0), (0, 0, 9.0)) == [(10, 1.0), (26, 3.0)]
    assert hand_made((10, 1, 1.0), (20, 1, 3.0), (80, 1, 5.0)) == [(80, 5.0), (15, 2.0)]
    assert hand_made((0, 1, 1.0), (10, 1, 2.0), (20, 1, 3.0)) == [(10, 2.0)]
    assert hand_made((0, 0.5, 1.0), (10, 0.4, 2.0)) == []


def test_mirroring_the_labels_mirrors_the_target():
    events = table([(0, 0, 30.0, 1.0), (1, 2, -45.0, 2.0), (1, 2, 10.0, 3.0)])
    mirrored, target = CODING.encode([events.mirrored()], FRAMES), CODING.encode([events], FRAMES)
    np.testing.assert_array_equal(mirrored[:, :, :, [0, 1, 3]], target[:, :, :, [0, 1, 3]])
    np.testing.assert_array_equal(mirrored[:, :, :, 2], -target[:, :, :, 2])


def test_averaging_ignores_the_order_of_tracks():
    values = crowded_values(2, 5, CLASSES)
    np.testing.assert_allclose(CODING.average([values, values[:, :, [2, 0, 1]]]), values, atol=1e-6)
    tensors = [torch.from_numpy(values), torch.from_numpy(values[:, :, [1, 0, 2]])]
    torch.testing.assert_close(CODING.average(tensors), tensors[0])


def test_settings_out_of_range_are_refused():
    for change in ({"class_count": 0}, {"merge_deg": -1.0}, {"threshold": 1.5}):
        with pytest.raises(ModelError, match="multi_accdoa: class_count from 1"):
            MultiAccdoaSettings(**change)
    with pytest.raises(ModelError, match="multi_accdoa: distance is 'log'; it must be relu or softplus"):
        MultiAccdoaSettings(distance="log")
