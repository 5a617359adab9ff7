"""A sound file becomes a stereo signal, and back."""

from whence.audio.checking import check
from whence.audio.containers import SOUND_ENDINGS
from whence.audio.foa import foa_to_stereo
from whence.audio.reading import Source, read, read_blocks, read_sound
from whence.audio.report import SignalReport
from whence.audio.sound import SoundInfo
from whence.audio.windows import probe, read_window
from whence.audio.writing import write
from whence.errors import AudioError
from whence.units import SAMPLE_RATE_HZ

__all__ = [
    "SAMPLE_RATE_HZ",
    "SOUND_ENDINGS",
    "AudioError",
    "SignalReport",
    "SoundInfo",
    "Source",
    "check",
    "foa_to_stereo",
    "probe",
    "read",
    "read_blocks",
    "read_sound",
    "read_window",
    "write",
]
