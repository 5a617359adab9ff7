"""The devices that networks run on: the best there is, or the one a user names."""

import torch

from whence.errors import InferenceError

_KINDS = "cpu, cuda, cuda:N or mps"


def best_device() -> str:
    """Return `cuda` where there is a GPU, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def checked_device(word: str | None) -> str:
    """Return the device that a word names; the best there is for None.

    Args:
        word: `cpu`, `cuda`, one of several GPUs such as `cuda:1`, or `mps` (a Mac's GPU).

    Raises:
        InferenceError: it names no device, or one that this machine or this build of PyTorch has not.

    >>> checked_device("cpu")
    'cpu'
    >>> checked_device("gpu")
    Traceback (most recent call last):
    whence.errors.InferenceError: device 'gpu' is unknown; choose cpu, cuda, cuda:N or mps
    """
    if word is None:
        return best_device()
    kind, colon, number = word.partition(":")
    # isdecimal() also takes digits of other scripts.
    if kind not in ("cpu", "cuda", "mps") or (colon and not (kind == "cuda" and number.isascii() and number.isdigit())):
        raise InferenceError(f"device {word!r} is unknown", remedy=f"choose {_KINDS}")
    if kind == "cuda":
        _check_cuda(word, int(number) if colon else 0)
    if kind == "mps" and not torch.backends.mps.is_available():
        raise InferenceError("device 'mps': this machine has no GPU of Apple's", remedy="choose cpu or cuda")
    return word


def _check_cuda(word: str, number: int) -> None:
    """Refuse a GPU that PyTorch does not see."""
    if not torch.cuda.is_available():
        reason = "was built without CUDA" if torch.version.cuda is None else "finds no NVIDIA GPU or driver"
        raise InferenceError(
            f"device {word!r}: PyTorch {torch.__version__} {reason}",
            remedy="choose cpu, or see pytorch.org for the build that fits your GPU",
        )
    count = torch.cuda.device_count()
    if number >= count:
        there = ", ".join(f"cuda:{each}" for each in range(count))
        raise InferenceError(f"device {word!r}: there are {there}", remedy="choose one of them")
