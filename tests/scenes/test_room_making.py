import os
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest

from whence.errors import SceneError
from whence.scenes.rooms import making
from whence.scenes.rooms.making import make_room_bank
from whence.scenes.rooms.settings import RoomSettings
from whence.scenes.rooms.simulation import DIRECT_SAMPLE
from whence.scenes.rooms.store import save_room_bank

FEW = RoomSettings(places_per_room=3, rt60_s=(0.15, 0.3), tap_count=9600)


@pytest.fixture(scope="module")
def bank():
    return make_room_bank(4, 3, FEW)


def same(a, b):
    return a.room_name == b.room_name and all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("responses", "direct_sample", "room", "azimuth_deg", "elevation_deg", "distance_m", "rt60_s")
    )


def test_any_number_of_processes_makes_the_same_bank(bank):
    assert same(make_room_bank(4, 3, FEW, jobs=2), bank)


def test_a_longer_bank_begins_with_the_shorter_one(bank):
    short = make_room_bank(4, 2, FEW)
    taps = min(short.responses.shape[2], bank.responses.shape[2])
    assert np.array_equal(bank.responses[:6, :, :taps], short.responses[..., :taps])
    assert bank.azimuth_deg[:6].tolist() == short.azimuth_deg.tolist()


def test_other_seeds_make_other_rooms(bank):
    assert not set(make_room_bank(5, 3, FEW).azimuth_deg.tolist()) & set(bank.azimuth_deg.tolist())


def test_the_columns_describe_the_responses(bank):
    assert bank.room.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert bank.room_name == ("drawn room 4-0", "drawn room 4-1", "drawn room 4-2")
    assert bank.responses.dtype == np.float16
    assert (bank.direct_sample == DIRECT_SAMPLE).all()
    w, y, x = bank.responses[:, :, DIRECT_SAMPLE].astype(float).T
    assert w * bank.distance_m == pytest.approx(np.ones(9), abs=0.03)
    flat = np.cos(np.radians(bank.elevation_deg))
    assert y / w == pytest.approx(np.sin(np.radians(bank.azimuth_deg)) * flat, abs=0.03)
    assert x / w == pytest.approx(np.cos(np.radians(bank.azimuth_deg)) * flat, abs=0.03)


def test_responses_are_as_long_as_the_longest_room_needs(bank):
    taps = bank.responses.shape[2]
    assert taps % 240 == 0
    assert 0 <= taps - DIRECT_SAMPLE - bank.rt60_s.max() * 24_000 < 240
    long = RoomSettings(places_per_room=1, rt60_s=(1.0, 1.0), tap_count=4800)
    assert make_room_bank(0, 1, long).responses.shape[2] == 4800
    half = RoomSettings(places_per_room=1, rt60_s=(0.2, 0.2), tap_count=4800, decay_kept_db=30)
    assert make_room_bank(0, 1, half).responses.shape[2] == 2640


def test_progress_counts_every_room():
    seen = []
    make_room_bank(4, 2, FEW, progress=lambda done, asked: seen.append((done, asked)))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(("rooms", "jobs"), [(0, 1), (1, 0)])
def test_nothing_cannot_be_made(rooms, jobs):
    with pytest.raises(SceneError, match="ask for at least one of each"):
        make_room_bank(0, rooms, FEW, jobs=jobs)


def test_a_killed_process_is_reported_in_one_sentence(monkeypatch):
    class Pool:
        def __init__(self, *args, **kwargs): ...
        def __enter__(self):
            return self

        def __exit__(self, *exc): ...
        def shutdown(self, **kwargs): ...
        def map(self, *args):
            raise BrokenProcessPool("a child process terminated abruptly")

    monkeypatch.setattr(making, "ProcessPoolExecutor", Pool)
    with pytest.raises(SceneError, match=r"a process was killed .* run again with fewer jobs"):
        make_room_bank(0, 2, FEW, jobs=2)


SCRIPT = """
import sys
from pathlib import Path
from whence.scenes.rooms import RoomSettings, make_room_bank, save_room_bank

few = RoomSettings(places_per_room=3, rt60_s=(0.15, 0.3), tap_count=9600)
bank = make_room_bank(4, 3, few, progress=lambda done, asked: print(done, flush=True))
save_room_bank(Path(sys.argv[1]), bank)
"""


def test_a_killed_run_leaves_nothing_and_the_next_makes_the_same_file(tmp_path, bank):
    path, whole = tmp_path / "rooms.safetensors", tmp_path / "whole.safetensors"
    child = subprocess.Popen([sys.executable, "-c", SCRIPT, str(path)], stdout=subprocess.PIPE, env=os.environ)
    child.stdout.readline()
    child.kill()
    child.wait()
    child.stdout.close()
    assert not path.exists()
    subprocess.run([sys.executable, "-c", SCRIPT, str(path)], check=True, capture_output=True)
    save_room_bank(whole, bank)
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.nightly
def test_fifty_rooms_of_forty_places_take_minutes_of_one_core():
    before = os.times()
    bank = make_room_bank(1, 50, jobs=2)
    after = os.times()
    assert len(bank) == 2000
    assert bank.responses.nbytes < 240e6
    # Processor time of this process and its children: the clock on the wall also counts the machine's other work.
    assert sum(after[:4]) - sum(before[:4]) < 300
