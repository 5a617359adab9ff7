"""Live sound: a microphone sends samples over a WebSocket, and rows go back as they become final."""

import asyncio
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.websockets import WebSocket, WebSocketDisconnect

from whence.audio import Microphones, check, corrected
from whence.labels import Events
from whence.units import SAMPLE_RATE_HZ
from whence.web.limits import Limits, RefusedError
from whence.web.recognition import Model, Recognition
from whence.web.results import Result, rows_as_json
from whence.web.sessions import Session

_SAMPLE_BYTES = 4  # two channels of 16 bit
# The network is not called for less.
_SHORTEST_TURN_SAMPLES = 2_400
# How much is checked for two equal channels and the like.
_CHECKED_SAMPLES = 5 * SAMPLE_RATE_HZ
# How much sound waits for its turn at most: 5 s.
_MOST_WAITING_BYTES = 5 * SAMPLE_RATE_HZ * _SAMPLE_BYTES
_FULL_SCALE = np.float32(1 / 32_768)
NAME = "microphone"


class LiveSound:
    """The sound of one microphone; its methods run in a worker thread.

    Args:
        model: of the server.
        microphones: what sends the sound; None where that is not known. Never Ambisonics.
    """

    def __init__(self, model: Model, microphones: Microphones | None = None) -> None:
        self.recognition = Recognition(model, "low", microphones)
        self._microphones = microphones
        self._bytes = b""
        self._first: list[NDArray[np.float32]] | None = []
        self._warnings: tuple[str, ...] = ()

    def feed(self, chunk: bytes) -> tuple[dict[str, Any], bytes] | None:
        """Take any number of bytes of 16 bit stereo at 24 kHz, left first, low byte first.

        Returns:
            a message as JSON and the new columns of the spectrogram; None while there is too little for a turn.
        """
        self._bytes += chunk
        whole = len(self._bytes) // _SAMPLE_BYTES
        if whole < _SHORTEST_TURN_SAMPLES:
            return None
        signal = self._taken(whole)
        message, columns = self._message(*self.recognition.feed(signal))
        if self._checked(signal):
            message["warnings"] = list(self._warnings)
        return message, columns

    def finish(self) -> tuple[dict[str, Any], bytes, Result]:
        """Return the last message and columns, and the whole result."""
        last = self.recognition.feed(self._taken(len(self._bytes) // _SAMPLE_BYTES))
        rest = self.recognition.finish()
        message, columns = self._message(Events.concatenate([last[0], rest[0]]), np.concatenate([last[1], rest[1]]))
        return message, columns, self.recognition.result(NAME, self._warnings)

    def _taken(self, count: int) -> NDArray[np.float32]:
        """(2, count) of the samples so far; an odd byte stays for the next time."""
        end = count * _SAMPLE_BYTES
        signal = np.frombuffer(self._bytes[:end], "<i2").reshape(-1, 2).T * _FULL_SCALE
        self._bytes = self._bytes[end:]
        return np.ascontiguousarray(corrected(signal, self._microphones), np.float32)

    def _message(self, rows: Events, columns: NDArray[np.uint8]) -> tuple[dict[str, Any], bytes]:
        return {"heard_s": self.recognition.duration_s, "rows": rows_as_json(rows)}, columns.tobytes()

    def _checked(self, signal: NDArray[np.float32]) -> bool:
        """Check the first seconds once; whether that was now."""
        if self._first is None:
            return False
        self._first.append(signal)
        if self.recognition.sample_count < _CHECKED_SAMPLES:
            return False
        self._warnings = tuple(check(np.concatenate(self._first, axis=1)).warnings(NAME))
        self._first = None
        return True


class _Inbox:
    """Sound that has arrived and is not processed yet.

    A stream takes turns with pieces of files and with other streams, and takes all that has arrived meanwhile: with one
    short message for each turn it would fall further behind.

    Args:
        socket: read only until there is enough; then the visitor's browser notices that the server is too slow.
    """

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._bytes = b""
        self._arrived, self._room = asyncio.Event(), asyncio.Event()
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while (message := await self._socket.receive())["type"] != "websocket.disconnect":
                chunk = message.get("bytes")
                if chunk is None:  # the visitor pressed Stop
                    return
                self._bytes += chunk
                self._arrived.set()
                while len(self._bytes) >= _MOST_WAITING_BYTES:
                    self._room.clear()
                    await self._room.wait()
            raise WebSocketDisconnect(message.get("code", 1005))
        finally:
            self._arrived.set()

    async def take(self, stall_s: float) -> bytes | None:
        """Return all that has arrived, as soon as something has; None at the end.

        Raises:
            RefusedError: 408, when nothing arrives for so long.
            WebSocketDisconnect: the connection broke.
        """
        try:
            async with asyncio.timeout(stall_s):
                await self._arrived.wait()
        except TimeoutError:
            raise RefusedError(408, f"no sound came for {stall_s:g} s; listening has ended") from None
        if not self._bytes and self.reading.done():
            self.reading.result()
            return None
        taken, self._bytes = self._bytes, b""
        if not self.reading.done():
            self._arrived.clear()
        self._room.set()
        return taken


async def listen(
    socket: WebSocket,
    session: Session,
    model: Model,
    limits: Limits,
    executor: Executor,
    microphones: Microphones | None = None,
) -> None:
    """Process one microphone from the first byte to the last.

    When the connection breaks, the result so far is kept.

    Raises:
        RefusedError: it pauses for longer than is allowed, or is said to have four channels.
    """
    if microphones is not None and microphones.channel_count > 2:
        remedy = "whence listen --microphones foa takes four"
        raise RefusedError(400, f"a browser gives two channels, and {microphones.name} needs four; {remedy}")
    run = asyncio.get_running_loop().run_in_executor
    sound = await run(executor, LiveSound, model, microphones)
    await socket.send_json({"latency_s": sound.recognition.latency_s, "sound_s": limits.sound_s})
    inbox = _Inbox(socket)
    is_connected = True
    room_bytes = round(limits.sound_s * SAMPLE_RATE_HZ) * _SAMPLE_BYTES
    try:
        while room_bytes and (chunk := await inbox.take(limits.stall_s)) is not None:
            chunk = chunk[:room_bytes]
            room_bytes -= len(chunk)
            message = await run(executor, sound.feed, chunk)
            if message is not None:
                await _send(socket, *message)
    except WebSocketDisconnect:
        is_connected = False
    finally:
        inbox.reading.cancel()
        await asyncio.gather(inbox.reading, return_exceptions=True)
        last_message, columns, session.live_result = await run(executor, sound.finish)
    if is_connected:
        await _send(socket, last_message, columns)
        await socket.send_json({"done": True, "duration_s": sound.recognition.duration_s})
        await socket.close()


async def _send(socket: WebSocket, message: dict[str, Any], columns: bytes) -> None:
    await socket.send_json(message)
    if columns:
        await socket.send_bytes(columns)
