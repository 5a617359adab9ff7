"""One sheet of spectrograms: three procedural sounds of each class, of the backgrounds and of the interference.

    python docs/make_sound_pictures.py docs/procedural.png

Nothing is read: the sounds are made from the seed, so the sheet shows the present generators.
"""

import argparse
import io
import itertools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.corpora import Sounds
from whence.files import written_whole
from whence.synth import GENERATORS, procedural_sounds
from whence.units import SAMPLE_RATE_HZ

SEED, PER_CLASS = 1, 3
FFT, HOP = 1024, 240
LOWEST_HZ, BANDS = 50.0, 66
COLUMNS, RANGE_DB, SHADES = 5, 70, 16
# Time columns of one panel: as many as it has pixels would only make the file larger.
PANEL_STEPS = 190


def narrow_bands(lowest_hz: float = LOWEST_HZ, bands: int = BANDS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return bands of equal width in octaves up to 12 kHz: (band + 1,) edges in Hz and (bin, band) weights."""
    edges = np.geomspace(lowest_hz, SAMPLE_RATE_HZ / 2, bands + 1)
    hz = np.fft.rfftfreq(FFT, 1 / SAMPLE_RATE_HZ)
    centres = np.sqrt(edges[:-1] * edges[1:])
    # Low bands are narrower than a bin: each takes its share of the two nearest.
    width = np.maximum(edges[1:] - edges[:-1], hz[1])
    return edges, np.maximum(0, 1 - np.abs(hz[:, None] - centres) / width)


def level_db(wave: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the level against the loudest point, (band, column), clipped `RANGE_DB` below it."""
    wave = np.pad(wave, (FFT // 2, FFT))
    frames = np.lib.stride_tricks.sliding_window_view(wave, FFT)[::HOP] * np.hanning(FFT)
    power = np.abs(np.fft.rfft(frames)) ** 2 @ narrow_bands()[1]
    return np.asarray(np.maximum(10 * np.log10(power / power.max() + 1e-12), -RANGE_DB).T)


def panel(sounds: Sounds, class_index: int) -> tuple[NDArray[np.float64], list[float]]:
    """Return all sounds of a class side by side, and the seconds at which one ends and the next begins."""
    levels = [level_db(sounds.waveform(int(number))) for number in sounds.of_class(class_index)]
    ends_s = np.cumsum([level.shape[1] for level in levels]) * HOP / SAMPLE_RATE_HZ
    joined = np.concatenate(levels, axis=1)
    edges = np.linspace(0, joined.shape[1], min(PANEL_STEPS, joined.shape[1]) + 1).astype(int)
    # The loudest moment of a step, not the mean: a knock must not fade because the panel is long.
    return np.stack([joined[:, a:b].max(axis=1) for a, b in itertools.pairwise(edges)], axis=1), ends_s.tolist()


def draw(sounds: Sounds) -> bytes:
    """Return the sheet as a PNG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from PIL import Image

    rows = -(-len(GENERATORS) // COLUMNS)
    figure, axes = pyplot.subplots(rows, COLUMNS, figsize=(15, 7.5), layout="constrained")
    # Few shades keep the file small.
    shades = pyplot.get_cmap("magma", SHADES)
    for axis, class_index in zip(axes.flat, GENERATORS, strict=True):
        levels, ends_s = panel(sounds, class_index)
        extent = (0.0, ends_s[-1], 0.0, float(BANDS))
        axis.imshow(
            levels,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            cmap=shades,
            vmin=-RANGE_DB,
            vmax=0,
            extent=extent,
        )
        for end_s in ends_s[:-1]:
            axis.axvline(end_s, color="white", linewidth=1)
        name = sounds.name[int(sounds.of_class(class_index)[0])].split("/")[1].replace("_", " ")
        axis.set_title(name, fontsize=10)
        marks_hz = [100, 400, 1600, 6400]
        axis.set_yticks(BANDS * np.log2(np.array(marks_hz) / LOWEST_HZ) / np.log2(SAMPLE_RATE_HZ / 2 / LOWEST_HZ))
        axis.set_yticklabels(["100", "400", "1.6k", "6.4k"] if axis in axes[:, 0] else [], fontsize=8)
        axis.tick_params(labelsize=8)
    figure.supxlabel("seconds", fontsize=9)
    figure.supylabel("Hz", fontsize=9)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=72)
    pyplot.close(figure)
    small = io.BytesIO()
    Image.open(file).convert("RGB").quantize(3 * SHADES).save(small, format="png", optimize=True)
    return small.getvalue()


def main() -> None:
    """Make the sounds, draw the sheet, write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("path", type=Path, help="where to write the PNG file")
    path = parser.parse_args().path
    picture = draw(procedural_sounds(SEED, PER_CLASS))
    with written_whole(path) as file:
        file.write(picture)
    print(f"{path}: {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
