"""STARSS22 and STARSS23: render any five seconds of a recording in stereo, at any viewing angle, when needed."""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.audio import foa_to_stereo, probe, read_window
from whence.errors import CorpusError
from whence.labels import STARSS23, ClassList, Events, read_starss, to_stereo
from whence.units import FRAME_SAMPLES, SAMPLE_RATE_HZ

CLIP_FRAMES = 50
_CHANNELS = 4
_PIECE_SAMPLES = 12_000
_BUFFERS = threading.local()


@dataclass(frozen=True)
class Recording:
    """A recording in first-order Ambisonics (ACN order: W, Y, Z, X) with its label file.

    Args:
        name: the file name without ending.
        subset: the name of its folder, e.g. `dev-train-sony`.
        sound: four channels at 24 kHz.
        labels: a CSV file with azimuth and elevation.
        frame_count: whole 100 ms frames that windows may cover.
    """

    name: str
    subset: str
    sound: Path
    labels: Path
    frame_count: int

    @property
    def recording(self) -> str:
        """Its name: the unit that splits go by."""
        return self.name


@dataclass(frozen=True)
class Window:
    """Five seconds of a recording, seen in one direction.

    Args:
        recording: position in the list of recordings the window was drawn from.
        start_frame: the first 100 ms frame, counted in the recording.
        viewing_angle_deg: how far the scene is turned to the left, 0 to 359.
    """

    recording: int
    start_frame: int
    viewing_angle_deg: int


def list_recordings(folder: Path, subsets: str = "dev-*") -> list[Recording]:
    """List Ambisonic recordings with labels.

    ```
    folder/foa_dev/dev-train-sony/fold3_room21_mix001.wav
    folder/metadata_dev/dev-train-sony/fold3_room21_mix001.csv
    ```
    Only headers are read.

    Args:
        folder: holds `foa_dev/` and `metadata_dev/`.
        subsets: which of their sub-folders, with wildcards, e.g. `dev-train-*`.

    Returns:
        recordings sorted by subset and name.

    Raises:
        CorpusError: folders are missing, a sound lacks labels or labels a sound, or a sound is not four channels at
            24 kHz.
        AudioError: a header cannot be read.
    """
    sounds, labels = folder / "foa_dev", folder / "metadata_dev"
    for needed in (sounds, labels):
        if not needed.is_dir():
            raise CorpusError(f"{needed}: no such folder; unpack {needed.name}.zip of STARSS23 or STARSS22 here")
    wavs = {path.relative_to(sounds).with_suffix("").as_posix(): path for path in _visible(sounds, f"{subsets}/*.wav")}
    csvs = {path.relative_to(labels).with_suffix("").as_posix(): path for path in _visible(labels, f"{subsets}/*.csv")}
    if not wavs:
        raise CorpusError(f"{sounds}: no recordings in {subsets}/*.wav")
    for side, others, missing in ((sounds, "csv", set(wavs) - set(csvs)), (labels, "wav", set(csvs) - set(wavs))):
        if missing:
            raise CorpusError(f"{side}: {len(missing)} recordings without .{others}, first {min(missing)}; complete it")
    return [_recording(key, wavs[key], csvs[key]) for key in sorted(wavs)]


