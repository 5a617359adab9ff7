"""Process many sounds with a crew; who is killed over a sound is replaced, and the sound is given up after three."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from whence.inference import Result
from whence.scale.record import MOST_TRIES, ResumeRecord
from whence.scale.workers import Crew, Work
from whence.text import shown

Pairs: TypeAlias = Sequence[tuple[Path | str, Path | None]] | Sequence[tuple[Path | str, Path]]


def predict_all(crew: Crew, pairs: Pairs, record: ResumeRecord | None = None) -> Iterator[Result]:
    """Process many sounds.

    Args:
        crew: who does it; entered and left here.
        pairs: sounds with the paths of their label files, without ending; None where none are written.
        record: where sounds are recorded as begun and finished.

    Yields:
        a result for each pair, as soon as it is there; sounds over which three processes were killed have failed.
    """
    tries: Counter[Path | str] = Counter(
        {sound: record.tries(sound) for sound, _ in pairs} if record is not None else {}
    )
    # Sounds that may be to blame for the end of a process come last: they hold up the others least.
    waiting = deque(Work(sound, target) for sound, target in sorted(pairs, key=lambda pair: tries[pair[0]] > 0))
    with crew:
        begun = 0
        try:
            while waiting or begun:
                while waiting and crew.has_room:
                    work = waiting.popleft()
                    if tries[work.sound] >= MOST_TRIES:
                        yield Result(work.sound, work.target, failure=_given_up(work.sound))
                        continue
                    tries[work.sound] += 1
                    if record is not None:
                        record.begin(work.sound)
                    crew.begin(work)
                    begun += 1
                for work, result in crew.wait() if begun else ():
                    begun -= 1
                    if result is None:
                        if record is not None:
                            record.lose(work.sound)
                        waiting.append(work)
                        continue
                    if record is not None:
                        record.finish(result)
                    yield result
        finally:
            # However this ends, if it gets here, the sounds are not to blame.
            if record is not None:
                record.leave()


def _given_up(sound: Path | str) -> str:
    """Return the failure of a sound that kills."""
    return f"{shown(sound)}: its process was killed {MOST_TRIES} times (out of memory?); --again tries it again"
