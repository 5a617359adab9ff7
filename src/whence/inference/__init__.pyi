from .averaging import average_systems as average_systems
from .batch import (
    STDIN as STDIN,
    EventRow as EventRow,
    Request as Request,
    Result as Result,
    finished as finished,
    predict_one as predict_one,
    predict_part as predict_part,
)
from .combining import Activity as Activity, join as join, joined_coding as joined_coding, smooth as smooth
from .detecting import ModelName as ModelName, detect as detect, load as load
from .devices import best_device as best_device, checked_device as checked_device
from .export import OPSET as OPSET, export_onnx as export_onnx
from .network_bundle import (
    WEIGHTS_FILE as WEIGHTS_FILE,
    BundleSettings as BundleSettings,
    NetworkBundle as NetworkBundle,
    features_of as features_of,
    load_bundle as load_bundle,
    load_run as load_run,
)
from .onnx_checks import check_onnx as check_onnx
from .onnx_networks import (
    OnnxNetworks as OnnxNetworks,
    import_onnxruntime as import_onnxruntime,
    load_onnx as load_onnx,
    processor_count as processor_count,
)
from .packaged_model import PACKAGED as PACKAGED, PACKAGED_PAIRS as PACKAGED_PAIRS
from .streaming import EventStream as EventStream, Stream as Stream, feed_blocks as feed_blocks
from .system import NetworkSystem as NetworkSystem
from .system_file import SystemFile as SystemFile, read_system as read_system, write_system as write_system
from .trained_pairs import (
    FIRST_PAIRS as FIRST_PAIRS,
    untrained_sentence as untrained_sentence,
    warn_of_untrained as warn_of_untrained,
)
