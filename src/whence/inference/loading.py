"""A model by name: the packaged one, a run folder or an ONNX file."""

import os
from pathlib import Path

from whence.errors import InferenceError, MissingExtraError
from whence.inference.onnx_networks import load_onnx
from whence.inference.system import NetworkSystem

PACKAGED = Path(__file__).parent / "packaged" / "whence_small.onnx"


def load(model: str | os.PathLike[str] | None = None, *, swap: bool = False, threads: int = 0) -> NetworkSystem:
    """The system that a model is.

    Args:
        model: an ONNX file, the folder of a finished run (needs the extra `train`), or None for the model that comes
            with whence.
        swap: average with the mirrored answer to the mirrored sound: twice the work, and swapped channels then give
            exactly mirrored events.
        threads: how many windows of an ONNX file's networks are heard side by side; 0 for one on each core.

    Raises:
        InferenceError: there is no such model, or it is damaged.
        MissingExtraError: a run without torch.
    """
    path = PACKAGED if model is None else Path(model)
    if path.is_dir():
        try:
            from whence.inference.run import load_run
        except ImportError:
            raise MissingExtraError("running a trained network that was not exported", "train") from None
        return load_run(path, swap=swap)
    if not path.is_file():
        raise InferenceError(f"{path}: no such model; name an ONNX file or the folder of a finished run")
    return load_onnx(path, swap=swap, threads=threads)
