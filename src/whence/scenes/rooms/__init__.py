"""Rooms: impulse responses, simulated or measured."""

from whence.scenes.rooms.bank import RoomBank, merge
from whence.scenes.rooms.making import make_room_bank
from whence.scenes.rooms.manifest import read_measured
from whence.scenes.rooms.selection import select_rooms
from whence.scenes.rooms.settings import RoomSettings
from whence.scenes.rooms.store import load_room_bank, save_room_bank

__all__ = [
    "RoomBank",
    "RoomSettings",
    "load_room_bank",
    "make_room_bank",
    "merge",
    "read_measured",
    "save_room_bank",
    "select_rooms",
]
