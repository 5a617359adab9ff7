"""The record of a run as TensorBoard's event files, for those who want curves."""

import contextlib
import importlib.util
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from whence.errors import MissingExtraError
from whence.training.run_folder import read_lines

EVENTS_FOLDER = "tensorboard"


def need_tensorboard() -> None:
    """Do nothing where TensorBoard's writer is installed.

    Raises:
        MissingExtraError: it is not.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise MissingExtraError("writing TensorBoard files", "train")


@contextlib.contextmanager
def event_files(folder: Path) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Write the curves of a run into `RUN/tensorboard` while the block lasts.

    The files are made anew from `metrics.jsonl` each time: whatever a kill left of them, every epoch is in there once.

    Args:
        folder: the run.

    Yields:
        what is to be told every further line of the record.
    """
    from torch.utils.tensorboard import SummaryWriter

    shutil.rmtree(folder / EVENTS_FOLDER, ignore_errors=True)
    writer: Any = SummaryWriter(str(folder / EVENTS_FOLDER))

    def write(line: Mapping[str, Any]) -> None:
        for name, value in _curves(line):
            writer.add_scalar(name, value, line["step"])
        writer.flush()

    try:
        for line in read_lines(folder):
            write(line)
        yield write
    finally:
        writer.close()


def _curves(line: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Names and values of what one line of the record adds to the curves; nothing where it is not an epoch's."""
    if "step" not in line:
        return
    label = f" ({line['protocol']})" if "protocol" in line else ""
    place = f"{line['network']}{label}"
    for name, value in line["losses"].items():
        yield f"{place}/{name if name == 'loss' else f'loss {name}'}", value
    for name in ("score", "clips_per_s"):
        yield f"{place}/{name}", line[name]
    for name, value in line["validation"].items():
        if isinstance(value, float):
            yield f"{place}/validation {name}", value
