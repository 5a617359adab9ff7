"""The front end of our own networks: any stack of log-mel, mid/side and coherence maps, on the signal's device."""

# B batch, M map, T feature frame, N frequency bin, F mel band

import torch
from torch import Tensor, nn

from whence.features.coherence import coherence
from whence.features.logmel import decibels, power
from whence.features.mel import mel_filterbank
from whence.features.midside import intensity, level_difference, mid_side, side_ratio
from whence.features.settings import POWER_MAPS, FeatureSettings
from whence.features.spectrum import Spectrum, SpectrumStream


class StereoMaps(nn.Module):
    """Signal -> stacked maps: `logmel`, `midside` and `perceptual` of `FEATURES` are this with other settings.

    Everything is float32 and differentiable. A stream is served in two steps: `stream()` gives spectra
    chunk by chunk, and `maps()` turns the spectra of any stretch into what that stretch would have had
    as a clip of its own (log-mel maps share one floor per clip, coherence starts with the clip).

    Args:
        settings: see FeatureSettings.

    Shape: (B, 2, sample) -> (B, M, sample // hop + 1, mel_count).

    >>> from whence.features.settings import midside
    >>> StereoMaps(midside())(torch.zeros(3, 2, 120_000)).shape
    torch.Size([3, 4, 251, 64])
    """

    bank: Tensor

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__()
        self.settings = settings
        self.spectrum = Spectrum(settings)
        self.register_buffer("bank", torch.from_numpy(mel_filterbank(settings).T.copy()), persistent=False)

    def forward(self, signal: Tensor) -> Tensor:
        """The maps of a batch of whole clips."""
        return self.maps(self.spectrum(signal))

    def stream(self) -> SpectrumStream:
        """Spectra chunk by chunk; concatenated along time they go into `maps`."""
        return SpectrumStream(self.spectrum)

    def maps(self, spectra: Tensor) -> Tensor:
        """The maps of (B, 2, T, N) complex spectra, taken as one clip: the floor and the averages start anew."""
        with torch.autocast(spectra.device.type, enabled=False):
            stacked = self._stacked(spectra)
            power_maps = [index for index, name in enumerate(self.settings.maps) if name in POWER_MAPS]
            levels = decibels(stacked[:, power_maps], self.settings.dynamic_range_db) if power_maps else None
        maps = list(stacked.unbind(1))
        for place, index in enumerate(power_maps):
            assert levels is not None
            maps[index] = levels[:, place]
        return torch.stack(maps, dim=1)

    def _stacked(self, spectra: Tensor) -> Tensor:
        """(B, M, T, F): mel power where the map is a log-mel, the finished map elsewhere."""
        left, right = spectra[:, 0], spectra[:, 1]
        mid, side = mid_side(left, right)
        channels = {"left": left, "right": right, "mid": mid, "side": side}
        powers = {name: power(spectrum) @ self.bank for name, spectrum in channels.items() if self._needs(name)}
        found: list[Tensor] = []
        for name in self.settings.maps:
            if name in powers:
                found.append(powers[name])
            elif name == "intensity":
                product = torch.view_as_real(mid) * torch.view_as_real(side)
                found.append(intensity(product.sum(-1) @ self.bank, powers["mid"], powers["side"]))
            elif name == "side_ratio":
                found.append(side_ratio(powers["mid"], powers["side"]))
            elif name == "level_difference":
                found.append(level_difference(powers["left"], powers["right"]))
            else:
                value, _ = coherence(left, right, self.settings.smoothing)
                # Each band is the weighted mean of its bins, so that it stays within 0..1.
                found.append(value @ (self.bank / self.bank.sum(dim=0).clamp(min=1e-12)))
        return torch.stack(found, dim=1)

    def _needs(self, channel: str) -> bool:
        """Whether any map is made from the mel power of this channel."""
        wanted = set(self.settings.maps)
        pairs = {"level_difference"} if channel in ("left", "right") else {"intensity", "side_ratio"}
        return channel in wanted or bool(pairs & wanted)
