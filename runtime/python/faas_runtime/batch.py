"""The loop of an instance with predict_batch: several invocations are one call."""

from __future__ import annotations

from time import perf_counter_ns

from .answers import OutputError, frames_of
from .arguments import DecodeErrors
from .invocations import exchange_of
from .loop import Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from typing import Any

    from .exchange import Exchange
    from .instance import Served
    from .invocations import Queued

NANOS_PER_MILLI = 1_000_000


def serve(sock: socket, served: Served) -> None:
    """Serves until the host closes its end."""
    Batch(sock, served).serve()


class Batch(Loop):
    """Gathers invocations, calls the handler once, and answers each.

    Each invocation's time is that of the whole call. What is printed goes to the batch's first.
    An exception in the list that the handler returns is the end of that one invocation only.
    """

    def __init__(self, sock: socket, served: Served) -> None:
        super().__init__(sock, served)
        self.exchanges: dict[int, Exchange] = {}
        """The invocations of the batch that are events."""

    def serve(self) -> None:
        """The loop."""
        call = self.served.bound()
        while True:
            self.channel.flush()
            if not self.channel.queue:
                self.channel.wait()
                continue
            if self.output.left != self.output.limit:
                self.take_output(0)
            self._gather()
            streams, inputs = self._decode()
            if streams:
                self._answer_all(call, streams, inputs)

    def _gather(self) -> None:
        """Waits until the batch is full, its time is up or no further invocation can come."""
        queue, served = self.channel.queue, self.served
        enough = min(served.batch_size, served.concurrency)
        end = queue[0][4] + served.batch_wait_millis * NANOS_PER_MILLI
        while len(queue) < enough:
            left = (end - perf_counter_ns()) / NANOS_PER_MILLI
            # What has already come is taken even when the time is up.
            if not self.channel.poll(max(0.0, left)) or left <= 0:
                return

    def _decode(self) -> tuple[list[int], list[Any]]:
        """Takes a batch from the queue; answers those whose body does not fit at once."""
        channel = self.channel
        streams: list[int] = []
        inputs: list[Any] = []
        while channel.queue and len(streams) < self.served.batch_size:
            queued = channel.queue.popleft()
            stream = queued[0]
            if stream in channel.dropped:
                self.answer_dropped(stream)
                continue
            try:
                inputs.append(self._argument(queued))
                streams.append(stream)
            except DecodeErrors as error:
                self.answer_input_error(stream, error)
            except BaseException as error:
                self.answer_failure(stream, error, 0)
        return streams, inputs

    def _argument(self, queued: Queued) -> Any:
        exchange = exchange_of(queued, self.served.identity)
        if exchange is None:
            return self.plan.decode(queued[3])  # type: ignore[misc]
        argument = exchange.argument(self.plan)
        self.exchanges[queued[0]] = exchange
        return argument

    def _answer_all(self, call: Any, streams: list[int], inputs: list[Any]) -> None:
        channel = self.channel
        channel.flush()
        channel.current = streams
        started = perf_counter_ns()
        results, failure = self.run(call, inputs)
        nanos = perf_counter_ns() - started
        self.take_output(streams[0])
        if failure is None:
            failure = _check_count(results, len(streams))
        for index, stream in enumerate(streams):
            if failure is not None or stream in channel.hit:
                self.answer_failure(stream, failure, nanos)
            else:
                self._answer(stream, results, index, nanos)
        channel.current = ()
        self.exchanges.clear()

    def _answer(self, stream: int, results: Any, index: int, nanos: int) -> None:
        answerer, exchange = self.served.answerer, self.exchanges.get(stream)
        try:
            result = results[index]
            if isinstance(result, Exception):
                raise result
            if exchange is None:
                meta, body = answerer.answer(result)
            else:
                meta, body = exchange.answer(answerer, result)
            if not isinstance(body, bytes):
                raise OutputError("predict_batch can't stream its results")
        except BaseException as error:
            self.answer_failure(stream, error, nanos)
        else:
            self.channel.out += frames_of(stream, meta, body, nanos // 1000)


def _check_count(results: Any, count: int) -> BaseException | None:
    try:
        found = len(results)
        if not isinstance(results, (list, tuple)):
            results[0:0]  # An array will do; a dict or a set has no order to go by.
    except BaseException:  # The list may be of the handler's own making.
        return OutputError(f"predict_batch returned {type(results).__name__}, not a list")
    if found != count:
        return OutputError(f"predict_batch returned {found} results for {count} inputs")
    return None
