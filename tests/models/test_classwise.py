"""Classwise targets, losses and decoding against loops, and what each element means."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from event_tables import table, tables
from hypothesis import given, settings, strategies as st

from whence.errors import ModelError
from whence.models.outputs.classwise import (
    Classwise,
    ClasswiseSettings,
    detection,
    localization,
    mean_squared_localization,
)
from whence.models.outputs.distance import DistanceScale

FRAMES, CLASSES = 6, 4


DISTANCES_M = [*(float(metre) for metre in range(1, 10)), math.nan]
clips = st.lists(tables(FRAMES + 1, CLASSES, DISTANCES_M), min_size=1, max_size=3)


def slow_encode(tables, same_class):
    """Row by row, keeping the nearest or the last."""
    target = np.zeros((len(tables), FRAMES, 3, CLASSES), np.float32)
    for clip, events in enumerate(tables):
        for row in range(events.row_count):
            frame, k = events.frame[row], events.class_index[row]
            if frame >= FRAMES:
                continue
            new, old = events.distance_m[row], target[clip, frame, 2, k]
            taken = target[clip, frame, 0, k] == 1
            if same_class == "nearest" and taken and not math.isnan(old) and (math.isnan(new) or old < new):
                continue
            target[clip, frame, :, k] = 1, events.azimuth_deg[row], new
    return target


@settings(max_examples=60, deadline=None)
@given(tables=clips, same_class=st.sampled_from(["nearest", "last"]))
def test_encode_equals_the_loop(tables, same_class):
    coding = Classwise(ClasswiseSettings(CLASSES, same_class=same_class))
    np.testing.assert_array_equal(coding.encode(tables, FRAMES), slow_encode(tables, same_class))


@settings(max_examples=40, deadline=None)
@given(tables=clips)
def test_decoding_a_target_gives_one_row_per_active_cell(tables):
    coding = Classwise(ClasswiseSettings(CLASSES, same_class="last"))
    target = coding.encode(tables, FRAMES)
    decoded = coding.decode(target)
    assert len(decoded) == len(tables)
    np.testing.assert_array_equal(coding.encode(decoded, FRAMES), target)


def slow_loss(raw, target, conf):
    """Cell by cell from the formulas of the settings' docstring."""
    cross_entropy, direction, distance, active_cells = [], 0.0, 0.0, 0
    for b, frame, k in np.ndindex(raw.shape[0], raw.shape[1], conf.class_count):
        cell = list(raw[b, frame].reshape(-1, conf.class_count)[:, k])
        active, azimuth, metres = target[b, frame, :, k]
        if conf.activity:
            probability = 1 / (1 + math.exp(-cell.pop(0)))
            cross_entropy.append(-math.log(probability if active else 1 - probability))
        if not active:
            continue
        active_cells += 1
        power = 1 if conf.direction_absolute else 2
        if conf.azimuth and conf.direction == "azimuth":
            direction += abs(math.tanh(cell.pop(0)) - azimuth / 90) ** power
        elif conf.azimuth:
            x, y = math.tanh(cell.pop(0)), math.tanh(cell.pop(0))
            off = (x - math.cos(math.radians(azimuth)), y - math.sin(math.radians(azimuth)))
            direction += sum(abs(part) ** power for part in off) / 2
        if conf.distance and not math.isnan(metres):
            estimate = math.log(1 + math.exp(cell.pop(0)))
            distance += (estimate / metres - 1) ** 2
    count = max(active_cells, 1)
    total = conf.activity_weight * np.mean(cross_entropy) if conf.activity else 0.0
    return total + conf.direction_weight * direction / count + conf.distance_weight * distance / count


