"""Speech in no language: syllables of vowels and consonants in phrases, by a woman's or a man's voice."""

from dataclasses import dataclass

import numpy as np

from whence.synth.voice import STEP_S, Controls, Speaker, from_the_mouth, voiced
from whence.synth.waves import Wave, chance, log_uniform, through, weighted_choice

# First three formants in Hz for a tract of scale 1, after Peterson and Barney, JASA 24, 1952 (men).
VOWELS: dict[str, tuple[float, float, float]] = {
    "i": (270, 2290, 3010),
    "I": (390, 1990, 2550),
    "e": (450, 2050, 2600),
    "E": (530, 1840, 2480),
    "ae": (660, 1720, 2410),
    "a": (730, 1090, 2440),
    "o": (570, 840, 2410),
    "u": (310, 870, 2240),
    "U": (440, 1020, 2240),
    "A": (640, 1190, 2390),
    "@": (500, 1500, 2500),
    "y": (270, 1750, 2250),
}
_VOWEL_WEIGHTS = np.array([1.2, 1, 1, 1, 0.8, 1.3, 1, 0.7, 0.5, 0.9, 1.6, 0.2])


@dataclass(frozen=True)
class _Consonant:
    """How a consonant sounds: duration, the levels of the three sources, the formants it pulls towards."""

    duration_s: float
    voicing: float
    breath: float
    hiss: float
    hiss_hz: float
    hiss_octaves: float
    formant_hz: tuple[float, float, float]
    closure_s: float = 0.0
    release_s: float = 0.0  # breath after a burst, before the voice sets in
    width_hz: float = 80.0


_LIPS, _TEETH, _PALATE = (250, 900, 2200), (250, 1700, 2700), (250, 2100, 2500)
_CONSONANTS: dict[str, tuple[_Consonant, float]] = {
    "p": (_Consonant(0.012, 0, 0.3, 0.15, 1200, 1.5, _LIPS, 0.075, 0.035), 1.0),
    "t": (_Consonant(0.012, 0, 0.3, 0.6, 4500, 0.7, _TEETH, 0.065, 0.04), 1.6),
    "k": (_Consonant(0.02, 0, 0.4, 0.5, 2200, 0.5, _PALATE, 0.07, 0.045), 1.3),
    "b": (_Consonant(0.012, 0.2, 0.1, 0.1, 900, 1.5, _LIPS, 0.06), 1.0),
    "d": (_Consonant(0.012, 0.2, 0.1, 0.3, 3800, 0.7, _TEETH, 0.05), 1.3),
    "g": (_Consonant(0.015, 0.2, 0.1, 0.25, 2000, 0.5, _PALATE, 0.055), 0.7),
    "s": (_Consonant(0.105, 0, 0.0, 0.75, 7000, 0.4, _TEETH), 1.6),
    "S": (_Consonant(0.11, 0, 0.05, 0.7, 3600, 0.45, _PALATE), 0.6),
    "f": (_Consonant(0.09, 0, 0.05, 0.14, 6500, 1.3, _LIPS), 0.8),
    "x": (_Consonant(0.09, 0, 0.5, 0.2, 2500, 0.8, _PALATE), 0.3),
    "h": (_Consonant(0.07, 0.05, 0.8, 0, 3000, 1.0, (500, 1500, 2500)), 0.7),
    "z": (_Consonant(0.075, 0.3, 0, 0.35, 6800, 0.4, _TEETH), 0.6),
    "v": (_Consonant(0.06, 0.4, 0.05, 0.07, 6000, 1.3, _LIPS), 0.7),
    "m": (_Consonant(0.07, 0.55, 0, 0, 3000, 1.0, (250, 1100, 2200), width_hz=180), 1.2),
    "n": (_Consonant(0.065, 0.55, 0, 0, 3000, 1.0, (250, 1600, 2500), width_hz=180), 1.8),
    "l": (_Consonant(0.06, 0.65, 0, 0, 3000, 1.0, (350, 1050, 2700), width_hz=100), 1.3),
    "r": (_Consonant(0.055, 0.6, 0, 0, 3000, 1.0, (380, 1250, 1700), width_hz=100), 1.3),
    "j": (_Consonant(0.06, 0.7, 0, 0, 3000, 1.0, (280, 2250, 3000)), 0.6),
    "w": (_Consonant(0.06, 0.7, 0, 0, 3000, 1.0, (300, 650, 2200)), 0.6),
}


