from .automatic_gain import AutomaticGainSettings as AutomaticGainSettings
from .band_limits import BandLimitsSettings as BandLimitsSettings
from .filter_augment import (
    FilterAugmentSettings as FilterAugmentSettings,
    apply_filter_augment as apply_filter_augment,
    draw_filter_augment as draw_filter_augment,
)
from .lossy_coding import LossyCodingSettings as LossyCodingSettings
from .microphone_mismatch import MicrophoneMismatchSettings as MicrophoneMismatchSettings
from .peak_protection import apply_peak_protection as apply_peak_protection
from .recorder_noise import RecorderNoiseSettings as RecorderNoiseSettings
from .scene_mixing import (
    SceneMixingSettings as SceneMixingSettings,
    apply_scene_mixing as apply_scene_mixing,
    draw_scene_mixing as draw_scene_mixing,
)
from .spec_augment import (
    SpecAugmentSettings as SpecAugmentSettings,
    apply_spec_augment as apply_spec_augment,
    draw_spec_augment as draw_spec_augment,
)
