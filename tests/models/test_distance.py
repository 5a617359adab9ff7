"""Predicted distances are never negative, and errors have the cost of the formula."""

import math

import numpy as np
import pytest
import torch

from whence.errors import ModelError
from whence.models.outputs.distance import DistanceScale

KINDS = ("softplus", "relu", "standard", "log")


@pytest.mark.parametrize("kind", KINDS)
def test_no_output_is_a_negative_distance_and_numpy_equals_torch(kind):
    raw = np.linspace(-8, 8, 33, dtype=np.float32)
    found = DistanceScale(kind).to_metres(raw)
    assert found.min() >= 0
    np.testing.assert_allclose(
        found, DistanceScale(kind).to_metres(torch.from_numpy(raw)).numpy(), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_error_is_the_formula(kind, relative, absolute):
    scale = DistanceScale(kind, relative=relative, absolute=absolute)
    raw, label = 0.7, 2.5
    metres = {"softplus": math.log(1 + math.exp(raw)), "relu": raw, "standard": raw * 0.66 + 1.9, "log": math.exp(raw)}
    on_scale = {"standard": raw - (label - 1.9) / 0.66, "log": raw - math.log(label)}.get(kind, metres[kind] - label)
    error = metres[kind] / label - 1 if relative else on_scale
    expected = abs(error) if absolute else error**2
    found = scale.cost(torch.tensor([raw]), torch.tensor([label]))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_a_perfect_estimate_costs_nothing_and_an_unknown_label_neither():
    scale = DistanceScale("standard")
    raw = torch.tensor([(3.0 - 1.9) / 0.66, 5.0], requires_grad=True)
    cost = scale.cost(raw, torch.tensor([3.0, math.nan]))
    cost.sum().backward()
    assert cost.tolist() == pytest.approx([0.0, 0.0], abs=1e-10)
    assert raw.grad.tolist() == pytest.approx([0.0, 0.0], abs=1e-5)


def test_a_label_of_zero_metres_keeps_the_relative_error_finite():
    assert math.isfinite(float(DistanceScale().cost(torch.tensor([1.0]), torch.tensor([0.0]))))


def test_unknown_kinds_are_refused():
    with pytest.raises(ModelError, match="kind is 'feet'"):
        DistanceScale("feet")
    with pytest.raises(ModelError, match="deviation_m is 0"):
        DistanceScale("standard", deviation_m=0.0)
