"""A way to a server that can be shut: a connection goes through it, until it does not."""

import contextlib
import socket
import threading

BYTES = 1 << 16


class Gate:
    """Listens on a port of its own and passes everything on to another."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.lock = threading.Lock()
        self.sockets: set[socket.socket] = set()
        self.listener: socket.socket | None = None
        self.port = 0
        self.broken = 0
        self.open()

    def open(self) -> None:
        """On the port that it had before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = int(listener.getsockname()[1])
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Breaks every connection, whatever is under way; new ones are refused."""
        if self.listener is not None:
            self.shut(self.listener)
            self.listener = None
        with self.lock:
            open_now, self.sockets = self.sockets, set()
        self.broken += len(open_now) // 2
        for one in open_now:
            self.shut(one)

    @staticmethod
    def shut(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()

    def accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            with self.lock:
                is_shut = self.listener is not listener
                if not is_shut:
                    self.sockets |= {near, far}
            if is_shut:
                self.shut(near)
                self.shut(far)
                return
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pass_on, args=(source, sink), daemon=True).start()

    def pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while piece := source.recv(BYTES):
                sink.sendall(piece)
        except OSError:
            pass
        for one in (source, sink):
            self.shut(one)
        with self.lock:
            self.sockets -= {source, sink}
