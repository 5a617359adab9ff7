"""Single ACCDOA against loops."""

import math

import numpy as np
import pytest
import torch

from whence.errors import ModelError
from whence.labels import Events
from whence.models.outputs.accdoa import Accdoa, AccdoaSettings

ROWS = {
    "frame": [0, 0, 1, 2, 9],
    "class_index": [1, 1, 0, 2, 0],
    "azimuth_deg": [30.0, -60.0, 90.0, 0.0, 5.0],
    "distance_m": [1.0, 2.0, math.nan, 4.0, 1.0],
}
EVENTS = Events.from_columns(ROWS)
CODING = Accdoa(AccdoaSettings(3))


def test_targets_are_unit_vectors_and_the_last_row_of_a_class_counts():
    target = CODING.encode([EVENTS, Events.empty()], 4)
    expected = np.zeros((2, 4, 3, 3), np.float32)
    for frame, k, azimuth, distance in list(zip(*ROWS.values(), strict=True))[:4]:
        radians = math.radians(azimuth)
        expected[0, frame, :, k] = math.cos(radians), math.sin(radians), distance
    np.testing.assert_allclose(target, expected, atol=1e-7)
    assert target[0, 0, 2, 1] == 2.0


def test_loss_is_the_mean_of_squares_without_what_is_not_known():
    raw = np.random.default_rng([1, 0, 0]).standard_normal((1, 4, 9)).astype(np.float32)
    target = CODING.encode([EVENTS], 4)
    total = 0.0
    for frame, element, k in np.ndindex(4, 3, 3):
        number, wanted = raw[0, frame, element * 3 + k], target[0, frame, element, k]
        found = math.tanh(number) if element < 2 else max(number, 0.0)
        total += 0.0 if math.isnan(wanted) else (found - wanted) ** 2
    found = CODING.loss(torch.from_numpy(raw), torch.from_numpy(target))
    assert found.item() == pytest.approx(total / 36, rel=1e-5)


def test_decoding_a_target_gives_its_rows_back():
    known = EVENTS[np.array([1, 3])]
    decoded = CODING.decode(CODING.encode([known], 4))[0]
    assert decoded.frame.tolist() == [0, 2]
    np.testing.assert_allclose(decoded.azimuth_deg, known.azimuth_deg, atol=1e-5)
    np.testing.assert_allclose(decoded.distance_m, known.distance_m)
    np.testing.assert_allclose(decoded.score, 1.0, atol=1e-6)


def test_vectors_pointing_back_are_folded_unless_official_rows_are_asked_for():
    values = np.zeros((1, 1, 3, 1), np.float32)
    values[0, 0, :, 0] = -0.8, 0.1, 1.0
    back = math.degrees(math.atan2(0.1, -0.8))
    assert Accdoa(AccdoaSettings(1)).decode(values)[0].azimuth_deg[0] == pytest.approx(180 - back, abs=1e-4)
    official = Accdoa(AccdoaSettings(1, official_rows=True))
    assert official.decode(values)[0].azimuth_deg[0] == pytest.approx(back, abs=1e-4)


def test_thresholds_apply_to_the_length():
    values = np.zeros((1, 1, 3, 2), np.float32)
    values[0, 0, 0] = 0.5, 0.6
    coding = Accdoa(AccdoaSettings(2))
    assert [len(coding.decode(values, t)[0].frame) for t in (None, 0.4, [0.4, 0.7])] == [1, 2, 1]


def test_settings_out_of_range_are_refused():
    with pytest.raises(ModelError, match=r"accdoa: .* threshold in 0\.\.1"):
        AccdoaSettings(threshold=2.0)
    with pytest.raises(ModelError, match="accdoa: distance is 'log'; it must be relu or softplus"):
        AccdoaSettings(distance="log")


def test_softplus_distances_have_a_gradient_where_relu_has_none():
    raw = torch.full((1, 1, 3), -2.0, requires_grad=True)
    target = torch.from_numpy(CODING.encode([EVENTS[3:4]], 3))[:, 2:, :, 2:]
    gradients = []
    for kind in ("relu", "softplus"):
        raw.grad = None
        Accdoa(AccdoaSettings(1, distance=kind)).loss(raw, target).backward()
        gradients.append(raw.grad[0, 0, 2].item())
    assert gradients[0] == 0
    assert gradients[1] < 0
