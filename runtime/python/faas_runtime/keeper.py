"""The sandbox's first process where the handler's libraries do not survive a fork.

It forks once, before anything of the handler is there: the child loads the handler and then is the
one instance. The first process stays as small as it is, to do what a process at work on an
invocation can't: it tells the host how the instance ended, reaps orphans, refuses further
instances, and ends everything when the host is gone, even if the handler never gives way.
"""

from __future__ import annotations

import gc
import os
import select
from _socket import socket

from .instance import go_first
from .loading import load, report
from .zygote import FORK_FAILED_STATUS, IDLE_MILLIS, Reaper, hide, receive_fork, warm_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .capture import Capture
    from .instance import Served

NUMBER_BYTES = 4
SIGNALLED_STATUS = 128
"""Added to the number of the signal that ended the child, as shells do."""


def start(control: socket, capture: Capture, wanted: dict[str, Any]) -> tuple[socket, Served]:
    """Loads the handler in a child, and returns only there: the instance's socket, what it serves.

    The control socket is the child's until it has taken the first `fork` frame. From then on, which
    it says by writing the instance's number to a pipe, it is the first process's.
    """
    numbers, telling = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid:
        os.close(telling)
        hide()
        Keeper(control, capture, pid, numbers).keep()
    os.close(numbers)
    go_first()
    hide()
    capture.install()
    served = report(control, capture, *load(control, capture, wanted))
    gc.collect()
    gc.freeze()
    poller = select.poll()
    poller.register(control.fileno(), select.POLLIN)
    if not poller.poll(IDLE_MILLIS):
        warm_up()
    number, descriptor = receive_fork(control)
    control.close()
    os.write(telling, number.to_bytes(NUMBER_BYTES, "little"))
    os.close(telling)
    return socket(fileno=descriptor), served


class Keeper(Reaper):
    """Waits for the one child to end."""

    def __init__(self, control: socket, capture: Capture, pid: int, numbers: int) -> None:
        super().__init__(control)
        self.capture = capture
        self.pid = pid
        self.number = 0
        """The instance's, once it is one."""
        self.numbers = numbers
        """The pipe that the child writes to; -1 once it has, or has closed it."""
        os.set_blocking(numbers, False)
        self.poller.register(numbers, select.POLLIN)
        self.poller.register(control.fileno(), 0)  # To see it close; its frames are the child's.

    def keep(self) -> NoReturn:
        """Ends with the child, or when the host's end of the control socket closes."""
        self.reap()  # It may have ended before SIGCHLD was looked for.
        while True:
            for descriptor, _ in self.poller.poll():
                if descriptor == self.wakeup_read:
                    self.wake()
                elif descriptor == self.numbers:
                    self.take_number()
                elif self.number:
                    self.refuse()
                else:
                    os._exit(0)

    def take_number(self) -> None:
        """If the child serves, the control socket is this process's from here on."""
        try:
            data = os.read(self.numbers, NUMBER_BYTES)
        except BlockingIOError:
            return
        self.poller.unregister(self.numbers)
        os.close(self.numbers)
        self.numbers = -1
        self.number = int.from_bytes(data, "little")
        if self.number:
            self.poller.register(self.control.fileno(), select.POLLIN)

    def refuse(self) -> None:
        """Answers a `fork` frame: there is one instance only. Ends the process at EOF."""
        number, descriptor = receive_fork(self.control)
        os.close(descriptor)
        self.report_end(number, FORK_FAILED_STATUS)

    def ended(self, pid: int, status: int) -> None:
        if pid != self.pid:
            return
        if self.numbers >= 0:
            self.take_number()
        if self.number:
            self.report_end(self.number, status)
            os._exit(0)
        code = os.waitstatus_to_exitcode(status)
        if code < 0:
            self.capture.own(f"the process that loaded the handler was ended by signal {-code}\n")
        os._exit(code if code >= 0 else SIGNALLED_STATUS - code)
