"""A human voice from control curves: glottal pulses, breath and hiss, shaped by a vocal tract that moves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.synth.modes import read_period
from whence.synth.waves import Wave, equalised, sample_count, wander
from whence.units import SAMPLE_RATE_HZ

# Controls change every 6 ms; what lies between two of them is a cross-fade.
STEP_S = 0.006
_STEP = sample_count(STEP_S)
_FFT = 1024
_TRACT_FORMANTS = 11

Response = NDArray[np.complex128]


@dataclass(frozen=True)
class Speaker:
    """What stays the same while one person talks or laughs.

    Args:
        tract: length of formant scale; 1 for an average man, 1.17 for an average woman, 1.4 for a small child.
        open_quotient: share of a period the glottis is open; 0.45 pressed, 0.8 breathy.
        tilt_db: further fall of the source per octave above 2 kHz, <= 0; more negative is softer.
        breath: level of breath noise against the voice.
        jitter: relative unevenness from period to period.
        shimmer: unevenness of loudness from period to period, relative.
    """

    tract: float
    open_quotient: float
    tilt_db: float
    breath: float
    jitter: float
    shimmer: float


@dataclass(frozen=True)
class Controls:
    """What a voice does, one row each `STEP_S`.

    Args:
        pitch_hz: (step,) > 0, also where nothing is voiced.
        voicing: (step,) amplitude of the glottal pulses.
        breath: (step,) amplitude of noise through the whole tract, as in h and after p, t, k.
        hiss: (step,) amplitude of noise made at a constriction near the teeth, as in s and f.
        hiss_hz: (step,) centre of that noise.
        hiss_octaves: (step,) its half width in octaves.
        formant_hz: (step, 4) resonances for a tract of scale 1.
        width_hz: (step, 4) their bandwidths.
    """

    pitch_hz: Wave
    voicing: Wave
    breath: Wave
    hiss: Wave
    hiss_hz: Wave
    hiss_octaves: Wave
    formant_hz: Wave
    width_hz: Wave


def voiced(rng: np.random.Generator, speaker: Speaker, controls: Controls) -> Wave:
    """Return the voice of a speaker that follows control curves.

    Source: the parallel of Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67, 1980.
    """
    count = len(controls.pitch_hz) * _STEP
    turns = _turns(rng, speaker, _fine(controls.pitch_hz, count))
    pulses = glottal_pulses(rng, speaker, turns, float(controls.pitch_hz.max()))
    # Breath is drawn through the glottis, so it pulses with it.
    gate = 0.35 + 0.65 * (turns % 1.0 < speaker.open_quotient)
    # Turbulence in the throat falls with frequency; white noise would drown the voice above 4 kHz.
    noise = equalised(rng.standard_normal(count), [(300, 0), (1500, -3), (6000, -12), (11_500, -18)])
    voicing = _fine(controls.voicing, count)
    source = pulses * voicing + noise * (gate * speaker.breath * voicing + 0.3 * _fine(controls.breath, count))
    spoken = filtered_over_time(source, tract_response(speaker, controls))
    if not controls.hiss.any():
        return spoken
    hissed = rng.standard_normal(count) * _fine(controls.hiss, count) * 0.5
    return spoken + filtered_over_time(hissed, _hiss_response(speaker, controls))


def _fine(curve: Wave, count: int) -> Wave:
    """A control curve at each sample."""
    return np.interp((np.arange(count) + 0.5) / _STEP - 0.5, np.arange(len(curve)), curve)


def _turns(rng: np.random.Generator, speaker: Speaker, pitch_hz: Wave) -> Wave:
    """Phase of the glottis in turns: the pitch with slow drift and quick jitter."""
    unsteady = 1 + speaker.jitter * (wander(rng, len(pitch_hz), 90) + 1.5 * wander(rng, len(pitch_hz), 7))
    return np.cumsum(pitch_hz * unsteady) / SAMPLE_RATE_HZ


def pulse_period(open_quotient: float, points: int = 2048) -> Wave:
    """Draw one period of glottal flow derivative: slow opening, sudden closing, short return.

    The glottis closes after the share `open_quotient` of the period; the mean is 0, the extreme at the closure -1.

    Source: the shape of Fant, Liljencrants and Lin, "A four-parameter model of glottal flow", STL-QPSR 4, 1985.

    >>> period = pulse_period(0.6)
    >>> bool(abs(period.mean()) < 1e-9), round(float(period.min()), 3), int(period.argmin()) // 205
    (True, -1.0, 5)
    """
    phase = np.arange(points) / points
    peak = 0.72 * open_quotient
    opening = phase <= open_quotient
    # The growth that makes the flow end where it began is found by halving.
    low, high = 0.0, 40.0
    returning = -np.exp(-(phase - open_quotient) / 0.025) * ~opening
    for _ in range(30):
        growth = (low + high) / 2
        rise = np.exp(growth * (phase - open_quotient)) * np.sin(np.pi * phase / peak) * opening
        rise = rise / float(np.abs(np.sin(np.pi * open_quotient / peak)))
        low, high = (growth, high) if (rise + returning).sum() > 0 else (low, growth)
    period = rise + returning
    return np.asarray((period - period.mean()) / -period.min())


def glottal_pulses(rng: np.random.Generator, speaker: Speaker, turns: Wave, highest_pitch_hz: float) -> Wave:
    """Return the glottal source at a running phase, free of aliasing up to the highest pitch."""
    table = pulse_period(speaker.open_quotient)
    spectrum = np.fft.rfft(table)
    harmonic_hz = np.arange(len(spectrum)) * highest_pitch_hz
    octaves_above = np.log2(np.maximum(harmonic_hz / 2000, 1))
    spectrum = spectrum * 10 ** (speaker.tilt_db * octaves_above / 20) * (harmonic_hz < 11_500)
    table = np.fft.irfft(spectrum, len(table))
    period = turns.astype(np.int64)
    loudness = 1 + speaker.shimmer * rng.standard_normal(int(period[-1]) + 1)
    return read_period(table, turns) * loudness[period]


def tract_response(speaker: Speaker, controls: Controls) -> Response:
    """Return the vocal tract's response, (step, bin), gain 1 at 0 Hz: formants in a row, the upper ones at rest."""
    turn = np.exp(-2j * np.pi * np.arange(_FFT // 2 + 1) / _FFT)
    moving = controls.formant_hz.shape[1]
    resting_hz = (500 + 1000 * np.arange(moving, _TRACT_FORMANTS)) * speaker.tract
    resting_hz = resting_hz[resting_hz < 11_500]
    at_rest = np.ones((1, len(turn)), dtype=complex)
    for hz in resting_hz:
        at_rest *= _damping(turn, np.array([hz]), np.array([0.06 * hz]))
    # Damping is multiplied up, so that the one slow step, division, is done once.
    damping = np.tile(at_rest, (len(controls.pitch_hz), 1))
    for which in range(moving):
        hz = np.minimum(controls.formant_hz[:, which] * speaker.tract, 11_000)
        damping *= _damping(turn, hz, controls.width_hz[:, which])
    return np.asarray(1 / damping)


def _damping(turn: Response, hz: Wave, width_hz: Wave) -> Response:
    """(step, bin) the inverse of a pair of poles with gain 1 at 0 Hz."""
    radius = np.exp(-np.pi * width_hz / SAMPLE_RATE_HZ)[:, None]
    first = 2 * radius * np.cos(2 * np.pi * hz / SAMPLE_RATE_HZ)[:, None]
    second = -(radius**2)
    at_zero = 1 - first - second
    return np.asarray(1 / at_zero - (first / at_zero) * turn - (second / at_zero) * turn**2)


def _hiss_response(speaker: Speaker, controls: Controls) -> Response:
    """(step, bin) a bump on the log-frequency axis with a gentle floor."""
    octave = np.log2(np.maximum(np.arange(_FFT // 2 + 1), 1) * SAMPLE_RATE_HZ / _FFT)
    centre = np.log2(controls.hiss_hz * speaker.tract**0.5)[:, None]
    distance = (octave - centre) / controls.hiss_octaves[:, None]
    return np.asarray(np.exp(-0.5 * np.minimum(distance**2, 8.0)), dtype=complex)


def filtered_over_time(source: Wave, response: Response) -> Wave:
    """Filter a sound by a response that changes each step, cross-fading between neighbours.

    The response, (step, bin) of a 1024-point transform, must have impulse responses that end within 30 ms.
    """
    from scipy.fft import irfft, rfft

    # One window more at either end, so that the first and last half step are covered twice like all others.
    response = np.concatenate([response[:1], response, response[-1:]])
    steps = len(response)
    padded = np.concatenate([np.zeros(_STEP + _STEP // 2), source, np.zeros(_STEP + _STEP // 2)])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2 * _STEP) / (2 * _STEP))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, 2 * _STEP)[::_STEP][:steps] * window
    filtered = irfft(rfft(pieces, _FFT, axis=1) * response, _FFT, axis=1)
    # Each piece is cut into steps, so that overlap-add is a handful of shifted sums.
    parts = -(-_FFT // _STEP)
    filtered = np.pad(filtered, ((0, 0), (0, parts * _STEP - _FFT))).reshape(steps, parts, _STEP)
    total = np.zeros((steps + parts, _STEP))
    for part in range(parts):
        total[part : part + steps] += filtered[:, part]
    return np.asarray(total.ravel()[_STEP + _STEP // 2 :][: len(source)])


def from_the_mouth(wave: Wave) -> Wave:
    """Add what open air and a body do on the way to a microphone: a chest that carries lows, a mouth that beams."""
    return equalised(
        wave, [(60, -6), (120, 2), (250, 1), (600, -1), (1300, 3), (2500, 4), (4000, 7), (6000, 6), (9000, 2)]
    )
