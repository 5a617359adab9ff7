"""What holds for every coding."""

import math

import numpy as np
import pytest
import torch
from event_tables import table

from whence.models.outputs import build_output
from whence.models.outputs.accdoa import AccdoaSettings
from whence.models.outputs.classwise import ClasswiseSettings, detection, localization
from whence.models.outputs.multi_accdoa import MultiAccdoaSettings
from whence.models.outputs.tracks import TracksSettings

CODINGS = [
    ClasswiseSettings(),
    ClasswiseSettings(direction="vector"),
    detection(),
    localization(),
    AccdoaSettings(),
    AccdoaSettings(distance="softplus"),
    MultiAccdoaSettings(),
    TracksSettings(),
]
EVENTS = table([(0, 1, 30.0, 1.0), (1, 0, -45.0, math.nan), (1, 2, 10.0, 3.0)])


@pytest.mark.parametrize("settings", CODINGS, ids=str)
def test_arrays_and_tensors_have_the_same_values(settings):
    coding = build_output(settings)
    raw = 3 * np.random.default_rng([2, 0, 0]).standard_normal((2, 3, coding.output_size)).astype(np.float32)
    expected = coding.activate(torch.from_numpy(raw)).numpy()
    np.testing.assert_allclose(coding.activate(raw), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("settings", [CODINGS[0], CODINGS[4], CODINGS[7]], ids=str)
def test_the_target_of_mirrored_labels_is_the_mirrored_target(settings):
    coding = build_output(settings)
    target, mirrored = (coding.encode([events], 3) for events in (EVENTS, EVENTS.mirrored()))
    np.testing.assert_allclose(coding.mirror(target), mirrored, atol=1e-7)


@pytest.mark.parametrize("settings", CODINGS, ids=str)
def test_mirroring_changes_the_sign_of_y_or_azimuth_only(settings):
    coding = build_output(settings)
    values = coding.activate(np.random.default_rng([3, 0, 0]).standard_normal((1, 2, coding.output_size)))
    mirrored = coding.mirror(values)
    np.testing.assert_array_equal(mirrored[..., 1, :], -values[..., 1, :])
    np.testing.assert_array_equal(mirrored[..., [0, 2], :], values[..., [0, 2], :])