class StereoWindows:
    """Windows of recordings in stereo, with their events.

    A window is read by seeking, so it costs the same in a long recording as in a short one. Label files are read
    once.

    Args:
        recordings: any number.
        layout: of their label files: `dcase2023` for STARSS23, `dcase2022` for STARSS22 (no distances).
        classes: the list that the label files point into.
    """

    def __init__(
        self, recordings: Sequence[Recording], layout: str = "dcase2023", classes: ClassList = STARSS23
    ) -> None:
        self.recordings = tuple(recordings)
        self.layout = layout
        self.classes = classes
        self._events: dict[int, Events] = {}

    def render(self, window: Window) -> tuple[NDArray[np.float32], Events]:
        """Return the signal and the events of a window.

        Args:
            window: a recording of this collection, a start and an angle.

        Returns:
            (2, 120000) float32, left first, no factor applied, so it can exceed 1; and its events in frames 0 to
            49, azimuths folded to the front, distances in metres (NaN where the recording has none).

        Raises:
            CorpusError: the window is not within the recording.
            AudioError: the sound cannot be read.
            LabelError: its labels cannot be read.

        Source: FOA to stereo and the labels' turn as in DCASE 2025 Task 3, arXiv:2507.12042.
        """
        return self.render_signal(window), self.render_events(window)

    def render_signal(self, window: Window, *, exact: bool = False) -> NDArray[np.float32]:
        """Return the signal of a window alone; `exact` computes in float64, ten times slower, as the organisers did."""
        samples, step = _read_foa(self._recording_of(window), window.start_frame * FRAME_SAMPLES)
        if exact:
            return foa_to_stereo(samples.astype(np.float64) * step, window.viewing_angle_deg).astype(np.float32)
        # The conversion is linear: what it makes of each channel alone is the matrix that makes it of all.
        matrix = foa_to_stereo(np.eye(_CHANNELS, dtype=np.float32) * np.float32(step), window.viewing_angle_deg)
        stereo = np.empty((2, samples.shape[1]), np.float32)
        # Piece by piece, because allocating large temporary arrays takes longer than computing in them.
        for first in range(0, samples.shape[1], _PIECE_SAMPLES):
            piece = slice(first, first + _PIECE_SAMPLES)
            np.matmul(matrix, samples[:, piece].astype(np.float32), out=stereo[:, piece])
        return stereo

    def render_events(self, window: Window) -> Events:
        """Return the events of a window alone."""
        labels, first = self._recording_of(window).labels, window.start_frame
        if window.recording not in self._events:
            self._events[window.recording] = read_starss(labels, self.layout, self.classes)
        inside = self._events[window.recording].between(first, first + CLIP_FRAMES).shifted(-first)
        return to_stereo(inside, window.viewing_angle_deg)

    def _recording_of(self, window: Window) -> Recording:
        """The recording of a window, once the window is known to be within it."""
        if not 0 <= window.recording < len(self.recordings):
            raise CorpusError(f"no recording {window.recording}; there are {len(self.recordings)}")
        recording = self.recordings[window.recording]
        if not 0 <= window.start_frame <= recording.frame_count - CLIP_FRAMES:
            raise CorpusError(
                f"{recording.name}: five seconds from frame {window.start_frame} are not within its "
                f"{recording.frame_count} frames"
            )
        return recording


def check_lengths(windows: StereoWindows) -> None:
    """Refuse recordings that no window can be drawn from.

    Raises:
        CorpusError: there are no recordings, or one is shorter than five seconds.
    """
    if not windows.recordings:
        raise CorpusError("no recordings to draw windows from")
    short = min(windows.recordings, key=lambda recording: recording.frame_count)
    if short.frame_count < CLIP_FRAMES:
        raise CorpusError(f"{short.sound}: shorter than the five seconds of a clip; move it and its labels away")


def _visible(folder: Path, pattern: str) -> list[Path]:
    """Matching files without hidden ones."""
    return [path for path in folder.glob(pattern) if not path.name.startswith(".")]


def _recording(key: str, sound: Path, labels: Path) -> Recording:
    """The recording of a sound whose header fits."""
    info = probe(sound)
    if (info.channel_count, info.sample_rate_hz) != (_CHANNELS, SAMPLE_RATE_HZ):
        raise CorpusError(
            f"{sound} has {info.channel_count} channels at {info.sample_rate_hz} Hz; first-order Ambisonics has "
            f"{_CHANNELS}, and these recordings {SAMPLE_RATE_HZ} Hz (is it the microphone array's format?)"
        )
    if info.sample_count is None:
        raise CorpusError(f"{sound}: its header has no length; write the file again")
    subset, _, name = key.rpartition("/")
    # Not sample_count // 2400: the organisers multiply seconds by ten, which rounds down a few exact lengths.
    return Recording(name, subset, sound, labels, math.floor(info.sample_count / SAMPLE_RATE_HZ * 10))


def _read_foa(recording: Recording, start_sample: int) -> tuple[NDArray[np.int16] | NDArray[np.float32], float]:
    """(4, 120000) of a recording, and the factor that makes it a signal."""
    import soundfile  # loads a shared library

    count = CLIP_FRAMES * FRAME_SAMPLES
    # Each thread decodes into one buffer: allocating a new megabyte takes longer than decoding into it.
    if not hasattr(_BUFFERS, "samples"):
        _BUFFERS.samples = np.empty((count, _CHANNELS), np.int16)
    buffer: NDArray[np.int16] = _BUFFERS.samples
    try:
        with soundfile.SoundFile(recording.sound) as file:
            if file.subtype == "PCM_16":
                file.seek(start_sample)
                # Reading integers takes a tenth of the time that the general reader needs.
                if file.channels == _CHANNELS and len(file.read(out=buffer)) == count:
                    return buffer.T, 2.0**-15
    except (soundfile.SoundFileError, OSError):
        pass  # the general reader finds the same fault and has the message for it
    return read_window(recording.sound, start_sample, count), 1.0
