from .inference import Stream as Stream, detect as detect, load as load

__version__: str
