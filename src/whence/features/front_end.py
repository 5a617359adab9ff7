"""The front end of our own networks: any stack of log-mel, mid/side and coherence maps, on the signal's device."""

# B batch, S analysed channel, M map, T feature frame, N frequency bin, F mel band

import numpy as np
import torch
from torch import Tensor, nn

from whence.features.bands import Bands
from whence.features.coherence import coherence
from whence.features.logmel import decibels, squares
from whence.features.mel import mel_filterbank
from whence.features.midside import intensity, level_difference, mid_side, mono_maps, side_ratio
from whence.features.settings import MADE_OF, POWER_MAPS, FeatureSettings
from whence.features.spectrum import Spectrum, SpectrumStream


class StereoMaps(nn.Module):
    """Signal -> stacked maps: `logmel`, `midside` and `perceptual` of `FEATURES` are this with other settings.

    Everything is float32 and differentiable. A stream is served in two steps: `stream()` gives spectra
    chunk by chunk, and `maps()` turns the spectra of any stretch into what that stretch would have had
    as a clip of its own (log-mel maps share one floor per clip, coherence starts with the clip).

    Args:
        settings: see FeatureSettings.

    Shape: (B, 2, sample) -> (B, M, sample // hop + 1, mel_count).

    >>> from whence.features.settings import midside_settings
    >>> StereoMaps(midside_settings())(torch.zeros(3, 2, 120_000)).shape
    torch.Size([3, 4, 251, 64])
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__()
        self.settings = settings
        wanted = {part for name in settings.maps for part in MADE_OF.get(name, (name,))}
        self._channels = tuple(name for name in POWER_MAPS if name in wanted)
        self._levels = [index for index, name in enumerate(settings.maps) if name in POWER_MAPS]
        self.spectrum = Spectrum(settings)
        bank = mel_filterbank(settings)
        self.bands = Bands(bank.repeat(2, axis=1))  # real and imaginary parts stand side by side
        # Each band of the coherence is the weighted mean of its bins, so that it stays within 0..1.
        self.mean_bands = Bands(bank / np.maximum(bank.sum(axis=1, keepdims=True), 1e-12))

    def forward(self, signal: Tensor) -> Tensor:
        """The maps of a batch of whole clips."""
        # Mid and side of the samples cost a quarter of what they cost as spectra.
        return self._maps(self.spectrum(mono_maps(signal.float(), self._channels)))

    def stream(self) -> SpectrumStream:
        """Spectra chunk by chunk; concatenated along time they go into `maps`."""
        return SpectrumStream(self.spectrum)

    def maps(self, spectra: Tensor) -> Tensor:
        """The maps of (B, 2, T, N) complex spectra, taken as one clip: the floor and the averages start anew."""
        left, right = spectra[:, 0], spectra[:, 1]
        mid, side = mid_side(left, right)
        channels = {"left": left, "right": right, "mid": mid, "side": side}
        return self._maps(torch.stack([channels[name] for name in self._channels], dim=1))

    def _maps(self, spectra: Tensor) -> Tensor:
        """The maps of the spectra (B, S, T, N) of the analysed channels, which are used up."""
        with torch.autocast(spectra.device.type, enabled=False):
            of = dict(zip(self._channels, spectra.unbind(1), strict=True))
            # What needs phases comes first: the powers take the place of the spectra.
            phased = {name: self._phased(name, of) for name in self.settings.maps if name in ("intensity", "coherence")}
            powers = dict(zip(self._channels, self.bands(squares(spectra, spent=True)).unbind(1), strict=True))
            maps = [self._map(name, powers, phased) for name in self.settings.maps]
            if self._levels:
                levels = torch.stack([maps[index] for index in self._levels], dim=1)
                found = decibels(levels, self.settings.dynamic_range_db)
                if len(self._levels) == len(maps):
                    return found
                for place, index in enumerate(self._levels):
                    maps[index] = found[:, place]
            return torch.stack(maps, dim=1)

    def _phased(self, name: str, spectra: dict[str, Tensor]) -> Tensor:
        """(B, T, F): the cross power of mid and side, or the coherence of left and right."""
        if name == "coherence":
            bins, _ = coherence(spectra["left"], spectra["right"], self.settings.smoothing)
            coherent: Tensor = self.mean_bands(bins)
            return coherent
        product = torch.view_as_real(spectra["mid"]) * torch.view_as_real(spectra["side"])
        cross_power: Tensor = self.bands(product.flatten(-2))
        return cross_power

    def _map(self, name: str, powers: dict[str, Tensor], phased: dict[str, Tensor]) -> Tensor:
        """(B, T, F): mel power where the map is a log-mel, the finished map elsewhere."""
        if name == "intensity":
            return intensity(phased[name], powers["mid"], powers["side"])
        if name == "side_ratio":
            return side_ratio(powers["mid"], powers["side"])
        if name == "level_difference":
            return level_difference(powers["left"], powers["right"])
        return phased[name] if name in phased else powers[name]
