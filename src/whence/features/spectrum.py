"""From a signal to spectra, mel bands and decibels, in torch."""

# B batch, C channel, M map, T feature frame, N frequency bin, F mel band

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from whence.features.numpy_spectra import hann
from whence.features.settings import FeatureSettings

Border = Literal["zero", "reflect"]

_SMALLEST_POWER = 1e-10
# More groups have fewer zeros, but products too small to be quick; of 64 bands and 513 bins these are the fastest.
_GROUPS = 4
# Floats in a cache line: products whose rows begin on one are quicker.
_LINE = 16


class Spectrum(nn.Module):
    """Windowed Fourier transforms every `hop` samples, in float32 whatever the surrounding precision.

    Args:
        settings: `hop`, `window` and `fft` are read.
        border: what is assumed beyond the ends of the signal.
        centred: feature frame t is centred on sample t * hop; otherwise it starts there.

    Shape: (B, C, sample) -> complex (B, C, T, fft // 2 + 1), T = sample // hop + 1 if centred, else sample // hop.

    >>> from whence.features.settings import logmel_settings
    >>> Spectrum(logmel_settings())(torch.zeros(1, 2, 120_000)).shape
    torch.Size([1, 2, 251, 513])
    """

    window: Tensor

    def __init__(self, settings: FeatureSettings, border: Border = "zero", centred: bool = True) -> None:
        super().__init__()
        self.hop, self.fft = settings.hop, settings.fft
        self.mode = "reflect" if border == "reflect" else "constant"
        self.borders = (settings.fft // 2,) * 2 if centred else (0, settings.fft - settings.hop)
        before = (settings.fft - settings.window) // 2 if centred else 0
        window = torch.zeros(settings.fft)
        window[before : before + settings.window] = torch.from_numpy(hann(settings.window))
        # Recomputed from the settings, so it does not belong in a file of weights.
        self.register_buffer("window", window, persistent=False)

    def forward(self, signal: Tensor) -> Tensor:
        """Return the spectra of a whole signal."""
        padded = nn.functional.pad(signal.float(), self.borders, mode=self.mode)
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


def squares(spectra: Tensor, *, spent: bool = False) -> Tensor:
    """Squared real and imaginary parts in turn: neighbours sum to |X|^2, which weights repeated in pairs do for free.

    Args:
        spectra: (..., N) complex.
        spent: the spectra are not needed any more; where no gradient flows, their memory is used.

    Returns:
        (..., 2 N).
    """
    parts = torch.view_as_real(spectra)
    needed = parts.requires_grad and torch.is_grad_enabled()
    return (parts.mul_(parts) if spent and not needed else parts * parts).flatten(-2)


def power(spectra: Tensor) -> Tensor:
    """|X|^2 of complex spectra, without the square root that `abs` would take."""
    parts = squares(spectra)
    # Adding two views is several times as fast as a sum over an axis of two.
    return parts[..., 0::2] + parts[..., 1::2]


class Bands(nn.Module):
    """Weighted sums over the bins of each band, by a few small products: one large matrix would be nearly all zeros.

    Neighbouring bands form a group that reads only the bins between its lowest and its highest. The sums are those of
    one product with all weights, up to rounding.

    Args:
        weights: (F, N), such as `mel_filterbank` returns; zeros anywhere.

    Shape: (..., N) -> (..., F).

    >>> Bands(np.eye(8, 10, k=1, dtype=np.float32))(torch.arange(10.0))
    tensor([1., 2., 3., 4., 5., 6., 7., 8.])
    """

    def __init__(self, weights: NDArray[np.float32]) -> None:
        super().__init__()
        self._bins: list[slice] = []
        for number, group in enumerate(np.array_split(weights, min(_GROUPS, len(weights)))):
            used = np.flatnonzero(group.any(axis=0))
            first, end = (int(used[0]) // _LINE * _LINE, int(used[-1]) + 1) if len(used) else (0, 0)
            self._bins.append(slice(first, end))
            # Recomputed from the settings, so it does not belong in a file of weights.
            self.register_buffer(f"weights{number}", torch.from_numpy(group[:, first:end].T.copy()), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Return the bands of real values, differentiable."""
        rows = values.reshape(-1, values.shape[-1])
        groups = [rows[:, bins] @ weights for bins, weights in zip(self._bins, self.buffers(), strict=True)]
        return torch.cat(groups, dim=1).reshape(*values.shape[:-1], -1)


def decibels(power: Tensor, dynamic_range_db: float) -> Tensor:
    """10 log10 of power, floored relative to the loudest value of each clip, as in the official baseline.

    The floor is taken per clip over all its maps, so a quiet channel keeps its level relative to the loud one and a
    clip never depends on the others of its batch.

    Args:
        power: (B, M, T, F), not negative.
        dynamic_range_db: values further than this under the clip's maximum are raised to it.

    Returns:
        same shape, dB re 1, at least -100.

    Source: librosa.power_to_db with ref=1, amin=1e-10, top_db as given.

    >>> decibels(torch.tensor([[[[100.0, 1.0, 0.0]]]]), 80.0)
    tensor([[[[ 20.,   0., -60.]]]])
    """
    level = 10.0 * torch.log10(power.clamp(min=_SMALLEST_POWER))
    return torch.maximum(level, level.amax(dim=(1, 2, 3), keepdim=True) - dynamic_range_db)
