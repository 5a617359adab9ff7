"""The settings of scenes: every range and probability that they are drawn from, checked, JSON-able."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from whence.errors import SceneError
from whence.scenes.microphone_drawing import check_microphones
from whence.scenes.scene import AudibleRule
from whence.scenes.transforms.automatic_gain import AutomaticGainSettings
from whence.scenes.transforms.band_limits import BandLimitsSettings
from whence.scenes.transforms.channel_swap import ChannelSwapSettings
from whence.scenes.transforms.diffuse_background import DiffuseBackgroundSettings
from whence.scenes.transforms.gain import GainSettings
from whence.scenes.transforms.lossy_coding import LossyCodingSettings
from whence.scenes.transforms.microphone_mismatch import MicrophoneMismatchSettings
from whence.scenes.transforms.moving_source import MovingSourceSettings
from whence.scenes.transforms.multiband_eq import MultibandEqSettings
from whence.scenes.transforms.polarity_inversion import PolarityInversionSettings
from whence.scenes.transforms.recorder_noise import RecorderNoiseSettings
from whence.scenes.transforms.scene_mixing import SceneMixingSettings
from whence.scenes.transforms.time_mask import TimeMaskSettings
from whence.settings import check_number, check_probability, check_span, from_plain, to_plain
from whence.units import FRAME_S, FRAME_SAMPLES, SAMPLE_RATE_HZ


@dataclass(frozen=True)
class SequenceSettings:
    """Classes whose short recordings are repeated: a single step becomes a walk.

    Args:
        classes: names of these classes.
        longest_s: longer recordings are used as they are, seconds.
        interval_s: shortest and longest time from one beginning to the next, seconds; drawn once an event.
    """

    classes: tuple[str, ...] = ("footsteps",)
    longest_s: float = 0.8
    interval_s: tuple[float, float] = (0.4, 0.65)

    def __post_init__(self) -> None:
        check_number("sequence.longest_s", self.longest_s, 0, 60)
        check_span("sequence.interval_s", self.interval_s, 0.05, 60)


@dataclass(frozen=True)
class SceneSettings:
    """How scenes are drawn.

    The report this follows says "4 to 6 event instances from each class". It can be read in two ways: `pool` draws
    that many from each class and fills the clip from them as far as the polyphony allows; `literal` puts all of them
    in, which makes 52 to 78 events in five seconds.

    Args:
        duration_s: length of a clip, a multiple of 0.1 s.
        reading: `pool` or `literal`.
        instances_per_class: fewest and most instances drawn from each class, with replacement.
        extra_classes: class names, each of which is drawn from once more per mention, to shift the occurrence.
        class_weights: by class name, how much likelier than others a class is taken from the pool; 0 leaves it out.
        polyphony_weights: how often at most 1, 2, 3 ... sources sound at once (`pool`).
        gap_s: shortest and longest silence between two events of one strand (`pool`).
        event_duration_s: shortest and longest crop of a recording, seconds.
        event_duration_s_of: the same by class name.
        same_class_overlap_probability: how often an event that begins while others sound is of a class among theirs;
            otherwise it overlaps none of its own class (`pool`).
        silent_clip_probability: share of clips without any event.
        interferers: fewest and most placed sounds that are not labelled.
        microphones: how often each pair of microphones records a scene, by name. The numbers in `xy:60-135` (degrees)
            and `ab:0.05-0.5` (metres) may be spans, from which one is drawn each time.
        turn_each_source: give each source a viewing angle of its own, for banks with few positions in a room.

    The remaining fields are the settings of the transforms, of sequences and of the labelling rule.

    Raises:
        SceneError: a value out of its range; the message has the dotted field.

    >>> SceneSettings(polyphony_weights=(0, 0))
    Traceback (most recent call last):
    whence.errors.SceneError: polyphony_weights is (0, 0); at least one must be above zero and none below
    """

    duration_s: float = 5.0
    reading: Literal["pool", "literal"] = "pool"
    instances_per_class: tuple[int, int] = (4, 6)
    extra_classes: tuple[str, ...] = ()
    class_weights: Mapping[str, float] = field(default_factory=dict)
    polyphony_weights: tuple[float, ...] = (0.5, 0.33, 0.13, 0.04)
    gap_s: tuple[float, float] = (0.0, 1.2)
    event_duration_s: tuple[float, float] = (0.5, 5.0)
    event_duration_s_of: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "music": (3.0, 8.0),
            "musical instrument": (2.0, 8.0),
            "domestic sounds": (2.0, 8.0),
        }
    )
    same_class_overlap_probability: float = 0.15
    silent_clip_probability: float = 0.03
    interferers: tuple[int, int] = (0, 1)
    microphones: Mapping[str, float] = field(default_factory=lambda: {"dcase": 1.0})
    turn_each_source: bool = False
    sequence: SequenceSettings = field(default_factory=SequenceSettings)
    gain: GainSettings = field(default_factory=GainSettings)
    polarity_inversion: PolarityInversionSettings = field(default_factory=PolarityInversionSettings)
    multiband_eq: MultibandEqSettings = field(default_factory=MultibandEqSettings)
    time_mask: TimeMaskSettings = field(default_factory=TimeMaskSettings)
    moving_source: MovingSourceSettings = field(default_factory=MovingSourceSettings)
    diffuse_background: DiffuseBackgroundSettings = field(default_factory=DiffuseBackgroundSettings)
    channel_swap: ChannelSwapSettings = field(default_factory=ChannelSwapSettings)
    scene_mixing: SceneMixingSettings = field(default_factory=SceneMixingSettings)
    microphone_mismatch: MicrophoneMismatchSettings = field(default_factory=MicrophoneMismatchSettings)
    recorder_noise: RecorderNoiseSettings = field(default_factory=RecorderNoiseSettings)
    band_limits: BandLimitsSettings = field(default_factory=BandLimitsSettings)
    automatic_gain: AutomaticGainSettings = field(default_factory=AutomaticGainSettings)
    lossy_coding: LossyCodingSettings = field(default_factory=LossyCodingSettings)
    audible: AudibleRule = field(default_factory=AudibleRule)

    def __post_init__(self) -> None:
        check_number("duration_s", self.duration_s, FRAME_S, 600)
        if abs(self.duration_s / FRAME_S - round(self.duration_s / FRAME_S)) > 1e-6:
            raise SceneError(f"duration_s is {self.duration_s}; it must be a multiple of {FRAME_S}")
        if self.reading not in ("pool", "literal"):
            raise SceneError(f"reading is {self.reading!r}; it must be 'pool' or 'literal'")
        check_span("instances_per_class", self.instances_per_class, 1, 1_000)
        for name, weight in self.class_weights.items():
            check_number(f"class_weights.{name}", weight, 0)
        weights = self.polyphony_weights
        if not weights or not all(weight >= 0 for weight in weights) or not 0 < sum(weights) < float("inf"):
            raise SceneError(f"polyphony_weights is {weights}; at least one must be above zero and none below")
        check_span("gap_s", self.gap_s, 0, 600)
        check_span("event_duration_s", self.event_duration_s, FRAME_S, 600)
        for name, span in self.event_duration_s_of.items():
            check_span(f"event_duration_s_of.{name}", span, FRAME_S, 600)
        check_probability("same_class_overlap_probability", self.same_class_overlap_probability)
        check_probability("silent_clip_probability", self.silent_clip_probability)
        check_span("interferers", self.interferers, 0, 100)
        check_microphones(self.microphones)

    @property
    def sample_count(self) -> int:
        """Length of a clip in samples, a whole number of label frames."""
        return round(self.duration_s * SAMPLE_RATE_HZ / FRAME_SAMPLES) * FRAME_SAMPLES

    def to_plain(self) -> dict[str, Any]:
        """Return dicts, lists and numbers, ready for JSON."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Build settings from what JSON or YAML held; what is left out has its default.

        Raises:
            SceneError: an unknown or ill-typed field, or a value out of range; the message has the dotted field.

        >>> SceneSettings.from_plain({"gain": {"level_db": [-40, -20]}})
        Traceback (most recent call last):
        whence.errors.SceneError: scenes.gain.level_db is not a field; did you mean level_dbfs?
        """
        settings: Self = from_plain(cls, data, "scenes", SceneError)
        return settings
