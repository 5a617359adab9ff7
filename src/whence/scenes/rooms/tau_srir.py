"""Read TAU-SRIR DB, nine rooms measured at Tampere University, as it is published (Zenodo record 6408611).

`rirdata.mat` has the direction of each response and `measinfo.mat` the paths that the loudspeaker took. The responses
are in a file for each room, `rirs_01_bomb_shelter.mat` to `rirs_10_tc352.mat` (MATLAB 7.3, which is HDF5).
"""

import contextlib
import importlib.util
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence.errors import MissingExtraError, SceneError
from whence.scenes.rooms.foa import MeasuredResponse

# Responses are a degree apart along each path. Neighbours are almost the same; paths of scenes have steps of 5 degrees.
_EACH_DEGREE = 5
# W, Y, Z, X with gains 1, sin(azimuth) cos(elevation), sin(elevation), cos(azimuth) cos(elevation), as the README says.
_LAYOUT = "ambix"
# A damaged file may fail in any of these ways.
_DAMAGED = (OSError, KeyError, ValueError, TypeError, IndexError, RuntimeError, AttributeError, NotImplementedError)


def read_tau_srir(folder: Path) -> Iterator[list[MeasuredResponse]]:
    """Read the first-order responses of TAU-SRIR DB, every fifth degree along each path.

    The direction is the one that the database states. The distance is where this direction meets the path over the
    floor: a circle around the microphone, or a straight line.

    Args:
        folder: `TAU-SRIR_DB`, or the folder that holds it.

    Yields:
        the responses of a room; of rooms whose file is missing none.

    Raises:
        SceneError: it is not TAU-SRIR DB, has no room, or a file is damaged or of another form.
        MissingExtraError: if h5py is not installed.

    Source: Politis, Adavanne and Virtanen, "A Dataset of Reverberant Spatial Sound Scenes with Moving Sources for Sound
    Event Localization and Detection", DCASE 2020 Workshop; the README of the record.
    """
    if importlib.util.find_spec("h5py") is None:
        raise MissingExtraError("Reading TAU-SRIR DB", "scenes")
    if (folder / "TAU-SRIR_DB").is_dir():
        folder = folder / "TAU-SRIR_DB"
    for needed in ("rirdata.mat", "measinfo.mat"):
        if not (folder / needed).is_file():
            raise SceneError(
                f"{folder}: no {needed}; a folder of measured rooms is TAU-SRIR DB (whence data fetch tau_srir), "
                "and other responses are listed in a CSV file"
            )
    paths = _loudspeaker_paths(folder / "measinfo.mat")
    found = False
    for name, directions in _directions(folder / "rirdata.mat"):
        if name not in paths:
            raise SceneError(f"{folder / 'measinfo.mat'}: does not describe the room {name!r}; fetch it again")
        for path in sorted(folder.glob(f"rirs_*_{name}.mat")):
            found = True
            yield _read_room(path, name, directions, *paths[name])
    if not found:
        raise SceneError(f"{folder}: no rirs_*.mat of any room; unpack TAU-SRIR_DB.zip again")


def distances_m(kind: str, path: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far away sources on a path are.

    Args:
        kind: `circular` or `linear`.
        path: of a circle its radius (1,), of a line its start and end (2, 3); metres from the microphone, x ahead, y to
            the left.
        directions: (response, 3) unit vectors.

    Returns:
        (response,) metres; NaN where a direction never meets a line.

    >>> distances_m("circular", np.array([2.0]), np.array([[0.0, 1.0, 0.0], [0.8, 0.0, 0.6]]))
    array([2. , 2.5])
    >>> line = np.array([[3.0, 2.0, 0.0], [3.0, -2.0, 0.0]])
    >>> distances_m("linear", line, np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0]]))
    array([3., 5.])
    """
    flat = np.hypot(directions[:, 0], directions[:, 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "circular":
            return np.asarray(path[0] / flat)
        (x, y), (along_x, along_y) = path[0, :2], path[1, :2] - path[0, :2]
        # length * direction is on the line where its cross product with the line's direction equals that of the start.
        length = (x * along_y - y * along_x) / (directions[:, 0] * along_y - directions[:, 1] * along_x)
    return np.where(np.isfinite(length) & (length > 0), length, np.nan)


def _directions(path: Path) -> list[tuple[str, NDArray[Any]]]:
    """The name of each room and its (group, height) table of (response, 3) unit vectors."""
    from scipy.io import loadmat

    with _undamaged(path):
        rooms = loadmat(path)["rirdata"]["room"][0, 0].ravel()
        return [(str(room["name"][0]), room["rirs"]["doa_xyz"]) for room in rooms]


def _loudspeaker_paths(path: Path) -> dict[str, tuple[str, NDArray[np.float64]]]:
    """Whether a room has circles or lines, and (1, group) radii or (2, 3, group) starts and ends, by its name."""
    from scipy.io import loadmat

    found = {}
    with _undamaged(path):
        for room in loadmat(path)["measinfo"].ravel():
            name, kind = str(room["room"][0]), str(room["trajectoryType"][0])
            values = np.asarray(room["distances"], dtype=np.float64)
            if values.shape[:-1] != {"circular": (1,), "linear": (2, 3)}.get(kind):
                raise SceneError(f"{path}: the room {name} has {kind!r} paths of shape {values.shape}; fetch it again")
            found[name] = kind, values
    return found


@contextlib.contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    """Report whatever a damaged or foreign file leads to as one sentence."""
    from scipy.io.matlab import MatReadError

    try:
        yield
    except SceneError:
        raise
    except (MatReadError, zlib.error, *_DAMAGED) as error:
        raise SceneError(f"{path}: not a file of TAU-SRIR DB or damaged ({error}); fetch it again") from error


def _read_room(
    path: Path, name: str, directions: NDArray[Any], kind: str, paths: NDArray[np.float64]
) -> list[MeasuredResponse]:
    """The responses of one room."""
    import h5py

    measured: list[MeasuredResponse] = []
    with _undamaged(path), h5py.File(path, "r") as file:
        for (group, height), all_units in np.ndenumerate(directions):
            # MATLAB writes the last axis first: (height, group) references to (response, channel, sample).
            responses = file[file["rirs/foa"][height, group]]
            if responses.ndim != 3 or responses.shape[:2] != (len(all_units), 4):
                raise SceneError(
                    f"{path}: the responses of group {group + 1}, height {height + 1} are {responses.shape[::-1]}; "
                    f"rirdata.mat has directions of {len(all_units)} with 4 channels; fetch both again"
                )
            units = np.asarray(all_units[::_EACH_DEGREE], dtype=np.float64)
            metres = distances_m(kind, paths[..., group], units)
            for number, channels in enumerate(np.asarray(responses[::_EACH_DEGREE], dtype=np.float64)):
                x, y, z = units[number]
                which = f"group {group + 1}, height {height + 1}, response {_EACH_DEGREE * number + 1}"
                measured.append(
                    MeasuredResponse(
                        name=f"{path}, {which}",
                        channels=channels,
                        sample_rate_hz=24_000,
                        layout=_LAYOUT,
                        room=name,
                        distance_m=float(metres[number]),
                        azimuth_deg=float(np.degrees(np.arctan2(y, x))),
                        elevation_deg=float(np.degrees(np.arctan2(z, np.hypot(x, y)))),
                    )
                )
    return measured
