import sys

import numpy as np
import pytest
from room_examples import brute_force_images, plain_room

from whence.errors import MissingExtraError
from whence.scenes.rooms.images import reflections
from whence.scenes.rooms.room import Place


@pytest.mark.parametrize("band", [0, 6])
def test_images_equal_three_nested_loops(band):
    room = plain_room()
    for ours, slow in zip(reflections(room, 0.03), brute_force_images(room, 0.03, band), strict=True):
        slow.sort(key=lambda image: tuple(np.round(image[0], 3)))
        order = np.lexsort(np.round(ours.offset_m, 3).T[::-1])
        assert ours.offset_m[order] == pytest.approx(np.array([offset for offset, _ in slow]), abs=1e-4)
        assert ours.amplitude[order, band] == pytest.approx(np.array([a for _, a in slow]), rel=1e-5)


@pytest.mark.parametrize("until_s", [0.02, 0.05, 0.08])
def test_no_image_in_reach_is_missing(until_s):
    room = plain_room(0.2)
    counts = [len(images.offset_m) for images in reflections(room, until_s)]
    assert counts == [len(images) for images in brute_force_images(room, until_s, 0)]


def test_images_come_nearest_first_and_within_reach():
    for images in reflections(plain_room(), 0.04):
        distance = np.linalg.norm(images.offset_m, axis=1)
        assert (np.diff(distance) >= 0).all()
        assert distance[-1] <= 0.04 * 343


def test_the_nearest_reflection_of_a_low_source_is_that_of_the_floor():
    room = plain_room(places=(Place(0.0, -60.0, 1.5),))
    x, y, z = reflections(room, 0.02)[0].offset_m[0]
    height = 1.5 - 1.5 * np.sin(np.radians(60))
    assert (x, y, z) == pytest.approx((0.75, 0.0, -1.5 - height), abs=1e-5)


def test_a_wall_that_swallows_nearly_all_sends_nearly_nothing_back():
    walls = np.full((6, 7), 0.1)
    walls[4] = 0.9999
    images = reflections(plain_room(walls, places=(Place(0.0, 0.0, 1.0),)), 0.02)[0]
    through_the_floor = images.offset_m[:, 2] < -1.5
    assert through_the_floor.any()
    assert images.amplitude[through_the_floor].max() == pytest.approx(0.01, rel=1e-2)


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    with pytest.raises(MissingExtraError, match=r"whence\[scenes\]"):
        reflections(plain_room(), 0.01)
