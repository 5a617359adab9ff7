"""A CSV list of measured responses becomes a room bank: sound files with what must be known of them, and SOFA files."""

import csv
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.errors import SceneError
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.rooms.measured import MeasuredResponse, bank_of_measured
from whence.scenes.rooms.sofa import read_sofa

_COLUMNS = ("path", "layout", "distance_m", "room", "azimuth_deg", "elevation_deg")
_LONGEST_S = 60.0
_MOST_CHANNELS = 64
_BLOCK = 65_536


def read_measured(manifest: Path, tap_count: int = 19_200) -> RoomBank:
    """Read the responses that a manifest names.

    The manifest is a CSV file with a header. `path` (relative to the manifest) stands in each row; for sound files
    also `layout` (ambix, n3d, fuma or wxyz) and `distance_m`. `room` groups responses of one room (else each file is
    one); `azimuth_deg` and `elevation_deg` are told by the direct sound where they are missing. SOFA files bring
    their positions along; `layout` is needed only where such a file does not say it.

    Args:
        manifest: the CSV file.
        tap_count: longest response kept, in samples at 24 kHz.

    Returns:
        the bank, in the order of the rows.

    Raises:
        SceneError: if the manifest or a file in it cannot be used; the message names the line or the file.
        MissingExtraError: if a SOFA file is named and h5py is not installed.
    """
    measured: list[MeasuredResponse] = []
    for line, row in _rows(manifest):
        path = manifest.parent / row["path"]
        if path.suffix.lower() == ".sofa":
            measured += read_sofa(path, row["layout"] or None, row["room"] or None)
        else:
            measured.append(_from_row(f"{manifest}:{line}", path, row))
    if not measured:
        raise SceneError(f"{manifest}: names no responses; add a row per file under {','.join(_COLUMNS)}")
    return bank_of_measured(measured, tap_count)


def _rows(manifest: Path) -> list[tuple[int, dict[str, str]]]:
    """(line number, column -> text) for each row; missing optional columns are empty."""
    if not manifest.is_file():
        raise SceneError(f"{manifest}: no such file; give a CSV list with the columns {','.join(_COLUMNS)}")
    try:
        text = manifest.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(text.splitlines(), strict=True)
        names = reader.fieldnames or []
        if "path" not in names or not set(names) <= set(_COLUMNS):
            raise SceneError(f"{manifest}:1: the header is {names}; its columns may be {','.join(_COLUMNS)}")
        rows = [(reader.line_num, {name: (row.get(name) or "").strip() for name in _COLUMNS}) for row in reader]
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise SceneError(f"{manifest}: not a CSV list ({error}); save it as CSV in UTF-8") from error
    return rows


def _from_row(where: str, path: Path, row: dict[str, str]) -> MeasuredResponse:
    """One sound file with what its row says."""
    if not row["layout"] or not row["distance_m"]:
        missing = "layout" if not row["layout"] else "distance_m"
        raise SceneError(f"{where}: {row['path']} has no {missing}; a response does not tell it, so write it there")
    channels, sample_rate_hz = read_channels(path)
    return MeasuredResponse(
        name=str(path),
        channels=channels,
        sample_rate_hz=sample_rate_hz,
        layout=row["layout"],
        room=row["room"] or path.stem,
        distance_m=_number(where, "distance_m", row["distance_m"]),
        azimuth_deg=_number(where, "azimuth_deg", row["azimuth_deg"]) if row["azimuth_deg"] else None,
        elevation_deg=_number(where, "elevation_deg", row["elevation_deg"]) if row["elevation_deg"] else None,
    )


def _number(where: str, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SceneError(f"{where}: {name} is {text!r}; write a number")
    return number


def read_channels(path: Path) -> tuple[NDArray[np.float64], int]:
    """Read all channels of a sound file, at most a minute of at most 64.

    Args:
        path: any format that libsndfile reads.

    Returns:
        (channel, sample) float64 and the sample rate in hertz.

    Raises:
        SceneError: if it is missing, not a sound file, empty, too long or has too many channels.
    """
    import soundfile

    if not path.is_file():
        raise SceneError(f"{path}: no such file; correct the path in the manifest")
    blocks: list[NDArray[np.float64]] = []
    try:
        with soundfile.SoundFile(path) as file:
            rate, channel_count = file.samplerate, file.channels
            if channel_count > _MOST_CHANNELS:
                raise SceneError(f"{path}: {channel_count} channels; a first-order response has 4")
            # The header's length is a promise only: read until nothing comes or it is too much.
            while len(block := file.read(_BLOCK, dtype="float64", always_2d=True)):
                blocks.append(block)
                if sum(map(len, blocks)) > _LONGEST_S * rate:
                    raise SceneError(f"{path}: longer than {_LONGEST_S:g} s; a room's response is shorter, cut it")
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise SceneError(f"{path}: not a sound file ({error}); give WAV or FLAC") from error
    if not blocks:
        raise SceneError(f"{path}: holds no samples; export it again")
    return np.concatenate(blocks).T, rate
