from .build import write_report as write_report
from .folder import check_target as check_target, folder_written_whole as folder_written_whole
from .predictions import read_predictions as read_predictions
from .ranking import worst_clips as worst_clips
from .sounds import find_sounds as find_sounds
