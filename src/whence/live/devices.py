"""From the words after `--device` to a device."""

from pathlib import Path

from whence.errors import WhenceError
from whence.live.clock import Clock
from whence.live.microphone import Microphone, portaudio
from whence.live.sound_file import SoundFile
from whence.live.source import LiveSource

# What stands in front of the path of a file that is played in real time.
FILE = "file:"


def open_device(words: str | None, clock: Clock, channels: tuple[int, int] | None = None) -> LiveSource:
    """The device that is meant, found but not yet started.

    Args:
        words: `file:` and a path, a number, a part of a name, or None for the system's default.
        clock: what real time is for a file.
        channels: which two of its channels are left and right, counted from 1.

    Raises:
        WhenceError: it is not there, has no two channels, or what microphones need is not installed.
    """
    if words is not None and words.startswith(FILE):
        path = words.removeprefix(FILE)
        if not path:
            raise WhenceError("--device file: needs the name of a sound, as in --device file:street.wav")
        return SoundFile(Path(path), clock, channels)
    chosen = int(words) if words is not None and words.isascii() and words.isdecimal() else words
    return Microphone(portaudio(), chosen, channels or (1, 2))


def read_channels(words: str | None) -> tuple[int, int] | None:
    """The two numbers of `--channels 3,4`.

    Raises:
        WhenceError: they are not two different channels counted from 1.

    >>> read_channels("3,4")
    (3, 4)
    """
    if words is None:
        return None
    parts = [part.strip() for part in words.split(",")]
    numbers = [int(part) for part in parts if part.isascii() and part.isdecimal()]
    if len(parts) != 2 or len(numbers) != 2 or min(numbers) < 1 or numbers[0] == numbers[1]:
        raise WhenceError(f"--channels takes left and right, counted from 1, as in --channels 1,2; not {words!r}")
    return numbers[0], numbers[1]
