"""Stretches of recorded sound laid end to end or over each other: the dry signals that rooms are added to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from whence.corpora import Sounds
from whence.scenes.ramp import ramp
from whence.scenes.scene import Piece


@dataclass(frozen=True)
class Lane:
    """Room for one dry signal in a long flat buffer.

    Args:
        pieces: what is laid into it.
        first: first value of the lane in the buffer.
        sample_count: its length.
        start_sample: moment in the clip that its first value stands for.
        end_sample: moment in the clip from which on nothing is laid.
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
    """Fill lanes with their pieces; where pieces overlap they add up, and what lies outside a lane is left out.

    The int16 samples travel to the device in one block and become numbers there.

    Args:
        lanes: in the order they stand in the buffer, without gaps.
        sounds: the bank the pieces point into.
        device: where the buffer shall lie.

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
    """Apply what falls into the part of the piece's rise and fall, in place."""
    piece = cut.piece
    if cut.skipped < piece.fade_in_samples:
        rise = ramp(piece.fade_in_samples, part.device)[cut.skipped : cut.skipped + cut.sample_count]
        part[: len(rise)] *= rise
    # Where the fall begins, counted in the part; negative if it began before.
    fall_at = piece.sample_count - piece.fade_out_samples - cut.skipped
    if fall_at < cut.sample_count and piece.fade_out_samples:
        fall = ramp(piece.fade_out_samples, part.device).flip(0)
        low = max(fall_at, 0)
        part[low:] *= fall[low - fall_at : cut.sample_count - fall_at]
