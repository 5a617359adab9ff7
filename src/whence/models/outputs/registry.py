"""Codings by name."""

from typing import Any

from whence.errors import ModelError
from whence.models.outputs.accdoa import Accdoa, AccdoaSettings
from whence.models.outputs.classwise import Classwise, ClasswiseSettings
from whence.models.outputs.coding import Coding
from whence.models.outputs.multi_accdoa import MultiAccdoa, MultiAccdoaSettings
from whence.models.outputs.tracks import Tracks, TracksSettings
from whence.settings import known_name, named_from_plain, named_to_plain

OutputSettings = ClasswiseSettings | AccdoaSettings | MultiAccdoaSettings | TracksSettings

OUTPUTS: dict[str, tuple[type[OutputSettings], type[Coding]]] = {
    "classwise": (ClasswiseSettings, Classwise),
    "accdoa": (AccdoaSettings, Accdoa),
    "multi_accdoa": (MultiAccdoaSettings, MultiAccdoa),
    "tracks": (TracksSettings, Tracks),
}


def build_output(settings: OutputSettings | str) -> Coding:
    """The coding that settings, or a bare name with its default settings, ask for.

    Raises:
        ModelError: there is no such coding; the nearest name is told.

    >>> build_output("multi_accdoa").output_size
    117
    """
    if isinstance(settings, str):
        settings = OUTPUTS[known_name(settings, OUTPUTS, "output", ModelError)][0]()
    coding = next(coding for kind, coding in OUTPUTS.values() if kind is type(settings))
    return coding(settings)  # type: ignore[call-arg]


def output_to_plain(settings: OutputSettings) -> dict[str, Any]:
    """Settings as plain data with their name, for a file of weights or a run's configuration.

    >>> output_to_plain(AccdoaSettings())
    {'name': 'accdoa', 'class_count': 13, 'threshold': 0.5, 'distance': 'relu', 'official_rows': False}
    """
    return named_to_plain(settings, {name: kind for name, (kind, _) in OUTPUTS.items()})


def output_from_plain(data: dict[str, Any]) -> OutputSettings:
    """The inverse of `output_to_plain`; anything missing takes its default.

    Raises:
        ModelError: no such coding or setting; the nearest name is told.
    """
    settings: OutputSettings = named_from_plain(
        data, {name: kind for name, (kind, _) in OUTPUTS.items()}, "output", ModelError
    )
    return settings
