"""How a class looks: a colour told apart by colour-blind eyes, and a shape for who sees no colour at all."""

# Okabe and Ito's palette.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# As many as the task has classes, so that no two of its classes share one.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "p", "<", ">", "h", "d")


def look_of(class_index: int) -> tuple[int, int]:
    """The numbers of a class's colour and shape; no two of 91 classes share both.

    >>> look_of(0), look_of(8)
    ((0, 0), (1, 8))
    """
    return class_index % len(COLOURS), class_index % len(MARKERS)


def short(name: str, longest: int = 28) -> str:
    """A name fit for a legend.

    >>> short("a" * 40, 8)
    'aaaaa...'
    """
    return name if len(name) <= longest else f"{name[: longest - 3]}..."
