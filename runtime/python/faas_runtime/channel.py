"""The instance's socket: frames in, frames out, and cancellation between them."""

from __future__ import annotations

import os
from collections import deque
from time import perf_counter_ns

from faas import Cancelled

from . import frames
from .frames import BODY, CANCEL, END, HEADER, HEADER_BYTES, INVOKE
from .invocations import Input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

    from .invocations import Queued

READ_BYTES = 64 * 1024
READ_BYTES_MAX = 1024 * 1024
"""Bytes asked for at once while a large frame is coming."""
JOIN_BYTES_MAX = 64 * 1024
"""Frames longer than this are sent by themselves, without copying them together."""
MSG_DONTWAIT = 0x40


class Receiver:
    """Splits the bytes of an instance's socket into invocations; no I/O of its own."""

    def __init__(self, *, streams: bool) -> None:
        self.queue: deque[Queued] = deque()
        """Invocations to start, in their order."""
        self.dropped: set[int] = set()
        """Streams that were cancelled while they were in the queue."""
        self.inputs: dict[int, Input] = {}
        """Bodies of which more is to come."""
        self.need = HEADER_BYTES
        """Bytes that must have come before another frame can be taken."""
        self._streams = streams
        self._have = 0
        self._chunks: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Takes what was read; raises ProtocolError."""
        if self._have:
            self._chunks.append(data)
            self._have += len(data)
            if self._have < self.need:
                return
            data = b"".join(self._chunks)
            self._chunks.clear()
        arrived = perf_counter_ns()
        unpack = HEADER.unpack_from
        position, size = 0, len(data)
        self.need = HEADER_BYTES
        while size - position >= HEADER_BYTES:
            length, kind, flags, meta_length, stream, value = unpack(data, position)
            start = position + HEADER_BYTES
            end = start + length
            if end > size or meta_length > length or flags > END:
                frames.check(length, flags, meta_length)
                self.need = HEADER_BYTES + length
                break
            if kind == INVOKE and flags:
                body_start = start + meta_length
                meta = data[start:body_start]
                self.queue.append((stream, value, meta, data[body_start:end], arrived, None))
            else:
                self._take(kind, flags, stream, value, arrived, data[start:end], meta_length)
            position = end
        self._have = size - position
        if self._have:
            self._chunks.append(data[position:] if position else data)

    @property
    def missing(self) -> int:
        """Bytes still to come of a frame of which the beginning is here."""
        return self.need - self._have

    def cancel(self, stream: int) -> None:
        """A frame `cancel` has come; drops the invocation if it has not begun."""
        if any(queued[0] == stream for queued in self.queue):
            self.dropped.add(stream)
            self.inputs.pop(stream, None)

    def _take(
        self,
        kind: int,
        flags: int,
        stream: int,
        value: int,
        arrived: int,
        payload: bytes,
        split: int,
    ) -> None:
        if kind == INVOKE:
            source = self.inputs[stream] = Input(value, payload[:split], payload[split:])
            if self._streams:
                self.queue.append((stream, value, source.meta, b"", arrived, source))
        elif kind == BODY:
            source_or_none = self.inputs.get(stream)
            if source_or_none is not None:  # None: the invocation has ended, or is cancelled.
                self._take_body(stream, flags, arrived, source_or_none, payload[split:])
        elif kind == CANCEL:
            source_or_none = self.inputs.get(stream)
            if source_or_none is not None and not self._streams:
                del self.inputs[stream]
                self.dropped.add(stream)
                self.queue.append((stream, 0, b"", b"", arrived, None))
            else:
                self.cancel(stream)
        else:
            raise frames.ProtocolError(f"kind {kind} is not one for an instance")

    def _take_body(self, stream: int, flags: int, arrived: int, source: Input, body: bytes) -> None:
        if body:
            source.parts.append(body)
        if flags:
            source.ended = True
            del self.inputs[stream]
            if not self._streams:
                whole = b"".join(source.parts)
                self.queue.append((stream, source.value, source.meta, whole, arrived, None))


class Channel(Receiver):
    """The socket of an instance whose handler runs in this thread.

    While the handler runs, `exposed` is true and SIGUSR1 may raise Cancelled wherever the handler
    is. Everything of ours that the handler calls and that must not be torn apart lowers it first.
    """

    def __init__(self, sock: socket, *, streams: bool, complain: Callable[[str], None]) -> None:
        super().__init__(streams=streams)
        self._complain = complain
        self.out: list[bytes] = []
        """Frames to send at the next flush."""
        self.current: tuple[int, ...] | list[int] = ()
        """The streams at work."""
        self.hit: set[int] = set()
        """Those of `current` that were cancelled."""
        self.exposed = False
        self.signalled = False
        self._socket = sock
        self._receive = sock.recv

    def wait(self) -> None:
        """Reads once, waiting if there is nothing."""
        missing = self.missing
        size = READ_BYTES if missing <= READ_BYTES else min(missing, READ_BYTES_MAX)
        self._took(self._receive(size))

    def poll(self, millis: float) -> bool:
        """Reads once if something comes within `millis`."""
        import select

        poller = select.poll()
        poller.register(self._socket.fileno(), select.POLLIN)
        if not poller.poll(millis):
            return False
        self.wait()
        return True

    def flush(self) -> None:
        """Sends what is in `out`, waiting as long as the host takes to read it."""
        out = self.out
        if not out:
            return
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        try:
            self._socket.sendall(data)
        except OSError:
            end_process()

    def shield(self) -> bool:
        """Keeps Cancelled away until `unshield`, which gets what this returns."""
        was, self.exposed = self.exposed, False
        return was

    def unshield(self, was: bool) -> None:
        """Lets the handler be cancelled again, and does so if that was asked for meanwhile."""
        if was:
            self.expose()

    def expose(self) -> None:
        """From here on SIGUSR1 raises Cancelled; it does so at once for a cancel that has come."""
        self.exposed = True
        if self.signalled or self.hit:
            self._interrupt()

    def on_signal(self, *_: Any) -> None:
        """The handler of SIGUSR1: a `cancel` is in the socket, or was."""
        self.signalled = True
        if self.exposed:
            self._interrupt()

    def cancel(self, stream: int) -> None:
        if stream in self.current:
            self.hit.add(stream)
        else:
            super().cancel(stream)

    def parts(self, source: Input) -> Iterator[bytes]:
        """The input as it comes. Ours, but called by the handler."""
        return Parts(self, source)

    def read_from_handler(self) -> None:
        """`wait`, called while the handler is at work."""
        was = self.shield()
        self.flush()
        self.wait()
        self.unshield(was)

    def _took(self, data: bytes) -> None:
        if not data:
            end_process()
        try:
            self.feed(data)
        except frames.ProtocolError as error:  # May be within the handler, which is not to see it.
            self._complain(f"the instance ends: {error}\n")
            os._exit(1)

    def _interrupt(self) -> None:
        while True:
            self.exposed = False
            self.signalled = False
            while True:
                try:
                    data = self._receive(READ_BYTES, MSG_DONTWAIT)
                except BlockingIOError:
                    break
                self._took(data)
            # A batch goes on while anyone waits for it.
            if self.hit and len(self.hit) == len(self.current):
                raise Cancelled
            self.exposed = True
            if not self.signalled:
                return


class Parts:
    """Iterator over the parts of one input."""

    __slots__ = ("_channel", "_source")

    def __init__(self, channel: Channel, source: Input) -> None:
        self._channel = channel
        self._source = source

    def __iter__(self) -> Parts:
        return self

    def __next__(self) -> bytes:
        source = self._source
        while not source.parts:
            if source.ended:
                raise StopIteration
            self._channel.read_from_handler()
        return source.parts.pop(0)


def end_process() -> NoReturn:
    """Nobody is there to answer to, or the process is not the one to answer."""
    os._exit(0)
