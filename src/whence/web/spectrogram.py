"""A signal that comes in pieces becomes the picture of its loudness over time and pitch, one byte a point."""

import numpy as np
from numpy.typing import NDArray

from whence.features import hann, logmel_settings, mel_filterbank

HOP_SAMPLES = 600  # 25 ms: four columns to a label frame, 5 kB for a second of stereo
HOP_S = 0.025
_FFT_SAMPLES = 1024
# 0 is this and less, 255 is a full-scale tone; 100 dB are more than anybody sees.
_FLOOR_DB = -100.0


class Spectrogram:
    """Mel spectra of both channels, column by column.

    A column is centred on the middle of its hop, and there is one for every hop that is begun.

    >>> picture = Spectrogram()
    >>> some = [picture.feed(np.zeros((2, count), np.float32)) for count in (100, 2_300, 1)]
    >>> sum(len(part) for part in [*some, picture.finish()])
    5
    """

    def __init__(self) -> None:
        settings = logmel_settings()
        window = hann(_FFT_SAMPLES)
        bank = mel_filterbank(settings)
        self._window = window / window.sum() * 2  # a full-scale tone has power 1 in its bin
        # The mean of the bins of a band and not their sum: white noise then looks equally loud everywhere.
        self._bank = (bank / bank.sum(axis=1, keepdims=True)).T
        before = (_FFT_SAMPLES - HOP_SAMPLES) // 2
        self._rest = np.zeros((2, before), np.float32)
        self._samples = 0
        self._columns = 0

    @property
    def band_count(self) -> int:
        """Mel bands in a column."""
        return int(self._bank.shape[1])

    def feed(self, signal: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The columns that are complete now.

        Args:
            signal: (2, any number of samples) at 24 kHz.

        Returns:
            (column, 2, band), 0 for -100 dB and less, 255 for full scale.
        """
        self._samples += signal.shape[1]
        self._rest = np.concatenate([self._rest, signal], axis=1)
        count = max((self._rest.shape[1] - _FFT_SAMPLES) // HOP_SAMPLES + 1, 0)
        return self._drawn(count)

    def finish(self) -> NDArray[np.uint8]:
        """The last columns, silence taken for what would have followed."""
        count = -(-self._samples // HOP_SAMPLES) - self._columns
        missing = (count - 1) * HOP_SAMPLES + _FFT_SAMPLES - self._rest.shape[1]
        self._rest = np.pad(self._rest, ((0, 0), (0, max(missing, 0))))
        return self._drawn(count)

    def _drawn(self, count: int) -> NDArray[np.uint8]:
        """The next `count` columns; their hops leave the rest."""
        if not count:
            return np.zeros((0, 2, self.band_count), np.uint8)
        frames = np.lib.stride_tricks.sliding_window_view(self._rest, _FFT_SAMPLES, axis=1)
        spectra = np.fft.rfft(frames[:, : count * HOP_SAMPLES : HOP_SAMPLES] * self._window)
        power = (spectra.real**2 + spectra.imag**2) @ self._bank
        level_db = 10 * np.log10(power + 1e-12)
        self._rest = self._rest[:, count * HOP_SAMPLES :]
        self._columns += count
        bytes_of_level = np.clip((level_db / -_FLOOR_DB + 1) * 255, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(bytes_of_level.transpose(1, 0, 2))
