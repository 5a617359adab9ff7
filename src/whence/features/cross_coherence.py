"""Complex coherence of left and right per mel band: its phase holds the time difference between spaced microphones."""

# B batch, T feature frame, F mel band

from torch import Tensor
from torch.nn.functional import avg_pool2d

from whence.features.settings import CROSS_FRAMES, FAINT_CHANNEL

_SILENCE = 1e-20


def cross_coherence(
    mid_power: Tensor, side_power: Tensor, cross_real: Tensor, cross_imag: Tensor
) -> tuple[Tensor, Tensor]:
    """<L conj R> / sqrt(<|L|^2> <|R|^2>), with averages < > over the bins of a mel band and over 100 ms.

    With L = M + S and R = M - S it follows from mid and side: L conj R = |M|^2 - |S|^2 - 2i Im(M conj S), and left and
    right have the powers |M|^2 + |S|^2 +- 2 Re(M conj S).

    For one plane wave at a pair of omnis d apart it is exp(i 2 pi f d sin(azimuth) / c): the imaginary part is positive
    where sound from the left comes first to the left microphone, up to the frequency c / 2d, and goes round beyond. For
    a coincident pair it is real: +1 where both channels are alike, -1 where they are opposite. Diffuse sound between
    omnis has sin(kd) / (kd). Swapping the channels keeps the real part and negates the imaginary part.

    Both parts fade to 0 where one channel is much fainter than the other (by 1 % at 20 dB, half at 40 dB), because
    float32 leaves nothing of the faint one in the sum and difference of powers.

    Args:
        mid_power: (B, T, F), gathered into mel bands, as the others.
        side_power: (B, T, F).
        cross_real: (B, T, F) Re(M conj S).
        cross_imag: (B, T, F) Im(M conj S).

    Returns:
        real and imaginary part, (B, T, F) in [-1, 1]; 0 in digital silence.

    Source: the inter-channel coherence of binaural cue coding (Faller and Baumgarte 2003), complex instead of its
        magnitude.

    >>> import torch
    >>> one = torch.ones(1, 5, 1)
    >>> [abs(round(float(part[0, 2, 0]), 3)) for part in cross_coherence(one, 0 * one, 0 * one, 0 * one)]
    [1.0, 0.0]
    """
    mid, side, real, imag = (_smoothed(part) for part in (mid_power, side_power, cross_real, cross_imag))
    total = (mid + side) ** 2
    product = (total - (2 * real) ** 2).clamp(min=0.0)  # of the powers of left and right
    weight = product.sqrt() / (product + FAINT_CHANNEL * total + _SILENCE)
    return ((mid - side) * weight).clamp(-1.0, 1.0), (-2 * imag * weight).clamp(-1.0, 1.0)


def _smoothed(values: Tensor) -> Tensor:
    """The mean over the feature frames around each, as far as there are any."""
    around = CROSS_FRAMES // 2
    pooled = avg_pool2d(values[:, None], (CROSS_FRAMES, 1), 1, (around, 0), count_include_pad=False)
    return pooled[:, 0]
