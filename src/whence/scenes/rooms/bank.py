"""A bank of room responses: computed or measured once, kept in one safetensors file, used by every scene."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import MissingExtraError, SceneError
from whence.files import written_whole
from whence.labels import wrap
from whence.scenes.rooms.room import BANDS_HZ, DIRECT_SAMPLE, WALLS, SourcePosition
from whence.scenes.rooms.shoeboxes import Shoeboxes

_FORMAT = "whence room bank"
# Version 1 has no walls, and serves pairs of microphones at one point only.
_VERSIONS = (1, 2)
_COLUMNS: dict[str, type[np.generic]] = {
    "responses": np.float16,
    "direct_sample": np.int32,
    "room": np.int32,
    "azimuth_deg": np.float32,
    "elevation_deg": np.float32,
    "distance_m": np.float32,
    "rt60_s": np.float32,
}
_WALL_COLUMNS = ("dimensions_m", "listener_m", "absorption")
# Columns with one entry per response that mean the same in any bank.
_PER_RESPONSE = ("direct_sample", "azimuth_deg", "elevation_deg", "distance_m")


@dataclass(frozen=True, eq=False)
class RoomBank:
    """First-order responses from many positions in many rooms to one listener each, at 24 kHz.

    Height (Z) is not stored: a stereo pair looking along the horizon does not pick it up. Turning the listener
    by t degrees is `Y' = sin(t) X + cos(t) Y`, so one response serves every azimuth.

    Args:
        responses: (response, 3, tap) float16: W, Y, X (ACN order without Z). The direct sound of a source at
            1 m has W = 1 (SN3D); propagation delay is removed up to `direct_sample`.
        direct_sample: (response,) int32, where the direct sound arrives.
        room: (response,) int32, index into `room_name` and `rt60_s`.
        azimuth_deg: (response,) float32 of the source at viewing angle 0, [-180, 180), positive to the left.
        elevation_deg: (response,) float32.
        distance_m: (response,) float32.
        room_name: (room,) for people.
        rt60_s: (room,) float32.
        shoeboxes: the walls of the rooms, which responses for spaced microphones are computed from; None if no room's
            walls are known.

    Raises:
        SceneError: if the columns do not fit each other.
    """

    responses: NDArray[np.float16]
    direct_sample: NDArray[np.int32]
    room: NDArray[np.int32]
    azimuth_deg: NDArray[np.float32]
    elevation_deg: NDArray[np.float32]
    distance_m: NDArray[np.float32]
    room_name: tuple[str, ...]
    rt60_s: NDArray[np.float32]
    shoeboxes: Shoeboxes | None = None

    def __post_init__(self) -> None:
        if self.responses.ndim != 3 or self.responses.shape[1] != 3:
            raise SceneError(f"a room bank's responses are (response, 3, tap), not {self.responses.shape}")
        columns = (self.room, *(getattr(self, name) for name in _PER_RESPONSE))
        if {column.shape for column in columns} != {self.responses.shape[:1]}:
            raise SceneError(f"a room bank needs one entry per response in each column: {len(self.responses)} of them")
        if self.rt60_s.shape != (len(self.room_name),):
            raise SceneError("a room bank needs one name and one reverberation time per room")
        if self.shoeboxes is not None and len(self.shoeboxes) != len(self.room_name):
            raise SceneError("a room bank needs walls for each room, or for none")

    def __len__(self) -> int:
        return len(self.room)

    @classmethod
    def from_positions(
        cls,
        responses: NDArray[np.float16],
        positions: Sequence[SourcePosition],
        room: ArrayLike,
        room_name: Sequence[str],
        rt60_s: Sequence[float],
        shoeboxes: Shoeboxes | None = None,
    ) -> Self:
        """Build a bank of responses with their direct sound at DIRECT_SAMPLE; azimuths may be any number of turns."""
        azimuth_deg = wrap([position.azimuth_deg for position in positions]).astype(np.float32)
        return cls(
            responses=responses,
            direct_sample=np.full(len(positions), DIRECT_SAMPLE, dtype=np.int32),
            room=np.asarray(room, dtype=np.int32),
            # Rounding to float32 may reach 180.
            azimuth_deg=np.where(azimuth_deg >= 180.0, np.float32(-180.0), azimuth_deg),
            elevation_deg=np.array([position.elevation_deg for position in positions], dtype=np.float32),
            distance_m=np.array([position.distance_m for position in positions], dtype=np.float32),
            room_name=tuple(room_name),
            rt60_s=np.array(rt60_s, dtype=np.float32),
            shoeboxes=shoeboxes,
        )

    def has_walls(self, room: int) -> bool:
        """Whether the walls of a room are known, so that it serves spaced microphones too."""
        return self.shoeboxes is not None and self.shoeboxes.is_known(room)


def merge(banks: Sequence[RoomBank]) -> RoomBank:
    """Concatenate banks, drawn or measured; shorter responses are padded with zeros.

    Raises:
        SceneError: if there is nothing to merge.
    """
    if not banks:
        raise SceneError("no room banks to merge; give at least one")
    tap_count = max(bank.responses.shape[2] for bank in banks)
    responses = np.zeros((sum(map(len, banks)), 3, tap_count), dtype=np.float16)
    first_room = np.cumsum([0, *(len(bank.room_name) for bank in banks)])
    first = 0
    for bank in banks:
        responses[first : first + len(bank), :, : bank.responses.shape[2]] = bank.responses
        first += len(bank)
    return RoomBank(
        responses=responses,
        room=np.concatenate([bank.room + np.int32(start) for bank, start in zip(banks, first_room, strict=False)]),
        room_name=tuple(name for bank in banks for name in bank.room_name),
        rt60_s=np.concatenate([bank.rt60_s for bank in banks]),
        shoeboxes=_joined_walls(banks),
        **{name: np.concatenate([getattr(bank, name) for bank in banks]) for name in _PER_RESPONSE},
    )


def _joined_walls(banks: Sequence[RoomBank]) -> Shoeboxes | None:
    """The walls of all rooms, as far as they are known."""
    if all(bank.shoeboxes is None for bank in banks):
        return None
    return Shoeboxes.joined([bank.shoeboxes or Shoeboxes.unknown(len(bank.room_name)) for bank in banks])


def select_rooms(bank: RoomBank, rooms: ArrayLike) -> RoomBank:
    """Return a bank of some rooms with all their responses, numbered from 0 and sorted by room.

    Args:
        bank: unchanged.
        rooms: (room,) indices of the rooms to keep, in the wanted order, each once.

    Raises:
        SceneError: if an index is out of range or named twice, or none is named.

    >>> column = np.zeros(2, np.float32)
    >>> bank = RoomBank(
    ...     np.zeros((2, 3, 4), np.float16), np.zeros(2, np.int32), np.array([0, 1], np.int32),
    ...     column, column, column + 1, ("hall", "attic"), column + 0.5)
    >>> select_rooms(bank, [1]).room_name
    ('attic',)
    """
    chosen = np.asarray(rooms, dtype=np.int64)
    is_known = np.isin(chosen, range(len(bank.room_name)))
    if not chosen.size or len(np.unique(chosen)) != chosen.size or not is_known.all():
        raise SceneError(f"rooms {chosen.tolist()}: name each room of 0..{len(bank.room_name) - 1} at most once")
    rows = np.concatenate([np.flatnonzero(bank.room == room) for room in chosen])
    new_index = np.full(len(bank.room_name), -1, dtype=np.int32)
    new_index[chosen] = np.arange(chosen.size)
    return replace(
        bank,
        **{name: getattr(bank, name)[rows] for name in ("responses", *_PER_RESPONSE)},
        room=new_index[bank.room[rows]],
        room_name=tuple(bank.room_name[room] for room in chosen),
        rt60_s=bank.rt60_s[chosen],
        shoeboxes=None if bank.shoeboxes is None else bank.shoeboxes.select(chosen),
    )


def save_room_bank(path: Path, bank: RoomBank) -> None:
    """Write a bank as one safetensors file; the same bank gives the same bytes.

    Raises:
        SceneError: if the bank holds something that `load_room_bank` would refuse, such as an infinite number.
        MissingExtraError: if safetensors is not installed.
        OSError: if the disk refuses; what was at `path` before is unchanged.
    """
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise MissingExtraError("A room bank on disk", "scenes") from error
    columns = {name: np.ascontiguousarray(getattr(bank, name), dtype=kind) for name, kind in _COLUMNS.items()}
    if not np.isfinite(columns["responses"]).all():
        raise SceneError(f"{path}: a response holds numbers that are not finite; make the bank again")
    walls = {} if bank.shoeboxes is None else {name: getattr(bank.shoeboxes, name) for name in _WALL_COLUMNS}
    columns |= {name: np.ascontiguousarray(column, dtype=np.float64) for name, column in walls.items()}
    _check_values(path, columns, bank.room_name)
    about = {"version": 2 if walls else 1, "room_name": bank.room_name, "crc32": _checksum(columns)}
    # One entry only: the library writes several in an order that changes from run to run.
    content = save(columns, metadata={_FORMAT: json.dumps(about)})
    with written_whole(path) as file:
        file.write(content)


def load_room_bank(path: Path) -> RoomBank:
    """Open a bank that `save_room_bank` wrote; its responses stay in the file and are shared between processes.

    Returns:
        the bank. Writing into its arrays changes this process's copy only, never the file.

    Raises:
        SceneError: if the file is missing, damaged, of a newer version, or no room bank.
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
            columns = {name: file.get_tensor(name) for name in _names(about) if name != "responses"}
        columns["responses"] = _mapped(path)
        room_name = tuple(str(name) for name in about["room_name"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, SceneError):
            raise
        raise SceneError(f"{path}: not a room bank or damaged ({error}); make it again or fetch it again") from error
    _check_values(path, columns, room_name)
    if about.get("crc32") != _checksum(columns):
        raise SceneError(f"{path}: damaged since it was written (checksum differs); make it again or fetch it again")
    walls = {name: columns.pop(name) for name in _WALL_COLUMNS if name in columns}
    return RoomBank(room_name=room_name, shoeboxes=Shoeboxes(**walls) if walls else None, **columns)


def _names(about: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of a file of this version, in the order of its checksum."""
    return (*_COLUMNS, *(_WALL_COLUMNS if about["version"] == 2 else ()))


def _about(path: Path, metadata: dict[str, str], names: set[str]) -> dict[str, Any]:
    """The header's description of the bank; other files and newer versions are refused."""
    if _FORMAT not in metadata:
        raise SceneError(f"{path}: a safetensors file, but not a room bank; give a file made by save_room_bank")
    about = json.loads(metadata[_FORMAT])
    if not isinstance(about, dict) or about.get("version") not in _VERSIONS:
        raise SceneError(
            f"{path}: a room bank of another version than {_VERSIONS[-1]}; update whence or make the bank again"
        )
    if names != set(_names(about)):
        raise SceneError(f"{path}: a room bank with columns {sorted(names)}; make it again")
    return about


def _mapped(path: Path) -> NDArray[np.float16]:
    """The responses, mapped from the file; safetensors has checked the header's bounds before."""
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
    if "absorption" in columns:
        sides, listener, absorption = (columns[name] for name in _WALL_COLUMNS)
        shapes = (rooms, 3), (rooms, 3), (rooms, len(WALLS), len(BANDS_HZ))
        if (sides.shape, listener.shape, absorption.shape) != shapes or absorption.dtype != np.float64:
            problems["shapes of walls"] = True
        else:
            # A room of millimetres would have more images than memory holds.
            known = np.isfinite(sides).all(axis=1)
            sides, listener, absorption = sides[known], listener[known], absorption[known]
            problems["dimensions_m"] = not ((sides >= 1.0) & (sides <= 100.0)).all()
            problems["listener_m"] = not ((listener > 0) & (listener < sides)).all()
            problems["absorption"] = not ((absorption >= 0) & (absorption < 1)).all()
    wrong = [name for name, is_wrong in problems.items() if is_wrong]
    if wrong:
        raise SceneError(f"{path}: a room bank with impossible values in {', '.join(wrong)}; make it again")


def _checksum(columns: Mapping[str, NDArray[Any]]) -> int:
    """CRC-32 over all columns in their fixed order."""
    checksum = 0
    for name in (*_COLUMNS, *(name for name in _WALL_COLUMNS if name in columns)):
        checksum = zlib.crc32(np.ascontiguousarray(columns[name]).data, checksum)
    return checksum
