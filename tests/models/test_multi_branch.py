"""Three branches in one network."""

import pytest
import torch

from whence.errors import ModelError
from whence.models.conformer import ConformerSettings
from whence.models.multi_branch import MultiBranch, MultiBranchSettings
from whence.models.outputs.classwise import Classwise, ClasswiseSettings
from whence.models.resnet_conformer import ResnetConformerSettings

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


def test_sizes_out_of_range_are_refused():
    with pytest.raises(ModelError, match="class_count from 1"):
        MultiBranchSettings(class_count=0)
