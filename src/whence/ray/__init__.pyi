from .actors import Actors as Actors, import_ray as import_ray
from .detector import Detector as Detector
