from .data import SceneData as SceneData, TrainingData as TrainingData
from .loop import LoopSettings as LoopSettings, Progress as Progress
from .mixed_data import MixedData as MixedData
from .processes import Processes as Processes
from .real_data import ClipData as ClipData, RealData as RealData, RecordingData as RecordingData
from .recipe import (
    NetworkRecipe as NetworkRecipe,
    OptimizerSettings as OptimizerSettings,
    Recipe as Recipe,
    recipe_from_plain as recipe_from_plain,
    with_class_count as with_class_count,
    with_overrides as with_overrides,
)
from .run_folder import (
    RECIPE_FILE as RECIPE_FILE,
    check_recipe as check_recipe,
    locked as locked,
    read_recipe as read_recipe,
)
from .speed import seconds_per_clip as seconds_per_clip
from .train import train as train
from .tuning import tune_system as tune_system
from .validation import (
    DevTestClips as DevTestClips,
    ValidationClips as ValidationClips,
    check_class_count as check_class_count,
    describe_scores as describe_scores,
)
