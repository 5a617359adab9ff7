"""What was noticed about a sound, in numbers and in sentences."""

import math
from dataclasses import dataclass

# Below this a recording lacks much of what the classes are told by.
LOW_RATE_HZ = 16_000
# Less than one label frame missing is no loss worth a word.
TOLERATED_GAP_S = 0.1
_CLIPPED_WORTH_A_WORD = 1e-3
_OFFSET_WORTH_A_WORD = 0.01
# Coders that do not keep samples exactly overshoot full scale: white noise by 3 dB.
_PEAK_WORTH_A_WORD = 1.5
_DEAD_TO_LIVE = 1e-4  # -80 dB
_MOSTLY = 0.95
_SOMETIMES = 0.1


@dataclass(frozen=True)
class SignalReport:
    """What was noticed about a sound before anything was corrected.

    Args:
        sample_rate_hz: as recorded.
        sample_count: samples per channel.
        peak: the highest magnitude of each channel, 1 is full scale.
        dc_offset: the mean of each channel.
        clipped_fraction: share of all samples at full scale, 0..1.
        sounding_s: seconds in which something other than digital silence was heard, counted in tenths.
        identical_s: seconds of those in which all channels are the same.
        not_numbers: how many samples of each channel are NaN or infinite.
        first_not_number_s: where the first of them is in each channel; nothing where there is none.
        promised_s: duration by the header, where it says one.
        damage: why decoding stopped early, where it did and the header does not tell how much is missing.
    """

    sample_rate_hz: int
    sample_count: int
    peak: tuple[float, ...]
    dc_offset: tuple[float, ...]
    clipped_fraction: float
    sounding_s: float
    identical_s: float
    not_numbers: tuple[int, ...]
    first_not_number_s: tuple[float | None, ...]
    promised_s: float | None = None
    damage: str | None = None

    @property
    def duration_s(self) -> float:
        """Seconds held."""
        return self.sample_count / self.sample_rate_hz

    @property
    def silent(self) -> bool:
        """Whether every sample is zero."""
        return not any(self.peak) and not any(self.not_numbers)

    @property
    def dead_channel(self) -> str | None:
        """The channel that is 80 dB and more under the other, "left" or "right"; nothing if there is none."""
        if len(self.peak) != 2 or self.silent or min(self.peak) > _DEAD_TO_LIVE * max(self.peak):
            return None
        return "left" if self.peak[0] < self.peak[1] else "right"

    @property
    def missing_s(self) -> float:
        """Seconds that the header promises and the file does not hold."""
        return max((self.promised_s or 0.0) - self.duration_s, 0.0)

    def not_numbers_sentence(self) -> str:
        """How many samples are not numbers and where the first is; empty if all are."""
        count = sum(self.not_numbers)
        if not count:
            return ""
        found = [(at, channel) for channel, at in enumerate(self.first_not_number_s) if at is not None]
        first_s, channel = min(found)
        where = f" ({channel_name(channel, len(self.peak))})" if len(self.peak) > 1 else ""
        verb = "sample is not a number" if count == 1 else "samples are not numbers"
        return f"{count} {verb}, first at {first_s:.2f} s{where}"

    def warnings(self, name: str | None = None) -> list[str]:
        """What the user should know, one sentence each, most important first.

        Args:
            name: of the sound, put into each sentence.

        Returns:
            nothing for a sound that is as it should be; silence is no fault.

        >>> report = SignalReport(8_000, 80_000, (0.5, 0.0), (0.0, 0.0), 0.0, 10.0, 0.0, (0, 0), (None, None))
        >>> report.warnings("a.wav")
        ['a.wav at 8 kHz holds nothing above 4 kHz; expect worse', 'a.wav: right channel is silent']
        """
        return self.losses(name) + self.doubts(name)

    def losses(self, name: str | None = None) -> list[str]:
        """Those of the warnings that say that sound is missing."""
        found = self._cut_short() or ("" if self.sample_count else "holds no sound")
        return [f"{name or 'the signal'} {found}"] if found else []

    def doubts(self, name: str | None = None) -> list[str]:
        """Those of the warnings that say that the sound is not what a stereo recording should be."""
        dead = self.dead_channel
        found = [
            self.not_numbers_sentence(),
            self._identical(),
            f"{dead} channel is silent" if dead else "",
            self._clipped(),
            self._peak(),
        ]
        low = self._low_rate()
        low_rate = [f"{name or 'the signal'} {low}"] if low else []
        return low_rate + [f"{name}: {text}" if name else text for text in found if text]

    def notes(self) -> list[str]:
        """What was noticed and needs no action, one sentence each."""
        offsets = ", ".join(
            f"{offset:+.3f} {channel_name(channel, len(self.dc_offset))}"
            for channel, offset in enumerate(self.dc_offset)
            if abs(offset) >= _OFFSET_WORTH_A_WORD
        )
        return [f"constant offset: {offsets}"] if offsets else []

    def _cut_short(self) -> str:
        if self.promised_s is not None and self.missing_s >= TOLERATED_GAP_S:
            return f"is cut short: {self.duration_s:.1f} of {self.promised_s:.1f} s"
        return f"is read only up to {self.duration_s:.1f} s ({self.damage})" if self.damage else ""

    def _low_rate(self) -> str:
        if self.sample_rate_hz >= LOW_RATE_HZ or not self.sample_count:
            return ""
        rate, half = f"{self.sample_rate_hz / 1000:g}", f"{self.sample_rate_hz / 2000:g}"
        return f"at {rate} kHz holds nothing above {half} kHz; expect worse"

    def _identical(self) -> str:
        if not self.identical_s or self.identical_s < _SOMETIMES * self.sounding_s:
            return ""
        whole = self.identical_s >= _MOSTLY * self.sounding_s
        consequence = "every azimuth will be 0" if whole else "azimuths there will be 0"
        lengths = f"{seconds(self.identical_s)} of {seconds(self.sounding_s)} s"
        return f"left and right are identical in {lengths}: this looks like mono copied twice; {consequence}"

    def _clipped(self) -> str:
        clipped = self.clipped_fraction
        return (
            f"{clipped:.1%}".replace("%", " %") + " of samples are clipped" if clipped >= _CLIPPED_WORTH_A_WORD else ""
        )

    def _peak(self) -> str:
        peak = max(self.peak, default=0.0)
        return f"peak {peak:.1f}, scaled" if peak >= _PEAK_WORTH_A_WORD and math.isfinite(peak) else ""


def channel_name(channel: int, channel_count: int) -> str:
    """What people call a channel: left and right of two, else its number from 1."""
    return ("left", "right")[channel] if channel_count == 2 else f"channel {channel + 1}"


def seconds(duration_s: float) -> str:
    """Whole seconds where there are many."""
    return f"{duration_s:.0f}" if duration_s >= 10 else f"{duration_s:.1f}"
