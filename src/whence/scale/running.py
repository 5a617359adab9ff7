"""Process many sounds with a crew; who is killed over a sound is replaced, and the sound is given up after three."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from whence.inference import Request, Result, finished
from whence.labels import Events
from whence.scale.record import MOST_TRIES, ResumeRecord
from whence.scale.work import Part, PartResult, Parts, Work
from whence.scale.workers import Crew
from whence.text import shown

Pairs: TypeAlias = Sequence[tuple[Path | str, Path | None]] | Sequence[tuple[Path | str, Path]]


def predict_all(
    crew: Crew,
    request: Request,
    pairs: Pairs,
    record: ResumeRecord | None = None,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Iterator[Result]:
    """Process many sounds.

    Args:
        crew: who does it; entered and left here.
        request: how.
        pairs: sounds with the paths of their label files, without ending; None where none are written.
        record: where sounds are recorded as begun and finished.
        progress: called with the seconds of sound processed since the last call.

    Yields:
        a result for each pair, as soon as it is there; sounds over which three processes were killed have failed.
    """
    tries: Counter[Path | str] = Counter()
    if record is not None:
        tries.update({sound: record.tries(sound) for sound, _ in pairs})
    # Sounds that may be to blame for the end of a process come last: they hold up the others least.
    works = [Work(sound, target) for sound, target in sorted(pairs, key=lambda pair: tries[pair[0]] > 0)]
    run = _Run(crew, request, record, progress, deque(works), Counter({Work(*pair): tries[pair[0]] for pair in pairs}))
    with crew:
        try:
            yield from run.results()
        finally:
            # However this ends, if it gets here, the sounds are not to blame.
            if record is not None:
                record.leave()


@dataclass
class _Long:
    """A long sound of which parts are done.

    Args:
        parts: how many, and what else is known.
        done: results by number.
        messages: of all that was done.
    """

    parts: Parts
    done: dict[int, PartResult]
    messages: list[tuple[int, str]]


@dataclass
class _Run:
    """The state of `predict_all`."""

    crew: Crew
    request: Request
    record: ResumeRecord | None
    progress: Callable[[float], None]
    waiting: deque[Work]
    tries: Counter[Work]
    long: dict[Path | str, _Long] = field(default_factory=dict)

    def results(self) -> Iterator[Result]:
        """Yield the results as they come."""
        begun = 0
        while self.waiting or begun:
            while self.waiting and self.crew.has_room:
                work = self.waiting.popleft()
                if self.tries[work] >= MOST_TRIES:
                    yield self._given_up(work)
                else:
                    self._begin(work)
                    begun += 1
            for work, outcome in self.crew.wait() if begun or self.waiting else ():
                begun -= 1
                if outcome is None:
                    self._lost(work)
                elif isinstance(outcome, Parts):
                    self._divide(work, outcome)
                elif (result := self._result(work, outcome)) is not None:
                    yield result

    def _begin(self, work: Work) -> None:
        """Give work to the crew."""
        self.tries[work] += 1
        if self.record is not None and work.part is None:
            self.record.begin(work.sound)
        self.crew.begin(work)

    def _lost(self, work: Work) -> None:
        """Do the work of one who was killed again, after all others."""
        if self.record is not None:
            self.record.lose(work.sound)
        if work.part is None or work.sound in self.long:
            self.waiting.append(work)

    def _divide(self, work: Work, parts: Parts) -> None:
        """Do a long sound in parts, before the other sounds; those that an earlier command has done are done."""
        done = self.record.parts(work.sound, parts) if self.record is not None else {}
        self.long[work.sound] = _Long(parts, done, list(parts.messages))
        missing = [number for number in range(parts.count) if number not in done]
        # With nothing missing, the last part is done again, so that there is an end.
        for number in reversed(missing or [parts.count - 1]):
            self.waiting.appendleft(work._replace(part=Part(parts.whole, number, parts.count)))

    def _result(self, work: Work, outcome: Result | PartResult) -> Result | None:
        """Return the result of a sound; None while parts of it are missing."""
        self.progress(0.0 if isinstance(outcome, Result) and self.crew.shows_progress else outcome.duration_s)
        if isinstance(outcome, PartResult):
            joined = self._joined(work, outcome)
            if joined is None:
                return None
            outcome = joined
        if self.record is not None:
            self.record.finish(outcome)
        return outcome

    def _joined(self, work: Work, outcome: PartResult) -> Result | None:
        """Return the result of all parts of a sound; None while some are missing, or after one has failed."""
        long = self.long.get(work.sound)
        if long is None or work.part is None:
            return None
        long.messages += outcome.messages
        if outcome.failure is not None:
            self._forget(work.sound)
            return Result(work.sound, work.target, failure=outcome.failure, messages=long.messages)
        long.done[work.part.number] = outcome
        if self.record is not None:
            self.record.finish_part(work.sound, long.parts, work.part.number, outcome)
        if len(long.done) < long.parts.count:
            return None
        del self.long[work.sound]
        events = [long.done[number].events or Events.empty() for number in range(long.parts.count)]
        result = finished(self.request, long.parts.classes, work.sound, work.target, Events.concatenate(events))
        whole = long.parts.whole
        return replace(result, duration_s=whole.duration_s, state=whole.state, messages=long.messages)

    def _given_up(self, work: Work) -> Result:
        """Return the failure of a sound that kills."""
        self._forget(work.sound)
        kills = f"its process was killed {MOST_TRIES} times (out of memory?); --again tries it again"
        return Result(work.sound, work.target, failure=f"{shown(work.sound)}: {kills}")

    def _forget(self, sound: Path | str) -> None:
        """Leave what is not begun of a sound."""
        self.long.pop(sound, None)
        self.waiting = deque(work for work in self.waiting if work.sound != sound)
