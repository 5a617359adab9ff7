from .blocks import Network as Network
from .compact_detector import CompactDetectorSettings as CompactDetectorSettings
from .compact_localizer import CompactLocalizerSettings as CompactLocalizerSettings
from .convert import (
    Converted as Converted,
    convert_weights as convert_weights,
    read_converted as read_converted,
)
from .dasheng_detector import DashengDetectorSettings as DashengDetectorSettings
from .efficientat import EfficientatSettings as EfficientatSettings
from .efficientat_detector import EfficientatDetectorSettings as EfficientatDetectorSettings
from .multi_branch import MultiBranchSettings as MultiBranchSettings
from .registry import (
    MODELS as MODELS,
    build_model as build_model,
    layer_count as layer_count,
    model_from_plain as model_from_plain,
    model_name as model_name,
    model_to_plain as model_to_plain,
)
from .resnet_conformer import ResnetConformerSettings as ResnetConformerSettings, challenge as challenge
from .seldnet import SeldNetSettings as SeldNetSettings
from .weights import (
    check_is_file as check_is_file,
    load_initial_weights as load_initial_weights,
    load_network as load_network,
    load_weights as load_weights,
    refuse_pickle as refuse_pickle,
    save_weights as save_weights,
)
from .yamnet import YamnetSettings as YamnetSettings
