"""The state of a training on disk: two checkpoints, each whole and checked, the newer one used if it is sound."""

import hashlib
import json
import logging
import shutil
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from whence.files import written_whole

_LOG = logging.getLogger("whence.training")
_NAMES = ("state.a.safetensors", "state.b.safetensors")


def save_state(folder: Path, tensors: dict[str, Tensor]) -> Path:
    """Write a checkpoint over the older of the two kept, then its checksum.

    A kill at any moment leaves the other checkpoint as it was.

    Args:
        folder: of the network in training.
        tensors: what `Learner.state` gave; `step` tells how far it is.

    Returns:
        the file written.

    Raises:
        OSError: when the disk refuses, with what it was and which step is safe; the newer checkpoint is as before.
    """
    steps = {name: _step_of(folder / name) for name in _NAMES}
    path = folder / min(_NAMES, key=lambda name: steps[name])
    content = save(tensors)
    summary = {"step": int(tensors["step"]), "sha256": hashlib.sha256(content).hexdigest()}
    try:
        # Without its summary a file counts as nothing, so a half-finished pair is never believed.
        _summary(path).unlink(missing_ok=True)
        with written_whole(path) as file:
            file.write(content)
        with written_whole(_summary(path)) as file:
            file.write(json.dumps(summary).encode("ascii"))
    except OSError as error:
        last = f"last good: step {max(steps.values())}" if max(steps.values()) >= 0 else "nothing was saved before"
        raise refused(error, f"saving step {summary['step']}", len(content), folder, last) from None
    return path


def refused(error: OSError, doing: str, size: int, folder: Path, after: str) -> OSError:
    """An error of the disk that says what was to be written, how much room it needs, and what is safe."""
    free = shutil.disk_usage(folder).free
    room = f"needs {size / 1e6:.1f} MB, {free / 1e6:.1f} MB free"
    return OSError(error.errno, f"{error.strerror} while {doing} ({room}); {after}", str(folder))


def load_state(folder: Path) -> dict[str, Tensor] | None:
    """The newest sound checkpoint of a folder; None where there is none.

    A damaged one is passed over, which the log tells.
    """
    for name in sorted(_NAMES, key=lambda name: _step_of(folder / name), reverse=True):
        path = folder / name
        if _step_of(path) < 0:
            continue
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != _read_summary(path).get("sha256"):
            _LOG.warning("%s is damaged; going back to the checkpoint before", path)
            continue
        try:
            tensors: dict[str, Tensor] = load(content)
        except SafetensorError as error:
            _LOG.warning("%s cannot be read (%s); going back to the checkpoint before", path, error)
            continue
        # Loaded tensors share one read-only buffer; a training writes into its own.
        return {key: torch.clone(value) for key, value in tensors.items()}
    return None


def _summary(path: Path) -> Path:
    return path.with_suffix(".json")


def _read_summary(path: Path) -> dict[str, object]:
    """Step and checksum of a checkpoint; empty where there is none or it is no JSON."""
    try:
        found = json.loads(_summary(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _step_of(path: Path) -> int:
    """How far a checkpoint is; -1 where there is none."""
    step = _read_summary(path).get("step", -1) if path.is_file() else -1
    return step if isinstance(step, int) else -1
