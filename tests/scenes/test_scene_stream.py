"""Streams: the same batches in any process, in any order, after any stop; banks shared by reference."""

import dataclasses
import os
import pickle
import signal
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tiny_banks import tiny_rooms, tiny_sounds
from torch.utils.data import DataLoader

from whence.errors import SceneError
from whence.scenes.draw import draw_scene
from whence.scenes.render import render_batch
from whence.scenes.settings import SceneSettings
from whence.scenes.stream import SceneStream, SharedBank

SETTINGS = SceneSettings(duration_s=1.0)


@pytest.fixture(scope="module")
def stream():
    return SceneStream(5, SETTINGS, tiny_sounds(), tiny_rooms(), batch_clips=3, batches_per_epoch=4)


def same(batch, other):
    return torch.equal(batch.audio, other.audio) and batch.events == other.events


def test_a_batch_is_the_clips_at_its_coordinates(stream):
    batch = stream[6]
    scenes = [draw_scene(5, 1, index, SETTINGS, stream.sounds, stream.rooms) for index in (6, 7, 8)]
    assert stream.scenes(6) == scenes
    assert same(batch, render_batch(scenes, stream.sounds, stream.rooms))
    assert len(stream) == 4


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker processes")
@pytest.mark.parametrize("workers", [1, 4])
def test_any_number_of_workers_gives_the_same_bytes_in_the_same_order(stream, workers):
    alone = list(stream.loader(range(3, 9), 0))
    together = list(stream.loader(range(3, 9), workers))
    assert len(together) == 6
    assert all(same(*pair) for pair in zip(alone, together, strict=True))


def test_going_on_after_a_stop_gives_what_would_have_come(stream):
    whole = list(stream.loader(range(7), 0))
    rest = list(stream.loader(range(4, 7), 0))
    assert all(same(*pair) for pair in zip(whole[4:], rest, strict=True))


def test_a_killed_worker_is_an_error_and_the_rest_can_be_asked_for(stream):
    loader = iter(stream.loader(range(60), 1))
    first = next(loader)
    os.kill(loader._workers[0].pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match=r"DataLoader worker .* (killed|exited unexpectedly)"):
        list(loader)
    assert same(first, stream[0])


def test_a_fresh_process_shares_the_banks_and_renders_the_same(stream, tmp_path):
    on_disk = with_mapped_banks(stream, tmp_path)
    loader = DataLoader(on_disk, sampler=range(2), batch_size=None, num_workers=1, multiprocessing_context="spawn")
    assert all(same(batch, stream[number]) for number, batch in enumerate(loader))


def with_mapped_banks(stream, folder):
    """The stream with its sounds in a mapped file."""
    path = folder / "samples.npy"
    np.save(path, stream.sounds.samples)
    mapped = dataclasses.replace(stream.sounds, samples=np.load(path, mmap_mode="r"))
    return SceneStream(5, SETTINGS, mapped, stream.rooms, batch_clips=3, batches_per_epoch=4)


def test_a_pickled_stream_is_small_where_the_sounds_are_mapped(stream, tmp_path):
    sizes = [len(pickle.dumps(one)) for one in (stream, with_mapped_banks(stream, tmp_path))]
    assert sizes[0] - sizes[1] > 0.9 * stream.sounds.samples.nbytes
    again = pickle.loads(pickle.dumps(with_mapped_banks(stream, tmp_path)))
    assert isinstance(again.sounds.samples, np.memmap)
    assert same(again[1], stream[1])


@pytest.mark.parametrize(("clips", "batches"), [(0, 1), (1, 0)])
def test_streams_without_clips_are_refused(stream, clips, batches):
    with pytest.raises(SceneError, match=f"a stream of {batches} batches of {clips} clips; both must be at least 1"):
        SceneStream(0, SETTINGS, stream.sounds, stream.rooms, clips, batches)


def test_workers_draw_and_this_process_renders_where_a_gpu_would_render(stream, monkeypatch):
    rendered = []

    def render_here(scenes, sounds, rooms, device):
        rendered.append((os.getpid(), device))
        return render_batch(scenes, sounds, rooms)

    # No device is at hand whose clips could be compared with those of the CPU.
    monkeypatch.setattr("whence.scenes.stream.render_batch", render_here)
    elsewhere = dataclasses.replace(stream, device="meta")
    for workers in (0, 1):
        batches = list(elsewhere.loader(range(2, 5), workers))
        assert all(same(batch, stream[number]) for number, batch in zip(range(2, 5), batches, strict=True))
    assert [process for process, device in rendered if device == "meta"] == [os.getpid()] * 6


@dataclasses.dataclass(frozen=True)
class Bank:
    values: NDArray[np.int16]
    name: str


def test_memory_stays_the_same_memory():
    bank = Bank(np.arange(5, dtype=np.int16), "a")
    again = SharedBank.of(bank, "values").open()
    assert again.name == "a"
    assert np.shares_memory(again.values, bank.values)


def test_read_only_memory_passes_without_a_warning():
    values = np.arange(5, dtype=np.float16)
    values.flags.writeable = False
    assert SharedBank.of(Bank(values, "a"), "values").open().values.tolist() == [0, 1, 2, 3, 4]


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(1_000, dtype=np.int16).reshape(10, 100))
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def test_a_mapped_file_is_opened_anew(mapped):
    shared = SharedBank.of(Bank(mapped, "a"), "values")
    assert isinstance(shared.array, tuple)
    assert shared.array[0].endswith("x.npy")
    again = shared.open().values
    assert isinstance(again, np.memmap)
    np.testing.assert_array_equal(again, mapped)


def test_a_slice_of_a_mapped_file_is_not_mistaken_for_the_file(mapped):
    again = SharedBank.of(Bank(mapped[3:5], "a"), "values").open().values
    np.testing.assert_array_equal(again, mapped[3:5])


def test_sending_memory_to_a_process_sends_a_handle_not_the_data():
    bank = Bank(np.zeros(500_000, dtype=np.int16), "a")
    shared = SharedBank.of(bank, "values")
    assert len(ForkingPickler.dumps(shared)) < 2_000
    assert isinstance(shared.array, torch.Tensor)
    assert shared.array.is_shared()
