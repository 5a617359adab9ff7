"""The weights of the best epochs: files that carry their score, as many as a recipe keeps."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save
from torch import Tensor

from whence.files import written_whole
from whence.training.checkpoints import refused
from whence.training.learner import Learner
from whence.training.validation import Validation


def keep_if_best(place: Path, kept: int, learner: Learner, epoch: int, found: Validation) -> None:
    """Keep the weights of an epoch if they are among the best, and delete those that no longer are.

    Args:
        place: folder of the network.
        kept: how many to keep.
        learner: whose weights were validated.
        epoch: counted from 1.
        found: by the validation.

    Raises:
        OSError: when the disk refuses, with what it was; the last checkpoint is as before.
    """
    summaries = {path: json.loads(path.read_text()) for path in place.glob("best.epoch*.json")}
    scores = {path: summary["score"] for path, summary in summaries.items()}
    name = place / f"best.epoch{epoch:04d}.json"
    scores[name] = found.score
    best = sorted(scores, key=lambda path: (-scores[path], path.name))[:kept]
    if name in best:
        tensors = {key: value.cpu().contiguous() for key, value in learner.evaluated.state_dict().items()}
        thresholds = None if found.thresholds is None else found.thresholds.tolist()
        summary = {"score": found.score, "epoch": epoch, "validation": found.numbers, "thresholds": thresholds}
        content = save(tensors)
        try:
            with written_whole(name.with_suffix(".safetensors")) as file:
                file.write(content)
            with written_whole(name) as file:
                file.write(json.dumps(summary).encode("utf-8"))
        except OSError as error:
            doing = f"keeping the weights of epoch {epoch}"
            raise refused(error, doing, len(content), place, "the last checkpoint is as it was") from None
    for path in scores.keys() - set(best):
        path.unlink(missing_ok=True)
        path.with_suffix(".safetensors").unlink(missing_ok=True)


def kept_weights(place: Path) -> list[tuple[dict[str, Any], dict[str, Tensor]]]:
    """The weights that were kept, best first, with their summaries."""
    found = [(json.loads(path.read_text()), path) for path in sorted(place.glob("best.epoch*.json"))]
    found.sort(key=lambda pair: -pair[0]["score"])
    return [(summary, load_file(path.with_suffix(".safetensors"))) for summary, path in found]
