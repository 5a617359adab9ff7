from .cache import open_sounds as open_sounds
from .class_names import (
    ClassMap as ClassMap,
    match_class as match_class,
    packaged_class_map as packaged_class_map,
    read_class_map as read_class_map,
)
from .converting import (
    OFFICIAL_CLIP_COUNT as OFFICIAL_CLIP_COUNT,
    OFFICIAL_SEED as OFFICIAL_SEED,
    Conversion as Conversion,
    convert_clips as convert_clips,
    draw_windows as draw_windows,
    list_official_recordings as list_official_recordings,
)
from .dcase2025 import (
    CLIP_SAMPLES as CLIP_SAMPLES,
    OFFICIAL_COUNTS as OFFICIAL_COUNTS,
    AudioFrameDataset as AudioFrameDataset,
    Clip as Clip,
    LabelledClip as LabelledClip,
    check_clips as check_clips,
    find_faults as find_faults,
    list_clips as list_clips,
    list_pairs as list_pairs,
    read_all_events as read_all_events,
)
from .fma import read_fma as read_fma
from .fsd50k import read_fsd50k as read_fsd50k
from .gathering import (
    ListedSound as ListedSound,
    every_nth as every_nth,
    gather_sounds as gather_sounds,
    licence_family as licence_family,
)
from .own_sounds import (
    read_manifest as read_manifest,
    read_sound_folder as read_sound_folder,
    write_manifest as write_manifest,
)
from .sounds import (
    BACKGROUND as BACKGROUND,
    INTERFERENCE as INTERFERENCE,
    SoundEntry as SoundEntry,
    Sounds as Sounds,
)
from .splitting import (
    split_by_recording as split_by_recording,
    split_sounds as split_sounds,
    train_and_held_out as train_and_held_out,
)
from .starss import (
    Recording as Recording,
    StereoWindows as StereoWindows,
    Window as Window,
    check_lengths as check_lengths,
    list_recordings as list_recordings,
)
from .window_clips import (
    WindowClip as WindowClip,
    draw_clip as draw_clip,
    draw_window_clips as draw_window_clips,
)
