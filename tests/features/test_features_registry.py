"""Front ends by name, and the near name in the error."""

from dataclasses import replace

import pytest
import torch

from whence.errors import FeatureError
from whence.features.registry import FEATURES, build_features
from whence.features.settings import DEFAULTS, yamnet_mel_settings


def test_every_name_has_defaults_and_builds():
    assert set(FEATURES) == set(DEFAULTS)
    for name, make in DEFAULTS.items():
        maps = build_features(name)(torch.zeros(1, 2, 24_000))
        assert maps.shape[:2] == (1, len(make().maps))
        assert maps.shape[3] == make().mel_count


def test_a_near_name_is_suggested():
    with pytest.raises(FeatureError, match=r"no features 'midsde'; did you mean midside\?"):
        build_features("midsde")
    with pytest.raises(FeatureError, match="no features 'x'; there are: logmel"):
        build_features("x")


def test_maps_that_a_front_end_cannot_make_are_refused():
    with pytest.raises(FeatureError, match=r"yamnet_mel.*'coherence' is not a signal"):
        build_features(replace(yamnet_mel_settings(), maps=("coherence",)))
    with pytest.raises(FeatureError, match=r"midside.*made at 24000"):
        build_features(replace(yamnet_mel_settings(), name="midside"))
