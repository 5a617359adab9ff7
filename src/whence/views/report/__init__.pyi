from .build import write_report as write_report
from .clips import worst_clips as worst_clips
from .folder import check_target as check_target, folder_written_whole as folder_written_whole
from .sounds import find_sounds as find_sounds
