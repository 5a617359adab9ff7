"""Direction at onsets: when a sound onset, only its direct path has arrived, not yet the reverberation."""

# B batch, T feature frame (20 ms), J fine frame (5 ms), F mel band

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad

from whence.features import onset_rule as rule
from whence.features.front_end import StereoMaps
from whence.features.mel import mel_filterbank
from whence.features.midside import mono_maps, to_peak_one
from whence.features.settings import LEAST_LEVEL, FeatureSettings
from whence.features.spectrum import Bands, Spectrum, squares


class Onsets(nn.Module):
    """Mid and side -> the sine of the azimuth at onsets, and how strong the onsets are.

    Reverberation follows the direct sound by some milliseconds, so directions are most certain where a sound onset.

    Args:
        settings: of the front end whose feature frames and bands these maps share.

    Shape: (B, 2, sample) -> (B, 2, T, F): sines, positive to the left, and levels in dB, -40 where no sound onset.

    Source: the precedence effect; cues chosen by coherence after Faller and Merimaa 2004.
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__()
        self.hop = settings.hop
        fine = rule.finer(settings)
        self.spectrum = Spectrum(fine)
        self.bands = Bands(mel_filterbank(fine).repeat(2, axis=1))  # real and imaginary parts alternate

    def forward(self, mid_side: Tensor) -> Tensor:
        """Return the two maps."""
        with torch.autocast(mid_side.device.type, enabled=False):
            spectra = self.spectrum(mid_side)
            mid, side = torch.view_as_real(spectra).unbind(1)
            cross_power = self.bands((mid * side).flatten(-2))
            mid_power, side_power = self.bands(squares(spectra, spent=True)).unbind(1)
            weight, sine = _onsets(mid_power, side_power, cross_power)
            frames = mid_side.shape[2] // self.hop + 1
            # A feature frame has the fine ones around its middle.
            before = rule.FINER // 2
            behind = rule.FINER * frames - before - weight.shape[1]
            total, moved = (
                pad(part, (0, 0, before, behind)).reshape(len(part), frames, rule.FINER, part.shape[2]).sum(dim=2)
                for part in (weight, weight * sine)
            )
            level_db = 10.0 * torch.log10(total + LEAST_LEVEL)
            return torch.stack([moved / (total + rule.LEAST_TOTAL), level_db], dim=1).repeat_interleave(2, dim=3)


def _onsets(mid_power: Tensor, side_power: Tensor, cross_power: Tensor) -> tuple[Tensor, Tensor]:
    """Weights and sines (B, J, F / 2) of fine frames."""
    power = mid_power + side_power + rule.SILENCE
    alike = cross_power * cross_power / (mid_power * side_power + rule.SILENCE**2)
    alike = torch.where(side_power < rule.LEAST_SIDE * mid_power, torch.ones_like(alike), alike)
    loudness = power.log()
    # The first whole frame is taken for all before it.
    first = loudness[:, rule.BORDER : rule.BORDER + 1].expand(-1, rule.BEFORE, -1)
    earlier = torch.cat([first, loudness[:, :-1]], dim=1)
    rise = loudness - max_pool2d(earlier[:, None], (rule.BEFORE, 1), 1)[:, 0]
    onset = (rule.RISE_SLOPE * (rise - rule.RISE)).sigmoid() * (rule.ALIKE_SLOPE * (alike - rule.ALIKE)).sigmoid()
    onset = pad(onset[:, rule.BORDER : -rule.BORDER], (0, 0, rule.BORDER, rule.BORDER))
    return power**rule.LOUDNESS * onset, (cross_power / (mid_power + rule.SILENCE)).clamp(-1.0, 1.0)


class MidsideOnsets(nn.Module):
    """Mid/side maps and, as the last two, the onset maps.

    Args:
        settings: see FeatureSettings; its last two maps are `onset_sine` and `onset_level`.

    Shape: (B, 2, sample) -> (B, M, sample // hop + 1, mel_count).

    >>> from whence.features.settings import midside_onsets_settings
    >>> MidsideOnsets(midside_onsets_settings())(torch.zeros(3, 2, 120_000)).shape
    torch.Size([3, 6, 251, 64])
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__()
        self.settings = settings
        self.plain = StereoMaps(replace(rule.without_onsets(settings), peak_normalized=False))
        self.onsets = Onsets(settings)

    def forward(self, signal: Tensor) -> Tensor:
        """Return the maps of a batch of whole clips."""
        signal = to_peak_one(signal.float()) if self.settings.peak_normalized else signal.float()
        onsets = self.onsets(mono_maps(signal, ("mid", "side")))
        return torch.cat([self.plain(signal), onsets], dim=1)
