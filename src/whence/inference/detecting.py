"""A model by name, and the events of a recording: what `whence.load` and `whence.detect` are."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from whence.audio import (
    ChannelChoice,
    Microphones,
    Source,
    Watched,
    corrected_microphones,
    microphones_for,
    read_blocks,
    read_channels,
    told_microphones,
)
from whence.errors import InferenceError, MissingExtraError
from whence.inference.averaging import average_systems
from whence.inference.onnx_networks import load_onnx
from whence.inference.packaged_model import PACKAGED, load_packaged
from whence.inference.streaming import Stream, feed_blocks
from whence.inference.system import NetworkSystem
from whence.inference.trained_pairs import found_sentence, warn_of_untrained
from whence.labels import Detections, Events

ModelName = str | os.PathLike[str]
ModelNames = ModelName | Sequence[ModelName] | None

_log = logging.getLogger("whence.inference")


def load(
    model: ModelNames = None,
    *,
    swap: bool = False,
    threads: int = 0,
    precision: str = "float32",
    device: str | None = None,
) -> NetworkSystem:
    """Load a model, or several as one whose predictions are averaged.

    Args:
        model: an ONNX file, the folder of a finished run or of a converted checkpoint (needs the extra `train`), or
            None for the model that comes with whence. A list of them is averaged, where classes and codings are alike.
        swap: average with the mirrored prediction for the mirrored sound: twice the work, and swapped channels then
            give exactly mirrored events.
        threads: how many windows an ONNX file's networks process in parallel; 0 for one on each core.
        precision: `float32`, or `bf16` for the networks of a run.
        device: where the networks of a run compute: `cpu`, `cuda`, `cuda:1` or `mps`; a GPU where there is one when
            None. ONNX files run on the processor.

    Raises:
        InferenceError: there is no such model, it is damaged, or models differ in classes or codings.
        MissingExtraError: a run without torch.

    >>> load([]).classes
    Traceback (most recent call last):
    whence.errors.InferenceError: no model is named; name one or more
    """
    if model is not None and not isinstance(model, str | os.PathLike):
        return average_systems(
            [load(one, swap=swap, threads=threads, precision=precision, device=device) for one in model]
        )
    path = Path(model) if model is not None else PACKAGED
    if path.is_dir():
        try:
            import torch  # noqa: F401
        except ImportError:
            raise MissingExtraError("running a trained network that was not exported", "train") from None
        from whence.inference.network_bundle import load_run

        return load_run(path, swap=swap, precision=precision, device=device)
    if not path.is_file():
        raise InferenceError(f"{path}: no such model; name an ONNX file or the folder of a finished run")
    if path.suffix == ".safetensors":
        what = "weights alone; name the folder of the run, or the one that whence convert-weights makes"
        raise InferenceError(what, where=path)
    if precision != "float32":
        raise InferenceError(f"{path}: an ONNX file has the precision it was exported with; {precision} is for runs")
    if device not in (None, "cpu"):
        raise InferenceError(f"{path}: an ONNX file runs on the processor; device {device} is for runs")
    if model is None:
        return load_packaged(swap=swap, threads=threads)
    return load_onnx(path, swap=swap, threads=threads, trusted=path == PACKAGED)


def detect(
    source: Source,
    *,
    model: NetworkSystem | ModelNames = None,
    threshold: float | None = None,
    swap: bool = False,
    channels: ChannelChoice = None,
    microphones: Microphones | str | None = None,
) -> Detections:
    """Detect which sounds happen in a recording, when, from which direction and how far away.

    Memory does not grow with the length of the recording.

    Args:
        source: a path, a binary file open for reading, or (array, sample rate in Hz); an array of NumPy or
            PyTorch, (channel, sample), or (sample, channel) where it has more than 64 rows and at most 64 columns.
        model: a loaded system, or what `whence.load` takes; the packaged model when None.
        threshold: activity from 0 to 1 above which a class counts; the model's own, one for each class, when None.
        swap: average with the mirrored prediction for the mirrored sound; not for a system that is loaded already.
        channels: the channels to take for left and right, counted from 1 or by name, as in "3,4" or ("FL", "FR");
            "mono" to detect without direction, from the mean of all; "foa" for the first four as Ambisonics of all
            directions. Needed where there are not two.
        microphones: what the recording was made with: a name such as `ortf`, a YAML file, a description, or None where
            that is not known. `foa` (Ambisonics) gives azimuths of the full circle. Another pair than the model was
            trained for is a warning in the log.

    Returns:
        the detections by onset; `frames` has them in frames of 100 ms.

    Raises:
        AudioError: whatever is wrong with the sound, in one sentence.
        InferenceError: there is no such model, or the threshold is not in 0..1.
    """
    system = model if isinstance(model, NetworkSystem) else load(model, swap=swap)
    chosen = read_channels(channels)
    told = microphones_for(chosen, told_microphones(microphones))
    stream = Stream(system, threshold=threshold, microphones=corrected_microphones(told))
    warn_of_untrained(system.for_microphones(told).microphones, told)
    watched = Watched(read_blocks(source, channels=chosen, microphones=told), watching=told is None)
    frames = Events.concatenate([events for _, events in feed_blocks(stream, watched)])
    if sentence := found_sentence(system.microphones, watched.finding()):
        _log.warning("%s", sentence)
    if chosen is not None and chosen.is_mono:
        frames = frames.without_positions()
    return Detections(frames, system.classes, microphones=told.name if told else None)
