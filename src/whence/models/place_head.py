"""Where and how far each class is, from averages over its event: statistics of the room, not one more convolution."""

# B batch, C map, T feature frame, F mel band, L label frame (100 ms), K class, D width of the trunk, W of the head

import torch
from torch import Tensor, nn

from whence.models.blocks import BidirectionalGru
from whence.models.room_statistics import DIRECTIONS, STATISTICS, direction_statistics, room_statistics


class PlaceHead(nn.Module):
    """Statistics of the room and the trunk's vectors -> a place for each class, from the moments it sounds alone.

    A conversation changes from frame to frame, but where somebody stands hardly does: what is heard while a class is
    active, most of all while nothing else is, is averaged over the clip and told to every frame of that class. The
    distance is the head's own; the direction is the trunk's, corrected.

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
        told = STATISTICS + DIRECTIONS
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
        # What the class has for itself: activity, direction, direction over the event.
        self.of_state = nn.Linear(3, width, bias=False)
        self.leave = nn.Sequential(
            nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 2)
        )

    def forward(self, maps: Tensor, trunk: Tensor, activity: Tensor, azimuth: Tensor) -> tuple[Tensor, Tensor]:
        """Azimuths and distances; but for the azimuths themselves nothing flows back into the trunk."""
        with torch.no_grad():
            told = torch.cat([of(maps, self.time_pool) for of in (room_statistics, direction_statistics)], dim=2)
            active = activity.detach().float().sigmoid()
            side = azimuth.detach().float().tanh()
            shares = _shares(active)
            side_over_event = (shares * side).sum(dim=1, keepdim=True)
        told = self.scale(told.transpose(1, 2)).transpose(1, 2)
        entered = self.enter(torch.cat([told, trunk.detach().to(told.dtype)], dim=2))
        heard = torch.cat([entered, self.gru(entered + self.active(torch.cat([active, active * side], dim=2)))], dim=2)
        event = self.event((shares.transpose(1, 2) @ heard.float()).to(heard.dtype))
        state = torch.stack([active, side, side_over_event.expand_as(side)], dim=3)
        place = self.leave(self.here(heard)[:, :, None] + event[:, None] + self.of_class + self.of_state(state))
        return azimuth + place[..., 0], place[..., 1]


def _shares(active: Tensor) -> Tensor:
    """(B, L, K): how much each frame counts for a class, those it has for itself above all; together at most 1."""
    silent = torch.log(1.0 - active.clamp(max=0.98))
    alone = (silent.sum(dim=2, keepdim=True) - silent).exp()
    weight = active * (0.05 + alone)
    return weight / (weight.sum(dim=1, keepdim=True) + 1e-3)
