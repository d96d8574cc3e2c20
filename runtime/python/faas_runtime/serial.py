"""The loop of an instance whose handler takes one invocation after another.

This is the hot path of the platform: an echo costs a few microseconds here, and each attribute
look-up shows.
"""

from __future__ import annotations

import os
from time import perf_counter_ns

from faas import Cancelled

from . import NOTHING
from .answers import Stream, frames_of
from .arguments import DecodeErrors
from .channel import JOIN_BYTES_MAX
from .frames import END, HEADER, RESULT
from .invocations import EVENT_FIELD, PLUS, exchange_of
from .loop import Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from typing import Any

    from .exchange import Exchange
    from .instance import Served

SEEK_END = os.SEEK_END
QUICK_NANOS = 100_000
"""An invocation that took less is quick: its answer may wait for the next one's."""
QUICK_STREAK = 32
"""So many quick ones in a row must have been before answers wait for each other."""


def serve(sock: socket, served: Served) -> None:
    """Serves until the host closes its end."""
    Serial(sock, served).serve()


class Serial(Loop):
    """Takes invocations in order and answers them in order."""

    def serve(self) -> None:
        """The loop."""
        channel, output, served = self.channel, self.output, self.served
        capture_file = self.capture.file
        queue, dropped, hit = channel.queue, channel.dropped, channel.hit
        decode, call, answer = self.plan.decode, served.bound(), served.answerer.answer
        now, pack, seek, post = perf_counter_ns, HEADER.pack, os.lseek, channel.out.append
        run, streak, limit = self.run, 0, output.limit
        while True:
            if not queue:
                channel.flush()
                channel.wait()
                continue
            queued = queue.popleft()
            stream, _, meta, body, _, _ = queued
            if dropped and stream in dropped:
                self.answer_dropped(stream)
                continue
            if output.left != limit:
                self.take_output(0)
            if PLUS in meta or meta.partition(EVENT_FIELD)[1]:
                exchange = exchange_of(queued, served.identity, self.parts(queued))
                if exchange is not None:
                    self.serve_event(stream, exchange)
                    continue
            try:
                argument = decode(body) if decode else self.prepare(queued)
            except DecodeErrors as error:
                self.answer_input_error(stream, error)
                continue
            except BaseException as error:  # From a type of the handler's own.
                self.answer_failure(stream, error, 0)
                continue
            channel.current = (stream,)
            started = now()
            result, failure = run(call, argument)
            taken = now() - started
            meta, body = b"", b""
            if failure is None and not hit:
                try:
                    meta, answered = answer(result)
                    if isinstance(answered, bytes):
                        body = answered
                    else:
                        self.answer_stream(stream, answered, started)
                        streak = 0
                        continue
                except BaseException as error:
                    failure = error
            # What was sent live is in `pieces` no more, but was taken off `left`.
            # The last is the file's size. It is appended to and read by position: nobody minds.
            if output.left != limit or output.lost or seek(capture_file, 0, SEEK_END):
                self.take_output(stream)
            if failure is not None or hit:
                self.answer_failure(stream, failure, taken)
            elif len(body) <= JOIN_BYTES_MAX:
                length = len(meta) + len(body)
                header = pack(length, RESULT, END, len(meta), stream, taken // 1000)
                post(header + meta + body if meta else header + body)
            else:
                self.answer_large(stream, meta, body, taken)
            channel.current = ()
            if channel.inputs:
                channel.inputs.pop(stream, None)
            streak = streak + 1 if taken < QUICK_NANOS else 0
            if streak < QUICK_STREAK:
                channel.flush()

    def serve_event(self, stream: int, exchange: Exchange) -> None:
        """Serves a CloudEvent: rarer than the rest, and so apart from its loop."""
        channel, call = self.channel, self.served.bound()
        started = 0

        def work(exchange: Exchange) -> Any:
            nonlocal started
            argument = exchange.argument(self.plan)
            started = perf_counter_ns()
            return call(argument)

        channel.current = (stream,)
        result, failure = self.run(work, exchange)
        taken = perf_counter_ns() - started if started else 0
        meta, body = b"", b""
        if failure is None and not channel.hit:
            try:
                meta, answered = exchange.answer(self.served.answerer, result)
                if isinstance(answered, Stream):
                    self.answer_stream(stream, answered, started)
                    return
                body = answered
            except BaseException as error:
                failure = error
        self.take_output(stream)
        if failure is not None or channel.hit:
            self.answer_failure(stream, failure, taken)
        else:
            self.answer_large(stream, meta, body, taken)
        channel.current = ()
        channel.inputs.pop(stream, None)
        channel.flush()

    def answer_stream(self, stream: int, answer: Stream, started: int) -> None:
        """Sends items as the handler yields them."""
        channel, begun = self.channel, False
        failure: BaseException | None = None
        try:
            try:
                channel.expose()
                for item in answer.iterator:
                    channel.exposed = False
                    part = self.served.answerer.item(item)
                    meta = b"" if begun else answer.begin(item)
                    channel.out += frames_of(stream, meta, part, first=not begun, last=False)
                    begun = True
                    channel.flush()
                    channel.expose()
                channel.exposed = False
            except BaseException as error:
                channel.exposed = False
                failure = error
        except Cancelled as error:
            failure = error
        channel.exposed = False
        if failure is not None:
            close(answer.iterator)
        taken = perf_counter_ns() - started
        self.take_output(stream)
        if failure is not None or channel.hit:
            self.answer_failure(stream, failure, taken)
        else:
            meta = b"" if begun else answer.begin(NOTHING)
            channel.out += frames_of(stream, meta, b"", taken // 1000, first=not begun)
        channel.current = ()
        channel.inputs.pop(stream, None)
        channel.flush()


def close(iterator: Any) -> None:
    """Ends a generator that nobody reads any more; what its clean-up raises is nobody's either."""
    try:
        iterator.close()
    except BaseException:
        pass
