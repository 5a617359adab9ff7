"""How long-running functions report their progress: they call a function of the caller."""

from collections.abc import Callable

# Called with what is being done, how much of it is done, and how much there is (0 where unknown).
Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Do nothing: the default of every function that takes a `Progress`."""
