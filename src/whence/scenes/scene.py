"""A scene: everything a labelled stereo clip is made from, as plain data that JSON holds exactly.

Times are samples at 24 kHz, counted from the start of the clip; of what sounds before 0, the clip holds only the
reverberation. Sounds, rooms and responses are indices into the banks that the scene was drawn from.
"""

import itertools
import json
from dataclasses import dataclass, field
from typing import Self

from whence.audio import Microphones, read_microphones
from whence.errors import SceneError
from whence.scenes.recording import PERFECT, Recording
from whence.settings import check_number, from_plain, to_plain
from whence.units import FRAME_SAMPLES

# Sounds may begin this long before the clip, so that it opens with reverberation as cuts from real recordings do.
LEAD_SAMPLES = 4 * FRAME_SAMPLES

# The pair of the DCASE 2025 Task 3 data: cardioids back to back.
DCASE = read_microphones("dcase")


@dataclass(frozen=True)
class Piece:
    """A stretch of one sound at one time in the clip.

    Args:
        sound: index into the bank of sounds.
        first_sample: where the stretch begins in that sound.
        sample_count: its length.
        start_sample: where it begins in the clip.
        fade_in_samples: length of the fade where the sound was cut into; 0 at its natural beginning.
        fade_out_samples: length of the fade where the sound was cut off.
    """

    sound: int
    first_sample: int
    sample_count: int
    start_sample: int
    fade_in_samples: int = 0
    fade_out_samples: int = 0

    @property
    def end_sample(self) -> int:
        """First sample of the clip after the piece."""
        return self.start_sample + self.sample_count


@dataclass(frozen=True)
class Waypoint:
    """The position of a source at one moment.

    Args:
        sample: the moment, in the clip.
        response: index into the bank of rooms.
        turn_deg: how far the response is turned to the left: the viewing angle, plus the source's own.
    """

    sample: int
    response: int
    turn_deg: float


@dataclass(frozen=True)
class SourcePath:
    """Where a source is over time: one waypoint if it is static, else cross-faded from one to the next.

    Args:
        waypoints: at least one, at rising moments; the first and last hold before and after.
    """

    waypoints: tuple[Waypoint, ...]

    def __post_init__(self) -> None:
        moments = [waypoint.sample for waypoint in self.waypoints]
        if not moments or any(late <= early for early, late in itertools.pairwise(moments)):
            raise SceneError(f"path.waypoints are at samples {moments}; there must be one or more, at rising moments")


@dataclass(frozen=True)
class TimeMask:
    """A silenced stretch of an event: its first sample in the clip and its length."""

    start_sample: int
    sample_count: int


@dataclass(frozen=True)
class ScheduledSound:
    """What sounds and when: an event that has no position yet.

    Args:
        class_index: index into the class list, or INTERFERENCE (in the sound, never labelled).
        pieces: what sounds; more than one for steps in a row or a long event filled from short recordings.
    """

    class_index: int
    pieces: tuple[Piece, ...]

    @property
    def start_sample(self) -> int:
        """Where its first piece begins in the clip."""
        return min(piece.start_sample for piece in self.pieces)

    @property
    def end_sample(self) -> int:
        """First sample of the clip after its last piece."""
        return max(piece.end_sample for piece in self.pieces)


@dataclass(frozen=True)
class SceneEvent(ScheduledSound):
    """One sound source active once, placed in the room.

    Args:
        class_index, pieces: as in `ScheduledSound`.
        path: where it is.
        level_dbfs: RMS of its direct sound at 1 m over its loud frames, dB re full scale.
        inverted: polarity inversion.
        eq_db: gain of each equalizer band, dB; empty for none.
        masks: silenced stretches.
    """

    path: SourcePath
    level_dbfs: float
    inverted: bool = False
    eq_db: tuple[float, ...] = ()
    masks: tuple[TimeMask, ...] = ()


