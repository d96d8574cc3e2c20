"""The loop of an instance whose handler is async: invocations run side by side.

Imported in the zygote, and only for async handlers: asyncio takes tens of milliseconds.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextvars import ContextVar
from time import perf_counter_ns

from . import NOTHING, frames
from .answers import Stream, failure_frame, frames_of, input_error_frame
from .arguments import DecodeErrors
from .capture import Output
from .channel import Receiver, end_process
from .invocations import Input, Invocation, exchange_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket as raw_socket
    from collections.abc import AsyncIterator
    from typing import Any, NoReturn

    from .instance import Served
    from .invocations import Queued

LIVE_SECONDS = 0.1
"""Output of invocations at work is sent about so often."""


def serve(sock: raw_socket, served: Served) -> NoReturn:
    """Serves until the host closes its end."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    connected = socket.socket(fileno=sock.detach())
    os.register_at_fork(after_in_child=lambda: os.close(connected.detach()))
    connected.setblocking(False)
    made = loop.create_unix_connection(lambda: Connection(loop, served), sock=connected)
    loop.run_until_complete(made)
    while True:
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:  # Out of a task that the handler started.
            served.capture.own(f"a task of the handler raised {type(error).__name__}\n")


class Connection(asyncio.Protocol):
    """The instance's socket on the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, served: Served) -> None:
        self.loop = loop
        self.served = served
        self.receiver = Work(self)
        self.call = served.bound()
        self.out: list[bytes] = []
        self.turns = 0
        """Grows with each turn of the loop after something was posted, or that is to be counted."""
        self._is_turn_due = False
        self.current: ContextVar[Output | None] = ContextVar("output", default=None)
        self.writable = asyncio.Event()
        self.writable.set()
        self.transport: asyncio.Transport
        self._live: asyncio.TimerHandle | None = None
        elsewhere = served.capture.output
        served.capture.find = lambda: self.current.get() or elsewhere
        served.capture.live = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        try:
            self.receiver.feed(data)
        except frames.ProtocolError as error:
            self.served.capture.own(f"the instance ends: {error}\n")
            os._exit(1)
        self.receiver.begin()
        if self._live is None and self.receiver.tasks:
            self._live = self.loop.call_later(LIVE_SECONDS, self._send_live_output)

    def connection_lost(self, _: Exception | None) -> None:
        end_process()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def post(self, frame: bytes) -> None:
        """Sends a frame together with others of this turn of the loop."""
        self.count_turn()
        self.out.append(frame)

    def count_turn(self) -> None:
        """Has the next turn of the loop counted, and what was posted till then sent in it."""
        if not self._is_turn_due:
            self._is_turn_due = True
            self.loop.call_soon(self._turn)

    def flush(self) -> None:
        """Sends what was posted at once."""
        data = b"".join(self.out)
        self.out.clear()
        self.transport.write(data)

    def take_output(self, stream: int, output: Output, *, alone: bool) -> None:
        """Posts what an invocation printed; `alone`: nobody else can have written to the file."""
        capture = self.served.capture
        if capture.direct:
            end_process()  # Forked by the handler: its output is the instance's to send.
        if os.fstat(capture.file).st_size:
            if alone:
                capture.drain_file(output)
            else:
                capture.drain_file(capture.output)
                self._post_unattributed()
        for frame in output.frames(stream):
            self.post(frame)

    def _turn(self) -> None:
        self._is_turn_due = False
        self.turns += 1
        if self.out:
            self.flush()

    def _post_unattributed(self) -> None:
        for frame in self.served.capture.output.frames(0):
            self.post(frame)
        self.served.capture.output.reset()

    def _send_live_output(self) -> None:
        for stream, output in self.receiver.outputs.items():
            if output.pieces:
                for frame in output.frames(stream, final=False):
                    self.post(frame)
        if self.served.capture.output.pieces:
            self._post_unattributed()
        self._live = None
        if self.receiver.tasks:  # An idle instance has nothing to wake up for.
            self._live = self.loop.call_later(LIVE_SECONDS, self._send_live_output)


class Work(Receiver):
    """The invocations of a connection, each a task."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(streams=connection.served.handler.plan.streams)
        self.connection = connection
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.outputs: dict[int, Output] = {}
        self.cancelled: set[int] = set()
        self.arrivals: dict[int, asyncio.Event] = {}
        """Who waits for more of an input."""

    def begin(self) -> None:
        """Starts what is in the queue, and wakes those whose input has come."""
        while self.queue:
            queued = self.queue.popleft()
            stream = queued[0]
            if stream in self.dropped:
                self.dropped.discard(stream)
                self.connection.post(failure_frame(stream, None, 0))
                continue
            self.tasks[stream] = self.connection.loop.create_task(self._run(queued))
        for arrival in self.arrivals.values():
            arrival.set()

    def cancel(self, stream: int) -> None:
        task = self.tasks.get(stream)
        if task is None:
            super().cancel(stream)
        elif stream not in self.cancelled:
            self.cancelled.add(stream)
            task.cancel()

    async def _run(self, queued: Queued) -> None:
        stream, served, connection = queued[0], self.connection.served, self.connection
        output = self.outputs[stream] = Output(served.log_bytes_max)
        connection.current.set(output)
        started = perf_counter_ns()
        exchange = exchange_of(queued, served.identity, self._parts(queued))
        try:
            if exchange is None:
                argument = self._argument(queued)
            else:
                argument = await exchange.argument_async(served.handler.plan)
        except DecodeErrors as error:
            self._end(stream, output, [input_error_frame(stream, error)])
            return
        except BaseException as error:
            failure = None if stream in self.cancelled else error
            self._end(stream, output, [failure_frame(stream, failure, 0)])
            return
        ending: list[bytes]
        try:
            result = connection.call(argument)
            if hasattr(result, "__await__"):
                result = await result
            if exchange is None:
                meta, body = served.answerer.answer(result)
            else:
                meta, body = exchange.answer(served.answerer, result)
            if isinstance(body, Stream):
                meta, body, first = await self._send_items(stream, body)
            else:
                first = True
            micros = (perf_counter_ns() - started) // 1000
            ending = list(frames_of(stream, meta, body, micros, first=first))
        except BaseException as error:  # SystemExit and CancelledError too: the loop goes on.
            failure = None if stream in self.cancelled else error
            micros = (perf_counter_ns() - started) // 1000
            ending = [failure_frame(stream, failure, micros)]
        self._end(stream, output, ending)

    def _argument(self, queued: Queued) -> Any:
        plan = self.connection.served.handler.plan
        if plan.decode is not None:
            return plan.decode(queued[3])
        invocation = Invocation(queued, self.connection.served.identity, self._parts(queued))
        return plan.prepare(invocation)  # type: ignore[misc]

    def _parts(self, queued: Queued) -> AsyncIterator[bytes] | None:
        return None if queued[5] is None else self._parts_of(queued[0], queued[5])

    async def _parts_of(self, stream: int, source: Input) -> AsyncIterator[bytes]:
        while True:
            while source.parts:
                yield source.parts.pop(0)
            if source.ended:
                return
            arrival = self.arrivals[stream] = asyncio.Event()
            try:
                await arrival.wait()
            finally:
                del self.arrivals[stream]

    async def _send_items(self, stream: int, answer: Stream) -> tuple[bytes, bytes, bool]:
        """Sends items as they are yielded; gives what the last frame is made of.

        Each is on its way before the next is made, whether or not the handler awaits anything. One
        that awaits nothing lets the loop turn after each, for others' sake and for a `cancel`.
        """
        connection, begun = self.connection, False
        turn = connection.turns
        try:
            async for item in each(answer.iterator):
                part = connection.served.answerer.item(item)
                meta = b"" if begun else answer.begin(item)
                for frame in frames_of(stream, meta, part, first=not begun, last=False):
                    connection.post(frame)
                begun = True
                connection.flush()
                if turn == connection.turns:
                    await asyncio.sleep(0)
                    connection.count_turn()
                turn = connection.turns
                await connection.writable.wait()
        finally:
            if hasattr(answer.iterator, "aclose"):
                await answer.iterator.aclose()
            elif hasattr(answer.iterator, "close"):
                answer.iterator.close()
        return (b"" if begun else answer.begin(NOTHING)), b"", not begun

    def _end(self, stream: int, output: Output, ending: list[bytes]) -> None:
        self.connection.take_output(stream, output, alone=len(self.tasks) == 1)
        for frame in ending:
            self.connection.post(frame)
        self.tasks.pop(stream, None)
        self.outputs.pop(stream, None)
        self.inputs.pop(stream, None)
        self.cancelled.discard(stream)


async def each(iterator: Any) -> AsyncIterator[Any]:
    """Items of an iterator of either kind."""
    if hasattr(iterator, "__anext__"):
        async for item in iterator:
            yield item
    else:
        for item in iterator:
            yield item
