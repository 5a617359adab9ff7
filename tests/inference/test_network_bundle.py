"""A network with its front end and coding."""

import pytest
import torch

from whence.features import build_features, logmel_settings, midside_settings, yamnet_mel_settings
from whence.inference.network_bundle import features_of


@pytest.mark.parametrize("make", [logmel_settings, midside_settings, yamnet_mel_settings])
def test_features_a_few_clips_at_a_time_are_those_of_the_batch(make):
    front_end = build_features(make())
    audio = torch.randn(5, 2, 24_000, generator=torch.Generator().manual_seed(1))
    # A transform may round otherwise at another place in a batch.
    torch.testing.assert_close(features_of(front_end, audio), front_end(audio), rtol=0, atol=1e-3)
