"""A renderer as one would first write it: NumPy and SciPy, one event after the other, no shared blocks, float64.

It is the slow twin of `whence.scenes.render` in the tests and the baseline of its benchmark.
"""

from itertools import pairwise

import numpy as np
from scipy.signal import oaconvolve

from whence.labels import Events
from whence.scenes.transforms.multiband_eq import HALF_WIDTH_SAMPLES, band_taps

RATE = 24_000
FRAME = 2_400
LEAD = 9_600


def eq_taps(eq_db):
    """(513,) the equalizer as a filter in time; tap 256 is the present."""
    return 10 ** (np.asarray(eq_db) / 20) @ band_taps()


def render_one(scene, sounds, rooms, dtype=np.float64):
    """(2, sample) and the label rows of one scene, sorted."""
    audio, rows = _render_alone(scene, sounds, rooms, dtype)
    if scene.partner is not None:
        other, more = _render_alone(scene.partner, sounds, rooms, dtype)
        audio = audio + 10 ** (scene.partner_level_db / 20) * other
        free = max([row[2] for row in rows], default=-1) + 1
        rows += [(frame, kind, source + free, *rest) for frame, kind, source, *rest in more]
    peak = np.abs(audio).max()
    if peak > 0.99:
        audio = audio * 0.99 / peak
    if scene.swapped:
        audio = audio[::-1]
        rows = [(frame, kind, source, -azimuth, *rest) for frame, kind, source, azimuth, *rest in rows]
    return audio, sorted(rows)


def rows_of(events: Events):
    """The rows of a table as tuples, sorted."""
    columns = (events.frame, events.class_index, events.source, events.azimuth_deg, events.distance_m)
    return sorted(zip(*(column.tolist() for column in (*columns, events.elevation_deg)), strict=True))


def _render_alone(scene, sounds, rooms, dtype):
    count = scene.sample_count
    audio = np.zeros((2, count), dtype)
    rows, numbers, labelled = [], {}, set()
    for event in scene.events:
        dry = _dry(event, sounds, count, dtype)
        for mask in event.masks:
            _silence(dry, mask)
        active, rms = _activity(dry, event, sounds, scene.audible)
        gain = 10 ** (event.level_dbfs / 20) / rms if rms > 0 else 0.0
        signal = dry * gain * (-1 if event.inverted else 1)
        audio += _through_room(signal, event, rooms, count)
        source = numbers.setdefault(event.class_index, 0)
        numbers[event.class_index] += 1
        if event.class_index >= 0:
            labelled |= set(active)
            rows += [_label(frame, event, source, rooms) for frame in active]
    if scene.background is not None:
        _add_background(audio, scene.background, sounds, sorted(labelled))
    return audio, rows


def _lay(pieces, sounds, first, count, dtype):
    """The pieces between moment `first` and `first + count`."""
    out = np.zeros(count, dtype)
    for piece in pieces:
        wave = sounds.waveform(piece.sound).astype(dtype)
        wave = wave[piece.first_sample : piece.first_sample + piece.sample_count].copy()
        rise, fall = piece.fade_in_samples, piece.fade_out_samples
        if rise:
            wave[:rise] *= np.sin((np.arange(rise) + 0.5) / rise * np.pi / 2) ** 2
        if fall:
            wave[len(wave) - fall :] *= np.cos((np.arange(fall) + 0.5) / fall * np.pi / 2) ** 2
        for_out = piece.start_sample - first
        low, high = max(for_out, 0), min(for_out + len(wave), count)
        if low < high:
            out[low:high] += wave[low - for_out : high - for_out]
    return out


def _dry(event, sounds, count, dtype):
    """The dry signal from the lead on to the end of the clip."""
    return _lay(event.pieces, sounds, -LEAD, LEAD + count, dtype)


