"""The torch-free forms equal the torch ones within what their docstring states."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from whence.errors import FeatureError
from whence.features.encoder_mels import To16k
from whence.features.numpy_twin import numpy_features, to_16k
from whence.features.registry import build_features
from whence.features.settings import DEFAULTS, POWER_MAPS, RATIO_MAPS, FeatureSettings

EVERYTHING = FeatureSettings("midside", maps=POWER_MAPS + RATIO_MAPS)
PEAK = replace(DEFAULTS["yamnet_mel"](), maps=("left", "right"), peak_normalized=True)


def sound(batch=2, sample=24_000):
    """Correlated channels with a silent stretch and a quiet one, so that every branch runs."""
    rng = np.random.default_rng([4, 0, 0])
    signal = rng.standard_normal((batch, 2, sample)).astype(np.float32)
    signal[:, 1] = 0.7 * signal[:, 0] + 0.1 * signal[:, 1]
    signal[:, :, 5000:8000] = 0
    signal[:, :, 15_000:] *= 1e-4
    return signal


@pytest.mark.parametrize("conf", [*(make() for make in DEFAULTS.values()), EVERYTHING, PEAK], ids=lambda c: c.name)
def test_twin_equals_torch(conf):
    signal = sound()
    found = numpy_features(conf)(signal)
    expected = build_features(conf)(torch.from_numpy(signal)).numpy()
    assert found.dtype == np.float32
    for index, name in enumerate(conf.maps):
        limit = 0.01 if name in POWER_MAPS or name == "level_difference" else 1e-3
        np.testing.assert_allclose(found[:, index], expected[:, index], rtol=0, atol=limit, err_msg=name)


@pytest.mark.parametrize("samples", [2_400, 24_001, 24_359, 24_479])
def test_the_onset_maps_of_any_length_equal_torch(samples):
    signal, conf = sound(1, 24_479)[..., :samples], DEFAULTS["midside_onsets"]()
    expected = build_features(conf)(torch.from_numpy(signal)).numpy()
    np.testing.assert_allclose(numpy_features(conf)(signal)[:, 4:], expected[:, 4:], rtol=0, atol=0.01)


def test_resampling_twin_equals_torch():
    signal = sound(1, 5001)
    np.testing.assert_allclose(to_16k(signal), To16k()(torch.from_numpy(signal)).numpy(), atol=1e-5)


def test_an_unknown_name_is_refused():
    with pytest.raises(FeatureError, match="no features 'logmle'; did you mean logmel"):
        numpy_features(FeatureSettings("logmle", ("left",)))
