"""Read first-order room responses, or the responses of heads, and their positions from SOFA files (AES69).

A process of its own opens the file: the library for HDF5 may loop forever or crash on a damaged one.
"""

import importlib.util
import io
import math
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence.errors import MissingExtraError, SceneError
from whence.scenes.rooms.foa import MeasuredResponse

# -P: no module is taken from the current folder.
_READER = (sys.executable, "-P", "-c", "from whence.scenes.rooms.sofa import main; main()")
_LONGEST_S = 60.0
# The axes of each data type: M measurement, R receiver, N sample, E emitter.
_AXES = {"FIR": "MRN", "FIRE": "MREN", "FIR-E": "MRNE"}
_CONVENTIONS = (
    "SingleRoomSRIR",
    "SingleRoomMIMOSRIR",
    "SingleRoomDRIR",
    "AmbisonicsDRIR",
    "GeneralFIR",
    "GeneralFIR-E",
)
_HEADS = ("SimpleFreeFieldHRIR", "FreeFieldHRIR")
_LAYOUT_OF = {("acn", "sn3d"): "ambix", ("acn", "n3d"): "n3d", ("fuma", "fuma"): "fuma", ("fuma", "sn3d"): "wxyz"}
# What one of each unit of the standard, or of files that do not follow it, is in metres and in radians.
_LENGTHS = {
    **dict.fromkeys(("metre", "metres", "meter", "meters", "m"), 1.0),
    **dict.fromkeys(("centimetre", "centimetres", "centimeter", "centimeters", "cm"), 0.01),
    **dict.fromkeys(("millimetre", "millimetres", "millimeter", "millimeters", "mm"), 0.001),
}
_ANGLES = {
    **dict.fromkeys(("degree", "degrees", "deg", "\N{DEGREE SIGN}"), math.pi / 180),
    **dict.fromkeys(("radian", "radians", "rad"), 1.0),
}
_RATES = {**dict.fromkeys(("hertz", "hz", ""), 1.0), **dict.fromkeys(("kilohertz", "khz"), 1000.0)}
# 1 GB of float64; a header may claim any size.
_MOST_NUMBERS = 125_000_000
_MOST_CHANNELS = 64


@dataclass(frozen=True, eq=False)
class SofaContent:
    """All measurements of one file.

    Args:
        responses: (measurement, channel, sample).
        offset_m: (measurement, 3) the source relative to the listener: x along its view, y to the left, z up.
        sample_rate_hz: of the responses.
        layout: as the file states it, a key of LAYOUTS; empty if it does not.
        room: its name; empty if the file has none.
    """

    responses: NDArray[np.float64]
    offset_m: NDArray[np.float64]
    sample_rate_hz: float
    layout: str
    room: str


def read_sofa(path: Path, layout: str | None = None, room: str | None = None) -> list[MeasuredResponse]:
    """Read all measurements of a SOFA file whose receivers are first-order (ambisonic) channels.

    Azimuth, elevation and distance are those of the source relative to the listener, who looks along ListenerView with
    ListenerUp upwards. Conventions are SingleRoomSRIR, AmbisonicsDRIR and their relatives. A given layout (a key of
    LAYOUTS) and room name are preferred to those of the file.

    Raises:
        SceneError: if the file is missing, damaged, too large, or holds something else.
        MissingExtraError: if h5py is not installed.

    Source: AES69-2022; for AmbisonicsDRIR Perez-Lopez and De Muynke, AES Convention 144, 2018.
    """
    if importlib.util.find_spec("h5py") is None:
        raise MissingExtraError("Reading SOFA files", "scenes")
    if not path.is_file():
        raise SceneError(f"{path}: no such file; correct the path")
    content = _read_apart(path)
    layout = layout or content.layout
    if not layout:
        raise SceneError(
            f"{path}: the file does not say how its channels are ordered and scaled; "
            "give the layout: ambix, n3d, fuma or wxyz"
        )
    return _measurements(path, content, layout, room or content.room or path.stem)


def read_head(path: Path) -> SofaContent:
    """Read the head-related responses of a SOFA file: two receivers, left first, and free-field directions.

    Raises:
        SceneError: if the file is missing, damaged, too large, or holds something else.
        MissingExtraError: if h5py is not installed.
    """
    if importlib.util.find_spec("h5py") is None:
        raise MissingExtraError("Reading SOFA files", "scenes")
    if not path.is_file():
        raise SceneError(f"{path}: no such file; correct the path")
    content = _read_apart(path, "head")
    distance = np.linalg.norm(content.offset_m, axis=1)
    if content.responses.shape[1] != 2 or not (distance > 0).all() or not np.isfinite(content.responses).all():
        raise SceneError(f"{path}: the responses of a head have two ears and sources outside it; give such a file")
    return content


