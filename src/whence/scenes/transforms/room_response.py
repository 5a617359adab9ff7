"""Room response: dry sounds are convolved with stereo room responses, block by block in the frequency domain.

All sources of a clip are added up as spectra, so a clip needs two inverse transforms per block however many there are.
"""

# S segment (one response and the blocks it acts on), R block row, T tap, F bin

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from whence.audio import Capsule, Microphones
from whence.scenes.scene import DCASE, LEAD_SAMPLES
from whence.scenes.transforms.multiband_eq import HALF_WIDTH_SAMPLES, apply_multiband_eq, eq_curve
from whence.units import FRAME_SAMPLES


@dataclass(frozen=True)
class BlockGrid:
    """How time is divided into blocks, from LEAD_SAMPLES before the clip: one grid, so that spectra can be added.

    Args:
        fft_length: of every transform.
        block_samples: dry samples in one block, a whole number of label frames.
        block_count: blocks that cover the lead and the clip.
        before_samples: the direct sound arrives at this sample of each response.
    """

    fft_length: int
    block_samples: int
    block_count: int
    before_samples: int


@functools.lru_cache(maxsize=16)
def choose_grid(tap_count: int, latest_direct_sample: int, sample_count: int) -> BlockGrid:
    """Choose the grid with the least work for a typical clip: five sources of 1.5 s.

    Long blocks waste transforms on padding, short ones transform each response's tail again and again. Responses have
    `tap_count` samples and their direct sound at `latest_direct_sample` or before; clips have `sample_count`.

    >>> choose_grid(19_200, 240, 120_000)
    BlockGrid(fft_length=32768, block_samples=12000, block_count=11, before_samples=496)
    """
    before = HALF_WIDTH_SAMPLES + latest_direct_sample
    reach = before + tap_count + HALF_WIDTH_SAMPLES
    grids = []
    for exponent in range(10, 32):
        block = (2**exponent - reach + 1) // FRAME_SAMPLES * FRAME_SAMPLES
        if block > 0:
            count = math.ceil((sample_count + LEAD_SAMPLES) / block)
            grids.append(BlockGrid(2**exponent, block, count, before))
    return min(grids, key=_work)


def _work(grid: BlockGrid) -> float:
    """Relative computing time of a clip's transforms."""
    transforms = 2 * grid.block_count + 5 * (2 + 1 + 36_000 / grid.block_samples)
    # Beyond this length a transform leaves a core's own cache and takes about twice the time a sample.
    slowness = 1.0 if grid.fft_length <= 32_768 else 2.0
    return transforms * grid.fft_length * math.log2(grid.fft_length) * slowness


@dataclass(frozen=True)
class Segment:
    """One response acting on consecutive block rows of one clip.

    Args:
        clip: index of the clip in the output.
        first_row: first of its rows among the dry blocks.
        row_count: how many.
        first_block: block of the clip that the first row belongs to.
        eq_db: equalizer gains, empty for none.
    """

    clip: int
    first_row: int
    row_count: int
    first_block: int
    eq_db: tuple[float, ...]


