"""Voices: the placed sources of a few clips, from stretches of recorded sound to stereo signals in their rooms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from whence.audio import Microphones
from whence.corpora import Sounds
from whence.scenes.pair_responses import pair_spectra, spectra_at_one_point
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import LEAD_SAMPLES, Piece, Scene, SceneEvent
from whence.scenes.transforms.gain import apply_gain, gain_factor
from whence.scenes.transforms.moving_source import support, waypoint_weights
from whence.scenes.transforms.polarity_inversion import apply_polarity_inversion
from whence.scenes.transforms.room_response import (
    BlockGrid,
    Segment,
    apply_room_response,
)
from whence.scenes.transforms.time_mask import ramp


@dataclass(frozen=True)
class Lane:
    """The part of a long flat buffer that one dry signal occupies.

    Args:
        pieces: what is put into it.
        first: first value of the lane in the buffer.
        sample_count: its length.
        start_sample: moment in the clip of its first value.
        end_sample: moment in the clip from which on it is empty.
    """

    pieces: Sequence[Piece]
    first: int
    sample_count: int
    start_sample: int
    end_sample: int


@dataclass(frozen=True)
class _Cut:
    """The part of a piece that falls into its lane."""

    piece: Piece
    skipped: int
    sample_count: int
    at: int


def lay_pieces(lanes: Sequence[Lane], sounds: Sounds, device: torch.device) -> torch.Tensor:
    """Fill lanes with their pieces; where pieces overlap they add up, and what is outside a lane is left out.

    Lanes are in the order of the buffer, without gaps. The int16 samples travel to the device in one block and become
    numbers there.

    Returns:
        (sample,) float32, as long as all lanes together.
    """
    dry = torch.zeros(sum(lane.sample_count for lane in lanes), device=device)
    cuts = [cut for lane in lanes for cut in _cuts(lane)]
    if not cuts:
        return dry
    begins = [int(sounds.first_sample[cut.piece.sound]) + cut.piece.first_sample + cut.skipped for cut in cuts]
    held = np.concatenate([sounds.samples[a : a + cut.sample_count] for a, cut in zip(begins, cuts, strict=True)])
    read = torch.from_numpy(held).to(device)
    for cut, integers in zip(cuts, torch.split(read, [cut.sample_count for cut in cuts]), strict=True):
        part = integers.to(torch.float32)
        _fade(part, cut)
        dry[cut.at : cut.at + cut.sample_count].add_(part, alpha=float(sounds.scale[cut.piece.sound]))
    return dry


def _cuts(lane: Lane) -> list[_Cut]:
    """The parts of the lane's pieces that fall into it."""
    cuts = []
    for piece in lane.pieces:
        low = max(piece.start_sample, lane.start_sample)
        high = min(piece.end_sample, lane.end_sample)
        if low < high:
            cuts.append(_Cut(piece, low - piece.start_sample, high - low, lane.first + low - lane.start_sample))
    return cuts


def _fade(part: torch.Tensor, cut: _Cut) -> None:
    """Apply the piece's fades as far as they fall into the part, in place."""
    piece = cut.piece
    if cut.skipped < piece.fade_in_samples:
        rise = ramp(piece.fade_in_samples, part.device)[cut.skipped : cut.skipped + cut.sample_count]
        part[: len(rise)] *= rise
    # Where the fade-out begins, counted in the part; negative if it began before.
    fall_at = piece.sample_count - piece.fade_out_samples - cut.skipped
    if fall_at < cut.sample_count and piece.fade_out_samples:
        fall = ramp(piece.fade_out_samples, part.device).flip(0)
        low = max(fall_at, 0)
        part[low:] *= fall[low - fall_at : cut.sample_count - fall_at]


