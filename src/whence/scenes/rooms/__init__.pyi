from .bank import (
    RoomBank as RoomBank,
    load_room_bank as load_room_bank,
    merge as merge,
    save_room_bank as save_room_bank,
    select_rooms as select_rooms,
)
from .measured import read_measured as read_measured
from .room import RoomSettings as RoomSettings
from .simulation import make_room_bank as make_room_bank
