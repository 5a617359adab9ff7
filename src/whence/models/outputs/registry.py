"""Codings by name, and their settings as plain data."""

from typing import Any, cast

from whence.errors import ModelError
from whence.models.outputs.accdoa import Accdoa, AccdoaSettings
from whence.models.outputs.classwise import Classwise, ClasswiseSettings
from whence.models.outputs.coding import Coding
from whence.models.outputs.multi_accdoa import MultiAccdoa, MultiAccdoaSettings
from whence.models.outputs.tracks import Tracks, TracksSettings
from whence.settings import known_name, named_from_plain, named_to_plain

OutputSettings = ClasswiseSettings | AccdoaSettings | MultiAccdoaSettings | TracksSettings

OUTPUTS: dict[str, type[Coding]] = {
    "classwise": Classwise,
    "accdoa": Accdoa,
    "multi_accdoa": MultiAccdoa,
    "tracks": Tracks,
}
_SETTINGS = {name: coding.settings_type for name, coding in OUTPUTS.items()}


def build_output(settings: OutputSettings | str) -> Coding:
    """Return the coding that settings, or a bare name with its default settings, ask for.

    Raises:
        ModelError: an unknown name; the message suggests the nearest.

    >>> build_output("multi_accdoa").output_size
    117
    """
    if isinstance(settings, str):
        return OUTPUTS[known_name(settings, OUTPUTS, "output", ModelError)]()
    return next(coding for coding in OUTPUTS.values() if coding.settings_type is type(settings))(settings)


def output_to_plain(settings: OutputSettings) -> dict[str, Any]:
    """Return settings as plain data with their name, for a file of weights or a run's configuration.

    >>> output_to_plain(AccdoaSettings())
    {'name': 'accdoa', 'class_count': 13, 'threshold': 0.5, 'distance': 'relu', 'official_rows': False}
    """
    return named_to_plain(settings, _SETTINGS)


def output_from_plain(data: dict[str, Any]) -> OutputSettings:
    """The inverse of `output_to_plain`; missing fields take their defaults.

    Raises:
        ModelError: an unknown coding or setting; the message suggests the nearest.
    """
    return cast(OutputSettings, named_from_plain(data, _SETTINGS, "output", ModelError))
