"""The sandbox's first process: loads the handler, forks instances, reaps what ends."""

from __future__ import annotations

import gc
import os
import select
import sys
from _signal import SIG_DFL, SIGCHLD, SIGINT, set_wakeup_fd, signal
from _socket import CMSG_SPACE, MSG_CMSG_CLOEXEC, SCM_RIGHTS, SOL_SOCKET, socket

import msgspec

from . import frames, instance
from .capture import Capture
from .loading import is_forked, load, report
from .scratch import Scratch
from .watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

CONTROL_DESCRIPTOR = 3
DESCRIPTOR_BYTES = 4
FORK_FAILED_STATUS = 71 << 8
"""The wait status reported for an instance that could not be forked: exit status 71, EX_OSERR."""
WAKEUP_BYTES_MAX = 4096
PR_SET_DUMPABLE = 4
IDLE_MILLIS = 20
"""After so long without a frame the zygote does what the first instance would otherwise do."""


def main() -> NoReturn:
    """The whole life of the process, and of each process forked from it."""
    control = socket(fileno=CONTROL_DESCRIPTOR)
    os.set_inheritable(CONTROL_DESCRIPTOR, False)
    signal(SIGINT, SIG_DFL)
    capture = Capture()
    try:
        kind, _, body, _ = receive(control)
        if kind != frames.LOAD:
            raise frames.ProtocolError(f"the first frame is of kind {kind}, not load")
        wanted = msgspec.json.decode(body)
        if is_forked(wanted):
            capture.install()
            with Watch(control):
                loaded = load(control, capture, wanted)
            served = report(control, capture, *loaded)
            served.scratch = Scratch(wanted.get("scratch") or ())
            sock = Zygote(control, served.scratch).serve()
        else:
            from . import keeper

            sock, served = keeper.start(control, capture, wanted)
    except frames.ProtocolError as error:
        capture.own(f"the zygote ends: {error}\n")
        os._exit(2)
    except ConnectionError:
        os._exit(0)
    except Exception as error:
        capture.own(f"the zygote ends: {type(error).__name__}: {error}\n")
        os._exit(2)
    instance.run(sock, served)


def receive_fork(control: socket) -> tuple[int, int]:
    """The number of the instance to be and the descriptor of its socket, from the next frame."""
    kind, number, _, descriptor = receive(control)
    if kind != frames.FORK or descriptor < 0 or not number:
        raise frames.ProtocolError(f"a frame of kind {kind}, or without number or descriptor")
    return number, descriptor


def receive(control: socket) -> tuple[int, int, bytes, int]:
    """Kind, stream, payload and descriptor (or -1) of the next frame; ends the process at EOF.

    Asks for no more than the header, because a descriptor comes with the bytes it was sent with:
    so it is that frame's, however many frames wait.
    """
    header, descriptor = b"", -1
    while len(header) < frames.HEADER_BYTES:
        data, ancillary, _, _ = control.recvmsg(
            frames.HEADER_BYTES - len(header), CMSG_SPACE(DESCRIPTOR_BYTES), MSG_CMSG_CLOEXEC
        )
        if not data:
            os._exit(0)
        header += data
        for level, kind, content in ancillary:
            if level == SOL_SOCKET and kind == SCM_RIGHTS:
                descriptor = int.from_bytes(content[:DESCRIPTOR_BYTES], sys.byteorder)
    length, kind, flags, meta_length, stream, _ = frames.HEADER.unpack(header)
    frames.check(length, flags, meta_length)
    payload = b""
    while len(payload) < length:
        data = control.recv(length - len(payload))
        if not data:
            os._exit(0)
        payload += data
    return kind, stream, payload[meta_length:], descriptor


class Reaper:
    """The first process's part that waits for others to end, and tells the host.

    SIGCHLD writes to a pipe that is polled together with the control socket, so that none is missed
    between looking for ended children and waiting.
    """

    def __init__(self, control: socket) -> None:
        self.control = control
        self.wakeup_read, self.wakeup_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        set_wakeup_fd(self.wakeup_write, warn_on_full_buffer=False)
        signal(SIGCHLD, lambda *_: None)  # Without a handler of Python's nothing is written.
        self.poller = select.poll()
        self.poller.register(self.wakeup_read, select.POLLIN)

    def wake(self) -> None:
        """Takes what SIGCHLD wrote."""
        os.read(self.wakeup_read, WAKEUP_BYTES_MAX)
        self.reap()

    def reap(self) -> None:
        """Waits for every child that has ended, orphans of instances among them."""
        for pid, status in ended_children():
            self.ended(pid, status)

    def ended(self, pid: int, status: int) -> None:
        """A child has ended."""
        raise NotImplementedError

    def report_end(self, number: int, status: int) -> None:
        """Tells the host that an instance has ended."""
        self.control.sendall(frames.encode(frames.EXITED, number, value=status & 0xFFFF))


def ended_children() -> Iterator[tuple[int, int]]:
    """Process id and wait status of each child that has ended, until there is none."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


class Zygote(Reaper):
    """Forks on request, and reaps."""

    def __init__(self, control: socket, scratch: Scratch) -> None:
        super().__init__(control)
        self.scratch = scratch
        self.numbers: dict[int, int] = {}
        """Instances by process id."""

    def serve(self) -> socket:
        """Serves until the control socket closes. Returns in forked processes: their socket."""
        gc.collect()
        gc.freeze()
        hide()
        poller = self.poller
        poller.register(self.control.fileno(), select.POLLIN)
        self.reap()
        ready = poller.poll(IDLE_MILLIS)
        if not ready:
            warm_up()
        while True:
            for descriptor, _ in ready:
                if descriptor == self.wakeup_read:
                    self.wake()
                elif (sock := self.take_frame()) is not None:
                    return sock
            ready = poller.poll(0 if self.scratch.slices else None)
            if not ready:
                self.scratch.go_on()

    def reap(self) -> None:
        """Before an end is told: who hears of it may want the room that was taken."""
        if ended := list(ended_children()):
            self.scratch.begin()
        for pid, status in ended:
            self.ended(pid, status)

    def ended(self, pid: int, status: int) -> None:
        number = self.numbers.pop(pid, None)
        if number is not None:
            self.report_end(number, status)

    def take_frame(self) -> socket | None:
        """Takes one frame; in the process that it forks, gives the instance's socket."""
        number, descriptor = receive_fork(self.control)
        try:
            pid = os.fork()
        except OSError:
            os.close(descriptor)
            self.report_end(number, FORK_FAILED_STATUS)
            return None
        if pid:
            self.numbers[pid] = number
            os.close(descriptor)
            return None
        set_wakeup_fd(-1)
        os.close(self.wakeup_read)
        os.close(self.wakeup_write)
        self.control.close()
        return socket(fileno=descriptor)


def hide() -> None:
    """Closes this process's memory in /proc to others of the sandbox, and to those forked from it.

    They have the same user, so that one taken over by its input could read what another works on.
    """
    # ctypes itself costs 4 ms to import; these three functions are what it is made of.
    from _ctypes import call_function, dlopen, dlsym

    itself = dlopen(None, 0)  # type: ignore[arg-type]  # None is the program, as dlopen(3) has it.
    call_function(dlsym(itself, "prctl"), (PR_SET_DUMPABLE, 0, 0, 0, 0))


def warm_up() -> None:
    """Imports what an exception or an event needs, so that no instance has to."""
    from . import exchange, faults, finite  # noqa: F401

    gc.freeze()
