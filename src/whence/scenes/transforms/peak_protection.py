"""Peak protection: a clip too loud for a file is turned down as a whole, never clipped."""

import torch

PEAK_LIMIT = 0.99


def apply_peak_protection(audio: torch.Tensor) -> torch.Tensor:
    """Scale down the clips whose peak exceeds the limit; leave the others bit for bit as they are.

    One factor serves both channels, so level differences, and with them directions, stay. `audio` is
    (clip, channel, sample); the result has |value| <= 0.99.

    >>> apply_peak_protection(torch.tensor([[[3.0], [-1.5]], [[0.5], [0.0]]])).tolist()
    [[[0.9900000095367432], [-0.4950000047683716]], [[0.5], [0.0]]]
    """
    peak = torch.maximum(audio.amax(dim=(1, 2)), -audio.amin(dim=(1, 2)))
    factor = torch.where(peak > PEAK_LIMIT, PEAK_LIMIT / peak, torch.ones_like(peak))
    return audio * factor[:, None, None]
