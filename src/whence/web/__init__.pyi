from .limits import Limits as Limits
from .server import build_app as build_app
