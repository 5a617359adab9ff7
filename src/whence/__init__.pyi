from .audio import Microphones as Microphones, read_microphones as read_microphones
from .inference import Stream as Stream, detect as detect, load as load

__version__: str
