"""Workers on the machines of a Ray cluster; one that is lost takes only its sound with it, and is replaced."""

import contextlib
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from whence.errors import GaveUpError, MissingExtraError, WhenceError
from whence.inference import Request
from whence.scale import PART_S, Outcome, Work, Worker, useful_workers

# So many actors that end while they start, one after the other, are the fault of the cluster.
_MOST_FAILED_STARTS = 10
_PATIENCE_S = 10.0


def import_ray() -> Any:
    """Import Ray with its usage statistics off, unless the user has switched them on.

    Raises:
        MissingExtraError: Ray is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtraError("the engine ray", "ray") from None
    return ray


class Actors:
    """A crew of Ray actors, each with its own copy of the model and one CPU.

    All nodes must see the sounds, and the model where it is not the packaged one, under the same paths.

    Args:
        request: how.
        count: of actors; None for one on each CPU of the cluster. Those for which there is no CPU yet begin later.
        address: of the cluster; None for the one that RAY_ADDRESS names, else one that is started on this machine.
        part_s: long sounds are done in parts of so many seconds.
        sounds: to be processed, so that no more actors are started than have something to do.
    """

    shows_progress = False

    def __init__(
        self,
        request: Request,
        count: int | None = None,
        address: str | None = None,
        part_s: int = PART_S,
        sounds: Sequence[Path | str] | None = None,
    ) -> None:
        self._ray = import_ray()
        self._how = request, part_s, str(Path.cwd())
        self._count, self._address, self._sounds = count, address, sounds
        self._is_mine = False
        self._actor_class: Any = None
        self._failed_starts = 0
        self._starting: dict[Any, Any] = {}
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[Any, Work]] = {}

    def __enter__(self) -> Self:
        ray = self._ray
        if not ray.is_initialized():
            _check_reachable(self._address or os.environ.get("RAY_ADDRESS", ""))
            try:
                ray.init(address=self._address, log_to_driver=False, logging_level="error")
            except (ConnectionError, ValueError, RuntimeError) as error:
                text = " ".join(str(error).split())
                raise WhenceError(f"Ray cannot be reached ({text})", where=self._address) from None
            self._is_mine = True
        self._actor_class = ray.remote(num_cpus=1, max_restarts=0)(DetectionWorker)
        count = self._count or max(int(ray.cluster_resources().get("CPU", 1)), 1)
        for _ in range(count if self._sounds is None else useful_workers(count, self._sounds)):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        actors = [*self._starting.values(), *self._idle, *(actor for actor, _ in self._busy.values())]
        for actor in actors:
            with contextlib.suppress(Exception):  # the cluster may be gone
                self._ray.kill(actor)
        if self._is_mine:
            self._ray.shutdown()

    @property
    def has_room(self) -> bool:
        """Whether an actor has nothing to do."""
        return bool(self._idle)

    def begin(self, work: Work) -> None:
        """Give work to an actor."""
        actor = self._idle.pop()
        self._busy[actor.detect.remote(work)] = actor, work

    def wait(self) -> list[tuple[Work, Outcome | None]]:
        """Wait until an actor has started or finished, or was lost; another takes the place of one that was lost."""
        ray, done = self._ray, []
        ready, _ = ray.wait([*self._starting, *self._busy])
        for reference in ready:
            actor, work = self._busy.pop(reference, (None, None))
            if work is None:
                self._started(reference)
                continue
            try:
                done.append((work, ray.get(reference)))
                self._idle.append(actor)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.RayError:
                with contextlib.suppress(Exception):
                    ray.kill(actor)
                self._start()
                done.append((work, None))
        return done

    def _start(self) -> None:
        """Start an actor, which may wait for a CPU."""
        actor = self._actor_class.remote(*self._how)
        self._starting[actor.ready.remote()] = actor

    def _started(self, reference: Any) -> None:
        """Take in an actor that has started; start another where it was lost."""
        actor = self._starting.pop(reference)
        try:
            self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:
            self._failed_starts += 1
            if self._failed_starts >= _MOST_FAILED_STARTS:
                text = " ".join(str(error).split())
                raise GaveUpError(f"Ray: {_MOST_FAILED_STARTS} actors ended while they started ({text})") from None
            self._start()
        else:
            self._failed_starts = 0
            self._idle.append(actor)


def _check_reachable(address: str) -> None:
    """Refuse an address at which nobody listens: Ray itself would try for minutes."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE_S).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise WhenceError(
            f"no Ray cluster answers ({reason})", where=address, remedy="begin one with ray start"
        ) from None


class DetectionWorker:
    """An actor; Ray's dashboard shows this name.

    Args:
        request: how.
        part_s: long sounds are done in parts of so many seconds.
        folder: that relative paths begin in.
    """

    def __init__(self, request: Request, part_s: int, folder: str) -> None:
        with contextlib.suppress(OSError):  # absolute paths may do without
            os.chdir(folder)
        self._worker = Worker(request, part_s)

    def ready(self) -> bool:
        """Return True, once the model is loaded."""
        return True

    def detect(self, work: Work) -> Outcome:
        """Do the work."""
        return self._worker.perform(work)
