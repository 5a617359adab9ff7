"""The front end of most networks: any stack of log-mel, mid/side and coherence maps, on the signal's device."""

# B batch, S analysed channel, M map, T feature frame, N frequency bin, F mel band

import numpy as np
import torch
from torch import Tensor, nn

from whence.features.coherence import coherence
from whence.features.cross_coherence import cross_coherence
from whence.features.mel import mel_filterbank
from whence.features.midside import intensity, level_difference, mono_maps, side_ratio, to_peak_one
from whence.features.settings import MADE_OF, POWER_MAPS, FeatureSettings
from whence.features.spectrum import Bands, Spectrum, decibels, squares


class StereoMaps(nn.Module):
    """Signal -> stacked maps: `logmel`, `midside` and `perceptual` of `FEATURES` are this with other settings.

    Everything is float32 and differentiable. Log-mel maps share one floor per clip, and coherence starts with the clip.

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
        crossed = {"cross_real", "cross_imaginary"} & set(settings.maps)
        needed = {"intensity", "cross_imaginary"} if crossed else set()
        self._phased_names = sorted(needed | {"intensity", "coherence"} & set(settings.maps))
        self._levels = [index for index, name in enumerate(settings.maps) if name in POWER_MAPS]
        self.spectrum = Spectrum(settings)
        bank = mel_filterbank(settings)
        self.bands = Bands(bank.repeat(2, axis=1))  # real and imaginary parts alternate
        # Each band of the coherence is the weighted mean of its bins, so that it stays within 0..1.
        self.mean_bands = Bands(bank / np.maximum(bank.sum(axis=1, keepdims=True), 1e-12))

    def forward(self, signal: Tensor) -> Tensor:
        """Return the maps of a batch of whole clips."""
        signal = to_peak_one(signal.float()) if self.settings.peak_normalized else signal.float()
        # Mid and side of the samples cost a quarter of what they cost as spectra.
        spectra = self.spectrum(mono_maps(signal, self._channels))
        with torch.autocast(spectra.device.type, enabled=False):
            of = dict(zip(self._channels, spectra.unbind(1), strict=True))
            # Maps that need phases come first: the powers overwrite the spectra.
            phased = {name: self._phased(name, of) for name in self._phased_names}
            powers = dict(zip(self._channels, self.bands(squares(spectra, spent=True)).unbind(1), strict=True))
            maps = [self._map(name, powers, phased) for name in self.settings.maps]
            if self._levels:
                levels = torch.stack([maps[index] for index in self._levels], dim=1)
                found = decibels(levels, self.settings.dynamic_range_db)
                if len(self._levels) == len(maps):
                    return found
                for index, level in zip(self._levels, found.unbind(1), strict=True):
                    maps[index] = level
            return torch.stack(maps, dim=1)

    def _phased(self, name: str, spectra: dict[str, Tensor]) -> Tensor:
        """(B, T, F): the real or imaginary cross power of mid and side, or the coherence of left and right."""
        if name == "coherence":
            coherent: Tensor = self.mean_bands(coherence(spectra["left"], spectra["right"], self.settings.smoothing))
            return coherent
        mid, side = torch.view_as_real(spectra["mid"]), torch.view_as_real(spectra["side"])
        if name == "cross_imaginary":
            # The two parts of Im(M conj S), which the bands then add up.
            turned = torch.stack([mid[..., 1] * side[..., 0], -mid[..., 0] * side[..., 1]], dim=-1)
            cross_imaginary: Tensor = self.bands(turned.flatten(-2))
            return cross_imaginary
        cross_power: Tensor = self.bands((mid * side).flatten(-2))
        return cross_power

    def _map(self, name: str, powers: dict[str, Tensor], phased: dict[str, Tensor]) -> Tensor:
        """(B, T, F): mel power where the map is a log-mel, the finished map elsewhere."""
        if name == "intensity":
            return intensity(phased[name], powers["mid"], powers["side"])
        if name == "side_ratio":
            return side_ratio(powers["mid"], powers["side"])
        if name == "level_difference":
            return level_difference(powers["left"], powers["right"])
        if name in ("cross_real", "cross_imaginary"):
            cross = (phased["intensity"], phased["cross_imaginary"])
            return cross_coherence(powers["mid"], powers["side"], *cross)[name == "cross_imaginary"]
        return phased[name] if name in phased else powers[name]