@settings(max_examples=25, deadline=None)
@given(tables=clips, conf=st.sampled_from(["all", "detection", "localization", "vector", "size", "vector size"]))
def test_loss_equals_the_loop(tables, conf):
    made = {
        "all": ClasswiseSettings(CLASSES),
        "detection": detection(CLASSES),
        "localization": localization(CLASSES),
        "vector": ClasswiseSettings(CLASSES, direction="vector"),
        "size": ClasswiseSettings(CLASSES, direction_absolute=True),
        "vector size": ClasswiseSettings(CLASSES, direction="vector", direction_absolute=True),
    }[conf]
    coding = Classwise(made)
    target = coding.encode(tables, FRAMES)
    raw = np.random.default_rng([1, len(tables), 0]).standard_normal((len(tables), FRAMES, coding.output_size))
    found = coding.loss(torch.from_numpy(raw).float(), torch.from_numpy(target))
    assert float(found) == pytest.approx(slow_loss(raw, target, made), rel=1e-4, abs=1e-6)


def slow_mean_squared(raw, target, everywhere):
    """The mean of squared differences, number by number: azimuth in units of 90 degrees, distance in metres."""
    squares = []
    for clip, frame, k in np.ndindex(target.shape[0], target.shape[1], target.shape[3]):
        active, azimuth, metres = target[clip, frame, :, k]
        if active or everywhere:
            squares.append((math.tanh(raw[clip, frame, k]) - azimuth / 90) ** 2)
            estimate = math.log(1 + math.exp(raw[clip, frame, CLASSES + k]))
            squares.append(0.0 if math.isnan(metres) else (estimate - metres) ** 2)
    return sum(squares) / max(len(squares), 1)


@settings(max_examples=25, deadline=None)
@given(tables=clips, cells=st.sampled_from(["active", "all"]))
def test_the_loss_of_the_report_is_the_mean_squared_error_in_both_readings(tables, cells):
    coding = Classwise(replace(mean_squared_localization(CLASSES), cells=cells))
    target = coding.encode(tables, FRAMES)
    raw = np.random.default_rng([4, len(tables), 0]).standard_normal((len(tables), FRAMES, coding.output_size))
    found = coding.loss(torch.from_numpy(raw).float(), torch.from_numpy(target))
    assert float(found) == pytest.approx(slow_mean_squared(raw, target, cells == "all"), rel=1e-4, abs=1e-6)


def test_over_all_cells_a_silent_cell_has_no_direction():
    scale = DistanceScale(relative=False)
    coding = Classwise(ClasswiseSettings(1, activity=False, direction="vector", scale=scale, cells="all"))
    target = torch.from_numpy(coding.encode([table([])], 1))
    parts = coding.loss_parts(torch.zeros(1, 1, 3), target)
    assert (parts["direction"].item(), parts["distance"].item()) == pytest.approx((0.0, 0.3 * math.log(2) ** 2))


def test_output_sizes_are_those_of_the_papers():
    assert Classwise(detection()).output_size == 13
    assert Classwise(localization()).output_size == 26
    assert Classwise().output_size == 39
    assert Classwise(ClasswiseSettings(direction="vector")).output_size == 52


def test_values_stay_in_their_physical_ranges():
    raw = np.random.default_rng([2, 0, 0]).standard_normal((2, 3, 52)).astype(np.float32) * 3
    for conf in (ClasswiseSettings(direction="vector"), ClasswiseSettings(), detection(), localization()):
        coding = Classwise(conf)
        part = raw[:, :, : coding.output_size]
        values = coding.activate(part)
        assert values.shape == (2, 3, 3, 13)
        if conf.activity:
            assert values[:, :, 0].min() >= 0
            assert values[:, :, 0].max() <= 1
        if conf.azimuth:
            assert np.abs(values[:, :, 1]).max() <= 90
        if conf.distance:
            assert values[:, :, 2].min() >= 0
    assert np.isnan(Classwise(detection()).activate(raw[:, :, :13])[:, :, 1:]).all()


def test_a_vector_pointing_back_keeps_its_side():
    coding = Classwise(ClasswiseSettings(1, direction="vector"))
    raw = np.array([[[9.0, -0.2, 5.0, 1.0]]], np.float32)
    assert 78 < coding.activate(raw)[0, 0, 1, 0] < 90


