from .channel_check import ChannelCheck as ChannelCheck
from .clock import Clock as Clock, WallClock as WallClock
from .destinations import (
    check_destinations as check_destinations,
    on_stdout as on_stdout,
    open_destinations as open_destinations,
)
from .devices import FILE as FILE, open_device as open_device, read_channels as read_channels
from .intake import Intake as Intake
from .listener import Listener as Listener, LiveStream as LiveStream
from .messages import PageMessages as PageMessages
from .microphone import device_table as device_table, portaudio as portaudio
from .outputs import PlainLines as PlainLines
from .source import LiveSource as LiveSource
from .stop import Stop as Stop
from .tape import Tape as Tape
