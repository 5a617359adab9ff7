from .bank import RoomBank as RoomBank, merge as merge
from .making import make_room_bank as make_room_bank
from .manifest import read_measured as read_measured
from .selection import select_rooms as select_rooms
from .settings import RoomSettings as RoomSettings
from .store import load_room_bank as load_room_bank, save_room_bank as save_room_bank
