from .balance import Balance as Balance, find_balance as find_balance
from .calibrating import calibrated as calibrated
from .channels import (
    ChannelChoice as ChannelChoice,
    Channels as Channels,
    channel_names as channel_names,
    microphones_for as microphones_for,
    read_channels as read_channels,
)
from .claps import Clap as Clap, find_clap as find_clap
from .containers import SOUND_ENDINGS as SOUND_ENDINGS
from .correcting import (
    corrected as corrected,
    corrected_microphones as corrected_microphones,
    exchanged as exchanged,
    front_pair as front_pair,
)
from .finding import Finding as Finding, Watched as Watched, find_microphones as find_microphones
from .foa import FOA_LAYOUTS as FOA_LAYOUTS, foa_to_stereo as foa_to_stereo
from .microphones import (
    MICROPHONE_NAMES as MICROPHONE_NAMES,
    Ambisonics as Ambisonics,
    Capsule as Capsule,
    Head as Head,
    Microphones as Microphones,
    named_microphones as named_microphones,
    read_microphones as read_microphones,
    told_microphones as told_microphones,
)
from .parts import (
    Survey as Survey,
    may_be_long as may_be_long,
    read_part as read_part,
    survey as survey,
)
from .reading import (
    Source as Source,
    check as check,
    decoded as decoded,
    pair_of as pair_of,
    read as read,
    read_blocks as read_blocks,
    read_sound as read_sound,
)
from .remote import (
    find_urls as find_urls,
    is_url as is_url,
    source_size as source_size,
    source_state as source_state,
)
from .report import SignalReport as SignalReport
from .resampling import Resampling as Resampling
from .sound import SoundInfo as SoundInfo, full_scale_one as full_scale_one
from .summary import summarized_log as summarized_log
from .windows import probe as probe, read_window as read_window
from .writing import write as write
