"""Which channels of a sound are used: two by number or by name, all as one, or the four of Ambisonics."""

from collections.abc import Sequence
from dataclasses import dataclass

from whence.audio.microphones import Microphones, read_microphones
from whence.errors import AudioError

# The usual order of channels in files, by their number (WAV, FLAC; FFmpeg's names).
_LAYOUTS: dict[int, tuple[str, ...]] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
# Coders in Ogg have an order of their own (Vorbis I, 4.3.9).
_OGG_LAYOUTS: dict[int, tuple[str, ...]] = {
    3: ("FL", "FC", "FR"),
    5: ("FL", "FC", "FR", "BL", "BR"),
    6: ("FL", "FC", "FR", "BL", "BR", "LFE"),
    7: ("FL", "FC", "FR", "SL", "SR", "BC", "LFE"),
    8: ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"),
}
# In the order of the bits of a WAV file's channel mask.
_MASK_NAMES = (
    *("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR"),
    *("TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR"),
)
_KNOWN = frozenset(_MASK_NAMES)


@dataclass(frozen=True)
class Channels:
    """A choice of channels.

    Args:
        chosen: left and right, each counted from 1 or by name (`FL`, `FR`, `FC`, `LFE`, `BL`, `BR`, `SL`, `SR` ...);
            empty for the mean of all channels, which has no direction; or four different ones of Ambisonics.

    Raises:
        AudioError: another count, a number below 1, or a name that no channel has.

    >>> Channels((3, 4)).places(("FL", "FR", "BL", "BR"), "a.wav")
    [2, 3]
    """

    chosen: tuple[int | str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.chosen) not in (0, 2, 4):
            raise AudioError(f"left and right are two channels, not {len(self.chosen)}")
        for channel in self.chosen:
            if isinstance(channel, str) and channel not in _KNOWN:
                known = ", ".join(_LAYOUTS[8])
                raise AudioError(f"no channel has the name {channel!r}", remedy=f"there are: {known}")
            if not isinstance(channel, str) and channel < 1:
                raise AudioError(f"channels are counted from 1; there is no channel {channel}")
        if self.is_ambisonic and len(set(self.chosen)) < 4:
            raise AudioError("the four channels of Ambisonics are different ones")

    @property
    def is_ambisonic(self) -> bool:
        """Whether they are the four channels of Ambisonics."""
        return len(self.chosen) == 4

    @property
    def is_mono(self) -> bool:
        """Whether all channels are heard as one."""
        return not self.chosen

    @property
    def is_one_twice(self) -> bool:
        """Whether left and right are the same, so that there is no direction."""
        return len(set(self.chosen)) < 2

    def places(self, names: Sequence[str], sound: str) -> list[int]:
        """Return where left and right are among the channels of a sound, counted from 0.

        Args:
            names: of its channels, in order.
            sound: its name, for messages.

        Raises:
            AudioError: it has no such channel.
        """
        places = []
        for channel in self.chosen:
            if isinstance(channel, str):
                if channel not in names:
                    raise AudioError(f"{sound} has no channel {channel}; it has {', '.join(names)}")
                places.append(list(names).index(channel))
                continue
            if channel > len(names):
                raise AudioError(f"{sound} has no channel {channel}; it has {len(names)}, counted from 1")
            places.append(channel - 1)
        return places


ChannelChoice = Channels | str | Sequence[int | str] | None
"""What a function takes: `Channels`, a text such as "3,4", "mono" or "foa", two numbers or names, or None."""


def read_channels(choice: ChannelChoice) -> Channels | None:
    """Return a choice of channels from a text or from two numbers or names.

    Args:
        choice: "1,2", "FL,FR", "mono", "foa" (the first four), "5,6,7,8" (four others),
            (3, 4), ("FL", "FR"), Channels, or None for none.

    Raises:
        AudioError: it is none of these.

    >>> read_channels("FL,FR"), read_channels("mono"), read_channels((3, 4))
    (Channels(chosen=('FL', 'FR')), Channels(chosen=()), Channels(chosen=(3, 4)))
    """
    if choice is None or isinstance(choice, Channels):
        return choice
    if not isinstance(choice, str):
        if len(choice) not in (2, 4):
            raise AudioError(f"left and right are two channels, not {len(choice)}")
        return Channels(tuple(part.upper() if isinstance(part, str) else int(part) for part in choice))
    if choice.strip().lower() == "mono":
        return Channels()
    if choice.strip().lower() == "foa":
        return Channels((1, 2, 3, 4))
    parts = [part.strip() for part in choice.split(",")]
    if len(parts) not in (2, 4) or not all(parts):
        what = f"channels {choice!r} are not left and right"
        raise AudioError(what, remedy="write two numbers or names, such as 1,2 or FL,FR, or mono or foa")
    return Channels(tuple(int(part) if part.lstrip("-").isdecimal() else part.upper() for part in parts))


def microphones_for(channels: Channels | None, microphones: Microphones | None) -> Microphones | None:
    """Return what a sound was recorded with: what was told, or Ambisonics where four channels are chosen.

    >>> microphones_for(read_channels("foa"), None).name
    'foa'
    """
    is_untold = channels is not None and channels.is_ambisonic and microphones is None
    return read_microphones("foa") if is_untold else microphones


def channel_names(count: int, mask: int = 0, *, ogg: bool = False) -> tuple[str, ...]:
    """Return the names of the channels of a file.

    Args:
        count: of its channels.
        mask: the channel mask of a WAV file; 0 where there is none, and the usual order is meant.
        ogg: whether it is an Ogg file, whose usual order is another.

    Returns:
        (count,) names; numbers from 1 where nothing better is known.

    >>> channel_names(4, 0x603), channel_names(2)
    (('FL', 'FR', 'SL', 'SR'), ('FL', 'FR'))
    """
    told = tuple(name for bit, name in enumerate(_MASK_NAMES) if mask >> bit & 1)
    if len(told) == count:
        return told
    usual = _OGG_LAYOUTS if ogg and count in _OGG_LAYOUTS else _LAYOUTS
    return usual.get(count, tuple(str(number) for number in range(1, count + 1)))
