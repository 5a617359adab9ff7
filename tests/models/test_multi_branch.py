"""Three branches in one network, and two networks joined."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from whence.errors import ModelError
from whence.models.conformer import ConformerSettings
from whence.models.multi_branch import JoinedPair, MultiBranch, MultiBranchSettings
from whence.models.outputs.classwise import Classwise, ClasswiseSettings
from whence.models.resnet_conformer import ResnetConformer, ResnetConformerSettings

TRUNK = ResnetConformerSettings(
    channels=(2, 2, 2, 2), depth=1, conformer=ConformerSettings(16, 2, kernel=3), output_size=52
)
TINY = MultiBranchSettings(TRUNK, branch_depth=1)


def test_the_output_fits_the_vector_form_of_the_classwise_coding():
    net = MultiBranch(TINY).eval()
    coding = Classwise(ClasswiseSettings(direction="vector"))
    out = net(torch.randn(2, 2, 26, 64))
    assert out.shape == (2, 5, coding.output_size)
    assert coding.activate(out).shape == (2, 5, 3, 13)


def test_branches_learn_apart_and_the_trunk_from_all():
    torch.manual_seed(1)
    net = MultiBranch(TINY)
    net(torch.randn(2, 2, 26, 64))[..., :13].sum().backward()
    touched = {name for name, p in net.named_parameters() if p.grad is not None and bool(p.grad.any())}
    assert any(name.startswith("encoder.") for name in touched)
    assert any(name.startswith("branches.activity.") for name in touched)
    assert not any(name.startswith(("branches.direction.", "branches.distance.")) for name in touched)


def test_a_joined_pair_takes_direction_from_one_and_distance_from_the_other():
    torch.manual_seed(2)
    direction = ResnetConformer(replace(TRUNK, output_size=39)).eval()
    distance = ResnetConformer(replace(TRUNK, output_size=26)).eval()
    maps = torch.randn(1, 2, 26, 64)
    joined = JoinedPair(direction, distance).eval()(maps)
    first, second = direction(maps), distance(maps)
    assert joined.shape == (1, 5, 52)
    torch.testing.assert_close(joined[..., :13], (first[..., :13] + second[..., :13]) / 2)
    assert torch.equal(joined[..., 13:39], first[..., 13:])
    assert torch.equal(joined[..., 39:], second[..., 13:])
    # Read by the coding, the pair says what each member says in its own.
    values = Classwise(ClasswiseSettings(direction="vector")).activate(joined.detach().numpy())
    alone = Classwise(ClasswiseSettings(azimuth=False)).activate(second.detach().numpy())
    np.testing.assert_allclose(values[:, :, 2], alone[:, :, 2], rtol=1e-6)


def test_members_of_another_size_are_refused():
    with pytest.raises(ModelError, match="with_distance gives 39 numbers; 2 x 13 are needed"):
        JoinedPair(ResnetConformer(replace(TRUNK, output_size=39)), ResnetConformer(replace(TRUNK, output_size=39)))
    with pytest.raises(ModelError, match="class_count from 1"):
        MultiBranchSettings(class_count=0)