def test_thresholds_are_per_class_and_strict():
    values = np.zeros((1, 1, 3, 3), np.float32)
    values[0, 0, 0] = [0.5, 0.6, 0.4]
    coding = Classwise(ClasswiseSettings(3))
    assert coding.decode(values)[0].class_index.tolist() == [1]
    assert coding.decode(values, 0.3)[0].class_index.tolist() == [0, 1, 2]
    assert coding.decode(values, [0.4, 0.7, 0.3])[0].class_index.tolist() == [0, 2]
    assert coding.decode(values, 0.3)[0].score.tolist() == pytest.approx([0.5, 0.6, 0.4])
    with pytest.raises(ModelError, match=r"thresholds of shape \(2,\); give one number or 3"):
        coding.decode(values, [0.1, 0.2])


def test_a_detector_alone_gives_no_distance():
    coding = Classwise(detection(2))
    events = coding.decode(coding.activate(np.array([[[5.0, -5.0]]], np.float32)))[0]
    assert (events.class_index.tolist(), events.azimuth_deg.tolist()) == ([0], [0.0])
    assert np.isnan(events.distance_m).all()


def test_a_localizer_alone_cannot_be_decoded():
    coding = Classwise(localization(2))
    values = coding.activate(np.zeros((1, 1, 4), np.float32))
    with pytest.raises(ModelError, match="join them with a detector's activity"):
        coding.decode(values)
    values[:, :, 0] = 0.9
    assert coding.decode(values)[0].row_count == 2


def test_decoded_clips_can_be_scored_by_name():
    values = np.zeros((3, 2, 3, 2), np.float32)
    values[0, 1, 0, 1] = values[2, 0, 0, 0] = 1
    found = Classwise(ClasswiseSettings(2)).decode_clips(values, ["a", "b", "c"])
    assert [found[name].row_count for name in found] == [1, 0, 1]
    assert found["a"].frame.tolist() == [1]


def test_unknown_distances_have_no_gradient_and_no_nan():
    coding = Classwise(ClasswiseSettings(1))
    target = torch.from_numpy(coding.encode([table([(0, 0, 10.0, math.nan)])], 1))
    raw = torch.zeros(1, 1, 3, requires_grad=True)
    coding.loss(raw, target).backward()
    assert raw.grad[0, 0, 2] == 0
    assert bool(torch.isfinite(raw.grad).all())


def test_a_batch_of_silence_has_a_finite_loss():
    coding = Classwise(localization(2))
    raw = torch.randn(1, 3, 4, requires_grad=True)
    loss = coding.loss(raw, torch.from_numpy(coding.encode([table([])], 3)))
    loss.backward()
    assert (loss.item(), raw.grad.abs().max().item()) == (0.0, 0.0)


def test_a_class_beyond_the_list_is_named():
    with pytest.raises(ModelError, match=r"class 7 in the labels; this coding has 0\.\.1"):
        Classwise(ClasswiseSettings(2)).encode([table([(0, 7, 0.0, 1.0)])], 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activity": False, "azimuth": False, "distance": False}, "at least one class and one of"),
        ({"class_count": 0}, "at least one class"),
        ({"direction": "angle"}, "direction is 'angle'"),
        ({"same_class": "first"}, "same_class is 'first'"),
        ({"cells": "some"}, "cells is 'some'"),
        ({"cells": "all"}, "set scale.relative to false"),
        ({"distance_weight": -1.0}, "weights cannot be negative"),
    ],
)
def test_settings_out_of_range_are_refused(change, message):
    with pytest.raises(ModelError, match=message):
        ClasswiseSettings(**change)


def test_losses_are_float32_for_bfloat16_output():
    coding = Classwise(ClasswiseSettings(1, scale=DistanceScale("log")))
    target = torch.from_numpy(coding.encode([table([(0, 0, 10.0, 2.0)])], 1))
    assert coding.loss(torch.zeros(1, 1, 3, dtype=torch.bfloat16), target).dtype == torch.float32
