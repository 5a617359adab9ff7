"""Measured responses from a CSV list of sound files and SOFA files, or from TAU-SRIR DB, become a room bank.

The direct sound is scaled to 1 / distance; its direction is checked against the given one, or taken instead of it.
"""

import csv
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.audio import FOA_LAYOUTS
from whence.errors import SceneError
from whence.scenes.rooms.bank import RoomBank, merge
from whence.scenes.rooms.foa import (
    DirectSound,
    MeasuredResponse,
    as_wyzx,
    find_direct_sound,
    rt60_of,
    tail_balance_db,
)
from whence.scenes.rooms.room import DIRECT_SAMPLE, SourcePosition
from whence.scenes.rooms.sofa import read_sofa
from whence.scenes.rooms.tau_srir import read_tau_srir

_LOG = logging.getLogger("whence.scenes")
_COLUMNS = ("path", "layout", "distance_m", "room", "azimuth_deg", "elevation_deg")
_LONGEST_S = 60.0
_MOST_CHANNELS = 64
_BLOCK = 65_536
_END_FADE = 120
# Calibrated microphones stay within 1 dB; the wrong layout is 3 dB or more off.
_GAIN_DOUBTFUL, _GAIN_WRONG = 1.15, 1.3
_TAIL_DOUBTFUL_DB, _TAIL_WRONG_DB = 4.0, 6.5
_DEGREES_DOUBTFUL, _DEGREES_WRONG = 15.0, 45.0
# Of a database with thousands of responses a few may be unusable.
_UNUSABLE_SHARE = 0.1


def read_measured(manifest: Path, tap_count: int = 19_200) -> RoomBank:
    """Read the measured responses that a manifest lists, or those of TAU-SRIR DB in a folder.

    The manifest is a CSV file with a header. Each row has a `path` (relative to the manifest); rows of sound files
    also have `layout` (ambix, n3d, fuma or wxyz) and `distance_m`. `room` groups responses of one room (otherwise each
    file is one); where `azimuth_deg` and `elevation_deg` are missing, the direct sound gives them. SOFA files contain
    their positions; `layout` is needed only where such a file does not state it. The bank is in the order of the rows;
    its responses have at most `tap_count` samples at 24 kHz.

    A folder is TAU-SRIR DB as it is published. Of its responses in each room up to a tenth may be unusable; they are
    left out with a warning.

    Raises:
        SceneError: if the manifest or a file in it cannot be used; the message names the line or the file.
        MissingExtraError: if a SOFA file or TAU-SRIR DB is named and h5py is not installed.
    """
    if manifest.is_dir():
        return merge([bank_of_measured(room, tap_count, _UNUSABLE_SHARE) for room in read_tau_srir(manifest)])
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
    """One sound file with the values of its row."""
    for needed in ("layout", "distance_m"):
        if not row[needed]:
            raise SceneError(f"{where}: {row['path']} has no {needed}; a response does not tell it, so write it there")
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
    """Parse a finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SceneError(f"{where}: {name} is {text!r}; write a number")
    return number


def read_channels(path: Path) -> tuple[NDArray[np.float64], int]:
    """Read all channels of a sound file that libsndfile knows, at most a minute of at most 64 channels.

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
            # The header's length may be wrong: read until nothing comes or it is too much.
            while len(block := file.read(_BLOCK, dtype="float64", always_2d=True)):
                blocks.append(block)
                if sum(map(len, blocks)) > _LONGEST_S * rate:
                    raise SceneError(f"{path}: longer than {_LONGEST_S:g} s; a room's response is shorter, cut it")
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise SceneError(f"{path}: not a sound file ({error}); give WAV or FLAC") from error
    if not blocks:
        raise SceneError(f"{path}: holds no samples; export it again")
    return np.concatenate(blocks).T, rate


