"""On a real Ray: the same bytes as one process, with any number of actors, though actors and nodes are lost."""

import contextlib
import os
import subprocess
import sys
import time

import pytest
import soundfile

from whence.cli.demo import SCENES
from whence.cli.main import main

pytest.importorskip("ray.cluster_utils")
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

SOUNDS = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Short sounds, one of them broken, and what one process finds in them."""
    folder = tmp_path_factory.mktemp("ray")
    signal_, rate = soundfile.read(SCENES / "busy.flac")
    (folder / "in").mkdir()
    for number in range(SOUNDS):
        soundfile.write(folder / f"in/{number:02d}.wav", signal_[number * rate // 4 :][: 3 * rate], rate)
    (folder / "in/bad.wav").write_bytes(b"hello")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["detect", "in", "--out", "one", "--to", "parquet"]) == 1
    return folder


def words(out, *more):
    return [sys.executable, "-m", "whence", "detect", "in", "--out", out, "--to", "parquet", "--engine", "ray", *more]


def is_as_one(folder, out):
    return (folder / out / "events.parquet").read_bytes() == (folder / "one/events.parquet").read_bytes()


def test_two_actors_find_what_one_process_finds(folder):
    done = subprocess.run(words("two", "--jobs", "2"), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "16 of 17 sounds processed" in done.stderr
    assert is_as_one(folder, "two")


@pytest.fixture
def cluster():
    """Two nodes on this machine, one processor each, and a head without any."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    yield cluster, nodes
    cluster.shutdown()


@pytest.mark.nightly
def test_a_node_that_is_lost_in_mid_run_loses_nothing(folder, cluster):
    system, nodes = cluster
    with subprocess.Popen(words("node", "--address", system.address), cwd=folder) as child:
        while (
            not (folder / "node/.whence.jsonl").exists() or b"rows" not in (folder / "node/.whence.jsonl").read_bytes()
        ):
            assert child.poll() is None
            time.sleep(0.05)
        system.remove_node(nodes[0], allow_graceful=False)
        assert child.wait(300) == 1
    assert is_as_one(folder, "node")


@pytest.mark.nightly
@pytest.mark.parametrize("count", [1, 2])
def test_actors_and_the_driver_may_be_killed_at_any_moment(folder, cluster, count):
    system, _ = cluster
    out, victims = f"killed{count}", ["actor", "driver", "actor", "actor"]
    while True:
        with subprocess.Popen(words(out, "--jobs", str(count), "--address", system.address), cwd=folder) as child:
            seen = finished(folder / out)
            while victims and child.poll() is None:
                time.sleep(0.01)
                if finished(folder / out) >= seen + 2:
                    seen = finished(folder / out)
                    kill_actor() if victims.pop() == "actor" else child.kill()
            code = child.wait()
        if code >= 0:
            break
    assert (code, victims) == (1, [])
    assert is_as_one(folder, out)


def finished(out):
    """How many sounds are finished."""
    record = out / ".whence.jsonl"
    return record.read_bytes().count(b'"rows"') if record.exists() else 0


def kill_actor():
    """Kill one of the actors; nodes are children of this process, and actors of nodes."""
    psutil = pytest.importorskip("psutil")
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "".join(process.cmdline()[:1]).startswith("ray::DetectionWorker"):
                process.kill()
                return


@pytest.mark.nightly
def test_ray_data_maps_batches_of_paths(folder):
    code = """
import sys, ray
from whence.ray import Detector
ray.init(num_cpus=2, log_to_driver=False)
paths = ray.data.from_items([{"path": f"in/{name}"} for name in sys.argv[1:]])
found = paths.map_batches(Detector, batch_size=4, compute=ray.data.ActorPoolStrategy(size=1), num_cpus=1)
found.write_parquet("data")
"""
    names = sorted(path.name for path in (folder / "in").iterdir())
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    subprocess.run([sys.executable, "-c", code, *names], cwd=folder, check=True, env=environment)
    pandas = pytest.importorskip("pandas")
    one, data = (
        pandas.read_parquet(folder / path).sort_values(["path", "onset_s", "class", "azimuth_deg"], ignore_index=True)
        for path in ("one/events.parquet", "data")
    )
    pandas.testing.assert_frame_equal(one, data[one.columns])