def _silence(dry, mask):
    """One masked stretch."""
    edge = min(120, mask.sample_count // 2)
    weight = np.zeros(mask.sample_count)
    weight[:edge] = np.cos((np.arange(edge) + 0.5) / edge * np.pi / 2) ** 2
    weight[mask.sample_count - edge :] = np.sin((np.arange(edge) + 0.5) / edge * np.pi / 2) ** 2
    first = mask.start_sample + LEAD
    low, high = max(first, 0), min(first + mask.sample_count, len(dry))
    if low < high:
        dry[low:high] *= weight[low - first : high - first].astype(dry.dtype)


def _activity(dry, event, sounds, rule):
    """Label frames of the clip the event is active in, and the RMS of its loud frames."""
    first, last = event.start_sample // FRAME, (event.end_sample - 1) // FRAME
    power = [float(np.mean(dry[i : i + FRAME] ** 2)) for i in range(0, len(dry), FRAME)]
    peak = max(float(sounds.scale[piece.sound]) * 32767 for piece in event.pieces)
    threshold = max(max(power) * 10 ** (-rule.threshold_db / 10), peak**2 * 10 ** (-rule.floor_db / 10))
    loud = [i for i, value in enumerate(power) if value >= threshold and value > 0]
    rms = np.sqrt(np.mean([power[i] for i in loud])) if loud else 0.0
    active = set(loud)
    for early, late in pairwise(loud):
        if (late - early - 1) * 0.1 < rule.pause_s - 1e-9:
            active |= set(range(early, late))
    assert all(first <= i - LEAD // FRAME <= last for i in active)
    frames = [i - LEAD // FRAME for i in sorted(active)]
    return [i for i in frames if 0 <= i < (len(dry) - LEAD) // FRAME], max(rms, peak * 10 ** (-45 / 20))


def _through_room(signal, event, rooms, count):
    """The stereo signal of one event within the clip."""
    out = np.zeros((2, LEAD + count), signal.dtype)
    moments = [waypoint.sample for waypoint in event.path.waypoints]
    for number, waypoint in enumerate(event.path.waypoints):
        part, first = signal, 0
        if len(moments) > 1:
            weight = np.interp(np.arange(len(signal)) - LEAD, moments, np.eye(len(moments))[number])
            part = signal * weight.astype(signal.dtype)
        sounding = np.flatnonzero(part)
        if not len(sounding):
            continue
        first, part = sounding[0], part[sounding[0] : sounding[-1] + 1]
        w, y, x = rooms.responses[waypoint.response].astype(signal.dtype)
        turn = signal.dtype.type(np.radians(waypoint.turn_deg))
        side = np.sin(turn) * x + np.cos(turn) * y
        direct = int(rooms.direct_sample[waypoint.response])
        for channel, response in enumerate((w + side, w - side)):
            shift = first - direct
            if event.eq_db:
                # The filter reaches as far back as forth; with its half width in front, an onset stays where it was.
                response = oaconvolve(response, eq_taps(event.eq_db).astype(signal.dtype))
                shift -= HALF_WIDTH_SAMPLES
            wet = oaconvolve(part, response)[max(-shift, 0) :]
            at = max(shift, 0)
            wet = wet[: LEAD + count - at]
            out[channel, at : at + len(wet)] += wet
    return out[:, LEAD:]


def _label(frame, event, source, rooms):
    """One row: frame, class, source, azimuth, distance, elevation."""
    waypoints = event.path.waypoints
    middle = (frame + 0.5) * FRAME
    moments = [waypoint.sample for waypoint in waypoints]
    azimuth = [float(rooms.azimuth_deg[waypoint.response]) + waypoint.turn_deg for waypoint in waypoints]
    for i in range(1, len(azimuth)):
        while azimuth[i] - azimuth[i - 1] > 180:
            azimuth[i] -= 360
        while azimuth[i] - azimuth[i - 1] < -180:
            azimuth[i] += 360
    heading = np.interp(middle, moments, azimuth) % 360
    heading = heading - 360 if heading > 180 else heading
    heading = 180 - heading if heading > 90 else -180 - heading if heading < -90 else heading
    distance = np.interp(middle, moments, [float(rooms.distance_m[waypoint.response]) for waypoint in waypoints])
    elevation = np.interp(middle, moments, [float(rooms.elevation_deg[waypoint.response]) for waypoint in waypoints])
    return frame, event.class_index, source, float(heading), float(distance), float(elevation)


def _add_background(audio, background, sounds, labelled):
    """The diffuse background at its level."""
    omni, side = np.zeros(audio.shape[1], audio.dtype), np.zeros(audio.shape[1], audio.dtype)
    for wave in background.waves:
        sound = _lay(wave.pieces, sounds, 0, audio.shape[1], audio.dtype)
        rms = np.sqrt(np.mean(sound**2))
        if rms > 0:
            omni += sound / rms / np.sqrt(len(background.waves))
            side += wave.y * sound / rms / np.sqrt(len(background.waves))
    noise = np.stack([omni + side, omni - side])
    frames = labelled or range(audio.shape[1] // FRAME)
    stretch = np.concatenate([np.arange(i * FRAME, (i + 1) * FRAME) for i in frames])
    noise_power = np.mean(noise[:, stretch] ** 2)
    wanted = 10 ** (background.level_dbfs / 10)
    if labelled:
        wanted = np.mean(audio[:, stretch] ** 2) / 10 ** (background.snr_db / 10)
    if noise_power > 0:
        audio += np.sqrt(wanted / noise_power) * noise
