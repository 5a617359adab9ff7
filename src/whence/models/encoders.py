"""Pretrained encoders by name: what detectors start from."""

from dataclasses import asdict
from typing import Any

from torch import nn

from whence.errors import ModelError
from whence.models.dasheng import DashengEncoder, DashengSettings
from whence.models.names import from_mapping, nearest
from whence.models.yamnet import LAYER_COUNT, YamnetEncoder, YamnetSettings

EncoderSettings = DashengSettings | YamnetSettings

ENCODERS: dict[str, tuple[type[EncoderSettings], type[nn.Module]]] = {
    "dasheng": (DashengSettings, DashengEncoder),
    "yamnet": (YamnetSettings, YamnetEncoder),
}


def layer_count(settings: EncoderSettings) -> int:
    """How many layers the encoder's `freeze` counts: blocks of a Dasheng, 14 of a YAMNet.

    >>> layer_count(DashengSettings(depth=3)), layer_count(YamnetSettings())
    (3, 14)
    """
    return settings.depth if isinstance(settings, DashengSettings) else LAYER_COUNT


def encoder_to_json(settings: EncoderSettings) -> dict[str, Any]:
    """Settings as plain data with their name.

    >>> encoder_to_json(YamnetSettings())["name"]
    'yamnet'
    """
    name = next(name for name, (kind, _) in ENCODERS.items() if kind is type(settings))
    return {"name": name, **asdict(settings)}


def encoder_from_json(data: dict[str, Any]) -> EncoderSettings:
    """The inverse of `encoder_to_json`; anything missing takes its default.

    Raises:
        ModelError: no such encoder or setting; the nearest name is told.
    """
    if "name" not in data:
        raise ModelError(f"an encoder's settings need a 'name'; there are: {', '.join(ENCODERS)}")
    name = nearest(str(data["name"]), ENCODERS, "encoder")
    given = {key: value for key, value in data.items() if key != "name"}
    return from_mapping(ENCODERS[name][0], given, f"encoder {name}")
