from .filter_augment import (
    FilterAugmentSettings as FilterAugmentSettings,
    apply_filter_augment as apply_filter_augment,
    draw_filter_augment as draw_filter_augment,
)
from .scene_mixing import SceneMixingSettings as SceneMixingSettings
from .spec_augment import (
    SpecAugmentSettings as SpecAugmentSettings,
    apply_spec_augment as apply_spec_augment,
    draw_spec_augment as draw_spec_augment,
)
