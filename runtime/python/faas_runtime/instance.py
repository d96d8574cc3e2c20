"""One instance: a process that serves invocations, forked from the zygote if that can be."""

from __future__ import annotations

import os
import sys
from _signal import SIG_DFL, SIGCHLD, SIGUSR1, signal
from time import perf_counter_ns

from . import LoadError, frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .answers import Answerer
    from .capture import Capture
    from .handler import Handler
    from .invocations import Identity
    from .scratch import Scratch

ATTACH_HEADER_BYTES_MAX = 4096


class Served:
    """What an instance serves: made by the zygote, the same in all its instances."""

    __slots__ = (
        "answerer",
        "batch_size",
        "batch_wait_millis",
        "capture",
        "concurrency",
        "forked",
        "handler",
        "identity",
        "log_bytes_max",
        "loop",
        "model",
        "scratch",
    )

    def __init__(
        self,
        handler: Handler,
        answerer: Answerer,
        capture: Capture,
        identity: Identity,
        load: dict[str, Any],
        forked: bool,
    ) -> None:
        self.handler = handler
        self.answerer = answerer
        self.capture = capture
        self.identity = identity
        self.forked = forked
        """Whether instances are forked from the process that loaded this, or it is the only one."""
        self.model: Any = None
        self.loop = loop_of(handler)
        batch = load.get("batch") or {}
        self.batch_size: int = max(1, batch.get("size") or 1)
        self.batch_wait_millis: float = batch.get("waitMillis") or 0
        self.concurrency: int = max(1, load.get("concurrency") or 1)
        self.log_bytes_max: int = load["logBytesMax"]
        self.scratch: Scratch | None = None
        """The sandbox's writable folders, where its instances share them."""

    def bound(self) -> Callable[[Any], Any]:
        """The handler's function with its model, taking what the plan made of the input."""
        handler = self.handler
        leading = (self.model,) if handler.leads else ()
        return handler.plan.bind(handler.function, leading)


def run(sock: socket, served: Served) -> NoReturn:
    """Serves until the host closes its end. Called in the instance's process; never returns."""
    try:
        signal(SIGUSR1, lambda *_: None)  # Its default would end the process before it serves.
        if served.forked:
            _leave_zygote(served)
        os.register_at_fork(after_in_child=sock.close)  # Nobody but this process may answer.
        sock.sendall(frames.encode(frames.HELLO))
        device = _receive_attach(sock)
        if served.scratch is not None:
            served.scratch.enter()
        _attach(sock, served, device)
        served.loop(sock, served)
    except (BrokenPipeError, ConnectionResetError):
        pass
    except frames.ProtocolError as error:
        served.capture.own(f"the instance ends: {error}\n")
        os._exit(1)
    except BaseException as error:  # A fault of ours: say it where the operator looks.
        import traceback

        served.capture.own("the instance ends: " + "".join(traceback.format_exception(error)))
        os._exit(1)
    os._exit(0)


def _leave_zygote(served: Served) -> None:
    """Gives the process its own of what it has from the zygote."""
    signal(SIGCHLD, SIG_DFL)
    served.capture.open_file()
    served.capture.output.reset()
    _reseed()
    go_first()


def go_first() -> None:
    """When memory runs out, this process is to go and not the sandbox's first."""
    try:
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        os.write(descriptor, b"1000")
        os.close(descriptor)
    except OSError:
        pass


def _reseed() -> None:
    """Gives numpy's global generator its own state; Python does so for `random` by itself."""
    random = sys.modules.get("numpy.random")
    if random is not None and hasattr(random, "seed"):
        random.seed()


def _receive_attach(sock: socket) -> str:
    header = _receive_exactly(sock, frames.HEADER_BYTES)
    length, kind, flags, meta_length, _, _ = frames.HEADER.unpack(header)
    frames.check(length, flags, meta_length)
    if kind != frames.ATTACH or length > ATTACH_HEADER_BYTES_MAX:
        raise frames.ProtocolError(f"the first frame is of kind {kind}, not attach")
    meta = _receive_exactly(sock, length)[:meta_length]
    return frames.decode_meta(meta).get(":device", "cpu")


def _receive_exactly(sock: socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data


def _attach(sock: socket, served: Served, device: str) -> None:
    """Runs the handler's `attach` and answers the frame; what it prints goes to stream 0."""
    handler, output = served.handler, served.capture.output
    output.limit = output.left = served.log_bytes_max
    started = perf_counter_ns()
    if handler.attach is not None:
        from .handler import guard

        attach = handler.attach
        try:
            served.model = guard("attachFailed", lambda: attach(served.model, device))
        except LoadError as error:
            _attach_failed(sock, served, error)
        served.capture.adopt_logging()
    served.identity.model = served.model
    micros = (perf_counter_ns() - started) // 1000
    served.capture.drain_file(output)
    logs = b"".join(output.frames(0))
    output.reset()
    sock.sendall(logs + frames.encode(frames.READY, value=micros))


def _attach_failed(sock: socket, served: Served, error: LoadError) -> NoReturn:
    import msgspec

    from . import faults

    body = {
        "message": faults.encodable(error.message),
        "traceback": faults.trace(error.cause) if error.cause else "",
        "log": served.capture.load_log(),
    }
    sock.sendall(frames.encode(frames.ATTACH_FAILED, body=msgspec.json.encode(body)))
    os._exit(1)


def loop_of(handler: Handler) -> Callable[[socket, Served], None]:
    """The loop that the handler needs. Imported in the zygote, so once for all instances."""
    if handler.asynchronous:
        from . import aio

        return aio.serve
    if handler.kind == "predictBatch":
        from . import batch

        return batch.serve
    from . import serial

    return serial.serve
