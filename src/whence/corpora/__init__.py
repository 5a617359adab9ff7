"""Data people own becomes (signal, events) or (sound, class)."""

from whence.corpora.cache import open_sounds
from whence.corpora.class_map import ClassMap, packaged_class_map, read_class_map
from whence.corpora.class_names import match_class
from whence.corpora.clips import AudioFrameDataset, Clip, check_clips, read_all_events
from whence.corpora.converting import Conversion, convert_clips, list_official_recordings
from whence.corpora.dcase2025 import list_clips, list_pairs
from whence.corpora.decoding import DecodeSettings
from whence.corpora.draws import Window, draw_windows
from whence.corpora.entries import SoundEntry, class_word, count_classes
from whence.corpora.fma import read_fma
from whence.corpora.fsd50k import read_fsd50k
from whence.corpora.manifest import read_manifest
from whence.corpora.sound_folder import read_sound_folder
from whence.corpora.sounds import BACKGROUND, INTERFERENCE, Sounds
from whence.corpora.splitting import split_by_recording, split_sounds
from whence.corpora.starss import Recording, StereoWindows, list_recordings
from whence.errors import CorpusError

# Fetching (whence.corpora.fetch.fetching) is not listed here: it loads the network modules, which few need.
__all__ = [
    "BACKGROUND",
    "INTERFERENCE",
    "AudioFrameDataset",
    "ClassMap",
    "Clip",
    "Conversion",
    "CorpusError",
    "DecodeSettings",
    "Recording",
    "SoundEntry",
    "Sounds",
    "StereoWindows",
    "Window",
    "check_clips",
    "class_word",
    "convert_clips",
    "count_classes",
    "draw_windows",
    "list_clips",
    "list_official_recordings",
    "list_pairs",
    "list_recordings",
    "match_class",
    "open_sounds",
    "packaged_class_map",
    "read_all_events",
    "read_class_map",
    "read_fma",
    "read_fsd50k",
    "read_manifest",
    "read_sound_folder",
    "split_by_recording",
    "split_sounds",
]
