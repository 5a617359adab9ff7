"""Networks and pretrained encoders by name, and their settings as plain data."""

from typing import Any

from whence.errors import ModelError
from whence.models.blocks import Network
from whence.models.compact_detector import CompactDetector
from whence.models.compact_localizer import CompactLocalizer
from whence.models.dasheng import DashengSettings
from whence.models.dasheng_detector import DashengDetector
from whence.models.efficientat import EFFICIENTAT_LAYERS, EfficientatSettings
from whence.models.efficientat_detector import EfficientatDetector
from whence.models.multi_branch import MultiBranch
from whence.models.resnet_conformer import ResnetConformer
from whence.models.seldnet import SeldNet
from whence.models.yamnet import LAYER_COUNT, YamnetSettings
from whence.settings import known_name, named_from_plain, named_to_plain

MODELS: dict[str, type[Network]] = {
    "seldnet": SeldNet,
    "compact_localizer": CompactLocalizer,
    "compact_detector": CompactDetector,
    "efficientat_detector": EfficientatDetector,
    "dasheng_detector": DashengDetector,
    "resnet_conformer": ResnetConformer,
    "multi_branch": MultiBranch,
}
EncoderSettings = DashengSettings | YamnetSettings | EfficientatSettings
# Settings of encoders, in files of an encoder's weights.
ENCODERS: dict[str, type] = {
    "dasheng": DashengSettings,
    "yamnet": YamnetSettings,
    "efficientat": EfficientatSettings,
}
_SETTINGS = {name: network.settings_type for name, network in MODELS.items()}


def build_model(settings: Any) -> Network:
    """Return the network that settings describe, with random weights.

    Args:
        settings: the settings dataclass of any network in MODELS, or a name for its default settings.

    Raises:
        ModelError: an unknown name; the message suggests the nearest.

    >>> build_model("seldnet").parameter_count()
    734261
    """
    if isinstance(settings, str):
        return MODELS[known_name(settings, MODELS, "model", ModelError)]()
    return MODELS[model_name(settings)](settings)


def model_name(settings: Any) -> str:
    """Return the name in MODELS of the network that settings are for.

    Raises:
        ModelError: they are for no network.
    """
    for name, kind in _SETTINGS.items():
        if type(settings) is kind:
            return name
    raise ModelError(f"{type(settings).__name__} holds no model's settings; there are: {', '.join(MODELS)}")


def model_to_plain(settings: Any) -> dict[str, Any]:
    """Return settings as plain data with their name, for a file of weights or a run's configuration.

    >>> model_to_plain(SeldNet.settings_type())["name"]
    'seldnet'
    """
    return named_to_plain(settings, _SETTINGS)


def model_from_plain(data: dict[str, Any]) -> Any:
    """The inverse of `model_to_plain`; missing fields take their defaults.

    Raises:
        ModelError: an unknown network or setting (the message suggests the nearest), or a value of the wrong type.

    >>> model_from_plain({"name": "seldnet", "width": 64}).width
    64
    """
    return named_from_plain(data, _SETTINGS, "model", ModelError)


def layer_count(encoder: EncoderSettings) -> int:
    """Return how many layers the encoder's `freeze` counts: blocks of a Dasheng, 14 of a YAMNet, 17 of an EfficientAT.

    >>> layer_count(DashengSettings(depth=3)), layer_count(YamnetSettings())
    (3, 14)
    """
    if isinstance(encoder, EfficientatSettings):
        return EFFICIENTAT_LAYERS
    return encoder.depth if isinstance(encoder, DashengSettings) else LAYER_COUNT