@dataclass(frozen=True)
class _Phone:
    """A stretch of constant targets; curves move from one to the next."""

    duration_s: float
    voicing: float
    breath: float
    hiss: float
    hiss_hz: float
    hiss_octaves: float
    formant_hz: tuple[float, float, float]
    width_hz: float
    pitch: float = 1.0


def female_speech(rng: np.random.Generator) -> Wave:
    """Return 0.8 to 9 s of a woman's speech: median pitch 150 to 260 Hz, short tract."""
    return _talk(rng, log_uniform(rng, 152, 235), rng.uniform(1.1, 1.27))


def male_speech(rng: np.random.Generator) -> Wave:
    """Return 0.8 to 9 s of a man's speech: median pitch 85 to 170 Hz, long tract."""
    return _talk(rng, log_uniform(rng, 82, 150), rng.uniform(0.92, 1.07))


def draw_speaker(rng: np.random.Generator, tract: float) -> Speaker:
    """Draw a voice with a tract of the given scale."""
    return Speaker(
        tract=tract,
        open_quotient=rng.uniform(0.5, 0.78),
        tilt_db=rng.uniform(-5, 0),
        breath=log_uniform(rng, 0.04, 0.3),
        jitter=rng.uniform(0.004, 0.014),
        shimmer=rng.uniform(0.02, 0.08),
    )


def _talk(rng: np.random.Generator, pitch_hz: float, tract: float) -> Wave:
    """One to four phrases with pauses between them."""
    syllables_per_second = rng.uniform(3.2, 6.5)
    lively = rng.uniform(0.1, 0.3)
    phones: list[_Phone] = []
    length_s = log_uniform(rng, 0.7, 6.5)
    while not phones or sum(phone.duration_s for phone in phones) < length_s:
        if phones:
            phones.append(_pause(rng))
        phones += _phrase(rng, int(rng.integers(2, 13)), syllables_per_second, lively)
    phones.append(_Phone(0.08, 0, 0, 0, 3000, 1, (500, 1500, 2500), 150))
    controls = _controls(rng, phones, pitch_hz, rng.uniform(0.9, 1.1, 3))
    return from_the_mouth(voiced(rng, draw_speaker(rng, tract), controls))


def _pause(rng: np.random.Generator) -> _Phone:
    """Silence between phrases, at times with a breath drawn in."""
    breath = rng.uniform(0.02, 0.12) if chance(rng, 0.35) else 0.0
    return _Phone(log_uniform(rng, 0.12, 0.6), 0, breath, 0, 3000, 1, (500, 1500, 2500), 150)


def _phrase(rng: np.random.Generator, syllables: int, per_second: float, lively: float) -> list[_Phone]:
    """Syllables under one pitch contour that falls, with accents on some."""
    fall = np.exp(through([rng.uniform(0.1, 0.2), rng.uniform(-0.2, -0.05)], syllables))
    if chance(rng, 0.2):
        fall[-1] *= rng.uniform(1.2, 1.5)  # a question
    elif chance(rng, 0.3):
        fall[-1] *= rng.uniform(0.65, 0.85)  # the voice drops into a creak
    phones: list[_Phone] = []
    for number in range(syllables):
        stress = 1.0 if chance(rng, 0.4) else 0.0
        # The last syllable of a phrase is drawn out.
        duration_s = (
            rng.gamma(14, 1 / 14) / per_second * (0.85 + 0.35 * stress) * (1.4 if number == syllables - 1 else 1)
        )
        pitch = fall[number] * np.exp(rng.normal(0, lively / 2) + lively * stress)
        loud = (0.75 + 0.25 * stress) * (1 - 0.3 * number / syllables) * rng.uniform(0.85, 1.1)
        phones += _syllable(rng, duration_s, float(pitch), loud, stress)
    return phones


