from .cache import open_sounds as open_sounds
from .class_map import ClassMap as ClassMap, packaged_class_map as packaged_class_map, read_class_map as read_class_map
from .class_names import match_class as match_class
from .clips import (
    AudioFrameDataset as AudioFrameDataset,
    Clip as Clip,
    check_clips as check_clips,
    read_all_events as read_all_events,
)
from .converting import (
    Conversion as Conversion,
    convert_clips as convert_clips,
    list_official_recordings as list_official_recordings,
)
from .dcase2025 import OFFICIAL_COUNTS as OFFICIAL_COUNTS, list_clips as list_clips, list_pairs as list_pairs
from .decoding import DecodeSettings as DecodeSettings
from .draws import (
    OFFICIAL_CLIP_COUNT as OFFICIAL_CLIP_COUNT,
    OFFICIAL_SEED as OFFICIAL_SEED,
    Window as Window,
    draw_windows as draw_windows,
)
from .entries import SoundEntry as SoundEntry, class_word as class_word, count_classes as count_classes
from .fma import read_fma as read_fma
from .fsd50k import read_fsd50k as read_fsd50k
from .manifest import read_manifest as read_manifest
from .sound_folder import read_sound_folder as read_sound_folder
from .sounds import BACKGROUND as BACKGROUND, INTERFERENCE as INTERFERENCE, Sounds as Sounds
from .splitting import split_by_recording as split_by_recording, split_sounds as split_sounds
from .starss import Recording as Recording, StereoWindows as StereoWindows, list_recordings as list_recordings
