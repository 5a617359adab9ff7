"""Recorded clips and scenes in one batch, in the share that each network of a recipe asks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from torch.utils.data import Dataset

from whence.corpora import CLIP_SAMPLES
from whence.errors import TrainingError
from whence.training.data import Batch, SceneData, TrainingData, batch_of, loaded
from whence.training.real_data import RealData
from whence.units import SAMPLE_RATE_HZ


@dataclass(frozen=True, eq=False)
class MixedData:
    """Both kinds of training data.

    Args:
        real: recorded clips.
        scenes: scenes mixed on the fly, as long as the clips.

    Raises:
        TrainingError: scenes of another length.
    """

    real: RealData
    scenes: SceneData

    def __post_init__(self) -> None:
        settings = self.scenes.stream.settings
        if settings.sample_count != CLIP_SAMPLES:
            clip_s = CLIP_SAMPLES / SAMPLE_RATE_HZ
            raise TrainingError(
                f"recipe.scenes.duration_s is {settings.duration_s}; beside recorded clips of {clip_s:g} s in the same "
                f"batch it must be {clip_s}"
            )

    def with_share(self, real_share: float) -> TrainingData:
        """Return training data with this share of recorded clips in every batch.

        Which positions are recorded is fixed, spread evenly: every second one for a share of 0.5.
        """
        if real_share == 0:
            return self.scenes
        return self.real if real_share == 1 else _SharedData(self, real_share)

    @staticmethod
    def describe(real_share: float) -> str:
        """Describe what a network is trained on.

        >>> MixedData.describe(0.25)
        '25 % recorded clips, the rest scenes'
        """
        if real_share in (0, 1):
            return "trained on recorded clips" if real_share else "trained on scenes"
        return f"{100 * real_share:g} % recorded clips, the rest scenes"


class _SharedData:
    """Training data of which a share above 0 and below 1 is recorded."""

    def __init__(self, data: MixedData, real_share: float) -> None:
        # Exact, and 0.1 is a tenth: rounding would leave out a recorded clip here and there.
        self.data, self.share = data, Fraction(str(real_share))

    def batches(self, numbers: range, batch_clips: int, epoch_steps: int, workers: int) -> Iterator[Batch]:
        """Yield batches that `workers` processes prepare in advance."""
        return loaded(_MixedBatches(self, batch_clips, epoch_steps), numbers, workers)

    def real_before(self, position: int) -> int:
        """Count the recorded clips before a position of the whole training."""
        return int(position * self.share)


class _MixedBatches(Dataset[Batch]):
    """Batches of recorded clips and scenes by number, for loader processes."""

    def __init__(self, shared: _SharedData, batch_clips: int, epoch_steps: int) -> None:
        self.shared, self.batch_clips, self.epoch_clips = shared, batch_clips, batch_clips * epoch_steps

    def __getitem__(self, number: int) -> Batch:
        positions, before = range(number * self.batch_clips, (number + 1) * self.batch_clips), self.shared.real_before
        is_real = [before(position + 1) > before(position) for position in positions]
        synthetic = [position for position, real in zip(positions, is_real, strict=True) if not real]
        recorded = iter(self.shared.data.real.examples(range(before(positions.start), before(positions.stop))))
        scenes = iter(self.shared.data.scenes.examples(synthetic, self.epoch_clips))
        # Without the numbers in the fixed set, which only some clips of the batch would have.
        return batch_of([next(recorded)._replace(number=None) if real else next(scenes) for real in is_real])