def _syllable(rng: np.random.Generator, duration_s: float, pitch: float, loud: float, stress: float) -> list[_Phone]:
    """A consonant or two, a vowel that may glide, sometimes a final consonant."""
    onset = [] if chance(rng, 0.15) else _consonant(rng, pitch, loud)
    if onset and chance(rng, 0.08):
        onset += _consonant(rng, pitch, loud)
    coda = _consonant(rng, pitch, 0.8 * loud) if chance(rng, 0.3) else []
    taken_s = sum(phone.duration_s for phone in onset + coda)
    vowel_s = max(duration_s - taken_s, 0.045 + 0.03 * stress)
    names = list(VOWELS)
    first, second = (names[i] for i in rng.choice(len(names), 2, p=_VOWEL_WEIGHTS / _VOWEL_WEIGHTS.sum()))
    glides = chance(rng, 0.2)
    # Unstressed vowels do not reach their target.
    pull = 0.65 + 0.35 * stress
    rest = np.array(VOWELS["@"])
    vowel = []
    for name, share in ((first, 0.5), (second if glides else first, 0.5)):
        f1, f2, f3 = (float(hz) for hz in (rest + pull * (np.array(VOWELS[name]) - rest)) * rng.normal(1, 0.03, 3))
        vowel.append(_Phone(vowel_s * share, loud, 0, 0, 3000, 1, (f1, f2, f3), 60, pitch))
        # The pitch moves inside a syllable too; held level it would be chant.
        pitch *= float(np.exp(rng.normal(-0.03, 0.09)))
    return onset + vowel + coda


def _consonant(rng: np.random.Generator, pitch: float, loud: float) -> list[_Phone]:
    """Closure, burst or friction, and release of a random consonant."""
    which = weighted_choice(rng, dict(_CONSONANTS.values()))
    pace = rng.uniform(0.75, 1.25)
    shared = (which.hiss_hz * rng.normal(1, 0.07), which.hiss_octaves, which.formant_hz, which.width_hz, pitch)
    phones = []
    if which.closure_s:
        # Instrument goes on behind closed lips in b, d, g, audible as a murmur.
        phones.append(_Phone(which.closure_s * pace, 0.12 * loud * (which.voicing > 0), 0, 0, *shared))
    level = loud * rng.uniform(0.7, 1.2)
    phones.append(
        _Phone(which.duration_s * pace, which.voicing * loud, which.breath * loud, which.hiss * level, *shared)
    )
    if which.release_s:
        phones.append(_Phone(which.release_s * pace, 0, 0.5 * loud, 0.05 * level, *shared))
    return phones


def _controls(rng: np.random.Generator, phones: list[_Phone], pitch_hz: float, formant_scale: Wave) -> Controls:
    """The curves through all phones: levels change fast, the tongue slowly, the pitch slower still."""
    steps = [max(1, round(phone.duration_s / STEP_S)) for phone in phones]

    def held(values: list[float], smooth_s: float) -> Wave:
        return smoothed(np.repeat(np.array(values, dtype=float), steps), smooth_s)

    formants = np.stack(
        [held([phone.formant_hz[k] * formant_scale[k] for phone in phones], 0.055) for k in range(3)], 1
    )
    fourth = np.full((len(formants), 1), 3500.0 * rng.uniform(0.95, 1.05))
    width = held([phone.width_hz for phone in phones], 0.04)[:, None] * np.array([1.0, 1.3, 2.0, 3.0])
    pitch = pitch_hz * held([phone.pitch for phone in phones], 0.09)
    return Controls(
        pitch_hz=pitch,
        voicing=held([phone.voicing for phone in phones], 0.024),
        breath=held([phone.breath for phone in phones], 0.018),
        hiss=held([phone.hiss for phone in phones], 0.018),
        hiss_hz=held([phone.hiss_hz for phone in phones], 0.012),
        hiss_octaves=held([phone.hiss_octaves for phone in phones], 0.012),
        formant_hz=np.concatenate([formants, fourth], 1),
        width_hz=width,
    )


def smoothed(curve: Wave, over_s: float) -> Wave:
    """Round off a control curve (one value each STEP_S) by a triangle of the given length.

    >>> smoothed(np.array([0.0, 0.0, 1.0, 1.0]), 0.012).round(2)
    array([0.  , 0.25, 0.75, 1.  ])
    """
    half = max(1, round(over_s / STEP_S / 2))
    kernel = np.bartlett(2 * half + 3)[1:-1]
    padded = np.pad(curve, half, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")
