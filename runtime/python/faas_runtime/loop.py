"""What the loops of synchronous handlers have in common."""

from __future__ import annotations

import os
from _signal import SIGUSR1, signal
from _thread import get_ident
from time import perf_counter_ns

from faas import Cancelled

from .answers import failure_frame, frames_of, input_error_frame
from .channel import Channel, end_process
from .invocations import Invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable
    from typing import Any

    from .instance import Served
    from .invocations import Queued

LIVE_NANOS = 100_000_000
"""Output of an invocation at work is sent at most once in so many nanoseconds."""


class Loop:
    """The channel, the capture and the answers that are not results."""

    def __init__(self, sock: socket, served: Served) -> None:
        self.served = served
        self.plan = served.handler.plan
        self.capture = served.capture
        self.channel = Channel(sock, streams=self.plan.streams, complain=self.capture.own)
        self.output = served.capture.output
        self.live_at = 0
        self._thread = get_ident()
        self.capture.live = self.send_live_output
        signal(SIGUSR1, self.channel.on_signal)

    def prepare(self, queued: Queued) -> Any:
        """The argument of a plan that needs more than the body."""
        invocation = Invocation(queued, self.served.identity, self.parts(queued))
        return self.plan.prepare(invocation)  # type: ignore[misc]

    def parts(self, queued: Queued) -> Any:
        """What is still to come of a body, or None if all of it is there."""
        source = queued[5]
        return None if source is None else self.channel.parts(source)

    def run(self, call: Callable[[Any], Any], argument: Any) -> tuple[Any, BaseException | None]:
        """Calls the handler, exposed to cancellation; gives its result, or what it raised.

        Cancelled may come out of any line while `exposed` is true, the first of the inner
        `except` included: that is what the outer one is for.
        """
        channel = self.channel
        self.live_at = 0
        try:
            try:
                channel.exposed = True
                if channel.signalled:
                    channel.expose()
                result = call(argument)
                channel.exposed = False
                return result, None
            except BaseException as error:
                channel.exposed = False
                return None, error
        except Cancelled as error:
            return None, error

    def take_output(self, stream: int) -> None:
        """Puts everything that was printed before the frame that comes next."""
        if self.capture.direct:
            end_process()  # Forked by the handler: its output is the instance's to send.
        if os.fstat(self.capture.file).st_size:
            self.capture.drain_file(self.output)
        if self.output.pieces or self.output.lost:
            self.channel.out += self.output.frames(stream)
        self.output.reset()

    def send_live_output(self, now_please: bool) -> None:
        """Sends whole lines of the invocation at work. Those of other threads wait.

        The first line of an invocation goes at once, others every so often or when the handler
        flushes.
        """
        now = perf_counter_ns()
        channel = self.channel
        if not (now_please or now >= self.live_at) or not self.output.pieces:
            return
        if not channel.current or get_ident() != self._thread:
            return
        self.live_at = now + LIVE_NANOS
        was = channel.shield()
        channel.out += self.output.frames(channel.current[0], final=False)
        channel.flush()
        channel.unshield(was)

    def answer_dropped(self, stream: int) -> None:
        """Answers an invocation that was cancelled before it began."""
        self.channel.dropped.discard(stream)
        self.channel.out.append(failure_frame(stream, None, 0))

    def answer_input_error(self, stream: int, error: Exception) -> None:
        """Answers an invocation whose body does not fit the types."""
        self.channel.inputs.pop(stream, None)
        self.channel.out.append(input_error_frame(stream, error))

    def answer_failure(self, stream: int, failure: BaseException | None, nanos: int) -> None:
        """Answers an invocation that raised, or was cancelled."""
        cancelled = stream in self.channel.hit
        self.channel.hit.discard(stream)
        self.channel.inputs.pop(stream, None)
        frame = failure_frame(stream, None if cancelled else failure, nanos // 1000)
        self.channel.out.append(frame)

    def answer_large(self, stream: int, meta: bytes, body: bytes, nanos: int) -> None:
        """Answers with more bytes than are worth copying together with other answers."""
        for frame in frames_of(stream, meta, body, nanos // 1000):
            self.channel.out.append(frame)
            self.channel.flush()