@dataclass(frozen=True)
class Wave:
    """One plane wave of the diffuse background.

    Args:
        pieces: one recording, read from its own starting point.
        y: left component of the direction it comes from, -1..1.
    """

    pieces: tuple[Piece, ...]
    y: float


@dataclass(frozen=True)
class Background:
    """Diffuse ambience, which is never labelled.

    Args:
        waves: incoherent plane waves, brought to equal power.
        snr_db: power of all placed sources over that of the background, both channels, in the frames with an event.
        level_dbfs: RMS over both channels where there is no event to compare with, dB re full scale.
    """

    waves: tuple[Wave, ...]
    snr_db: float
    level_dbfs: float


@dataclass(frozen=True)
class AudibleRule:
    """When a label frame of an event counts as active.

    A frame is loud if its energy is within `threshold_db` of the event's loudest frame and its RMS is within
    `floor_db` of the recording's peak. Pauses shorter than `pause_s` between loud frames are active too: of the 2,486
    pauses within a source in the training annotations of STARSS22, one is shorter than half a second.

    Args:
        threshold_db: how far under the loudest frame of the event a frame may be.
        floor_db: how far under the recording's peak, so that noise in a pause is not labelled.
        pause_s: shorter pauses do not end an event, seconds.
    """

    threshold_db: float = 30.0
    floor_db: float = 50.0
    pause_s: float = 0.5

    def __post_init__(self) -> None:
        check_number("audible.threshold_db", self.threshold_db, 0, 120)
        check_number("audible.floor_db", self.floor_db, 0, 120)
        check_number("audible.pause_s", self.pause_s, 0, 60)


@dataclass(frozen=True)
class Scene:
    """A clip before it is rendered.

    Args:
        seed, epoch, index: the coordinates it was drawn at.
        sample_count: length of the clip, a whole number of label frames.
        room: index into the bank of rooms.
        view_deg: viewing angle: how far the room is turned to the left.
        events: placed sources, interferers among them.
        background: diffuse ambience, or none.
        swapped: left and right exchanged, labels too.
        audible: the rule that turns sound into labels.
        partner: a second scene that is mixed in, or none.
        partner_level_db: gain of the partner.
        microphones: the pair that records it; the partner has the same.
        recording: how that pair and its recorder fall short; a partner is recorded together with its scene.
    """

    seed: int
    epoch: int
    index: int
    sample_count: int
    room: int
    view_deg: float
    events: tuple[SceneEvent, ...]
    background: Background | None = None
    swapped: bool = False
    audible: AudibleRule = field(default_factory=AudibleRule)
    partner: "Scene | None" = None
    partner_level_db: float = 0.0
    microphones: Microphones = DCASE
    recording: Recording = PERFECT

    def __post_init__(self) -> None:
        if self.sample_count <= 0 or self.sample_count % FRAME_SAMPLES:
            raise SceneError(
                f"scene.sample_count is {self.sample_count}; it must be a multiple of {FRAME_SAMPLES} (100 ms)"
            )

    @property
    def name(self) -> str:
        """The coordinates, for messages."""
        return f"seed{self.seed}_epoch{self.epoch}_index{self.index}"

    @property
    def frame_count(self) -> int:
        """Number of label frames."""
        return self.sample_count // FRAME_SAMPLES

    def to_json(self) -> str:
        """Return one line of JSON that `from_json` turns back into an equal scene.

        >>> scene = Scene(seed=1, epoch=0, index=0, sample_count=120_000, room=0, view_deg=30.0, events=())
        >>> Scene.from_json(scene.to_json()) == scene
        True
        """
        return json.dumps(to_plain(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a scene that `to_json` wrote.

        Raises:
            SceneError: if the text is not JSON or a field is unknown, missing or ill-typed (dotted name).
        """
        try:
            data = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise SceneError(f"a scene file must be JSON ({error})") from None
        scene: Self = from_plain(cls, data, "scene", SceneError)
        return scene
