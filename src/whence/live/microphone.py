"""A microphone through PortAudio: its callback fills a queue that the program reads."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence.errors import MissingExtraError, WhenceError
from whence.live.device import Chunk, DeviceError, SoundQueue
from whence.text import shown

_LIST = "whence listen --device list shows what there is"


def portaudio() -> Any:
    """Return the sounddevice module.

    Raises:
        MissingExtraError: it is not installed.
        WhenceError: it is, but the system lacks the PortAudio library.
    """
    try:
        import sounddevice
    except ImportError:
        raise MissingExtraError("listening to a microphone", "mic") from None
    except OSError:
        raise WhenceError(
            "the PortAudio library, which reads microphones, is not on this system; "
            "on Debian and Ubuntu: apt install libportaudio2"
        ) from None
    return sounddevice


def device_table(sounddevice: Any) -> str:
    """Return a line for each input device, the default marked; a sentence where there is none."""
    rows = [device for device in sounddevice.query_devices() if device["max_input_channels"] > 0]
    if not rows:
        return "no sound comes in here: the system shows no microphone\n"
    default = int(sounddevice.default.device[0])
    lines = []
    for device in rows:
        count = device["max_input_channels"]
        api = sounddevice.query_hostapis(device["hostapi"])["name"]
        channels = "1 channel, no direction" if count == 1 else f"{count} channels"
        mark = "*" if device["index"] == default else " "
        rate = f"{device['default_samplerate'] / 1000:g} kHz"
        lines.append(f"{mark} {device['index']:>3}  {shown(device['name'])}  ({channels}, {rate}, {api})\n")
    return "".join(lines) + "* is the default; --device takes the number or a part of the name\n"


class Microphone:
    """A device by number or name, or the system's default.

    Args:
        sounddevice: the module, or a stand-in with the same functions.
        device: number or part of the name; None for the default.
        channels: which of the device's channels are left and right, or the four of Ambisonics, counted from 1.

    Raises:
        DeviceError: no such device, or it has too few channels.
    """

    ended = False

    def __init__(self, sounddevice: Any, device: int | str | None = None, channels: tuple[int, ...] = (1, 2)) -> None:
        self._sounddevice, self._device, self._channels = sounddevice, device, channels
        self._queue = SoundQueue()
        self._stream: Any = None
        self._rate_hz = 0
        self._expected_s = 0.0
        self._found = self._described()
        self.name = shown(self._found["name"])

    @property
    def lost_s(self) -> float:
        """Seconds that found the queue full, or that the system itself lost."""
        return self._queue.lost_s

    def _described(self) -> dict[str, Any]:
        """The system's description of the device, checked."""
        try:
            found: dict[str, Any] = self._sounddevice.query_devices(self._device, "input")
        except (ValueError, self._sounddevice.PortAudioError) as error:
            if self._device is None:
                raise DeviceError(
                    "the system shows no microphone; plug one in, or try --device file:street.wav"
                ) from None
            # Several devices of one name are listed by the module itself, one a line.
            reason = str(error).splitlines()[0] if str(error) else "not there"
            raise DeviceError(f"no microphone {shown(self._device)} ({reason}); {_LIST}") from None
        count, name = int(found["max_input_channels"]), shown(found["name"])
        if count < 2:
            raise DeviceError(f"{name} has {count} channel{'' if count == 1 else 's'}; direction needs two. {_LIST}")
        if len(self._channels) > count:
            raise DeviceError(f"{name} has {count} channels; Ambisonics needs four. {_LIST}")
        if max(self._channels) > count:
            raise DeviceError(f"{name} has no channel {max(self._channels)}; it has {count}, counted from 1")
        return found

    def _again(self) -> dict[str, Any]:
        """The same device after an absence, by its name: numbers may have changed."""
        try:
            # PortAudio reads the list of devices once; only a restart shows what was plugged in again.
            self._sounddevice._terminate()
            self._sounddevice._initialize()
            devices = self._sounddevice.query_devices()
        except self._sounddevice.PortAudioError as error:
            raise DeviceError(f"{self.name} is not there ({error})") from None
        for device in devices:
            same = all(device[key] == self._found[key] for key in ("name", "hostapi"))
            if same and device["max_input_channels"] >= max(self._channels):
                return dict(device)
        raise DeviceError(f"{self.name} is not there")

    def start(self) -> None:
        """Open the device at its own rate.

        Raises:
            DeviceError: it is not there, or the system refuses to open it.
        """
        found = self._found
        if self._stream is not None:
            self.close()
            found = self._again()
        self._rate_hz = round(found["default_samplerate"])
        self._expected_s = 0.0
        try:
            self._stream = self._sounddevice.InputStream(
                samplerate=self._rate_hz,
                device=found["index"],
                channels=max(self._channels),
                dtype="float32",
                callback=self._on_sound,
            )
            self._stream.start()
        except self._sounddevice.PortAudioError as error:
            raise DeviceError(f"{self.name} cannot be opened ({error}); {_LIST}") from None

    def _on_sound(self, block: NDArray[np.float32], sample_count: int, times: Any, status: Any) -> None:
        """Copy a (sample, channel) block, which PortAudio will overwrite; runs in PortAudio's own thread."""
        begun_s = float(times.inputBufferAdcTime)
        if status.input_overflow:
            # Not every system tells the time of a block; then one block is the least that can be missing.
            missing_s = begun_s - self._expected_s if begun_s and self._expected_s else sample_count / self._rate_hz
            self._queue.lose(max(missing_s, 0.0))
        self._expected_s = begun_s + sample_count / self._rate_hz if begun_s else 0.0
        wanted = [channel - 1 for channel in self._channels]
        self._queue.put(np.ascontiguousarray(block[:, wanted].T), self._rate_hz)

    def read(self, timeout_s: float) -> Chunk | None:
        """Return what the callback has put into the queue."""
        return self._queue.take(timeout_s)

    def close(self) -> None:
        """Stop and close; errors of a device that is gone are ignored."""
        if self._stream is not None:
            with contextlib.suppress(self._sounddevice.PortAudioError):
                self._stream.close(ignore_errors=True)
