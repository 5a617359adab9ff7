"""Room banks on disk: one safetensors file, whole or not there, checked when it is read."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence.errors import MissingExtraError, SceneError
from whence.files import written_whole
from whence.scenes.rooms.bank import RoomBank

_FORMAT, _VERSION = "whence room bank", 1
_COLUMNS: dict[str, type[np.generic]] = {
    "responses": np.float16,
    "direct_sample": np.int32,
    "room": np.int32,
    "azimuth_deg": np.float32,
    "elevation_deg": np.float32,
    "distance_m": np.float32,
    "rt60_s": np.float32,
}


def save_room_bank(path: Path, bank: RoomBank) -> None:
    """Write a bank as one file; the same bank gives the same bytes.

    Args:
        path: where the file shall stand, by custom with the ending .safetensors.
        bank: to be written.

    Raises:
        SceneError: if the bank holds something that `load_room_bank` would refuse, such as an infinite number.
        MissingExtraError: if safetensors is not installed.
        OSError: when the disk refuses; nothing is left under `path` that was not there before.
    """
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise MissingExtraError("A room bank on disk", "scenes") from error
    columns = {name: np.ascontiguousarray(getattr(bank, name), dtype=kind) for name, kind in _COLUMNS.items()}
    if not np.isfinite(columns["responses"]).all():
        raise SceneError(f"{path}: a response holds numbers that are not finite; make the bank again")
    _check_values(path, columns, bank.room_name)
    about = {"version": _VERSION, "room_name": bank.room_name, "crc32": _checksum(columns)}
    # One entry only: the library writes several in an order that changes from run to run.
    content = save(columns, metadata={_FORMAT: json.dumps(about)})
    with written_whole(path) as file:
        file.write(content)


def load_room_bank(path: Path) -> RoomBank:
    """Open a bank; its responses stay in the file and are shared by all processes that read it.

    Args:
        path: a file that `save_room_bank` wrote.

    Returns:
        the bank. Writing into its arrays changes this process's copy only, never the file.

    Raises:
        SceneError: if there is no such file, it is something else, damaged, or from a newer version.
        MissingExtraError: if safetensors is not installed.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingExtraError("A room bank on disk", "scenes") from error
    if not path.is_file():
        raise SceneError(f"{path}: no such file; make a room bank first or correct the path")
    try:
        with safe_open(path, framework="numpy") as file:
            about = _about(path, file.metadata() or {}, set(file.keys()))
            columns = {name: file.get_tensor(name) for name in _COLUMNS if name != "responses"}
        columns["responses"] = _mapped(path)
        room_name = tuple(str(name) for name in about["room_name"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, SceneError):
            raise
        raise SceneError(f"{path}: not a room bank or damaged ({error}); make it again or fetch it again") from error
    _check_values(path, columns, room_name)
    if about.get("crc32") != _checksum(columns):
        raise SceneError(f"{path}: damaged since it was written (checksum differs); make it again or fetch it again")
    return RoomBank(room_name=room_name, **columns)


def _about(path: Path, metadata: dict[str, str], names: set[str]) -> dict[str, Any]:
    """What the header says of the bank; other people's files and newer versions of ours are refused."""
    if _FORMAT not in metadata:
        raise SceneError(f"{path}: a safetensors file, but not a room bank; give a file made by save_room_bank")
    about = json.loads(metadata[_FORMAT])
    if not isinstance(about, dict) or about.get("version") != _VERSION:
        raise SceneError(
            f"{path}: a room bank of another version than {_VERSION}; update whence or make the bank again"
        )
    if names != set(_COLUMNS):
        raise SceneError(f"{path}: a room bank with columns {sorted(names)}; make it again")
    return about


def _mapped(path: Path) -> NDArray[np.float16]:
    """The responses where they lie in the file; the library has checked the header's bounds before."""
    with path.open("rb") as file:
        header_size = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(header_size))["responses"]
    if entry["dtype"] != "F16" or 0 in entry["shape"]:
        raise ValueError(f"responses are {entry['dtype']} {entry['shape']}")
    # Mode c: pages are shared until written, and PyTorch takes the array without a warning.
    offset = 8 + header_size + entry["data_offsets"][0]
    return np.memmap(path, dtype=np.float16, mode="c", offset=offset, shape=tuple(entry["shape"]))


def _check_values(path: Path, columns: dict[str, Any], room_name: tuple[str, ...]) -> None:
    """Refuse columns that point outside each other or hold impossible numbers."""
    taps, rooms = columns["responses"].shape[-1], len(room_name)
    problems = {
        "types": any(columns[name].dtype != kind for name, kind in _COLUMNS.items()),
        "room": ((columns["room"] < 0) | (columns["room"] >= rooms)).any(),
        "direct_sample": ((columns["direct_sample"] < 0) | (columns["direct_sample"] >= taps)).any(),
        "azimuth_deg": not ((columns["azimuth_deg"] >= -180) & (columns["azimuth_deg"] < 180)).all(),
        "elevation_deg": not (np.abs(columns["elevation_deg"]) <= 90).all(),
        "distance_m": not ((columns["distance_m"] > 0) & np.isfinite(columns["distance_m"])).all(),
        "rt60_s": not ((columns["rt60_s"] > 0) & np.isfinite(columns["rt60_s"])).all(),
    }
    wrong = [name for name, is_wrong in problems.items() if is_wrong]
    if wrong:
        raise SceneError(f"{path}: a room bank with impossible values in {', '.join(wrong)}; make it again")


def _checksum(columns: Mapping[str, NDArray[Any]]) -> int:
    """CRC-32 over all columns in their fixed order."""
    checksum = 0
    for name in _COLUMNS:
        checksum = zlib.crc32(np.ascontiguousarray(columns[name]).data, checksum)
    return checksum
