"""Read only the header of a sound file, or only a stretch of it."""

import os

import numpy as np
from numpy.typing import NDArray

from whence.audio.decoding import file_window
from whence.audio.reading import decoded
from whence.audio.sound import SoundInfo
from whence.audio.sources import opened_path
from whence.audio.tracks import TRACKS
from whence.errors import AudioError


def probe(path: str | os.PathLike[str]) -> SoundInfo:
    """Read only the header of a sound file.

    Args:
        path: a sound file with any number of channels.

    Returns:
        the header; the file may hold less.

    Raises:
        AudioError: if it cannot be opened as a sound.
        MissingExtraError: for mp4, m4a, mov, webm and mkv without PyAV.

    >>> import tempfile, soundfile
    >>> soundfile.write(name := tempfile.mkdtemp() + "/a.wav", np.zeros((4_800, 4)), 48_000)
    >>> (info := probe(name)).format, info.sample_count, info.channel_names
    ('WAV PCM_16', 4800, ('FL', 'FR', 'BL', 'BR'))
    """
    with decoded(path) as sound:
        return sound.info


def read_window(path: str | os.PathLike[str], start_sample: int, sample_count: int) -> NDArray[np.float32]:
    """Read a stretch of a recording at its own rate, with all channels and without corrections.

    Args:
        path: a WAV, FLAC, Ogg, MP3, AIFF, AU or CAF file.
        start_sample: the first sample, from 0, at the file's own rate.
        sample_count: how many.

    Returns:
        (channel, sample) float32, exactly as in the decoded whole.

    Raises:
        AudioError: the file cannot be read, ends before the stretch does, has samples there that are not numbers, or is
            a film or phone recording, which cannot be entered in the middle exactly.

    >>> import tempfile, soundfile
    >>> soundfile.write(name := tempfile.mkdtemp() + "/a.wav", np.arange(8).reshape(4, 2) / 8, 24_000)
    >>> read_window(name, 1, 2).tolist()
    [[0.25, 0.5], [0.375, 0.625]]
    """
    if start_sample < 0 or sample_count < 0:
        raise AudioError(
            f"a window starts at sample 0 or later and has no negative length: {start_sample}, {sample_count}"
        )
    with opened_path(path) as file:
        if file.container in TRACKS:
            raise AudioError("windows are read from wav, flac, ogg and mp3", where=file.name, remedy="convert it first")
        window = file_window(file, start_sample, sample_count).T
        file.check_unchanged()
        end = start_sample + window.shape[1]
        if window.shape[1] < sample_count:
            raise AudioError(
                f"{file.name} ends before sample {start_sample + sample_count} (asked from {start_sample} on)"
            )
        finite = np.isfinite(window)
        if not finite.all():
            wrong = f"{int((~finite).sum())} samples from {start_sample} to {end} are not numbers"
            raise AudioError(wrong, where=file.name)
    return np.ascontiguousarray(window)
