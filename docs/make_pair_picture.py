"""Apparent azimuth of a source for pairs of cardioids: `python docs/make_pair_picture.py` writes docs/pairs.png."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.files import written_whole

PAIRS = {"back to back": 180, "XY, 120 degrees": 120, "XY, 90 degrees": 90}


def drawn_to_deg(azimuth_deg: NDArray[np.float64], between_deg: float) -> NDArray[np.float64]:
    """Return the apparent azimuth of a source, from its levels in two cardioids at an angle.

    >>> drawn_to_deg(np.array([30.0, 60.0, 90.0]), 90).round().tolist()
    [13.0, 27.0, 45.0]
    >>> drawn_to_deg(np.array([30.0, 60.0, 90.0]), 180).round().tolist()
    [30.0, 60.0, 90.0]
    """
    azimuth, half = np.radians(azimuth_deg), np.radians(between_deg) / 2
    level = np.sin(azimuth) * np.sin(half) / (1 + np.cos(azimuth) * np.cos(half))
    return np.degrees(np.arcsin(np.clip(level, -1, 1)))


def main() -> None:
    """Draw a line for each pair."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    azimuth_deg = np.linspace(-90, 90, 181)
    figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for (name, between_deg), style in zip(PAIRS.items(), ("-", "--", ":"), strict=True):
        axis.plot(azimuth_deg, drawn_to_deg(azimuth_deg, between_deg), style, label=name)
    axis.set_xlabel("where the source is, degrees to the left", fontsize=9)
    axis.set_ylabel("where it seems to be", fontsize=9)
    axis.set_xticks(range(-90, 91, 30))
    axis.set_yticks(range(-90, 91, 30))
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    with written_whole(Path(__file__).parent / "pairs.png") as file:
        # Without the version of the library in it, the same picture is the same file.
        figure.savefig(file, format="png", dpi=100, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
