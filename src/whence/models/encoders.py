"""Pretrained encoders by name: what detectors start from."""

from typing import Any

from torch import nn

from whence.errors import ModelError
from whence.models.dasheng import DashengEncoder, DashengSettings
from whence.models.yamnet import LAYER_COUNT, YamnetEncoder, YamnetSettings
from whence.settings import named_from_plain, named_to_plain

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


def encoder_to_plain(settings: EncoderSettings) -> dict[str, Any]:
    """Settings as plain data with their name.

    >>> encoder_to_plain(YamnetSettings())["name"]
    'yamnet'
    """
    return named_to_plain(settings, {name: kind for name, (kind, _) in ENCODERS.items()})


def encoder_from_plain(data: dict[str, Any]) -> EncoderSettings:
    """The inverse of `encoder_to_plain`; anything missing takes its default.

    Raises:
        ModelError: no such encoder or setting; the nearest name is told.
    """
    settings: EncoderSettings = named_from_plain(
        data, {name: kind for name, (kind, _) in ENCODERS.items()}, "encoder", ModelError
    )
    return settings
