"""Short-time spectra in torch, of a whole signal or chunk by chunk with the same result."""

# B batch, C channel, T feature frame, N frequency bin

from typing import Literal

import torch
from torch import Tensor, nn

from whence.features.settings import FeatureSettings
from whence.features.windows import hann

Border = Literal["zero", "reflect"]


class Spectrum(nn.Module):
    """Windowed Fourier transforms every `hop` samples, in float32 whatever the surrounding precision.

    Args:
        settings: `hop`, `window` and `fft` are read.
        border: what stands beyond the ends of the signal.
        centred: feature frame t is centred on sample t * hop; otherwise it starts there.

    Shape: (B, C, sample) -> complex (B, C, T, fft // 2 + 1), T = sample // hop + 1 if centred, else sample // hop.

    >>> from whence.features.settings import logmel_settings
    >>> Spectrum(logmel_settings())(torch.zeros(1, 2, 120_000)).shape
    torch.Size([1, 2, 251, 513])
    """

    window: Tensor

    def __init__(self, settings: FeatureSettings, border: Border = "zero", centred: bool = True) -> None:
        super().__init__()
        self.hop, self.fft, self.border = settings.hop, settings.fft, border
        before = (settings.fft - settings.window) // 2 if centred else 0
        window = torch.zeros(settings.fft)
        window[before : before + settings.window] = torch.from_numpy(hann(settings.window))
        # Recomputed from the settings, so it does not belong in a file of weights.
        self.register_buffer("window", window, persistent=False)
        self.left = settings.fft // 2 if centred else 0
        self.right = settings.fft // 2 if centred else settings.fft - settings.hop

    def forward(self, signal: Tensor) -> Tensor:
        """The spectra of a whole signal."""
        return self.transform(self.padded(signal, self.left, self.right))

    def padded(self, signal: Tensor, left: int, right: int) -> Tensor:
        """The signal with `left` and `right` border samples, as float32."""
        mode = "reflect" if self.border == "reflect" else "constant"
        return nn.functional.pad(signal.float(), (left, right), mode=mode)

    def transform(self, padded: Tensor) -> Tensor:
        """The spectra of every full frame of a signal that carries its borders already."""
        batch, channel, sample = padded.shape
        with torch.autocast(padded.device.type, enabled=False):
            spectra = torch.stft(
                padded.reshape(batch * channel, sample),
                self.fft,
                self.hop,
                window=self.window,
                center=False,
                return_complex=True,
            )
        return spectra.transpose(1, 2).reshape(batch, channel, -1, self.fft // 2 + 1)

    @property
    def look_ahead(self) -> int:
        """Samples after t * hop that feature frame t needs."""
        return self.fft - self.left


class SpectrumStream:
    """The spectra of a signal that arrives in chunks of any size; together they equal those of the whole.

    The state is the last `fft - hop` samples or fewer. A feature frame comes out as soon as its last sample has
    come in, `look_ahead` samples after its place (21 ms for the centred 1024-sample frames of the baseline).

    Args:
        spectrum: what to compute.

    >>> from whence.features.settings import logmel_settings
    >>> stream = SpectrumStream(Spectrum(logmel_settings()))
    >>> [stream.push(torch.zeros(1, 2, 24_000)).shape[2] for _ in range(3)], stream.finish().shape[2]
    ([49, 50, 50], 2)
    """

    def __init__(self, spectrum: Spectrum) -> None:
        self.spectrum = spectrum
        self._kept: Tensor | None = None
        self._started = spectrum.left == 0

    def push(self, chunk: Tensor) -> Tensor:
        """Take (B, C, sample) and give the feature frames that are complete, (B, C, T, bin) with T possibly 0."""
        kept = chunk.float() if self._kept is None else torch.cat((self._kept, chunk.float()), dim=2)
        # A mirrored start needs as many samples as it mirrors, and one more as the mirror; zeros need none.
        enough = self.spectrum.border == "zero" or kept.shape[2] > self.spectrum.left
        if not self._started and enough:
            kept, self._started = self.spectrum.padded(kept, self.spectrum.left, 0), True
        self._kept = kept
        return self._emit()

    def finish(self) -> Tensor:
        """The feature frames that reach over the end; the stream is used up then."""
        if self._kept is None:
            raise RuntimeError("finish() comes after at least one push()")
        left = 0 if self._started else self.spectrum.left
        self._kept, self._started = self.spectrum.padded(self._kept, left, self.spectrum.right), True
        return self._emit()

    def _emit(self) -> Tensor:
        """Spectra of all full frames in the state, which keeps only what later frames need."""
        kept, spectrum = self._kept, self.spectrum
        assert kept is not None
        count = (kept.shape[2] - spectrum.fft) // spectrum.hop + 1 if self._started else 0
        if count <= 0:
            return torch.zeros(*kept.shape[:2], 0, spectrum.fft // 2 + 1, dtype=torch.complex64, device=kept.device)
        self._kept = kept[..., count * spectrum.hop :]
        return spectrum.transform(kept[..., : (count - 1) * spectrum.hop + spectrum.fft])
