"""Voices: the placed sources of a few clips, from dry signals to what a stereo pair hears of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from whence.scenes.gather import Lane
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import Scene, SceneEvent
from whence.scenes.transforms.gain import apply_gain, gain_factor
from whence.scenes.transforms.moving_source import support, waypoint_weights
from whence.scenes.transforms.polarity_inversion import apply_polarity_inversion
from whence.scenes.transforms.room_response import (
    BlockGrid,
    Segment,
    align_direct_sound,
    apply_room_response,
    turn_to_stereo,
)


@dataclass(frozen=True)
class Voice:
    """One event of one clip, with its room in the buffer of dry signals.

    Args:
        clip: position of its scene.
        number: position of the event in its scene.
        event: what was drawn.
        lane: where its dry signal lies, in whole blocks.
        first_block: block of the clip that the lane begins with.
        block_count: how many blocks it has.
    """

    clip: int
    number: int
    event: SceneEvent
    lane: Lane
    first_block: int
    block_count: int


def voices_of(scenes: Sequence[Scene], grid: BlockGrid) -> list[Voice]:
    """Lay out all events that are heard; one outside the clip and its lead has no voice."""
    voices: list[Voice] = []
    first = 0
    for clip, scene in enumerate(scenes):
        for number, event in enumerate(scene.events):
            start = max(event.start_sample, grid.start_sample)
            end = min(event.end_sample, scene.sample_count)
            if start >= end:
                continue
            first_block = (start - grid.start_sample) // grid.block_samples
            block_count = (end - 1 - grid.start_sample) // grid.block_samples + 1 - first_block
            lane_start = grid.start_sample + first_block * grid.block_samples
            lane = Lane(event.pieces, first, block_count * grid.block_samples, lane_start, scene.sample_count)
            voices.append(Voice(clip, number, event, lane, first_block, block_count))
            first += lane.sample_count
    return voices


def render_voices(
    dry: torch.Tensor,
    voices: Sequence[Voice],
    rms: NDArray[np.float64],
    rooms: RoomBank,
    clip_count: int,
    grid: BlockGrid,
) -> torch.Tensor:
    """Put every voice into its room and add up those of a clip.

    Args:
        dry: (sample,) their lanes, end to end.
        voices: in the order of the lanes.
        rms: (voice,) how loud each is.
        rooms: the bank of responses.
        clip_count: how many clips there are.
        grid: the blocks.

    Returns:
        (clip, 2, sample) float32 from the first block on.
    """
    rows, segments, parts = _segments(dry, voices, grid)
    waypoints = [voices[number].event.path.waypoints[waypoint] for number, waypoint in parts]
    picked = [waypoint.response for waypoint in waypoints]
    responses = torch.from_numpy(rooms.responses[picked]).to(dry.device).to(torch.float32)
    turn = torch.tensor([waypoint.turn_deg for waypoint in waypoints], dtype=torch.float64)
    factor = dry.new_tensor([gain_factor(voices[n].event.level_dbfs, float(rms[n])) for n, _ in parts])
    inverted = torch.tensor([voices[n].event.inverted for n, _ in parts], device=dry.device)
    # Gain and polarity act on the responses: the result is the same and they are shorter than the sounds.
    scaled = apply_gain(responses, apply_polarity_inversion(factor, inverted))
    stereo = turn_to_stereo(scaled, turn.to(dry.device))
    aligned = align_direct_sound(stereo, rooms.direct_sample[picked].tolist(), grid)
    return apply_room_response(rows, aligned, segments, clip_count, grid)


def _segments(
    dry: torch.Tensor, voices: Sequence[Voice], grid: BlockGrid
) -> tuple[torch.Tensor, list[Segment], list[tuple[int, int]]]:
    """The block rows to convolve, the segments that act on them, and the numbers of voice and waypoint of each."""
    rows: list[torch.Tensor] = []
    segments: list[Segment] = []
    parts: list[tuple[int, int]] = []
    first_row = 0
    for position, voice in enumerate(voices):
        for number in range(len(voice.event.path.waypoints)):
            low, high = _blocks_of(voice, number, grid)
            if low >= high:
                continue
            blocks = _faded_blocks(dry, voice, number, low, high, grid)
            rows.append(blocks)
            segments.append(Segment(voice.clip, first_row, high - low, voice.first_block + low, voice.event.eq_db))
            parts.append((position, number))
            first_row += high - low
    return torch.cat(rows), segments, parts


def _blocks_of(voice: Voice, number: int, grid: BlockGrid) -> tuple[int, int]:
    """Which of the voice's blocks one waypoint is heard in, from low up to high."""
    path, lane = voice.event.path, voice.lane
    if len(path.waypoints) == 1:
        return 0, voice.block_count
    start = max(voice.event.start_sample, lane.start_sample)
    end = min(voice.event.end_sample, lane.end_sample)
    low, high = support(path, number, start, end)
    if low >= high:
        return 0, 0
    return (low - lane.start_sample) // grid.block_samples, (high - 1 - lane.start_sample) // grid.block_samples + 1


def _faded_blocks(dry: torch.Tensor, voice: Voice, number: int, low: int, high: int, grid: BlockGrid) -> torch.Tensor:
    """(block, sample): blocks low up to high of a voice, weighted for one waypoint if it moves."""
    first = voice.lane.first + low * grid.block_samples
    part = dry[first : first + (high - low) * grid.block_samples]
    if len(voice.event.path.waypoints) > 1:
        at = voice.lane.start_sample + low * grid.block_samples
        part = part * waypoint_weights(voice.event.path, number, at, len(part)).to(part.device)
    return part.view(-1, grid.block_samples)
