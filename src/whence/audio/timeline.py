"""When the decoded pieces of a sound are: silence stands for what is missing, so that what follows keeps its time."""

# Timestamps that are rounded, or taken from a clock while recording, differ by this much from the count of samples.
_TOLERATED_S = 0.05
# Behind damage, where a difference is expected, only rounding to milliseconds is tolerated.
_ROUNDING_S = 0.002
# Shorter silences are not worth a sentence.
_NOTED_S = 0.1
# A clock that was set anew is no pause, and no file may ask for silence without end.
MOST_SILENCE_S = 86_400
_LONGEST_OVERLAP_S = 1.0


class Timeline:
    """Places the pieces of one sound, in order; time 0 is that of the container.

    Args:
        sample_rate_hz: of the sound.

    Attributes:
        given: samples up to now, silence included.

    >>> timeline = Timeline(1_000)
    >>> timeline.place(0, 4_000), timeline.place(5_000, 3_000)
    (0, 1000)
    >>> timeline.given, timeline.notes()
    (8000, ['has no sound from 4.0 to 5.0 s; silence stands there'])
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate = sample_rate_hz
        self.given = 0
        self._shift = 0
        self._silence = 0
        self._damaged = False
        self._pauses: list[tuple[int, int]] = []
        self._damages: list[tuple[int, int]] = []
        self._jumps: list[tuple[int, int]] = []

    def damaged(self) -> None:
        """Take note that something before the next piece could not be decoded."""
        self._damaged = True

    def place(self, start_sample: int | None, sample_count: int) -> int:
        """Take the next piece.

        Args:
            start_sample: where the container has it; None where it does not say.
            sample_count: how many samples it has.

        Returns:
            samples of silence to put before it; negative for its own first samples that must be left out, because they
            are at times that have been filled.
        """
        gap = 0 if start_sample is None else start_sample - self._shift - self.given
        tolerance = (_ROUNDING_S if self._damaged else _TOLERATED_S) * self._rate
        if abs(gap) <= tolerance:
            gap = 0
        elif not self._plausible(gap):
            if self.given:
                self._jumps.append((self.given, gap))
            self._shift += gap
            gap = 0
        gap = max(gap, -sample_count)
        if self._damaged:
            self._damages.append((self.given, max(gap, 0)))
        elif gap > 0 and self.given:
            self._pauses.append((self.given, gap))
        self._damaged = False
        self._silence += max(gap, 0)
        self.given += gap + sample_count
        return gap

    def _plausible(self, gap: int) -> bool:
        """Whether a difference is a pause or an overlap, and not a clock that was set anew."""
        if gap > 0:
            return self._silence + gap <= MOST_SILENCE_S * self._rate
        return self.given > 0 and -gap <= _LONGEST_OVERLAP_S * self._rate

    def notes(self) -> list[str]:
        """Return what happened to the sound, one predicate each."""
        found = []
        if self._damages:
            where, silent_s = self._places(self._damages)
            found.append(f"is damaged {where}" + (f"; {silent_s:.1f} s of silence stand there" if silent_s else ""))
        pauses = [pause for pause in self._pauses if pause[1] >= _NOTED_S * self._rate]
        if len(pauses) == 1:
            begin, length = pauses[0]
            found.append(f"has no sound from {self._s(begin)} to {self._s(begin + length)} s; silence stands there")
        elif pauses:
            where, silent_s = self._places(pauses)
            found.append(f"has no sound {where}; {silent_s:.1f} s of silence stand there")
        if self._jumps:
            at, gap = self._jumps[0]
            found.append(f"has a clock that jumps by {self._s(gap)} s at {self._s(at)} s; the sound goes on there")
        return found

    def _places(self, found: list[tuple[int, int]]) -> tuple[str, float]:
        """Where things are, in words, and the silence there in seconds."""
        first = f"at {self._s(found[0][0])} s"
        where = first if len(found) == 1 else f"in {len(found)} places, first {first}"
        return where, round(sum(length for _, length in found) / self._rate, 1)

    def _s(self, sample: int) -> str:
        return f"{sample / self._rate:.1f}"