def bank_of_measured(
    measured: Sequence[MeasuredResponse], tap_count: int = 19_200, unusable_share: float = 0.0
) -> RoomBank:
    """Turn measured responses into a bank that merges with computed ones.

    Each is resampled to 24 kHz, shifted so that its direct sound is at DIRECT_SAMPLE, and scaled so that the
    direct sound has the energy of a pulse of 1 / distance. The direction is the given one, or that of the direct
    sound's intensity. A room's reverberation time is the median over its responses. Responses of more than `tap_count`
    samples are cut and fade out over 5 ms.

    Raises:
        SceneError: if more than `unusable_share` of them cannot be used; the message names the first. What is left out
            or only doubtful is logged as a warning.
    """
    measured, prepared = _usable(measured, tap_count, unusable_share)
    if doubts := [doubt for one in prepared for doubt in one.doubts]:
        more = f" (and {len(doubts) - 1} more of this kind)" if len(doubts) > 1 else ""
        _LOG.warning("%s%s", doubts[0], more)
    room_name = tuple(dict.fromkeys(one.room for one in measured))
    responses = np.zeros((len(measured), 3, max(p.wyx.shape[1] for p in prepared)), dtype=np.float16)
    for row, one in zip(responses, prepared, strict=True):
        row[:, : one.wyx.shape[1]] = one.wyx
    rt60_s = [
        float(np.median([p.rt60_s for p, one in zip(prepared, measured, strict=True) if one.room == name]))
        for name in room_name
    ]
    room = [room_name.index(one.room) for one in measured]
    return RoomBank.from_positions(responses, [p.position for p in prepared], room, room_name, rt60_s)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A response as the bank stores it: (3, tap) W, Y, X."""

    wyx: NDArray[np.float64]
    position: SourcePosition
    rt60_s: float
    doubts: tuple[str, ...]


def _usable(
    measured: Sequence[MeasuredResponse], tap_count: int, unusable_share: float
) -> tuple[list[MeasuredResponse], list[_Prepared]]:
    """The responses that can be used, as measured and as the bank stores them."""
    usable: list[MeasuredResponse] = []
    prepared: list[_Prepared] = []
    reasons: list[SceneError] = []
    for one in measured:
        try:
            prepared.append(_prepare(one, tap_count))
        except SceneError as error:
            reasons.append(error)
            if len(reasons) > unusable_share * len(measured):
                raise reasons[0] from None
        else:
            usable.append(one)
    if reasons:
        _LOG.warning("%d of %d responses left out: %s", len(reasons), len(measured), reasons[0])
    return usable, prepared


def _prepare(one: MeasuredResponse, tap_count: int) -> _Prepared:
    """One response, checked, shifted and scaled."""
    if not 0.1 <= one.distance_m <= 100.0:
        raise SceneError(f"{one.name}: distance {one.distance_m:g} m; give the distance of the source, 0.1 to 100 m")
    wyzx = as_wyzx(one.channels, one.sample_rate_hz, one.layout, one.name)
    direct = find_direct_sound(wyzx, one.name)
    position, doubt = _position(one, direct)
    doubts = tuple(filter(None, (_check_gain(one, direct), _check_tail(one, wyzx, direct), doubt)))
    try:
        rt60_s = rt60_of(wyzx[0, direct.sample :])
    except SceneError as error:
        raise SceneError(f"{one.name}: {error}") from error
    lead = np.zeros((4, max(0, DIRECT_SAMPLE - direct.sample)))
    kept = np.concatenate([lead, wyzx[:, max(0, direct.sample - DIRECT_SAMPLE) :]], axis=1)[[0, 1, 3], :tap_count]
    # W is the pressure: its sign must be that of the sound, whichever way a loudspeaker was wired.
    kept *= math.copysign(1 / one.distance_m / direct.amplitude, float(wyzx[0, direct.sample]))
    fade = min(_END_FADE, kept.shape[1])
    kept[:, kept.shape[1] - fade :] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    return _Prepared(kept, position, rt60_s, doubts)


def _check_gain(one: MeasuredResponse, direct: DirectSound) -> str:
    """What is doubtful about the layout, if anything; refused where it would not give cardioids."""
    off = max(direct.gain, 1 / direct.gain)
    if off <= _GAIN_DOUBTFUL:
        return ""
    # W alone is scaled in one layout and the rest in another; what counts is the ratio.
    unscaled = direct.gain * FOA_LAYOUTS[one.layout][1][0] / FOA_LAYOUTS[one.layout][1][1]
    gains = {name: unscaled * scale[1] / scale[0] for name, (_, scale) in FOA_LAYOUTS.items()}
    found = ", ".join(f"{name} {gain:.2f}" for name, gain in gains.items())
    message = (
        f"{one.name}: in layout {one.layout!r} the direct sound in the figures-of-eight is {direct.gain:.2f} times as "
        f"strong as in the omnidirectional channel, 1.00 would be right (by layout: {found})"
    )
    if off > _GAIN_WRONG:
        raise SceneError(f"{message}; correct the layout, or leave the file out if none comes near 1")
    return f"{message}; directions from this room will be off"


def _check_tail(one: MeasuredResponse, wyzx: NDArray[np.float64], direct: DirectSound) -> str:
    """What is doubtful about the levels of Y and X by their reverberation, if anything; refused where it is a lot."""
    balance_db = tail_balance_db(wyzx, direct.sample)
    if balance_db is None or max(map(abs, balance_db)) <= _TAIL_DOUBTFUL_DB:
        return ""
    message = (
        f"{one.name}: in layout {one.layout!r} the reverberation in Y and X is {balance_db[0]:+.1f} and "
        f"{balance_db[1]:+.1f} dB from a third of that in W; its channels are not at the same level"
    )
    if max(map(abs, balance_db)) > _TAIL_WRONG_DB:
        raise SceneError(f"{message}; correct the layout or leave the file out")
    return message


def _position(one: MeasuredResponse, direct: DirectSound) -> tuple[SourcePosition, str]:
    """Where the source was, as given or else as measured, and what is doubtful about it."""
    x, y, z = direct.direction
    found = SourcePosition(
        math.degrees(math.atan2(y, x)), math.degrees(math.asin(max(-1.0, min(1.0, z)))), one.distance_m
    )
    if one.azimuth_deg is None or one.elevation_deg is None:
        if one.azimuth_deg is not None or one.elevation_deg is not None:
            raise SceneError(f"{one.name}: give both azimuth and elevation, or neither")
        return found, ""
    if not (math.isfinite(one.azimuth_deg) and -90.0 <= one.elevation_deg <= 90.0):
        raise SceneError(f"{one.name}: azimuth {one.azimuth_deg}, elevation {one.elevation_deg} is not a direction")
    given = SourcePosition(one.azimuth_deg, one.elevation_deg, one.distance_m)
    cosine = sum(a * b for a, b in zip(given.offset_m(), found.offset_m(), strict=True)) / one.distance_m**2
    apart_deg = math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
    if apart_deg <= _DEGREES_DOUBTFUL:
        return given, ""
    message = (
        f"{one.name}: the manifest says that the source is at azimuth {given.azimuth_deg:.0f}, elevation "
        f"{given.elevation_deg:.0f}, but the direct sound comes from {found.azimuth_deg:.0f}, {found.elevation_deg:.0f}"
    )
    if apart_deg > _DEGREES_WRONG:
        raise SceneError(f"{message}; correct the direction or the channel layout")
    return given, f"{message}; the direction given is used"
