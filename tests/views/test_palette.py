"""The palette: every pair of looks can be told apart, by normal and by colour-blind eyes, and without any colour."""

from itertools import combinations

import numpy as np
import pytest

from whence.labels import STARSS23
from whence.views import COLOURS, MARKERS, style, styles_of

# Machado, Oliveira and Fernandes (2009), severity 1: what dichromats see of linear RGB.
EYES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    """Linear red, green and blue of "#1b1e23"."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB under D65."""
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(first, second):
    """WCAG's ratio of two colours."""
    light, dark = sorted((float(linear(colour) @ TO_XYZ[1]) for colour in (first, second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("ground", ["light", "dark"])
def test_any_two_colours_are_far_apart_for_every_kind_of_eyes(ground, eyes):
    seen = [lab(np.array(EYES[eyes]) @ linear(getattr(colour, ground))) for colour in COLOURS]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) >= 25


@pytest.mark.parametrize(("ground", "grounds"), [("light", ["#ffffff"]), ("dark", ["#14171c", "#1b1f25"])])
def test_colours_stand_out_from_the_grounds_of_pictures_reports_and_the_page(ground, grounds):
    assert min(contrast(getattr(colour, ground), other) for colour in COLOURS for other in grounds) >= 3


def test_no_two_of_many_classes_look_alike_and_no_two_of_the_task_share_a_shape():
    styles = [style(position) for position in range(len(COLOURS) * len(MARKERS))]
    assert len(set(styles)) == len(styles)
    assert len({marker for _, marker in styles[: len(STARSS23)]}) == len(STARSS23)


def test_a_few_classes_get_different_colours_whatever_their_numbers():
    styles = styles_of([700, 0, 7, 14, 21, 28, 35, 7])
    assert list(styles) == [0, 7, 14, 21, 28, 35, 700]
    assert len({colour for colour, _ in styles.values()}) == len(styles) == len(COLOURS)
    assert styles_of([]) == {}


def test_every_shape_is_its_own_in_every_medium_and_fits_its_circle():
    for name in ("symbol", "matplotlib"):
        assert len({getattr(marker, name) for marker in MARKERS}) == len(MARKERS)
    assert len({tuple(marker.corners) for marker in MARKERS}) == len(MARKERS)
    assert all(abs(x) <= 1.01 and abs(y) <= 1.01 for marker in MARKERS for x, y in marker.corners)
    assert len({colour.xterm for colour in COLOURS}) == len({colour.ansi for colour in COLOURS}) == len(COLOURS)
