"""A sound becomes events, in memory that does not grow with its length."""

import os

from whence.audio import Source, read_blocks
from whence.inference.loading import load
from whence.inference.streaming import Stream, feed_blocks
from whence.inference.system import NetworkSystem
from whence.labels import Events

_BLOCK_S = 10.0


def detect(
    source: Source,
    *,
    model: NetworkSystem | str | os.PathLike[str] | None = None,
    threshold: float | None = None,
    swap: bool = False,
    channels: tuple[int, int] | None = None,
) -> Events:
    """Which sounds happen in a recording, when, from which direction and how far away.

    Args:
        source: a path, a binary file open for reading, or (array shaped (channel, sample), sample rate in Hz).
        model: a loaded system, or what `whence.load` takes; the packaged model when None.
        threshold: activity from 0 to 1 above which a class counts; the model's own, one for each class, when None.
        swap: average with the mirrored answer to the mirrored sound; not for a system that is loaded already.
        channels: the channels to take for left and right, counted from 1; needed where there are not two.

    Returns:
        a row for each 100 ms frame and class heard; iterate over it for whole events.

    Raises:
        AudioError: whatever is wrong with the sound, in one sentence.
        InferenceError: there is no such model, or the threshold is not in 0..1.
    """
    system = model if isinstance(model, NetworkSystem) else load(model, swap=swap)
    stream = Stream(system, threshold=threshold)
    blocks = read_blocks(source, _BLOCK_S, channels=channels)
    return Events.concatenate([events for _, events in feed_blocks(stream, blocks)])
