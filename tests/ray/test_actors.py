"""The crew of actors, on a stand-in for Ray: who is lost is replaced, errors of the work are raised."""

import socket
from types import SimpleNamespace

import pytest

from whence.errors import GaveUpError, WhenceError
from whence.inference import Request
from whence.ray import Actors
from whence.scale import Work


class RayTaskError(Exception):
    def __init__(self, cause):
        super().__init__(str(cause))
        self.cause = cause


class ActorDiedError(Exception):
    pass


class StandInRay:
    """Runs every call when its result is waited for; `outcomes` of `detect` are given, errors are raised."""

    def __init__(self, outcomes, starts=()):
        self.outcomes, self.starts, self.killed, self.started = list(outcomes), list(starts), 0, 0
        self.exceptions = SimpleNamespace(RayError=(RayTaskError, ActorDiedError), RayTaskError=RayTaskError)

    def is_initialized(self):
        return True

    def cluster_resources(self):
        return {"CPU": 2.0}

    def remote(self, **options):
        assert options["num_cpus"] == 1
        return lambda worker: SimpleNamespace(remote=self.actor)

    def actor(self, request, part_s, folder):
        self.started += 1
        return SimpleNamespace(
            ready=SimpleNamespace(remote=lambda: ("ready", self.started)),
            detect=SimpleNamespace(remote=lambda work: ("detect", work)),
        )

    def wait(self, references):
        assert references
        return references[:1], references[1:]

    def get(self, reference):
        outcomes = self.starts if reference[0] == "ready" else self.outcomes
        outcome = outcomes.pop(0) if outcomes else True
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def kill(self, actor):
        self.killed += 1


@pytest.fixture
def crew_on(monkeypatch):
    def make(ray, count=None, sounds=None):
        monkeypatch.setattr("whence.ray.actors.import_ray", lambda: ray)
        return Actors(Request(), count, sounds=sounds)

    return make


def test_there_is_an_actor_for_each_cpu_and_all_are_killed_at_the_end(crew_on):
    ray = StandInRay([])
    with crew_on(ray) as crew:
        assert not crew.has_room
        assert crew.wait() == []
        assert crew.has_room
    assert (ray.started, ray.killed) == (2, 2)


@pytest.mark.parametrize(("count", "started"), [(None, 1), (3, 1)])
def test_no_more_actors_are_started_than_have_something_to_do(crew_on, count, started):
    ray = StandInRay([])
    with crew_on(ray, count, ["a.wav"]):
        assert ray.started == started


def test_an_actor_that_is_lost_is_replaced_and_its_work_is_named(crew_on):
    ray, work = StandInRay([ActorDiedError("node lost"), "outcome"]), Work("a.wav", None)
    with crew_on(ray, 1) as crew:
        crew.wait()
        crew.begin(work)
        assert crew.wait() == [(work, None)]
        assert not crew.has_room
        assert crew.wait() == []
        crew.begin(work)
        assert crew.wait() == [(work, "outcome")]
    assert ray.started == 2


def used(crew):
    """Use a crew for one sound."""
    with crew:
        while not crew.has_room:
            crew.wait()
        crew.begin(Work("a.wav", None))
        crew.wait()


@pytest.mark.parametrize("where", ["outcomes", "starts"])
def test_an_error_of_the_work_is_raised_as_it_was(crew_on, where):
    ray = StandInRay(**{"outcomes": [], where: [RayTaskError(OSError("disk full"))]})
    with pytest.raises(OSError, match="disk full"):
        used(crew_on(ray, 1))


def test_actors_that_never_start_end_the_run(crew_on):
    ray = StandInRay([], [ActorDiedError("no package")] * 10)
    with pytest.raises(GaveUpError, match=r"10 actors ended while they started \(no package\)"):
        used(crew_on(ray, 1))


def test_an_address_at_which_nobody_listens_is_refused_at_once(crew_on, monkeypatch):
    ray = StandInRay([])
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{free}")
    with pytest.raises(
        WhenceError, match=rf"^127.0.0.1:{free}: no Ray cluster answers \(.*\); begin one with ray start$"
    ):
        crew_on(ray).__enter__()
