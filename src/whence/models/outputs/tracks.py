"""Interchangeable tracks per class for a localizer: each has a presence, an azimuth and a distance."""

# B clip, L label frame (100 ms), N track, E element (presence, azimuth, distance), K class

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import ModelError
from whence.labels import Events, fold_to_front
from whence.models.outputs.arrays import align_tracks, rank_in_cell, sigmoid, stack, tanh
from whence.models.outputs.coding import Array, Coding
from whence.models.outputs.distance import DistanceScale

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class TracksSettings:
    """How many sources of one class are separated, and the weights of the errors.

    Args:
        class_count: K.
        track_count: N, 1 to 3; a further source of the class in the same frame is left out of the target.
        merge_deg: active tracks of one class closer than this are one source, at the mean of their positions.
        scale: see DistanceScale.
        presence_weight: of the binary cross entropy of presence.
        azimuth_weight: of the squared azimuth error, in units of 90 degrees.
        azimuth_absolute: count the absolute azimuth error instead of its square, see ClasswiseSettings.
        distance_weight: of the squared distance error.

    Raises:
        ModelError: a setting is out of range.
    """

    class_count: int = 13
    track_count: int = 2
    merge_deg: float = 15.0
    scale: DistanceScale = field(default_factory=DistanceScale)
    presence_weight: float = 1.0
    azimuth_weight: float = 2.0
    azimuth_absolute: bool = False
    distance_weight: float = 0.3

    def __post_init__(self) -> None:
        if self.class_count < 1 or not 1 <= self.track_count <= 3:
            raise ModelError("tracks: class_count from 1, track_count 1 to 3")
        if not 0 <= self.merge_deg <= 180:
            raise ModelError(f"tracks: merge_deg is {self.merge_deg}; it must lie in 0..180")
        if min(self.presence_weight, self.azimuth_weight, self.distance_weight) < 0:
            raise ModelError("tracks: weights cannot be negative")