def _read_apart(path: Path, kind: str = "room") -> SofaContent:
    """The file's content, read by another process within a minute."""
    command = (*_READER, str(path.absolute()), kind)
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=_LONGEST_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise SceneError(
            f"{path}: reading took more than {_LONGEST_S:g} s; it seems damaged, fetch it again"
        ) from error
    if done.returncode != 0:
        raise SceneError(f"{path}: reading it failed with code {done.returncode}; it seems damaged, fetch it again")
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as arrays:
        if "error" in arrays:
            raise SceneError(str(arrays["error"]))
        return SofaContent(
            responses=arrays["responses"],
            offset_m=arrays["offset_m"],
            sample_rate_hz=float(arrays["sample_rate_hz"]),
            layout=str(arrays["layout"]),
            room=str(arrays["room"]),
        )


def main() -> None:
    """Write the content of the file named on the command line to standard output (npz), or why there is none."""
    try:
        np.savez(sys.stdout.buffer, **vars(content_of(Path(sys.argv[1]), *sys.argv[2:])))
    except SceneError as error:
        np.savez(sys.stdout.buffer, error=np.array(str(error)))


def _measurements(path: Path, content: SofaContent, layout: str, room: str) -> list[MeasuredResponse]:
    """One response per measurement, with the direction and distance of its source."""
    measured = []
    for number, (channels, (x, y, z)) in enumerate(zip(content.responses, content.offset_m.tolist(), strict=True)):
        distance = math.hypot(x, y, z)
        if not 0.0 < distance < math.inf:
            raise SceneError(f"{path}: measurement {number} has its source in the listener; correct the positions")
        measured.append(
            MeasuredResponse(
                name=f"{path}, measurement {number}",
                channels=channels,
                sample_rate_hz=content.sample_rate_hz,
                layout=layout,
                room=room,
                distance_m=distance,
                azimuth_deg=math.degrees(math.atan2(y, x)),
                elevation_deg=math.degrees(math.asin(max(-1.0, min(1.0, z / distance)))),
            )
        )
    return measured


def content_of(path: Path, kind: str = "room") -> SofaContent:
    """Read a SOFA file of a "room" or a "head" in this process, which a damaged file may block forever.

    Raises:
        SceneError: if it is damaged, too large, or holds something else.
    """
    import h5py

    try:
        # Numbers out of bounds are refused by name later on.
        with np.errstate(all="ignore"), h5py.File(path, "r") as file:
            return _content(path, file, _HEADS if kind == "head" else _CONVENTIONS)
    except SceneError:
        raise
    # A damaged HDF5 file may fail in any of these ways, at any moment.
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, MemoryError) as error:
        raise SceneError(f"{path}: not a SOFA file or damaged ({error}); fetch it again") from error


def _content(path: Path, file: Any, conventions: tuple[str, ...]) -> SofaContent:
    """All measurements of an open file."""
    convention, data_type = _text(file.attrs, "SOFAConventions"), _text(file.attrs, "DataType")
    if convention not in conventions or data_type not in _AXES:
        raise SceneError(
            f"{path}: a SOFA file of convention {convention!r} with data {data_type!r}; "
            f"there may be {', '.join(conventions)} with FIR"
        )
    responses = _responses(path, file, data_type)
    attributes = file["Data.IR"].attrs
    stated = (_text(attributes, "ChannelOrdering").lower(), _text(attributes, "Normalization").lower())
    return SofaContent(
        responses=responses,
        offset_m=_relative_to_listener(path, file, len(responses)),
        sample_rate_hz=_sample_rate_hz(path, file),
        layout=_LAYOUT_OF.get(stated, ""),
        room=_text(file.attrs, "RoomShortName") or _text(file.attrs, "Title"),
    )


def _text(attributes: Any, name: str) -> str:
    """An attribute as text; empty if it is missing or empty."""
    value = attributes.get(name, "")
    value = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
    if isinstance(value, bytes):
        return value.decode("utf-8").strip()
    return value.strip() if isinstance(value, str) else ""


def _numbers(path: Path, file: Any, name: str) -> NDArray[np.float64]:
    """A variable's values, if they lie in this file, are real numbers and not too many."""
    if name not in file or file.get(name, getlink=True).__class__.__name__ != "HardLink":
        raise SceneError(f"{path}: the variable {name} is missing; this is not a complete SOFA file")
    variable = file[name]
    if variable.external or getattr(variable, "is_virtual", False):
        raise SceneError(f"{path}: the variable {name} points to other files; give a file that holds all its data")
    if variable.dtype.kind not in "fiu" or not 0 < variable.size <= _MOST_NUMBERS:
        raise SceneError(f"{path}: the variable {name} is {variable.dtype} {variable.shape}; too large or no numbers")
    return np.asarray(variable[()], dtype=np.float64)


