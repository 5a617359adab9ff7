"""One progress bar on a terminal, silence elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def shown_progress(unit: str, *, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Show how far work is: what is being done, how much of it, the rate and the time left.

    Args:
        unit: of what is counted, "clip" or "B".
        quiet: show nothing, as when standard error is no terminal.

    Yields:
        a function (what, done, total); total 0 means that nobody knows.
    """
    from tqdm import tqdm

    # None leaves it to tqdm to see whether anybody is watching; a bar that is not shown has no attributes.
    with tqdm(unit=unit, unit_scale=unit == "B", leave=False, disable=True if quiet else None) as bar:
        shown: list[tuple[str, int]] = []

        def show(what: str, done: int, total: int) -> None:
            if bar.disable:
                return
            if shown != [(what, total)]:
                shown[:] = [(what, total)]
                bar.reset(total or None)
                bar.set_description(what)
            bar.update(done - bar.n)

        yield show
