"""Finished sounds of any class, and whole banks of them from a seed."""

import numpy as np
from numpy.typing import NDArray

from whence.corpora import BACKGROUND, INTERFERENCE, Sounds
from whence.errors import SceneError
from whence.labels import STARSS23
from whence.settings import check_number
from whence.synth.backgrounds import background
from whence.synth.bells import bell
from whence.synth.clapping import clapping
from whence.synth.doors import door
from whence.synth.footsteps import footsteps
from whence.synth.household import domestic_sounds
from whence.synth.instruments import musical_instrument
from whence.synth.interferences import interference
from whence.synth.knocks import knock
from whence.synth.laughs import laughter
from whence.synth.music import music
from whence.synth.speech import female_speech, male_speech
from whence.synth.telephones import telephone
from whence.synth.water import water_tap
from whence.synth.waves import Curve, Generator, equalised, finished

# One row for each class of labels.STARSS23, and the two kinds of sound that carry no label.
GENERATORS: dict[int, Generator] = {
    0: female_speech,
    1: male_speech,
    2: clapping,
    3: telephone,
    4: laughter,
    5: domestic_sounds,
    6: footsteps,
    7: door,
    8: music,
    9: musical_instrument,
    10: water_tap,
    11: bell,
    12: knock,
    BACKGROUND: background,
    INTERFERENCE: interference,
}

_UNLABELLED = {BACKGROUND: "background", INTERFERENCE: "interference"}


def generate(class_index: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return one sound of a class.

    The sound is dry: rooms are added when a scene is rendered. Events with pauses inside (steps, knocks,
    rings) are one sound; a scene labels the parts that are audible.

    Args:
        class_index: a key of `GENERATORS`.
        rng: its state determines every sample.

    Returns:
        (sample,) float32 at 24 kHz, mono, of natural length (a tenth of a second to ten), without DC,
        silent at both ends, with its largest sample at `PEAK`.

    Raises:
        SceneError: there is no such class.

    >>> sound = generate(12, np.random.default_rng(0))
    >>> sound.dtype, round(float(np.abs(sound).max()), 3)
    (dtype('float32'), 0.9)
    """
    if class_index not in GENERATORS:
        raise SceneError(f"no procedural sound of class {class_index}; there are: {', '.join(map(str, GENERATORS))}")
    wave = GENERATORS[class_index](rng)
    return finished(equalised(wave, _microphone_colour(rng)))


def procedural_sounds(
    seed: int, per_class: int, background: int | None = None, interference: int | None = None
) -> Sounds:
    """Return a bank of sounds that needs no recordings.

    Sound i of a class depends on the seed, the class and i alone, so a larger bank begins with the
    smaller one. Each sound counts as a recording of its own.

    Args:
        seed: >= 0; different seeds give banks without a sound in common.
        per_class: how many sounds of each of the 13 classes.
        background: how many background sounds; `per_class` by default.
        interference: how many unlabelled events; `per_class` by default.

    Returns:
        sounds in class order, then background, then interference; named "procedural/bell/0007".

    Raises:
        SceneError: the seed or a count is negative.

    >>> bank = procedural_sounds(seed=1, per_class=0, interference=2)
    >>> bank.name
    ('procedural/interference/0000', 'procedural/interference/0001')
    """
    check_number("seed", seed, 0)
    wanted = dict.fromkeys(GENERATORS, per_class)
    if background is not None:
        wanted[BACKGROUND] = background
    if interference is not None:
        wanted[INTERFERENCE] = interference
    for class_index, count in wanted.items():
        check_number(f"the number of {_name(class_index)} sounds", count, 0)
    numbers = [(class_index, number) for class_index, count in wanted.items() for number in range(count)]
    names = [f"procedural/{_name(class_index)}/{number:04d}" for class_index, number in numbers]
    return Sounds.from_waveforms(
        waveforms=[generate(class_index, _rng(seed, class_index, number)) for class_index, number in numbers],
        class_index=[class_index for class_index, _ in numbers],
        name=names,
        recording=names,
        classes=STARSS23,
    )


def _microphone_colour(rng: np.random.Generator) -> Curve:
    """Draw the colour of a recording by distance, case and microphone: a few dB anywhere, often no lows or highs."""
    octaves_hz = 31.25 * 2.0 ** np.arange(10)
    gains_db = rng.normal(0.0, 1.5, 10) + rng.normal(0.0, 0.8) * (np.arange(10) - 5)
    if rng.random() < 0.4:
        gains_db -= 12 * np.maximum(0, np.log2(rng.uniform(50, 180) / octaves_hz))
    if rng.random() < 0.3:
        gains_db -= 18 * np.maximum(0, np.log2(octaves_hz / rng.uniform(5000, 12_000)))
    return list(zip(octaves_hz.tolist(), gains_db.tolist(), strict=True))


def _rng(seed: int, class_index: int, number: int) -> np.random.Generator:
    """The random generator of one sound, by its coordinates."""
    # The position of the class, not its index: seeds may not be negative.
    return np.random.default_rng([seed, list(GENERATORS).index(class_index), number])


def _name(class_index: int) -> str:
    """The class as part of a name."""
    return _UNLABELLED.get(class_index) or STARSS23[class_index].replace(" ", "_")
