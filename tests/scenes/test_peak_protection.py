"""Peak protection."""

import torch
from hypothesis import given, strategies as st

from whence.scenes.transforms.peak_protection import apply_peak_protection


@given(st.floats(0.01, 100.0), st.integers(0, 100))
def test_only_clips_over_the_limit_are_turned_down_and_as_a_whole(level, seed):
    clip = level * torch.randn(1, 2, 50, generator=torch.Generator().manual_seed(seed))
    found = apply_peak_protection(clip)
    if clip.abs().max() <= 0.99:
        assert torch.equal(found, clip)
    else:
        assert abs(float(found.abs().max()) - 0.99) < 1e-6
        ratio = found / clip
        assert float(ratio.max() - ratio.min()) < 1e-6 * float(ratio.max()) + 1e-9


def test_each_clip_by_itself_and_both_signs():
    clips = torch.tensor([[[0.5, -3.0], [0.1, 0.2]], [[0.5, 0.9], [0.1, 0.2]], [[2.0, 0.0], [0.0, 0.0]]])
    found = apply_peak_protection(clips)
    assert torch.equal(found[1], clips[1])
    assert found.abs().amax(dim=(1, 2)).tolist() == [0.9900000095367432, 0.8999999761581421, 0.9900000095367432]


def test_silence_stays_silence():
    assert not apply_peak_protection(torch.zeros(1, 2, 4)).any()
