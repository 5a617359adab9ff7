"""Spatial responses from SOFA files (AES69): the first-order ones, with the positions that the file holds."""

import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path

from whence.errors import MissingExtraError, SceneError
from whence.scenes.rooms.measured import MeasuredResponse
from whence.scenes.rooms.sofa_content import SofaContent

# Not -m: the package imports the module before it would be run. -P: no module is taken from the current folder.
_READER = (sys.executable, "-P", "-c", "from whence.scenes.rooms.sofa_content import main; main()")
_LONGEST_S = 60.0


def read_sofa(path: Path, layout: str | None = None, room: str | None = None) -> list[MeasuredResponse]:
    """Read all measurements of a SOFA file whose receivers are first-order (ambisonic) channels.

    Azimuth, elevation and distance are those of the source seen by the listener, who looks along ListenerView with
    ListenerUp upwards. The file is opened by a process of its own: the library for HDF5 may run in circles or crash
    on a damaged one.

    Args:
        path: a file of the convention SingleRoomSRIR, AmbisonicsDRIR or one of their relatives.
        layout: a key of LAYOUTS; needed where the file does not say it, and believed where it does.
        room: name of the room; None takes the file's own.

    Returns:
        one response per measurement, in the file's order.

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


def _read_apart(path: Path) -> SofaContent:
    """The file's content, read by another process that is given a minute."""
    try:
        done = subprocess.run([*_READER, str(path.absolute())], stdout=subprocess.PIPE, timeout=_LONGEST_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise SceneError(
            f"{path}: reading took more than {_LONGEST_S:g} s; it seems damaged, fetch it again"
        ) from error
    head, _, _ = done.stdout.partition(b"\n")
    if done.returncode != 0:
        raise SceneError(f"{path}: reading it failed with code {done.returncode}; it seems damaged, fetch it again")
    told = json.loads(head)
    if "error" in told:
        raise SceneError(told["error"])
    return SofaContent.from_bytes(told, memoryview(done.stdout)[len(head) + 1 :])


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
