"""Correct a recording by what was told about its microphones: gains, exchanged channels, layout of Ambisonics."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from whence.audio.foa import FOA_LAYOUTS, foa_to_stereo
from whence.audio.microphones import Ambisonics, Microphones
from whence.errors import AudioError


def corrected(signal: NDArray[np.float32], microphones: Microphones | None) -> NDArray[np.float32]:
    """Return a recording as `corrected_microphones` would have recorded it.

    The second channel is made as loud as the first, exchanged channels are exchanged back, N3D and FuMa become AmbiX,
    and an Ambisonic view becomes its pair. Every sample depends on itself alone, so a recording may come in pieces.

    Args:
        signal: (channel, sample), as many channels as the microphones have; of more Ambisonic ones the first four.
        microphones: what it was recorded with; None where that is not known, and nothing is done.

    Returns:
        (2, sample), left first, or (4, sample) in AmbiX order and gains for all directions.

    Raises:
        AudioError: there are not as many channels as the microphones have.

    >>> from whence.audio.microphones import read_microphones
    >>> louder = dataclasses.replace(read_microphones("dcase"), gain_db=20.0, swapped=True)
    >>> corrected(np.array([[1.0], [20.0]], np.float32), louder).round(3).tolist()
    [[2.0], [1.0]]
    """
    if microphones is None:
        return signal
    count = microphones.channel_count
    if len(signal) < count or (len(signal) > count and microphones.ambisonics is None):
        raise AudioError(channels_sentence(microphones, len(signal)))
    if microphones.gain_db:
        gain = np.ones((len(signal), 1), np.float32)
        gain[1] = 10 ** (-microphones.gain_db / 20)
        signal = signal * gain
    ambisonics = microphones.ambisonics
    if ambisonics is not None:
        signal = _ambix(signal[:4], ambisonics)
        signal = signal if ambisonics.view_deg is None else foa_to_stereo(signal, ambisonics.view_deg)
    return exchanged(signal) if microphones.swapped else signal


def exchanged(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a signal (2 or 4, sample), as `corrected` returns it, with left and right exchanged.

    >>> exchanged(np.array([[1.0], [2.0], [3.0], [4.0]], np.float32)).ravel().tolist()
    [1.0, -2.0, 3.0, 4.0]
    """
    # In AmbiX, left and right are the two sides of a figure of eight.
    return signal[::-1] if len(signal) == 2 else signal * np.array([[1], [-1], [1], [1]], np.float32)


def corrected_microphones(microphones: Microphones | None) -> Microphones | None:
    """Return what a recording is from once `corrected` was applied: without faults, in AmbiX, a view as its pair.

    >>> from whence.audio.microphones import read_microphones
    >>> corrected_microphones(read_microphones("foa:fuma:30")).channel_count
    2
    """
    if microphones is None:
        return None
    ambisonics = Ambisonics() if microphones.is_full_circle else None
    return dataclasses.replace(microphones, ambisonics=ambisonics, gain_db=0.0, swapped=False)


def front_pair(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return two channels to show and to play: those there are, or the pair that looks ahead in AmbiX.

    Args:
        signal: (2 or 4, sample), as `corrected` returns it.
    """
    return signal if len(signal) == 2 else foa_to_stereo(signal, 0.0)


def channels_sentence(microphones: Microphones, count: int) -> str:
    """Return why a recording of so many channels cannot be from these microphones."""
    needs = f"{microphones.name} needs {'four' if microphones.channel_count == 4 else 'two'} channels"
    return f"{needs}, and here {'is' if count == 1 else 'are'} {count}; name what it was recorded with"


def _ambix(signal: NDArray[np.float32], ambisonics: Ambisonics) -> NDArray[np.float32]:
    """(4, sample) in the order W, Y, Z, X, a plane wave as strong in W as it is."""
    if ambisonics.layout == "ambix" and not ambisonics.w_db:
        return signal
    positions, gains = FOA_LAYOUTS[ambisonics.layout]
    column = np.array(gains, np.float32)[:, None]
    column[0] *= 10 ** (-ambisonics.w_db / 20)
    return signal[list(positions)] * column
