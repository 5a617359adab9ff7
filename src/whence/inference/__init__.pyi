from .batch import STDIN as STDIN, Request as Request, Result as Result, predict_all as predict_all
from .detecting import detect as detect
from .export import OPSET as OPSET, export_onnx as export_onnx
from .finished import ResumeRecord as ResumeRecord
from .joining import Activity as Activity, join as join
from .loading import load as load
from .member import NetworkBundle as NetworkBundle, best_device as best_device, features_of as features_of
from .onnx_checks import check_onnx as check_onnx
from .onnx_networks import OnnxNetworks as OnnxNetworks, load_onnx as load_onnx
from .run import WEIGHTS_FILE as WEIGHTS_FILE, load_bundle as load_bundle, load_run as load_run
from .smoothing import smooth as smooth
from .streaming import EventStream as EventStream, Stream as Stream, feed_blocks as feed_blocks
from .system import NetworkSystem as NetworkSystem, System as System
from .system_file import SystemFile as SystemFile, read_system as read_system, write_system as write_system
