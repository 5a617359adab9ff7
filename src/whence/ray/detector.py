"""A detector for `ray.data.Dataset.map_batches`: paths in, rows of events out."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whence.audio import ChannelChoice, Microphones, is_url, microphones_for, read_channels, told_microphones
from whence.inference import ModelName, Request, Result
from whence.scale import Work, Worker, arrow_table, model_sha256, rows_of_result

_log = logging.getLogger("whence.ray")


class Detector:
    """Detects in the sounds of a batch; each actor loads the model once.

    Sounds are read in the actor, window by window, so that only paths and events pass between machines. A sound that
    cannot be read becomes a row with `error`.

    Args:
        model: as `whence.load` takes it: a path that every node sees, several, or None for the packaged model.
        threshold: for all classes, or None for those of the model.
        swap: average with the mirrored prediction for the mirrored sound.
        channels: for left and right, by number or name, or "mono".
        microphones: what the sounds were recorded with, where that is known.
        column: of the batch, with paths or URLs.

    Raises:
        InferenceError: there is no such model, it is damaged, or the threshold is not in 0..1.

    >>> detect = Detector()
    >>> detect({"path": ["nowhere.wav"]})["error"].to_pylist()
    ['nowhere.wav: no such file']
    """

    def __init__(
        self,
        model: ModelName | list[ModelName] | None = None,
        *,
        threshold: float | None = None,
        swap: bool = False,
        channels: ChannelChoice = None,
        microphones: Microphones | str | None = None,
        column: str = "path",
    ) -> None:
        models = [] if model is None else model if isinstance(model, list) else [model]
        chosen = read_channels(channels)
        request = Request(
            models=tuple(os.fspath(name) for name in models),
            threshold=threshold,
            swap=swap,
            channels=chosen,
            microphones=microphones_for(chosen, told_microphones(microphones)),
            formats=(),
            table=True,
        )
        self._column = column
        self._worker = Worker(request, part_s=None)
        self._worker.system.with_thresholds(threshold)
        self._model_sha256 = model_sha256(request.models)

    def __call__(self, batch: Mapping[str, Any]) -> Any:
        """Return the events of a batch.

        Args:
            batch: columns by name, as Ray Data gives them.

        Returns:
            a pyarrow table with the columns of `whence.scale.TableRow`, sound after sound, always of the same types.
        """
        rows = []
        for name in batch[self._column]:
            sound = str(name) if is_url(str(name)) else Path(str(name))
            result = self._worker.perform(Work(sound, None))
            assert isinstance(result, Result)
            for level, sentence in result.messages:
                _log.log(level, "%s", sentence)
            rows += rows_of_result(result, self._worker.request, self._model_sha256)
        return arrow_table(rows)
