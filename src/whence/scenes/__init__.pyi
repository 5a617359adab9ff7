from .clip_augmentation import (
    CLIP_TRANSFORMS as CLIP_TRANSFORMS,
    ClipAugmentation as ClipAugmentation,
    augment_clip as augment_clip,
    draw_clip_augmentation as draw_clip_augmentation,
)
from .draw import draw_scene as draw_scene
from .render import RenderedBatch as RenderedBatch, render_batch as render_batch
from .scene_folder import write_scenes as write_scenes
from .settings import SceneSettings as SceneSettings
from .stream import DrawnBatches as DrawnBatches, SceneStream as SceneStream
