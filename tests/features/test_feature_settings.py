"""Settings refuse what cannot be computed, in one sentence."""

import subprocess
import sys
from dataclasses import replace

import pytest

from whence.errors import FeatureError
from whence.features.settings import DEFAULTS, FeatureSettings, logmel_settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maps": ("left", "rihgt")}, r"logmel.*no map \['rihgt'\]; there are: left, right"),
        ({"maps": ()}, "at least one"),
        ({"maps": ("left", "left")}, "none twice"),
        ({"rate_hz": 44_100}, "rate_hz is 44100"),
        ({"hop": 0}, "hop is 0"),
        ({"window": 2048}, "1 <= hop <= window <= fft is required"),
        ({"mel_count": 0}, "mel_count is 0"),
        # A description of a few bytes would allocate gigabytes.
        ({"mel_count": 10**9}, "mel_count <= 1024, fft <= 8192"),
        ({"fft": 2**30}, "mel_count <= 1024, fft <= 8192"),
        ({"hop": 1, "window": 1}, r"fft <= 64 \* hop is required"),
        ({"high_hz": 12_001.0}, r"0\.\.12000"),
        ({"low_hz": -1.0}, "the bands lie in -1"),
        ({"scale": "bark"}, "scale is 'bark'"),
        ({"dynamic_range_db": 0.0}, "dynamic_range_db is 0"),
        ({"smoothing": 1.0}, "smoothing is 1.0"),
    ],
)
def test_a_setting_out_of_range_is_named(change, message):
    with pytest.raises(FeatureError, match=message):
        replace(logmel_settings(), **change)


def test_defaults_carry_their_own_names_and_exact_figures():
    assert {name: make().name for name, make in DEFAULTS.items()} == {name: name for name in DEFAULTS}
    baseline = DEFAULTS["logmel"]()
    assert baseline == FeatureSettings(
        "logmel", ("left", "right"), 24_000, 480, 960, 1024, 64, 0.0, 12_000.0, "slaney", 80.0
    )
    dasheng = DEFAULTS["dasheng_mel"]()
    assert (dasheng.rate_hz, dasheng.hop, dasheng.window, dasheng.fft, dasheng.dynamic_range_db) == (
        *(16_000, 160, 512, 512),
        120.0,
    )


def test_the_hop_in_seconds():
    assert [DEFAULTS[name]().hop_s for name in ("logmel", "perceptual", "yamnet_mel")] == [0.02, 0.0125, 0.01]


def test_settings_and_numpy_forms_need_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\n"
        "from whence.features.settings import DEFAULTS\n"
        "from whence.features.numpy_twin import numpy_features\n"
        "for make in DEFAULTS.values():\n"
        "    assert numpy_features(make())(np.zeros((1, 2, 24_000), np.float32)).shape[0] == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
