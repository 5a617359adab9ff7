"""What the official scorer passes over in silence, counted."""

from dataclasses import asdict, dataclass

import numpy as np

from whence.metrics.pairing import Pairing
from whence.text import counted


@dataclass(frozen=True)
class LeftOut:
    """How much of the data has no say in the official score.

    Args:
        last_frames: clips whose last labelled frame is not scored: every predicted clip that has a reference.
        predictions_after_end: predicted rows later than the last labelled frame of a clip that has references.
        missing_files: reference clips without a prediction table.
        silent_clips: reference clips without a reference row, in which any prediction is free.
        overwritten_references: reference rows that found no free track and never counted, in either protocol.
        overwritten_predictions: predicted rows likewise.
    """

    last_frames: int
    predictions_after_end: int
    missing_files: int
    silent_clips: int
    overwritten_references: int
    overwritten_predictions: int

    def as_json(self) -> dict[str, int]:
        """The four numbers that `whence evaluate --json` prints."""
        every = asdict(self)
        return {name: every[name] for name in ("last_frames", "predictions_after_end", "missing_files", "silent_clips")}

    def sentences(self) -> tuple[str, ...]:
        """The same for people; nothing where nothing was left out.

        >>> LeftOut(2, 0, 1, 0, 0, 0).sentences()
        ('The official scorer left out: the last labelled frame of 2 clips; 1 clip with no prediction file.',)
        """
        parts = (
            (self.last_frames, f"the last labelled frame of {counted(self.last_frames, 'clip')}"),
            (self.predictions_after_end, f"{counted(self.predictions_after_end, 'prediction')} after it"),
            (self.missing_files, f"{counted(self.missing_files, 'clip')} with no prediction file"),
            (self.silent_clips, f"{counted(self.silent_clips, 'clip')} without a reference event"),
        )
        said = "; ".join(text for number, text in parts if number)
        sentences = [f"The official scorer left out: {said}."] if said else []
        for number, side in ((self.overwritten_references, "reference"), (self.overwritten_predictions, "predicted")):
            if number:
                rows = counted(number, f"{side} row")
                sentences.append(f"{rows} found no free track: the scorer keeps ten of a class in a frame.")
        return tuple(sentences)


def left_out(pairing: Pairing) -> LeftOut:
    """Count what the official protocol does not look at.

    Args:
        pairing: both sides of all clips.

    Returns:
        the six counts.

    Source: DCASE 2025 Task 3 baseline, metrics.py, ComputeSELDResults.
    """
    silent = np.ones(len(pairing.clip_names), dtype=bool)
    silent[pairing.references.clip] = False
    predicted = pairing.predictions
    late = (predicted.frame > pairing.last_frame[predicted.clip]) & ~silent[predicted.clip]
    return LeftOut(
        last_frames=int((~silent & pairing.has_prediction).sum()),
        predictions_after_end=int(late.sum()),
        missing_files=int((~pairing.has_prediction).sum()),
        silent_clips=int(silent.sum()),
        overwritten_references=pairing.references.overwritten,
        overwritten_predictions=predicted.overwritten,
    )
