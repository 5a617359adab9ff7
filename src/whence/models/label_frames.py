"""An encoder's vectors brought to label frames: by the time they share, or by a straight line between them."""

# B batch, V vector, L label frame (100 ms), D width

import torch
from torch import Tensor, nn

# 20 ms: the largest step that divides 40 and 80 ms vectors as well as 100 ms label frames.
UNITS_PER_LABEL_FRAME = 5


def share_time(vectors: Tensor, units_per_vector: int, label_frames: int) -> Tensor:
    """Average the vectors over each label frame, weighted by the time they share with it.

    A vector of 40 ms is two units of 20 ms and a label frame five, so 125 vectors become 250 units and
    50 label frames: 2.5 vectors each, the middle one shared by two. Exact, without parameters, and causal
    up to the vector itself. If the vectors end early, the last one is held.

    Args:
        vectors: (B, V, D), vector v covers units v * units_per_vector onwards.
        units_per_vector: 20 ms units per vector; 2 for Dasheng.
        label_frames: L.

    Returns:
        (B, L, D).

    >>> share_time(torch.arange(5.0).reshape(1, 5, 1), 2, 2).flatten()
    tensor([0.8000, 3.2000])
    """
    batch, _, width = vectors.shape
    units = vectors[:, :, None].expand(-1, -1, units_per_vector, -1).reshape(batch, -1, width)
    held = units[:, -1:].expand(-1, UNITS_PER_LABEL_FRAME, -1)
    units = torch.cat((units, held), dim=1)[:, : UNITS_PER_LABEL_FRAME * label_frames]
    return units.reshape(batch, label_frames, UNITS_PER_LABEL_FRAME, width).mean(dim=2)


def draw_line(vectors: Tensor, label_frames: int) -> Tensor:
    """Interpolate linearly between the middles of the vectors, (B, V, D) -> (B, L, D); both cover the same time.

    >>> draw_line(torch.arange(4.0).reshape(1, 4, 1), 2).flatten()
    tensor([0.5000, 2.5000])
    """
    return nn.functional.interpolate(vectors.transpose(1, 2), size=label_frames, mode="linear").transpose(1, 2)
