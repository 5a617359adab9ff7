"""Diffuse background: mono recordings of rooms and streets become ambience that comes from all directions.

A diffuse field is the sum of many incoherent plane waves. Four are enough to give a stereo pair the right statistics if
they come from the corners of a tetrahedron, however it is turned: the figure-of-eight then has exactly a third of the
omni's power and the two are uncorrelated. Each corner plays the recording from its own starting point.
"""

# V wave

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from whence.audio import Microphones
from whence.corpora import BACKGROUND, Sounds
from whence.errors import SceneError
from whence.scenes.receivers import diffuse_mixing, directivity_of
from whence.scenes.scene import DCASE, Background, Piece, Wave
from whence.settings import check_probability, check_span

_CORNERS = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))

# Blocks in which the filters of a pair are applied, and how far they overlap.
_MIX_FFT, _MIX_OVERLAP = 4_096, 1_024

# 50 ms between the end of a recording and its beginning where it is too short for the clip.
_SEAM_SAMPLES = 1_200


@dataclass(frozen=True)
class DiffuseBackgroundSettings:
    """How loud and of how many recordings.

    Args:
        probability: share of clips that have one, 0 to 1.
        recordings: fewest and most recordings mixed.
        snr_db: lowest and highest signal-to-noise ratio, dB (defined at `Background`).
        level_dbfs: lowest and highest level in clips without an event, dB re full scale.
    """

    probability: float = 1.0
    recordings: tuple[int, int] = (1, 2)
    snr_db: tuple[float, float] = (5.0, 30.0)
    level_dbfs: tuple[float, float] = (-75.0, -50.0)

    def __post_init__(self) -> None:
        check_probability("diffuse_background.probability", self.probability)
        check_span("diffuse_background.recordings", self.recordings, 1, 16)
        check_span("diffuse_background.snr_db", self.snr_db, -40, 120)
        check_span("diffuse_background.level_dbfs", self.level_dbfs, -140, 0)


def draw_diffuse_background(
    rng: np.random.Generator, settings: DiffuseBackgroundSettings, sounds: Sounds, sample_count: int
) -> Background | None:
    """Draw the recordings, the starting point and direction of each wave, and the level.

    Raises:
        SceneError: if a background is wanted and the bank has none.
    """
    if rng.random() >= settings.probability:
        return None
    recorded = sounds.of_class(BACKGROUND)
    if not len(recorded):
        raise SceneError("the bank of sounds holds no background; add some, or set diffuse_background.probability to 0")
    waves: list[Wave] = []
    for _ in range(rng.integers(settings.recordings[0], settings.recordings[1] + 1)):
        waves += _draw_waves(rng, sounds, int(rng.choice(recorded)), sample_count)
    return Background(
        tuple(waves), snr_db=float(rng.uniform(*settings.snr_db)), level_dbfs=float(rng.uniform(*settings.level_dbfs))
    )


def _draw_waves(rng: np.random.Generator, sounds: Sounds, sound: int, sample_count: int) -> list[Wave]:
    """Four waves of one recording from the corners of a tetrahedron turned at random."""
    length = int(sounds.first_sample[sound + 1] - sounds.first_sample[sound])
    x, y, z = _draw_direction(rng)
    left = [(a * x + b * y + c * z) / math.sqrt(3) for a, b, c in _CORNERS]
    # The starting points are at least an eighth of the recording apart: closer waves would not be incoherent.
    starts = (rng.random() + (np.arange(4) + rng.uniform(0, 0.5, size=4)) / 4) % 1.0
    return [
        Wave(tuple(loop(sound, length, int(start * length), sample_count)), component)
        for start, component in zip(starts, left, strict=True)
    ]


def _draw_direction(rng: np.random.Generator) -> tuple[float, float, float]:
    """A point on the unit sphere, from sums, products and roots alone, which are exact to the bit on every machine."""
    while True:
        x, y, z = rng.uniform(-1, 1, size=3).tolist()
        length = math.sqrt(x * x + y * y + z * z)
        if 0.1 < length <= 1:
            return x / length, y / length, z / length


