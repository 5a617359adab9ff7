"""A head that predicts azimuth and distance of each class from statistics pooled over its event."""

# B batch, C map, T feature frame, F mel band, L label frame (100 ms), K class, D width of the trunk, W of the head

import torch
from torch import Tensor, nn

from whence.models.blocks import BidirectionalGru
from whence.models.spatial_statistics import (
    DIRECTION_CUES,
    DISTANCE_CUES,
    EDGES,
    ONSET_CUES,
    cumulative_share,
    direction_cues,
    distance_cues,
    log_weight,
    median_and_spread,
    onset_cues,
    onset_histogram,
)

_LARGEST = 0.999


class LocalizationHead(nn.Module):
    """Azimuth and distance of each class, from spatial statistics and the trunk's vectors pooled over its event.

    The activity of a talker changes from frame to frame, but their position hardly does. So what the maps show while
    a class is active, above all while it is active alone, is averaged over the clip and given to every frame of that
    class. The head predicts the distance. The azimuth is a mix of the trunk's, corrected, and the median of the
    onsets in the event; the head predicts the correction and the weight of the mix.

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
        cues = DISTANCE_CUES + DIRECTION_CUES + EDGES + ONSET_CUES
        self.scale = nn.BatchNorm1d(cues)
        self.enter = nn.Sequential(
            nn.Linear(cues + trunk_width, width),
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
        # The seven numbers of `_class_state`.
        self.of_state = nn.Linear(7, width, bias=False)
        self.leave = nn.Sequential(
            nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 3)
        )

    def forward(self, maps: Tensor, trunk: Tensor, activity: Tensor, azimuth: Tensor) -> tuple[Tensor, Tensor]:
        """Return azimuths and distances; gradients reach the trunk through the azimuths only."""
        with torch.no_grad():
            active = activity.detach().float().sigmoid()
            weights = _event_weights(active).transpose(1, 2)
            weight_right, total = onset_histogram(maps, self.time_pool)
            cues = torch.cat(
                [
                    distance_cues(maps, self.time_pool),
                    direction_cues(maps, self.time_pool),
                    cumulative_share(weight_right, total),
                    onset_cues(maps, self.time_pool),
                ],
                dim=2,
            )
            event_total = weights @ total
            event_onsets = cumulative_share(weights @ weight_right, event_total)
            state, median = _class_state(active, azimuth.detach().float().tanh(), weights, event_onsets)
        cues = self.scale(cues.transpose(1, 2)).transpose(1, 2)
        entered = self.enter(torch.cat([cues, trunk.detach().to(cues.dtype)], dim=2))
        class_sine = active * state[..., 1]
        context = torch.cat([entered, self.gru(entered + self.active(torch.cat([active, class_sine], dim=2)))], dim=2)
        event = self.event((weights @ context.float()).to(context.dtype))
        event = event + self.of_onsets(torch.cat([event_onsets, log_weight(event_total)], dim=2))
        output = self.leave(self.here(context)[:, :, None] + event[:, None] + self.of_class + self.of_state(state))
        # The offset gives the trunk most of the weight at the start of training.
        corrected, onset_share = (azimuth + output[..., 0]).float().tanh(), (output[..., 2].float() - 2.0).sigmoid()
        # Short of 1, whose inverse hyperbolic tangent is infinite; written out because exporters do not know atanh.
        side = _LARGEST * (corrected + onset_share * (median - corrected))
        return 0.5 * ((1.0 + side) / (1.0 - side)).log(), output[..., 1]


def _class_state(active: Tensor, side: Tensor, weights: Tensor, event_onsets: Tensor) -> tuple[Tensor, Tensor]:
    """(B, L, K, 7) activity, azimuths and their differences by class, and (B, 1, K) the median azimuth of its onsets.

    Azimuths, here and in `side`, are in units of 90 degrees.
    """
    side_over_event = (weights.transpose(1, 2) * side).sum(dim=1, keepdim=True)
    median, spread = (part[:, None] for part in median_and_spread(event_onsets))
    difference = median - side
    of_event = [part.expand_as(side) for part in (side_over_event, median, spread)]
    return torch.stack([active, side, *of_event, difference, difference.abs()], dim=3), median


def _event_weights(active: Tensor) -> Tensor:
    """(B, L, K): the weight of each frame for a class, larger where the class is alone; they add up to at most 1."""
    silent = torch.log(1.0 - active.clamp(max=0.98))
    alone = (silent.sum(dim=2, keepdim=True) - silent).exp()
    weight = active * (0.05 + alone)
    return weight / (weight.sum(dim=1, keepdim=True) + 1e-3)
