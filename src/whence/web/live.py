"""A microphone comes in by WebSocket, and rows go out as they become final."""

import asyncio
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.websockets import WebSocket, WebSocketDisconnect

from whence.audio import check
from whence.labels import Events
from whence.units import SAMPLE_RATE_HZ
from whence.web.ears import Ears
from whence.web.findings import Findings, rows_as_json
from whence.web.limits import Limits
from whence.web.refusals import RefusedError
from whence.web.sessions import Session
from whence.web.spectrogram import Spectrogram

_SAMPLE_BYTES = 4  # two channels of 16 bit
# Less is not worth a call of the network.
_SHORTEST_TURN_SAMPLES = 2_400
# So much is looked at to see whether it is stereo at all.
_LOOK_SAMPLES = 5 * SAMPLE_RATE_HZ
# So much sound waits for its turn at most: 5 s.
_MOST_WAITING_BYTES = 5 * SAMPLE_RATE_HZ * _SAMPLE_BYTES
_FULL_SCALE = np.float32(1 / 32_768)
NAME = "microphone"


class LiveSound:
    """One microphone being heard; made of plain calls, which run in a worker thread.

    Args:
        ears: the model.
    """

    def __init__(self, ears: Ears) -> None:
        self._hearing = ears.listen("low")
        self._picture = Spectrogram()
        self._bytes = b""
        self._tables: list[Events] = []
        self._columns: list[NDArray[np.uint8]] = []
        self._first: list[NDArray[np.float32]] | None = []
        self._warnings: tuple[str, ...] = ()
        self.sample_count = 0

    @property
    def latency_s(self) -> float:
        """How long after a sound its rows come, at the soonest."""
        return self._hearing.latency_s

    @property
    def heard_s(self) -> float:
        """Seconds heard so far."""
        return self.sample_count / SAMPLE_RATE_HZ

    def feed(self, chunk: bytes) -> tuple[dict[str, Any], bytes] | None:
        """Take any number of bytes of 16 bit stereo at 24 kHz, left first, low byte first.

        Returns:
            the news as JSON and the new columns of the picture; None while there is too little for a turn.
        """
        self._bytes += chunk
        whole = len(self._bytes) // _SAMPLE_BYTES
        if whole < _SHORTEST_TURN_SAMPLES:
            return None
        signal = self._taken(whole)
        rows, columns = self._hearing.feed(signal), self._picture.feed(signal)
        news = self._news(rows, columns)
        if self._look(signal):
            news["warnings"] = list(self._warnings)
        return news, columns.tobytes()

    def finish(self) -> tuple[dict[str, Any], bytes, Findings]:
        """The last news, and all that was found."""
        rest = self._taken(len(self._bytes) // _SAMPLE_BYTES)
        rows = Events.concatenate([self._hearing.feed(rest), self._hearing.finish()])
        columns = np.concatenate([self._picture.feed(rest), self._picture.finish()])
        news = self._news(rows, columns)
        events = Events.concatenate(self._tables)
        findings = Findings(NAME, self.heard_s, events, np.concatenate(self._columns), self._warnings)
        return news, columns.tobytes(), findings

    def _taken(self, count: int) -> NDArray[np.float32]:
        """(2, count) of what has come; an odd byte stays for the next time."""
        end = count * _SAMPLE_BYTES
        signal = np.frombuffer(self._bytes[:end], "<i2").reshape(-1, 2).T * _FULL_SCALE
        self._bytes = self._bytes[end:]
        self.sample_count += count
        return np.ascontiguousarray(signal, np.float32)

    def _news(self, rows: Events, columns: NDArray[np.uint8]) -> dict[str, Any]:
        self._tables.append(rows)
        self._columns.append(columns)
        return {"heard_s": self.heard_s, "rows": rows_as_json(rows)}

    def _look(self, signal: NDArray[np.float32]) -> bool:
        """Check the first seconds once, and say whether that was now."""
        if self._first is None:
            return False
        self._first.append(signal)
        if self.sample_count < _LOOK_SAMPLES:
            return False
        self._warnings = tuple(check(np.concatenate(self._first, axis=1)).warnings(NAME))
        self._first = None
        return True


class _Inbox:
    """Sound that has come and is not heard yet.

    A stream has its turn between pieces of files and after other streams, and takes all that came meanwhile: one short
    message for each turn would leave it further behind with every turn.

    Args:
        socket: read only until there is enough; then the visitor's browser notices that it is not followed.
    """

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._bytes = b""
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while (message := await self._socket.receive())["type"] != "websocket.disconnect":
                chunk = message.get("bytes")
                if chunk is None:  # the visitor has pressed stop
                    return
                self._bytes += chunk
                self._news.set()
                while len(self._bytes) >= _MOST_WAITING_BYTES:
                    self._room.clear()
                    await self._room.wait()
            raise WebSocketDisconnect(message.get("code", 1005))
        finally:
            self._news.set()

    async def take(self, stall_s: float) -> bytes | None:
        """All that has come, as soon as something has; None at the end.

        Raises:
            RefusedError: 408, when nothing comes for so long.
            WebSocketDisconnect: the connection broke.
        """
        try:
            async with asyncio.timeout(stall_s):
                await self._news.wait()
        except TimeoutError:
            raise RefusedError(408, f"no sound came for {stall_s:g} s; listening has ended") from None
        if not self._bytes and self.reading.done():
            self.reading.result()
            return None
        taken, self._bytes = self._bytes, b""
        if not self.reading.done():
            self._news.clear()
        self._room.set()
        return taken


async def listen(socket: WebSocket, session: Session, ears: Ears, limits: Limits, executor: Executor) -> None:
    """Hear one microphone from the first byte to the last.

    What was found until then is kept when the connection breaks.

    Raises:
        RefusedError: it lasts longer, or pauses longer, than may be.
    """
    run = asyncio.get_running_loop().run_in_executor
    sound = await run(executor, LiveSound, ears)
    await socket.send_json({"latency_s": sound.latency_s, "sound_s": limits.sound_s})
    inbox = _Inbox(socket)
    is_there = True
    room_bytes = round(limits.sound_s * SAMPLE_RATE_HZ) * _SAMPLE_BYTES
    try:
        while room_bytes and (chunk := await inbox.take(limits.stall_s)) is not None:
            chunk = chunk[:room_bytes]
            room_bytes -= len(chunk)
            news = await run(executor, sound.feed, chunk)
            if news is not None:
                await _tell(socket, *news)
    except WebSocketDisconnect:
        is_there = False
    finally:
        inbox.reading.cancel()
        await asyncio.gather(inbox.reading, return_exceptions=True)
        news_at_end, columns, session.findings = await run(executor, sound.finish)
    if is_there:
        await _tell(socket, news_at_end, columns)
        await socket.send_json({"done": True, "duration_s": sound.heard_s})
        await socket.close()


async def _tell(socket: WebSocket, news: dict[str, Any], columns: bytes) -> None:
    await socket.send_json(news)
    if columns:
        await socket.send_bytes(columns)
