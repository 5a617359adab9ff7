"""Windows of Ambisonic recordings as clips, without files: drawn at random, converted to stereo when they are read."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.corpora.converting import HIGHEST_PEAK, window_name
from whence.corpora.starss import CLIP_FRAMES, StereoWindows, Window, check_lengths
from whence.errors import CorpusError
from whence.labels import STARSS23, ClassList, Events

# So many windows in succession that are too loud are no accident.
_MOST_DRAWN = 1_000


@dataclass(frozen=True)
class WindowClip:
    """A window as a clip: what `whence convert` would write, before the rounding to 16 bits.

    Args:
        windows: the recordings.
        window: one of them, a start and an angle.
    """

    windows: StereoWindows
    window: Window

    @property
    def name(self) -> str:
        """The name that the converted clip has."""
        return window_name(self.recording, self.window.start_frame, self.window.viewing_angle_deg)

    @property
    def recording(self) -> str:
        """The recording it is part of."""
        return self.windows.recordings[self.window.recording].name

    @property
    def sound(self) -> Path:
        """The file of the recording."""
        return self.windows.recordings[self.window.recording].sound

    def read_signal(self) -> NDArray[np.float32]:
        """Return (2, 120000) float32, left first; errors as `StereoWindows` raises them."""
        return self.windows.render_signal(self.window)

    def read_events(self, classes: ClassList = STARSS23) -> Events:
        """Return the events; the list of classes must be that of the windows."""
        assert classes == self.windows.classes
        return self.windows.render_events(self.window)


def draw_clip(windows: StereoWindows, rng: np.random.Generator) -> tuple[WindowClip, NDArray[np.float32]]:
    """Draw a recording, the more often the longer it is; a start and a viewing angle, evenly.

    A window that would exceed full scale is drawn again, since the published set has none. Recordings have passed
    `check_lengths`.

    Returns:
        the clip and its signal, (2, 120000) float32.

    Raises:
        CorpusError: almost every window is too loud.
        AudioError: a sound cannot be read.
    """
    frames = np.array([recording.frame_count for recording in windows.recordings])
    ends = np.cumsum(frames)
    for _ in range(_MOST_DRAWN):
        index = int(np.searchsorted(ends, rng.integers(ends[-1]), side="right"))
        start_frame = int(rng.integers(frames[index] - CLIP_FRAMES + 1))
        clip = WindowClip(windows, Window(index, start_frame, int(rng.integers(360))))
        signal = clip.read_signal()
        if float(np.abs(signal).max()) <= HIGHEST_PEAK:
            return clip, signal
    raise CorpusError(f"{_MOST_DRAWN} windows of {len(frames)} recordings are all too loud; their level is too high")


def draw_window_clips(windows: StereoWindows, count: int, seed: int) -> list[WindowClip]:
    """Draw a fixed set of different windows, for validation: always the same for the same recordings and seed.

    Returns:
        `count` clips, sorted by name; fewer where short recordings have no more.

    Raises:
        CorpusError: as `check_lengths` and `draw_clip`.
        AudioError: a sound cannot be read.
    """
    check_lengths(windows)
    found: dict[str, WindowClip] = {}
    for number in range(2 * count):
        clip, _ = draw_clip(windows, np.random.default_rng([seed, number, 4]))
        found.setdefault(clip.name, clip)
        if len(found) == count:
            break
    return [found[name] for name in sorted(found)]
