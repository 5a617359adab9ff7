"""Measured responses join the bank: direct sound at 1 / distance, its direction told by the microphones or the user."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.errors import SceneError
from whence.scenes.rooms.acoustics import rt60_of
from whence.scenes.rooms.bank import RoomBank, azimuth_column
from whence.scenes.rooms.foa import LAYOUTS, DirectSound, as_wyzx, find_direct_sound, tail_balance_db
from whence.scenes.rooms.room import Place
from whence.scenes.rooms.simulation import DIRECT_SAMPLE

_LOG = logging.getLogger("whence.scenes")
_END_FADE = 120
# Calibrated microphones stay within 1 dB; the wrong layout is 3 dB or more off.
_GAIN_DOUBTFUL, _GAIN_WRONG = 1.15, 1.3
_TAIL_DOUBTFUL_DB, _TAIL_WRONG_DB = 4.0, 6.5
_DEGREES_DOUBTFUL, _DEGREES_WRONG = 15.0, 45.0


@dataclass(frozen=True, eq=False)
class MeasuredResponse:
    """One measured first-order room response, as the file holds it.

    Args:
        name: for the messages, usually the path.
        channels: (channel, sample) float64.
        sample_rate_hz: of the channels.
        layout: a key of LAYOUTS.
        room: responses with the same word here are of one room.
        distance_m: from microphone to source, above 0; no response tells this reliably, so it must be known.
        azimuth_deg: of the source, positive to the left; None lets the direct sound tell.
        elevation_deg: of the source; given if and only if the azimuth is.
    """

    name: str
    channels: NDArray[np.float64]
    sample_rate_hz: float
    layout: str
    room: str
    distance_m: float
    azimuth_deg: float | None = None
    elevation_deg: float | None = None


def bank_of_measured(measured: Sequence[MeasuredResponse], tap_count: int = 19_200) -> RoomBank:
    """Turn measured responses into a bank that merges with computed ones.

    Each is resampled to 24 kHz, moved so that its direct sound stands at DIRECT_SAMPLE, and scaled so that the
    direct sound has the energy of a pulse of 1 / distance. The direction is the given one, or that of the direct
    sound's intensity. A room's reverberation time is the median over its responses.

    Args:
        measured: at least one.
        tap_count: longest response kept, in samples at 24 kHz; longer ones fade out over their last 5 ms.

    Returns:
        the bank, in the order given.

    Raises:
        SceneError: if there are none, or one of them cannot be used; the message names it.
    """
    if not measured:
        raise SceneError("no measured responses; give at least one")
    prepared = [_prepare(one, tap_count) for one in measured]
    if doubts := [doubt for one in prepared for doubt in one.doubts]:
        more = f" (and {len(doubts) - 1} more of this kind)" if len(doubts) > 1 else ""
        _LOG.warning("%s%s", doubts[0], more)
    room_name = tuple(dict.fromkeys(one.room for one in measured))
    number = {name: position for position, name in enumerate(room_name)}
    responses = np.zeros((len(measured), 3, max(p.wyx.shape[1] for p in prepared)), dtype=np.float16)
    for held, one in zip(responses, prepared, strict=True):
        held[:, : one.wyx.shape[1]] = one.wyx
    rt60_s = [
        np.median([p.rt60_s for p, one in zip(prepared, measured, strict=True) if one.room == name])
        for name in room_name
    ]
    return RoomBank(
        responses=responses,
        direct_sample=np.full(len(measured), DIRECT_SAMPLE, dtype=np.int32),
        room=np.array([number[one.room] for one in measured], dtype=np.int32),
        azimuth_deg=azimuth_column([p.place.azimuth_deg for p in prepared]),
        elevation_deg=np.array([p.place.elevation_deg for p in prepared], dtype=np.float32),
        distance_m=np.array([p.place.distance_m for p in prepared], dtype=np.float32),
        room_name=room_name,
        rt60_s=np.array(rt60_s, dtype=np.float32),
    )


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A response as the bank keeps it: (3, tap) W, Y, X."""

    wyx: NDArray[np.float64]
    place: Place
    rt60_s: float
    doubts: tuple[str, ...]


def _prepare(one: MeasuredResponse, tap_count: int) -> _Prepared:
    """One response, checked, moved and scaled."""
    if not 0.1 <= one.distance_m <= 100.0:
        raise SceneError(f"{one.name}: distance {one.distance_m:g} m; give the distance of the source, 0.1 to 100 m")
    wyzx = as_wyzx(one.channels, one.sample_rate_hz, one.layout, one.name)
    direct = find_direct_sound(wyzx, one.name)
    place, doubt = _place(one, direct)
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
    return _Prepared(kept, place, rt60_s, doubts)


def _check_gain(one: MeasuredResponse, direct: DirectSound) -> str:
    """What is doubtful about the layout, if anything; refused where the cardioids made of it would be none."""
    off = max(direct.gain, 1 / direct.gain)
    if off <= _GAIN_DOUBTFUL:
        return ""
    # W alone is scaled in one layout and the rest in another; what counts is the ratio.
    unscaled = direct.gain * LAYOUTS[one.layout][1][0] / LAYOUTS[one.layout][1][1]
    gains = {name: unscaled * scale[1] / scale[0] for name, (_, scale) in LAYOUTS.items()}
    found = ", ".join(f"{name} {gain:.2f}" for name, gain in gains.items())
    message = (
        f"{one.name}: in layout {one.layout!r} the figures-of-eight hear the direct sound {direct.gain:.2f} times as "
        f"loud as the omnidirectional channel, 1.00 would be right (by layout: {found})"
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


def _place(one: MeasuredResponse, direct: DirectSound) -> tuple[Place, str]:
    """Where the source was, as given or else as heard, and what is doubtful about it."""
    x, y, z = direct.direction
    heard = Place(math.degrees(math.atan2(y, x)), math.degrees(math.asin(max(-1.0, min(1.0, z)))), 1.0)
    if one.azimuth_deg is None or one.elevation_deg is None:
        if one.azimuth_deg is not None or one.elevation_deg is not None:
            raise SceneError(f"{one.name}: give both azimuth and elevation, or neither")
        return Place(heard.azimuth_deg, heard.elevation_deg, one.distance_m), ""
    if not (math.isfinite(one.azimuth_deg) and -90.0 <= one.elevation_deg <= 90.0):
        raise SceneError(f"{one.name}: azimuth {one.azimuth_deg}, elevation {one.elevation_deg} is not a direction")
    given = Place(one.azimuth_deg, one.elevation_deg, 1.0)
    cosine = sum(a * b for a, b in zip(given.offset_m(), heard.offset_m(), strict=True))
    apart_deg = math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
    place = Place(given.azimuth_deg, given.elevation_deg, one.distance_m)
    if apart_deg <= _DEGREES_DOUBTFUL:
        return place, ""
    message = (
        f"{one.name}: the source is said to be at azimuth {given.azimuth_deg:.0f}, elevation "
        f"{given.elevation_deg:.0f}, but is heard at {heard.azimuth_deg:.0f}, {heard.elevation_deg:.0f}"
    )
    if apart_deg > _DEGREES_WRONG:
        raise SceneError(f"{message}; correct the direction or the channel layout")
    return place, f"{message}; the direction given is used"
