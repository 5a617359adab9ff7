from .channel_check import ChannelCheck as ChannelCheck
from .device import Device as Device
from .device_input import DeviceInput as DeviceInput
from .listener import Listener as Listener, LiveStream as LiveStream
from .microphone import Microphone as Microphone, device_table as device_table, portaudio as portaudio
from .outputs import (
    PlainLines as PlainLines,
    check_destinations as check_destinations,
    on_stdout as on_stdout,
    open_destinations as open_destinations,
)
from .recorder import Recorder as Recorder
from .session import Clock as Clock, PageMessages as PageMessages, Stop as Stop
from .sound_file import SoundFile as SoundFile
