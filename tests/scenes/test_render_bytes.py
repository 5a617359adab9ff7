"""The bytes of a clip depend on its scene and its banks alone."""

from dataclasses import replace

import pytest
import torch
from tiny_banks import one_event, scene_of, still, tiny_rooms, tiny_sounds

from whence.errors import SceneError
from whence.scenes import render
from whence.scenes.draw import draw_scene
from whence.scenes.render import render_batch
from whence.scenes.settings import SceneSettings

SOUNDS, ROOMS = tiny_sounds(), tiny_rooms()
SETTINGS = SceneSettings(duration_s=2.0)


@pytest.fixture
def threads():
    """Set the number of threads for a test, and put it back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def scenes():
    lone_block = scene_of([one_event(SOUNDS, start_sample=100)])
    return [lone_block, *(draw_scene(11, 2, index, SETTINGS, SOUNDS, ROOMS) for index in range(7))]


def test_a_clip_has_the_same_bytes_whatever_its_neighbours(scenes):
    together = render_batch(scenes, SOUNDS, ROOMS)
    for position in (5, 0, 3, 7):
        alone = render_batch([scenes[position]], SOUNDS, ROOMS)
        assert torch.equal(together.audio[position], alone.audio[0])
        assert together.events[position] == alone.events[0]


@pytest.mark.parametrize("count", [2, 3])
def test_a_clip_has_the_same_bytes_with_any_number_of_threads(scenes, threads, count):
    # A lone long transform is what PyTorch would share among threads, and then round otherwise.
    rooms = tiny_rooms(positions=12, taps=19_200)
    threads(1)
    one = render_batch(scenes, SOUNDS, rooms)
    threads(count)
    several = render_batch(scenes, SOUNDS, rooms)
    assert torch.equal(one.audio, several.audio)
    assert one.events == several.events


def test_the_number_of_threads_is_put_back(scenes, threads):
    threads(2)
    render_batch(scenes[:1], SOUNDS, ROOMS)
    assert torch.get_num_threads() == 2
    with pytest.raises(SceneError):
        render_batch([replace(scenes[1], background=None, events=(far_off(),))], SOUNDS, ROOMS)
    assert torch.get_num_threads() == 2


def far_off():
    """An event with a response that is in no bank."""
    return one_event(SOUNDS, path=still(10_000))


def test_clips_rendered_in_groups_as_on_a_gpu_are_the_same_within_tolerance(scenes, monkeypatch):
    alone = render_batch(scenes, SOUNDS, ROOMS)
    monkeypatch.setitem(render._CLIPS_AT_ONCE, "cpu", 5)
    grouped = render_batch(scenes, SOUNDS, ROOMS)
    assert (alone.audio - grouped.audio).abs().max() <= 1e-6
    assert alone.events == grouped.events


def test_scenes_with_different_labelling_rules_may_share_a_group(monkeypatch):
    settings = [
        SceneSettings(duration_s=2.0),
        SceneSettings.from_plain({"duration_s": 2.0, "audible": {"pause_s": 0.0}}),
    ]
    scenes = [draw_scene(12, 0, index, one, SOUNDS, ROOMS) for index in range(4) for one in settings]
    alone = [render_batch([scene], SOUNDS, ROOMS).events[0] for scene in scenes]
    monkeypatch.setitem(render._CLIPS_AT_ONCE, "cpu", 8)
    assert render_batch(scenes, SOUNDS, ROOMS).events == alone
