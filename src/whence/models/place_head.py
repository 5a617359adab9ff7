"""Where and how far each class is, from averages over its event: statistics of the room, not one more convolution."""

# B batch, C map, T feature frame, F mel band, L label frame (100 ms), K class, D width of the trunk, W of the head

import torch
from torch import Tensor, nn

from whence.models.blocks import BidirectionalGru
from whence.models.onset_statistics import (
    EDGES,
    ONSETS,
    distribution,
    how_much,
    middle_and_spread,
    onset_bands,
    onset_directions,
)
from whence.models.room_statistics import DIRECTIONS, STATISTICS, direction_statistics, room_statistics

_LARGEST = 0.999


class PlaceHead(nn.Module):
    """Statistics of the room and the trunk's vectors -> a place for each class, from the moments it sounds alone.

    A conversation changes from frame to frame, but where somebody stands hardly does: what is heard while a class is
    active, most of all while nothing else is, is averaged over the clip and told to every frame of that class. The
    distance is the head's own; the direction is the trunk's, corrected, or that from which most of what began in the
    event came, or between both.

    Args:
        class_count: K.
        trunk_width: D.
        time_pool: feature frames in a label frame.
        width: W.
        dropout: before the layers.

    Shape: maps (B, C, T, F), trunk (B, L, D), activity logits and raw azimuths (B, L, K) -> raw azimuths and raw
    distances, (B, L, K) each.
    """

    def __init__(self, class_count: int, trunk_width: int, time_pool: int, width: int, dropout: float) -> None:
        super().__init__()
        self.time_pool = time_pool
        told = STATISTICS + DIRECTIONS + ONSETS
        self.scale = nn.BatchNorm1d(told)
        self.enter = nn.Sequential(
            nn.Linear(told + trunk_width, width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.GELU(),
        )
        self.active = nn.Linear(2 * class_count, width)
        self.gru = BidirectionalGru(width)
        self.here = nn.Linear(2 * width, width)
        self.event = nn.Linear(2 * width, width, bias=False)
        self.of_class = nn.Parameter(torch.zeros(class_count, width))
        self.of_onsets = nn.Sequential(nn.Linear(EDGES + 1, width), nn.GELU(), nn.Linear(width, width))
        # What the class has for itself: activity; direction here, over the event and of its onsets; how those agree.
        self.of_state = nn.Linear(7, width, bias=False)
        self.leave = nn.Sequential(
            nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 3)
        )

    def forward(self, maps: Tensor, trunk: Tensor, activity: Tensor, azimuth: Tensor) -> tuple[Tensor, Tensor]:
        """Azimuths and distances; but for the azimuths themselves nothing flows back into the trunk."""
        with torch.no_grad():
            active = activity.detach().float().sigmoid()
            shares = _shares(active).transpose(1, 2)
            before, total = onset_directions(maps, self.time_pool)
            told = torch.cat(
                [
                    room_statistics(maps, self.time_pool),
                    direction_statistics(maps, self.time_pool),
                    distribution(before, total),
                    onset_bands(maps, self.time_pool),
                ],
                dim=2,
            )
            event_total = shares @ total
            event_onsets = distribution(shares @ before, event_total)
            state, middle = _state(active, azimuth.detach().float().tanh(), shares, event_onsets)
        told = self.scale(told.transpose(1, 2)).transpose(1, 2)
        entered = self.enter(torch.cat([told, trunk.detach().to(told.dtype)], dim=2))
        class_side = active * state[..., 1]
        heard = torch.cat([entered, self.gru(entered + self.active(torch.cat([active, class_side], dim=2)))], dim=2)
        event = self.event((shares @ heard.float()).to(heard.dtype))
        event = event + self.of_onsets(torch.cat([event_onsets, how_much(event_total)], dim=2))
        place = self.leave(self.here(heard)[:, :, None] + event[:, None] + self.of_class + self.of_state(state))
        # At first the trunk is trusted more.
        corrected, trusted = (azimuth + place[..., 0]).float().tanh(), (place[..., 2].float() - 2.0).sigmoid()
        # Short of 1, whose inverse hyperbolic tangent is infinite; exporters know no function for that.
        side = _LARGEST * (corrected + trusted * (middle - corrected))
        return 0.5 * ((1.0 + side) / (1.0 - side)).log(), place[..., 1]


def _state(active: Tensor, side: Tensor, shares: Tensor, event_onsets: Tensor) -> tuple[Tensor, Tensor]:
    """(B, L, K, 7) what each class knows of itself, and (B, 1, K) the middle of its onsets, azimuth / 90 degrees."""
    side_over_event = (shares.transpose(1, 2) * side).sum(dim=1, keepdim=True)
    middle, spread = (part[:, None] for part in middle_and_spread(event_onsets))
    off = middle - side
    of_event = [part.expand_as(side) for part in (side_over_event, middle, spread)]
    return torch.stack([active, side, *of_event, off, off.abs()], dim=3), middle


def _shares(active: Tensor) -> Tensor:
    """(B, L, K): how much each frame counts for a class, those it has for itself above all; together at most 1."""
    silent = torch.log(1.0 - active.clamp(max=0.98))
    alone = (silent.sum(dim=2, keepdim=True) - silent).exp()
    weight = active * (0.05 + alone)
    return weight / (weight.sum(dim=1, keepdim=True) + 1e-3)
