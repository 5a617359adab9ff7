"""ResNet-Conformers: the paper's shapes and the reported size of the larger form."""

import pytest
import torch

from whence.errors import ModelError
from whence.models.conformer import ConformerSettings
from whence.models.resnet_conformer import ResnetConformer, ResnetConformerSettings, ResnetEncoder, challenge

SMALL = ConformerSettings(width=16, heads=2, kernel=3)


def test_the_papers_localizer_has_26_numbers_at_50_label_frames():
    net = ResnetConformer().eval()
    assert net(torch.zeros(1, 2, 251, 64)).shape == (1, 50, 26)
    assert net.parameter_count() / 1e6 == pytest.approx(5.5, abs=0.1)


def test_the_challenge_form_has_the_reported_size():
    with torch.device("meta"):
        net = ResnetConformer(challenge())
    assert 11.2 < net.parameter_count() / 1e6 < 12.2


def test_the_challenge_form_pools_time_at_the_end_only():
    settings = ResnetConformerSettings(
        **{**vars(challenge()), "channels": (2, 3, 4, 5), "stem": 2, "squeeze": 4, "depth": 1, "conformer": SMALL}
    )
    net = ResnetConformer(settings).eval()
    assert ResnetEncoder(settings).eval()(torch.zeros(1, 2, 251, 64)).shape == (1, 251, 16)
    assert net(torch.zeros(1, 2, 251, 64)).shape == (1, 50, 52)


def test_heads_are_written_side_by_side():
    torch.manual_seed(1)
    settings = ResnetConformerSettings(channels=(2, 2, 2, 2), depth=1, conformer=SMALL, output_size=5, heads=(2, 3))
    net = ResnetConformer(settings).eval()
    maps = torch.randn(1, 2, 26, 64)
    before = net(maps)
    torch.nn.init.zeros_(net.heads[1][2].weight)
    torch.nn.init.constant_(net.heads[1][2].bias, 9.0)
    after = net(maps)
    assert torch.equal(after[..., :2], before[..., :2])
    assert bool((after[..., 2:] == 9).all())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": (1, 2)}, "must be equally long"),
        ({"frequency_pools": (4, 4, 8, 1)}, "64 bands cannot be pooled by"),
        ({"heads": (13, 12)}, "do not add up to output_size 26"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ModelError, match=message):
        ResnetConformerSettings(**change)
