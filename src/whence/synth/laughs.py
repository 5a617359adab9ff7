"""Laughter: bouts of breathy "ha" calls with falling pitch, giggles, chuckles, snorts, and company."""

from dataclasses import replace

import numpy as np

from whence.synth.speech import VOWELS, draw_speaker, smoothed
from whence.synth.voice import STEP_S, Controls, Speaker, from_the_mouth, voiced
from whence.synth.waves import Generator, Wave, chance, log_uniform, mixed, one_of, scaled, through


def laughter(rng: np.random.Generator) -> Wave:
    """Return 0.5 to 9 s of laughter.

    Source: Bachorowski, Smoski and Owren, "The acoustic features of human laughter", JASA 110, 2001: pitch,
    calls a second, voiced and unvoiced kinds.
    """
    return one_of(rng, _KINDS)


def bout(rng: np.random.Generator, speaker: Speaker, pitch_hz: float, per_second: float, voicing: float) -> Wave:
    """Laugh once, out of one breath: calls that get lower, softer and slower.

    Pitch and calls `per_second` are those of the start; `voicing` is 1 for a full voice and 0 for breath alone.
    """
    calls = int(rng.integers(3, 15))
    fall = rng.uniform(0.2, 0.7)
    airy = log_uniform(rng, 0.15, 0.8) + 0.7 * (1 - voicing)
    vowel = np.array(VOWELS[str(rng.choice(["A", "a", "@", "E", "ae", "I"]))]) * rng.normal(1, 0.05, 3)
    pitch: list[Wave] = []
    level: list[Wave] = []
    breath: list[Wave] = []
    for call in range(calls):
        progress = call / calls
        period_s = (1 + 0.35 * progress) * rng.normal(1, 0.07) / per_second
        steps = max(8, round(period_s / STEP_S))
        on = max(3, round(steps * rng.uniform(0.25, 0.48)))
        loud = (1 - 0.75 * progress) * rng.uniform(0.7, 1.1) * (0.6 if call == 0 else 1)
        top_hz = pitch_hz * np.exp(-fall * progress + rng.normal(0, 0.07))
        # A call bursts out and dies away.
        arch = np.sin(np.pi * ((np.arange(on) + 0.5) / on) ** 0.6) ** 0.7
        pitch.append(np.concatenate([np.full(steps - on, top_hz), top_hz * through([0.96, 1.08, 0.82], on)]))
        level.append(np.concatenate([np.zeros(steps - on), loud * voicing * arch]))
        puff = np.concatenate([through([0.0, 0.05, 0.5], steps - on), through([0.8, 0.4, 0.0], on) * (1.2 - voicing)])
        breath.append(loud * airy * puff)
    if chance(rng, 0.4):
        _breathe_in(rng, pitch, level, breath)
    return scaled(from_the_mouth(voiced(rng, speaker, _curves(rng, pitch, level, breath, vowel))))


def _breathe_in(rng: np.random.Generator, pitch: list[Wave], level: list[Wave], breath: list[Wave]) -> None:
    """Gasp for air at the end of the bout."""
    steps = int(rng.uniform(0.2, 0.5) / STEP_S)
    gasp = np.sin(np.pi * np.arange(steps) / steps) * rng.uniform(0.2, 0.7)
    pitch.append(np.full(steps, pitch[-1][-1] * 1.3))
    level.append(np.zeros(steps) if chance(rng, 0.7) else gasp * 0.3)
    breath.append(gasp)


def _curves(
    rng: np.random.Generator, pitch: list[Wave], level: list[Wave], breath: list[Wave], vowel: Wave
) -> Controls:
    """Controls of a bout: one vowel, smeared a little."""
    pitch_hz = smoothed(np.concatenate(pitch), 0.03)
    steps = len(pitch_hz)
    formant_hz = np.append(vowel, 3500.0) * np.ones((steps, 1))
    formant_hz[:, :3] *= np.exp(
        0.06 * np.stack([through(rng.standard_normal(steps // 12 + 2), steps) for _ in range(3)], 1)
    )
    return Controls(
        pitch_hz=pitch_hz,
        voicing=smoothed(np.concatenate(level), 0.02),
        breath=smoothed(np.concatenate(breath), 0.03),
        hiss=np.zeros(steps),
        hiss_hz=np.full(steps, 3000.0),
        hiss_octaves=np.ones(steps),
        formant_hz=formant_hz,
        width_hz=np.array([110.0, 130, 200, 260]) * np.ones((steps, 1)),
    )


def _laughing(rng: np.random.Generator, tract: float) -> Speaker:
    """A voice under pressure: brighter than in speech, and less even."""
    return replace(
        draw_speaker(rng, tract),
        open_quotient=rng.uniform(0.45, 0.62),
        tilt_db=rng.uniform(-3, 0),
        jitter=rng.uniform(0.008, 0.03),
        shimmer=rng.uniform(0.05, 0.15),
    )


def _draw_laugher(rng: np.random.Generator) -> tuple[Speaker, float]:
    """A laughing voice and its pitch: higher and wider than in speech."""
    if chance(rng, 0.5):
        return _laughing(rng, rng.uniform(1.1, 1.28)), log_uniform(rng, 240, 620)
    return _laughing(rng, rng.uniform(0.92, 1.06)), log_uniform(rng, 140, 380)


def _heartily(rng: np.random.Generator) -> Wave:
    """One or two voiced bouts."""
    speaker, pitch_hz = _draw_laugher(rng)
    per_second = rng.uniform(4.0, 6.3)
    pieces, start_s = [], 0.0
    for _ in range(1 + chance(rng, 0.45)):
        one = bout(rng, speaker, pitch_hz * rng.normal(1, 0.08), per_second, rng.uniform(0.75, 1.0))
        pieces.append((start_s, one * rng.uniform(0.6, 1)))
        start_s += len(one) / 24_000 + rng.uniform(0.05, 0.4)
    return mixed(pieces)


def _chuckle(rng: np.random.Generator) -> Wave:
    """Breath through nose and throat with little voice."""
    speaker, pitch_hz = _draw_laugher(rng)
    return bout(rng, speaker, pitch_hz * 0.8, rng.uniform(4.5, 7.0), rng.uniform(0.25, 0.7))


def _giggle(rng: np.random.Generator) -> Wave:
    """High and quick, a child or a woman."""
    speaker = _laughing(rng, rng.uniform(1.15, 1.45))
    return bout(rng, speaker, log_uniform(rng, 380, 850), rng.uniform(5.0, 7.5), rng.uniform(0.6, 1.0))


def _company(rng: np.random.Generator) -> Wave:
    """Two to five people laugh at the same thing."""
    pieces = []
    for _ in range(int(rng.integers(2, 6))):
        pieces.append((rng.exponential(0.25), one_of(rng, {_heartily: 0.7, _giggle: 0.15, _chuckle: 0.15})))
    return mixed([(start_s, piece * rng.uniform(0.3, 1)) for start_s, piece in pieces])


_KINDS: dict[Generator, float] = {_heartily: 0.5, _chuckle: 0.15, _giggle: 0.17, _company: 0.18}
