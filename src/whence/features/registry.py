"""Front ends by name."""

from torch import nn

from whence.errors import FeatureError
from whence.features.encoder_mels import DashengMel, EfficientatMel, YamnetMel
from whence.features.front_end import StereoMaps
from whence.features.onsets import MidsideOnsets
from whence.features.settings import DEFAULTS, FeatureSettings
from whence.settings import known_name

FEATURES: dict[str, type[nn.Module]] = {
    "logmel": StereoMaps,
    "midside": StereoMaps,
    "midside_onsets": MidsideOnsets,
    "perceptual": StereoMaps,
    "dasheng_mel": DashengMel,
    "yamnet_mel": YamnetMel,
    "efficientat_mel": EfficientatMel,
}


def build_features(settings: FeatureSettings | str) -> nn.Module:
    """Return the front end for settings, or for a name with its default settings.

    Args:
        settings: FeatureSettings, or a key of FEATURES.

    Returns:
        a module (batch, 2, sample at 24 kHz) -> (batch, map, feature frame, mel band), float32, without weights.

    Raises:
        FeatureError: there is no such front end (the message suggests one), or it cannot make one of the maps.

    >>> type(build_features("midside")).__name__
    'StereoMaps'
    """
    name = known_name(settings if isinstance(settings, str) else settings.name, FEATURES, "features", FeatureError)
    chosen = DEFAULTS[name]() if isinstance(settings, str) else settings
    if FEATURES[name] not in (StereoMaps, MidsideOnsets):
        wrong = [kind for kind in chosen.maps if kind not in ("left", "right", "mid", "side")]
        if wrong:
            raise FeatureError(f"features {name!r}: maps: {wrong[0]!r} is not a signal; use left, right, mid or side")
    elif chosen.rate_hz != 24_000:
        raise FeatureError(f"features {name!r}: rate_hz is {chosen.rate_hz}; these maps are made at 24000")
    return FEATURES[name](chosen)
