"""Ends the zygote when the host is gone, also while its main thread loads the handler."""

from __future__ import annotations

import os
import select
from _socket import SHUT_RDWR, socket, socketpair
from _thread import allocate_lock, get_native_id, start_new_thread

HANG_UP = select.POLLHUP | select.POLLRDHUP


class Watch:
    """While it is entered a thread looks for the end of the control socket; it reads nothing there.

    Once it is left that thread is gone for the kernel too, so that it is neither counted among the
    handler's nor there at a fork. C code that keeps the interpreter's lock keeps it from acting.
    """

    def __init__(self, control: socket) -> None:
        self.number = control.fileno()
        self.pid = os.getpid()
        # Sockets, not an eventfd: if the handler has closed them and opened files in their place,
        # shutdown() fails and harms no file.
        self.stopping, self.stopped = socketpair()
        self.poller = select.poll()
        self.poller.register(self.number, select.POLLRDHUP)
        self.poller.register(self.stopped.fileno(), select.POLLRDHUP)
        self.at_work = allocate_lock()
        self.thread = 0

    def __enter__(self) -> None:
        self.at_work.acquire()
        try:
            start_new_thread(self._watch, ())
        except RuntimeError:  # The function may have one process: it loads unwatched.
            self.at_work.release()

    def __exit__(self, *_: object) -> None:
        if os.getpid() != self.pid:
            os._exit(0)  # Forked by the handler: it has no such thread, and is not to be a zygote.
        self.stopping.shutdown(SHUT_RDWR)
        self.at_work.acquire()
        while os.path.exists(f"/proc/self/task/{self.thread}"):  # It still ends, in the kernel.
            os.sched_yield()
        self.stopping.close()
        self.stopped.close()

    def _watch(self) -> None:
        self.thread = get_native_id()
        try:
            for number, events in self.poller.poll():
                if number == self.number and events & HANG_UP:
                    os._exit(0)
        finally:
            self.at_work.release()