def turn_to_stereo(responses: torch.Tensor, turn_deg: torch.Tensor, microphones: Microphones = DCASE) -> torch.Tensor:
    """Turn first-order responses about the vertical and take the two capsules of a pair at one point.

    Args:
        responses: (S, 3, T) W, Y, X (SN3D).
        turn_deg: (S,) float64 on the CPU; a source at azimuth a moves to a + turn_deg.
        microphones: the pair, whose capsules have gain 2 for their front.

    Returns:
        (S, 2, T); of the DCASE pair L = W + Y', R = W - Y' with Y' = sin(turn) X + cos(turn) Y.

    Source: the stereo conversion of the DCASE 2025 Task 3 data.

    >>> front = torch.tensor([[[1.0], [0.0], [1.0]]])
    >>> turn_to_stereo(front, torch.tensor([90.0], dtype=torch.float64)).tolist()
    [[[2.0], [0.0]]]
    """
    angle = torch.deg2rad(turn_deg)
    sine, cosine = torch.sin(angle).to(responses), torch.cos(angle).to(responses)
    w, y, x = responses.unbind(1)
    side = (cosine[:, None] * y).addcmul_(sine[:, None], x)
    stereo = torch.empty_like(responses[:, :2])
    if microphones == DCASE:
        torch.add(w, side, out=stereo[:, 0])
        torch.sub(w, side, out=stereo[:, 1])
        return stereo
    ahead = (cosine[:, None] * x).addcmul_(-sine[:, None], y)
    for channel, capsule in enumerate((microphones.left, microphones.right)):
        of_w, of_x, of_y = _shares(capsule)
        stereo[:, channel] = of_w * w + of_x * ahead + of_y * side
    return stereo


def _shares(capsule: Capsule) -> tuple[float, float, float]:
    """How much of W, X and Y a capsule picks up."""
    facing, figure = math.radians(capsule.facing_deg), 2.0 * (1.0 - capsule.pattern)
    return 2.0 * capsule.pattern, figure * math.cos(facing), figure * math.sin(facing)


def align_direct_sound(stereo: torch.Tensor, direct_sample: Sequence[int], grid: BlockGrid) -> torch.Tensor:
    """Shift responses so that the direct sound of each arrives at one sample.

    An event's onset is then that of its direct sound, and cross-faded responses cause no comb filter.

    `stereo` is (S, 2, T), its direct sound at (S,) `direct_sample`.

    Returns:
        (S, 2, fft_length), zero after the responses.
    """
    aligned = stereo.new_zeros(*stereo.shape[:2], grid.fft_length)
    for source, target, sample in zip(stereo, aligned, direct_sample, strict=True):
        shift = grid.before_samples - sample
        target[:, shift : shift + stereo.shape[2]] = source
    return aligned


def apply_room_response(
    rows: torch.Tensor, response_spectra: torch.Tensor, segments: Sequence[Segment], clip_count: int, grid: BlockGrid
) -> torch.Tensor:
    """Convolve dry blocks with their responses and add up those of one clip.

    Args:
        rows: (R, block_samples) dry blocks.
        response_spectra: (S, 2, fft_length // 2 + 1) of responses as `align_direct_sound` gives them; changed.
        segments: (S,) which rows each response acts on.
        clip_count: how many clips there are.
        grid: the blocks.

    Returns:
        (clip, 2, sample) float32 from the start of the first block on.
    """
    row_spectra: torch.Tensor = torch.fft.rfft(rows, grid.fft_length)
    sums = row_spectra.new_zeros(clip_count, grid.block_count, 2, row_spectra.shape[1])
    curves = {eq_db: eq_curve(eq_db, grid.fft_length, rows.device) for eq_db in {s.eq_db for s in segments} if eq_db}
    for segment, spectrum in zip(segments, response_spectra, strict=True):
        if segment.eq_db:
            apply_multiband_eq(spectrum, curves[segment.eq_db])
        span = row_spectra[segment.first_row : segment.first_row + segment.row_count]
        last_block = segment.first_block + segment.row_count
        sums[segment.clip, segment.first_block : last_block].addcmul_(span[:, None], spectrum[None])
    return _overlap_add(torch.fft.irfft(sums, grid.fft_length), grid)


def _overlap_add(blocks: torch.Tensor, grid: BlockGrid) -> torch.Tensor:
    """Add (clip, block, 2, fft_length) into (clip, 2, sample) with the direct sound back in its place."""
    clip_count, block_count, _, length = blocks.shape
    out = blocks.new_zeros(clip_count, 2, block_count * grid.block_samples + length)
    for number in range(block_count):
        first = number * grid.block_samples
        out[:, :, first : first + length] += blocks[:, number]
    return out[:, :, grid.before_samples :]