def loop(sound: int, length: int, first_sample: int, sample_count: int) -> list[Piece]:
    """Loop a recording of `length` samples from `first_sample` on, its end faded into its beginning.

    Returns:
        pieces that cover samples 0 up to sample_count of the clip.

    >>> [(p.first_sample, p.start_sample, p.sample_count) for p in loop(0, 10_000, 4_000, 14_000)]
    [(4000, 0, 6000), (0, 4800, 10000)]
    """
    seam = min(_SEAM_SAMPLES, length // 4)
    # One full period is length - seam: the seam belongs to the next round.
    first = first_sample % (length - seam)
    pieces = [Piece(sound, first, length - first, 0, 0, seam)]
    while pieces[-1].end_sample < sample_count:
        pieces.append(Piece(sound, 0, length, pieces[-1].end_sample - seam, seam, seam))
    return pieces


def apply_diffuse_background(
    waves: torch.Tensor, left: Sequence[float], microphones: Microphones = DCASE
) -> torch.Tensor:
    """Turn mono waves into what a pair of microphones picks up of a diffuse field.

    For the DCASE pair the waves arrive as plane waves. Their omni W and their figure-of-eight Y are independent, so for
    other pairs these are mixed by filters to the levels and the coherence of the pair.

    Args:
        waves: (V, sample) incoherent; a silent one stays silent.
        left: (V,) left component of each direction, -1..1.
        microphones: the pair.

    Returns:
        (2, sample); of the DCASE pair L = W + Y, R = W - Y. W has unit power and Y, for tetrahedra, a third of it.
    """
    norm = torch.linalg.vector_norm(waves, dim=1)
    unit_power = math.sqrt(waves.shape[1] / len(waves))
    scale = torch.where(norm > 0, unit_power / norm, torch.zeros_like(norm))
    y = waves.new_tensor(left)
    if microphones == DCASE:
        return torch.stack([(1 + y) * scale, (1 - y) * scale]) @ waves
    independent = torch.stack([scale, y * scale * math.sqrt(3)]) @ waves
    if microphones.is_coincident and not directivity_of(microphones):
        flat: torch.Tensor = torch.from_numpy(diffuse_mixing(microphones, 2).real[:, :, 0]).to(waves)
        return flat @ independent
    return _mixed(independent, microphones)


def _mixed(independent: torch.Tensor, microphones: Microphones) -> torch.Tensor:
    """Two signals filtered and added, block by block; the filters reach less than half of the overlap to each side."""
    step, count = _MIX_FFT - _MIX_OVERLAP, independent.shape[1]
    block_count = math.ceil(count / step)
    padded = torch.nn.functional.pad(
        independent, (_MIX_OVERLAP // 2, block_count * step + _MIX_OVERLAP // 2 - count), mode="constant"
    )
    spectra = torch.fft.rfft(padded.unfold(1, _MIX_FFT, step))
    mixing = torch.from_numpy(diffuse_mixing(microphones, _MIX_FFT // 2 + 1)).to(independent.device)
    mixed = torch.stack([mixing[c, 0] * spectra[0] + mixing[c, 1] * spectra[1] for c in range(2)])
    blocks: torch.Tensor = torch.fft.irfft(mixed, _MIX_FFT)[:, :, _MIX_OVERLAP // 2 : -(_MIX_OVERLAP // 2)]
    return blocks.reshape(2, -1)[:, :count]


def background_factor(background: Background, signal_power: float | None, noise_power: float) -> float:
    """Return the factor that brings a background to the drawn level; 0 for a silent background.

    Args:
        background: has the level.
        signal_power: mean square of the sources over both channels in the frames with an event; None if there are none.
        noise_power: mean square of the background in the same frames; over the whole clip if there are none.
    """
    if noise_power <= 0:
        return 0.0
    wanted = (
        10 ** (background.level_dbfs / 10) if signal_power is None else signal_power / 10 ** (background.snr_db / 10)
    )
    return float(np.sqrt(wanted / noise_power))
