"""Moving source: a travelling sound is convolved with one response after the other, each faded into the next."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from whence.labels import wrap
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import SourcePath, Waypoint
from whence.settings import check_number, check_probability, check_span
from whence.units import SAMPLE_RATE_HZ

# When the nearest response is chosen, a metre counts as much as this many degrees.
_DEGREES_PER_METRE = 40.0


@dataclass(frozen=True)
class MovingSourceSettings:
    """Which sources move and how fast.

    In STARSS22, nine in ten runs of footsteps move by more than 10 degrees and one in three domestic sounds (vacuum
    cleaners); of speech one in twenty. Typical speeds are 10 to 20 degrees a second.

    Args:
        probability: share of moving events among classes not named below, 0 to 1.
        probability_of: share by class name.
        speed_deg_per_s: lowest and highest speed around the listener.
        step_deg: largest angle between one response and the next.
    """

    probability: float = 0.05
    probability_of: Mapping[str, float] = field(default_factory=lambda: {"footsteps": 0.9, "domestic sounds": 0.3})
    speed_deg_per_s: tuple[float, float] = (5.0, 25.0)
    step_deg: float = 15.0

    def __post_init__(self) -> None:
        check_probability("moving_source.probability", self.probability)
        for name, value in self.probability_of.items():
            check_probability(f"moving_source.probability_of.{name}", value)
        check_span("moving_source.speed_deg_per_s", self.speed_deg_per_s, 0, 360)
        check_number("moving_source.step_deg", self.step_deg, 1, 45)


def nearest_response(
    rooms: RoomBank, candidates: NDArray[np.intp], azimuth_deg: NDArray[np.float64], distance_m: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the responses nearest to wanted positions.

    `candidates` are the indices of the responses to choose from, all of one room. `azimuth_deg` (position,) is at
    viewing angle 0, `distance_m` (position,) is NaN where any distance will do. The result is (position,) indices.
    """
    angle = np.abs(wrap(rooms.azimuth_deg[candidates] - azimuth_deg[:, None]))
    length = np.abs(rooms.distance_m[candidates] - distance_m[:, None])
    nearest: NDArray[np.intp] = candidates[np.argmin(angle + _DEGREES_PER_METRE * np.nan_to_num(length), axis=1)]
    return nearest


def draw_moving_path(
    rng: np.random.Generator,
    settings: MovingSourceSettings,
    rooms: RoomBank,
    candidates: NDArray[np.intp],
    start: Waypoint,
    end_sample: int,
) -> SourcePath:
    """Draw a path around the listener at constant speed and about constant distance, from `start` to `end_sample`.

    Each step takes the response nearest to the position and turns it the rest of the way, so the angle is exact.
    `candidates` are the responses of the room.
    """
    seconds = (end_sample - start.sample) / SAMPLE_RATE_HZ
    sweep_deg = rng.uniform(*settings.speed_deg_per_s) * seconds * rng.choice([-1.0, 1.0])
    steps = max(1, math.ceil(abs(sweep_deg) / settings.step_deg))
    azimuth = rooms.azimuth_deg[start.response] + np.linspace(0.0, sweep_deg, steps + 1)
    distance = np.full(steps + 1, float(rooms.distance_m[start.response]))
    return path_through(
        rooms, candidates, azimuth, distance, np.linspace(start.sample, end_sample, steps + 1), start.turn_deg
    )


def path_through(
    rooms: RoomBank,
    candidates: NDArray[np.intp],
    azimuth_deg: NDArray[np.float64],
    distance_m: NDArray[np.float64],
    sample: NDArray[np.floating | np.integer],
    turn_deg: float,
) -> SourcePath:
    """Return a path with one waypoint per wanted position: the nearest response, turned onto the wanted azimuth.

    Positions are as in `nearest_response`, before the room is turned by `turn_deg`; `sample` holds their moments,
    rising. Moments that round to the same sample are dropped.
    """
    chosen = nearest_response(rooms, candidates, azimuth_deg, distance_m)
    own_turn = wrap(azimuth_deg - rooms.azimuth_deg[chosen])
    moments = np.round(sample).astype(np.int64)
    kept = np.flatnonzero(np.diff(moments, prepend=moments[0] - 1) > 0)
    return SourcePath(tuple(Waypoint(int(moments[i]), int(chosen[i]), float(turn_deg + own_turn[i])) for i in kept))


def waypoint_weights(path: SourcePath, number: int, first_sample: int, sample_count: int) -> torch.Tensor:
    """Return the weight of waypoint `number` of a path from `first_sample` on; all waypoints sum to 1 at each sample.

    Returns:
        (sample,) float32 on the CPU: 1 at the waypoint's moment, falling linearly to 0 at its neighbours'.
    """
    moments = [waypoint.sample for waypoint in path.waypoints]
    height = np.zeros(len(moments))
    height[number] = 1.0
    at = np.arange(first_sample, first_sample + sample_count)
    return torch.from_numpy(np.interp(at, moments, height).astype(np.float32))


def support(path: SourcePath, number: int, start_sample: int, end_sample: int) -> tuple[int, int]:
    """Return the part of [start, end) in which a waypoint's weight is above zero; empty (low >= high) if none."""
    waypoints = path.waypoints
    low = waypoints[number - 1].sample if number > 0 else start_sample
    high = waypoints[number + 1].sample if number + 1 < len(waypoints) else end_sample
    return max(low, start_sample), min(high, end_sample)