@dataclass(frozen=True)
class Voice:
    """One event of one clip, with its lane in the buffer of dry signals.

    Args:
        clip: index of its scene.
        number: index of the event in its scene.
        event: what was drawn.
        lane: its dry signal, in whole blocks.
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
    """Lay out the lanes of all events; one outside the clip and its lead has no voice."""
    voices: list[Voice] = []
    first = 0
    for clip, scene in enumerate(scenes):
        for number, event in enumerate(scene.events):
            start = max(event.start_sample, -LEAD_SAMPLES)
            end = min(event.end_sample, scene.sample_count)
            if start >= end:
                continue
            first_block = (start + LEAD_SAMPLES) // grid.block_samples
            block_count = (end - 1 + LEAD_SAMPLES) // grid.block_samples + 1 - first_block
            lane_start = first_block * grid.block_samples - LEAD_SAMPLES
            lane = Lane(event.pieces, first, block_count * grid.block_samples, lane_start, scene.sample_count)
            voices.append(Voice(clip, number, event, lane, first_block, block_count))
            first += lane.sample_count
    return voices


def render_voices(
    dry: torch.Tensor,
    voices: Sequence[Voice],
    rms: NDArray[np.float64],
    rooms: RoomBank,
    microphones: Sequence[Microphones],
    grid: BlockGrid,
) -> torch.Tensor:
    """Convolve every voice with its room responses and add up those of a clip.

    `dry` is (sample,) with the lanes of all voices end to end, `rms` the (voice,) loudness of each, `microphones` the
    (clip,) pairs.

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
    factor = apply_polarity_inversion(factor, inverted)
    scaled = apply_gain(responses, factor)
    pairs = [microphones[segment.clip] for segment in segments]
    spectra: torch.Tensor | None = None
    for pair in dict.fromkeys(pairs):
        used = [number for number, other in enumerate(pairs) if other == pair]
        own = [picked[number] for number in used]
        if pair.is_coincident:
            found = spectra_at_one_point(pair, rooms, own, turn[used], scaled[used], grid)
        else:
            found = pair_spectra(pair, rooms, own, turn[used].numpy(), scaled[used], factor[used], grid)
        if len(used) == len(pairs):
            spectra = found
            break
        if spectra is None:
            spectra = found.new_zeros(len(pairs), *found.shape[1:])
        spectra[used] = found
    assert spectra is not None
    return apply_room_response(rows, spectra, segments, len(microphones), grid)


def _segments(
    dry: torch.Tensor, voices: Sequence[Voice], grid: BlockGrid
) -> tuple[torch.Tensor, list[Segment], list[tuple[int, int]]]:
    """The block rows to convolve, the segments that act on them, and the indices of voice and waypoint of each."""
    rows: list[torch.Tensor] = []
    segments: list[Segment] = []
    parts: list[tuple[int, int]] = []
    first_row = 0
    for position, voice in enumerate(voices):
        for number in range(len(voice.event.path.waypoints)):
            low, blocks = _blocks_of(dry, voice, number, grid)
            if len(blocks):
                rows.append(blocks)
                segments.append(Segment(voice.clip, first_row, len(blocks), voice.first_block + low, voice.event.eq_db))
                parts.append((position, number))
                first_row += len(blocks)
    return torch.cat(rows), segments, parts


def _blocks_of(dry: torch.Tensor, voice: Voice, number: int, grid: BlockGrid) -> tuple[int, torch.Tensor]:
    """The blocks of a voice in which one waypoint is audible, and the index of the first among the voice's own.

    Returns:
        (block, sample): the dry signal, faded in and out between the neighbouring waypoints if it moves.
    """
    lane, path, size = voice.lane, voice.event.path, grid.block_samples
    whole = dry[lane.first : lane.first + lane.sample_count]
    if len(path.waypoints) == 1:
        return 0, whole.view(-1, size)
    start = max(voice.event.start_sample, lane.start_sample)
    end = min(voice.event.end_sample, lane.end_sample)
    low, high = support(path, number, start, end)
    if low >= high:
        return 0, whole[:0].view(-1, size)
    first, last = (low - lane.start_sample) // size, (high - 1 - lane.start_sample) // size
    at = low - lane.start_sample
    faded = dry.new_zeros((last + 1 - first) * size)
    weights = waypoint_weights(path, number, low, high - low).to(dry.device)
    torch.mul(whole[at : at + high - low], weights, out=faded[at - first * size :][: high - low])
    return first, faded.view(-1, size)
