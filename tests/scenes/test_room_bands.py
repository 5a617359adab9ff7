import math

import numpy as np
import pytest

from whence.scenes.rooms.bands import octave_masks, rumble_mask
from whence.scenes.rooms.room import BANDS_HZ


def interpolated(gains, frequency_hz):
    """One frequency at a time: which two octave centres is it between, and how far."""
    octave = math.log2(max(frequency_hz, 125.0) / 125.0)
    if octave >= 6:
        return gains[6]
    below = int(octave)
    share = math.sin((octave - below) * math.pi / 2) ** 2
    return gains[below] * (1 - share) + gains[below + 1] * share


def test_masks_interpolate_gains_between_octaves():
    gains = np.array([0.9, 0.1, 0.5, 0.7, 0.2, 1.0, 0.3])
    frequency_hz = np.fft.rfftfreq(4096, 1 / 24_000)
    expected = [interpolated(gains, float(f)) for f in frequency_hz]
    assert gains @ octave_masks(4096) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("length", [256, 4096, 19_683])
def test_masks_add_up_to_one_everywhere(length):
    assert octave_masks(length).sum(axis=0) == pytest.approx(np.ones(length // 2 + 1))


def test_each_centre_belongs_to_its_octave_alone():
    masks = octave_masks(24_000)
    for band, centre in enumerate(BANDS_HZ):
        assert masks[:, int(centre)] == pytest.approx(np.eye(7)[band])


def test_rumble_is_silent_below_20_hz_and_whole_above_60():
    mask = rumble_mask(24_000)
    assert (mask[:21] == 0).all()
    assert mask[40] == pytest.approx(0.5)
    assert (mask[60:] == 1).all()
    assert (np.diff(mask) >= 0).all()
