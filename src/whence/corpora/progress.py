"""How long work tells how far it is: a function the caller gives."""

from collections.abc import Callable

# Called with what is being done, how much of it is done, and how much there is (0 where nobody knows).
Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody: the default of every function that takes a `Progress`."""