class Tracks(Coding):
    """Values (B, L, N, 3, K): presence 0..1, azimuth in degrees, distance in metres, tracks interchangeable.

    The cost of a frame and class is that of the cheapest assignment of its sources to tracks (permutation invariant
    training); tracks without a source pay for presence only. In a hybrid, a detector gives the activity of a class and
    the tracks its directions: `with_activity` takes the likeliest track of every class and those that are present.

    >>> coding = Tracks(TracksSettings(class_count=2))
    >>> pair = {"frame": [0, 0], "class_index": [1, 1], "azimuth_deg": [-40.0, 40.0], "distance_m": [1.0, 2.0]}
    >>> coding.encode([Events.from_columns(pair)], frame_count=1)[0, 0, :, :, 1]
    array([[  1., -40.,   1.],
           [  1.,  40.,   2.]], dtype=float32)
    """

    settings: TracksSettings
    settings_type = TracksSettings

    @property
    def output_size(self) -> int:
        """Tracks x 3 elements x classes, track by track."""
        return self.settings.track_count * 3 * self.class_count

    def encode(self, tables: Sequence[Events], frame_count: int) -> Array:
        """(B, L, N, 3, K): the sources of a class in the order of its rows; distance NaN where not known."""
        clip, events = self._rows_within(tables, frame_count)
        rank, _ = rank_in_cell((clip, events.frame, events.class_index))
        fits = rank < self.settings.track_count
        clip, events, rank = clip[fits], events[fits], rank[fits]
        target = np.zeros((len(tables), frame_count, self.settings.track_count, 3, self.class_count), np.float32)
        elements = (np.ones(len(clip)), fold_to_front(events.azimuth_deg), events.distance_m)
        target[clip, events.frame, rank, :, events.class_index] = np.stack(elements, axis=1)
        return target

    def activate(self, raw: Any) -> Any:
        """(B, L, N, 3, K): sigmoid, 90 tanh, metres."""
        parts = self._parts(raw)
        presence, azimuth = sigmoid(parts[:, :, :, 0]), tanh(parts[:, :, :, 1]) * 90.0
        return stack([presence, azimuth, self.settings.scale.to_metres(parts[:, :, :, 2])], 3)

    def loss_parts(self, raw: "Tensor", target: "Tensor") -> "dict[str, Tensor]":
        """The cheapest assignment of sources to tracks, averaged over frames and classes."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        parts, settings = self._parts(raw.float()), self.settings
        costs = []
        for order in itertools.permutations(range(self.settings.track_count)):
            wanted = target[:, :, list(order)]
            active, azimuth_deg, distance_m = wanted.unbind(3)
            presence = binary_cross_entropy_with_logits(parts[:, :, :, 0], active, reduction="none")
            error = tanh(parts[:, :, :, 1]) - azimuth_deg / 90.0
            azimuth = error.abs() if settings.azimuth_absolute else error**2
            distance = settings.scale.cost(parts[:, :, :, 2], distance_m)
            location = settings.azimuth_weight * azimuth + settings.distance_weight * distance
            costs.append((settings.presence_weight * presence + active * location).mean(dim=2))
        return {"tracks": stack(costs, 0).min(dim=0).values.mean()}

    def average(self, values: Sequence[Any]) -> Any:
        """Average after the tracks of each are put in the order that fits the first best.

        Positions are weighted by presence: where only one of two finds a source, its position counts.
        """
        first = values[0]
        # Presence, azimuth and distance are compared in units of like size.
        weights = np.array([1.0, 1 / 45.0, 0.5], np.float32)[:, None]
        scale = weights if isinstance(first, np.ndarray) else first.new_tensor(weights)
        aligned = [first, *(align_tracks(other * scale, first * scale) / scale for other in values[1:])]
        # Tracks that none finds have the plain mean.
        weight = [one[:, :, :, 0] + 1e-6 for one in aligned]
        positions = [
            sum(one[:, :, :, element] * w for one, w in zip(aligned, weight, strict=True)) / sum(weight)
            for element in (1, 2)
        ]
        return stack([sum(one[:, :, :, 0] for one in aligned) / len(aligned), *positions], 3)

    def rows(self, values: Array, thresholds: ArrayLike | None = None) -> tuple[NDArray[np.intp], Events]:
        """Return the tracks whose presence exceeds their class's threshold, close ones merged; a track is a source."""
        values = self.merged(values, values[:, :, :, 0] > self._thresholds(thresholds))
        clip, frame, class_index, track = np.nonzero(values[:, :, :, 0].transpose(0, 1, 3, 2) > 0)
        presence, azimuth_deg, distance_m = values[clip, frame, track, :, class_index].T
        columns = {
            "frame": frame,
            "class_index": class_index,
            "source": track,
            "azimuth_deg": azimuth_deg,
            "distance_m": distance_m,
            "score": presence,
        }
        return clip, Events.from_columns(columns)

    def with_activity(self, values: Array, activity: Array, presence_threshold: float = 0.5) -> Array:
        """Return the values of a hybrid, in which the presence of a track is the activity of its class, or 0.

        Args:
            values: (B, L, N, 3, K) of this coding.
            activity: (B, L, K) of a detector, 0..1.
            presence_threshold: the likeliest track is always taken, the others where their presence is above this.

        Returns:
            (B, L, N, 3, K), close tracks merged.
        """
        presence = values[:, :, :, 0]
        likeliest = np.arange(self.settings.track_count)[:, None] == presence.argmax(axis=2)[:, :, None]
        joined = values.copy()
        joined[:, :, :, 0] = activity[:, :, None]
        return self.merged(joined, likeliest | (presence > presence_threshold))

    def merged(self, values: Array, chosen: NDArray[np.bool_]) -> Array:
        """Merge chosen tracks of one class that are close to each other.

        Sorted by azimuth, neighbours less than `merge_deg` apart belong together. Their first track gets the highest
        presence and the mean of azimuth and distance.

        Args:
            values: (B, L, N, 3, K).
            chosen: (B, L, N, K) the tracks that count.

        Returns:
            (B, L, N, 3, K); the presence of all other tracks is 0.
        """
        result = values.copy()
        result[:, :, :, 0] = np.where(chosen, values[:, :, :, 0], np.float32(0))
        clip, frame, class_index = np.nonzero(chosen.sum(axis=2) > 1)
        tracks, is_chosen = values[clip, frame, :, :, class_index], chosen[clip, frame, :, class_index]
        # On the whole circle, 179 and -179 degrees are neighbours: angles are counted from behind the widest gap.
        zero_deg = _behind_widest_gap(tracks[:, :, 1], is_chosen)[:, None] if self.full_circle else None
        if zero_deg is not None:
            tracks[:, :, 1] = (tracks[:, :, 1] - zero_deg) % 360
        # Tracks that do not count are put far away, and far from each other.
        azimuth_deg = np.where(is_chosen, tracks[:, :, 1], 1e6 * (1 + np.arange(self.settings.track_count)))
        order = azimuth_deg.argsort(axis=1)
        gaps = np.diff(np.take_along_axis(azimuth_deg, order, axis=1), axis=1)
        group = np.zeros(order.shape, np.intp)
        np.put_along_axis(group, order[:, 1:], np.cumsum(gaps >= self.settings.merge_deg, axis=1), axis=1)
        for number in range(self.settings.track_count):
            members = is_chosen & (group == number)
            row = np.flatnonzero(members.sum(axis=1) > 1)
            found, weight = tracks[row], members[row][:, :, None]
            mean = (found * weight).sum(axis=1) / weight.sum(axis=1)
            mean[:, 0] = np.where(members[row], found[:, :, 0], np.float32(0)).max(axis=1)
            tracks[row, :, 0] = np.where(members[row], np.float32(0), found[:, :, 0])
            tracks[row, members[row].argmax(axis=1)] = mean
        if zero_deg is not None:
            tracks[:, :, 1] = (tracks[:, :, 1] + zero_deg + 180) % 360 - 180
        tracks[~is_chosen, 0] = 0
        result[clip, frame, :, :, class_index] = tracks
        return result

    def _parts(self, raw: Any) -> Any:
        """(B, L, N, E, K) from (B, L, output_size)."""
        return raw.reshape(raw.shape[0], raw.shape[1], self.settings.track_count, 3, self.class_count)


def _behind_widest_gap(azimuth_deg: Array, chosen: NDArray[np.bool_]) -> Array:
    """(cell,) the one of the chosen azimuths (cell, N) that has the widest angle without others on its right."""
    row = np.arange(len(azimuth_deg))
    known = np.where(chosen, azimuth_deg, azimuth_deg[row, chosen.argmax(axis=1)][:, None])
    ordered = np.sort(known, axis=1)
    gaps = np.diff(ordered, axis=1, append=ordered[:, :1] + 360)
    following: Array = np.roll(ordered, -1, axis=1)[row, gaps.argmax(axis=1)]
    return following
