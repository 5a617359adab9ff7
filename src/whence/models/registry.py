"""Networks by name, and settings as plain data."""

from typing import Any

from whence.errors import ModelError
from whence.models.compact_detector import CompactDetector
from whence.models.compact_localizer import CompactLocalizer
from whence.models.dasheng_detector import DashengDetector
from whence.models.multi_branch import MultiBranch
from whence.models.network import Network
from whence.models.resnet_conformer import ResnetConformer
from whence.models.seldnet import SeldNet
from whence.settings import known_name, named_from_plain, to_plain

MODELS: dict[str, type[Network]] = {
    "seldnet": SeldNet,
    "compact_localizer": CompactLocalizer,
    "compact_detector": CompactDetector,
    "dasheng_detector": DashengDetector,
    "resnet_conformer": ResnetConformer,
    "multi_branch": MultiBranch,
}


def build_model(settings: Any) -> Network:
    """The network that settings ask for, with fresh weights.

    Args:
        settings: the settings dataclass of any network in MODELS, or a name for its default settings.

    Raises:
        ModelError: there is no such network; the nearest name is told.

    >>> build_model("seldnet").parameter_count()
    734261
    """
    if isinstance(settings, str):
        return MODELS[known_name(settings, MODELS, "model", ModelError)]()
    return MODELS[model_name(settings)](settings)


def model_name(settings: Any) -> str:
    """The key of MODELS whose settings these are.

    Raises:
        ModelError: they are no network's settings.
    """
    for name, network in MODELS.items():
        if type(settings) is network.settings_type:
            return name
    raise ModelError(f"{type(settings).__name__} holds no model's settings; there are: {', '.join(MODELS)}")


def model_to_plain(settings: Any) -> dict[str, Any]:
    """Settings as plain data with their name, for a file of weights or a run's configuration.

    >>> model_to_plain(SeldNet.settings_type())["name"]
    'seldnet'
    """
    return {"name": model_name(settings), **to_plain(settings)}


def model_from_plain(data: dict[str, Any]) -> Any:
    """The inverse of `model_to_plain`; anything missing takes its default.

    Raises:
        ModelError: no such network or setting (the nearest name is told), or a value of the wrong type.

    >>> model_from_plain({"name": "seldnet", "width": 64}).width
    64
    """
    return named_from_plain(
        data, {name: network.settings_type for name, network in MODELS.items()}, "model", ModelError
    )