def _responses(path: Path, file: Any, data_type: str) -> NDArray[np.float64]:
    """(measurement, channel, sample), all channels of a measurement delayed alike."""
    axes = _AXES[data_type]
    responses = _numbers(path, file, "Data.IR")
    if responses.ndim != len(axes) or responses.shape[1] > _MOST_CHANNELS:
        raise SceneError(f"{path}: Data.IR is {responses.shape}; {data_type} should be {', '.join(axes)}")
    if "E" in axes:
        if responses.shape[axes.index("E")] != 1:
            raise SceneError(f"{path}: several emitters per measurement; export one source per measurement")
        responses = responses.squeeze(axes.index("E"))
    if "Data.Delay" in file:
        delay = _numbers(path, file, "Data.Delay")
        if delay.ndim < 2 or (delay != delay[:, :1]).any():
            raise SceneError(f"{path}: its channels have different delays, so they are not one first-order microphone")
    return responses


def _relative_to_listener(path: Path, file: Any, count: int) -> NDArray[np.float64]:
    """(measurement, 3) source positions in metres: x along the listener's view, y to the left, z up."""
    source, listener = (_cartesian(path, file, name, count) for name in ("SourcePosition", "ListenerPosition"))
    view = _cartesian(path, file, "ListenerView", count) if "ListenerView" in file else np.array([[1.0, 0.0, 0.0]])
    up = _cartesian(path, file, "ListenerUp", count) if "ListenerUp" in file else np.array([[0.0, 0.0, 1.0]])
    ahead = view / np.linalg.norm(view, axis=1, keepdims=True)
    left = np.cross(up, ahead)
    length = np.linalg.norm(left, axis=1, keepdims=True)
    if not np.isfinite(ahead).all() or (length < 1e-6).any():
        raise SceneError(f"{path}: ListenerView and ListenerUp do not span a direction; correct them")
    left = left / length
    axes = np.stack(np.broadcast_arrays(ahead, left, np.cross(ahead, left)), axis=1)
    return np.asarray(np.einsum("mac,mc->ma", np.broadcast_to(axes, (count, 3, 3)), source - listener))


def _cartesian(path: Path, file: Any, name: str, count: int) -> NDArray[np.float64]:
    """(measurement, 3) a position in metres, whether the file holds it cartesian or spherical, in any known unit."""
    values = _numbers(path, file, name)
    if values.ndim != 2 or values.shape[1] != 3 or values.shape[0] not in (1, count):
        raise SceneError(f"{path}: {name} is {values.shape}; it should be ({count}, 3) or (1, 3)")
    kind = _text(file[name].attrs, "Type").lower() or "cartesian"
    if kind not in ("cartesian", "spherical"):
        raise SceneError(f"{path}: the type of {name} is {kind!r}; it may be cartesian or spherical")
    values = values * _scales(path, file, name, spherical=kind == "spherical")
    if kind == "spherical":
        azimuth, elevation = values[:, 0], values[:, 1]
        flat = np.cos(elevation)
        unit = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], axis=1)
        values = unit * values[:, 2:]
    return np.broadcast_to(values, (count, 3))


def _scales(path: Path, file: Any, name: str, *, spherical: bool) -> NDArray[np.float64]:
    """What one of each of the three numbers is in metres, or for angles in radians.

    The standard writes "metre" and "degree, degree, metre"; a file that says nothing means these.
    """
    text = _text(file[name].attrs, "Units")
    words = re.split(r"[\s,;]+", text.lower()) if text else ["degree", "degree", "metre"] if spherical else ["metre"]
    words = words * 3 if len(words) == 1 and not spherical else words
    tables = (_ANGLES, _ANGLES, _LENGTHS) if spherical else (_LENGTHS,) * 3
    if len(words) != 3 or any(word not in table for word, table in zip(words, tables, strict=True)):
        usual = "degree, degree, metre" if spherical else "metre"
        raise SceneError(f"{path}: the units of {name} are {text!r}; write them as the standard does: {usual}")
    return np.array([table[word] for word, table in zip(words, tables, strict=True)])


def _sample_rate_hz(path: Path, file: Any) -> float:
    """The sample rate of the responses."""
    rate = float(np.ravel(_numbers(path, file, "Data.SamplingRate"))[0])
    unit = _text(file["Data.SamplingRate"].attrs, "Units")
    if unit.lower() not in _RATES:
        raise SceneError(f"{path}: the unit of Data.SamplingRate is {unit!r}; write it as the standard does: hertz")
    return rate * _RATES[unit.lower()]
