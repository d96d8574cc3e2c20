"""What all brokers have in common: real servers of the tests' own, places, and messages in them."""

import os
import random
import shutil
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from waiting import until

LISTEN_SECONDS_MAX = 90
CLIENT_SECONDS = 5
END_SECONDS_MAX = 20
PORTS = range(20_000, 32_000)


@dataclass
class Message:
    """`key` is its identity where the protocol lets the sender name one."""

    key: str
    body: str
    fields: dict[str, str] = field(default_factory=dict)


class BrokenError(Exception):
    """The broker did not take a message; how many before it were taken."""

    def __init__(self, taken: int, cause: BaseException) -> None:
        super().__init__(f"{taken} taken, then {cause!r}")
        self.taken = taken


def free_port() -> int:
    """None that the system gives to clients: it must be free again after the server was killed."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


class Broker(ABC):
    """One server program. Places are streams or queues; `queue list` calls them by these names."""

    name: str
    program: str
    password = "open-sesame-417"
    messages_max = 1_000_000
    """More would measure the server."""
    outage_seconds = 3.0
    """Somewhat longer than it is gone when it is killed and started."""
    knows_unsettled = True
    """Whether `left` counts what was given out and not settled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @classmethod
    def path(cls) -> str | None:
        """The program, where it is installed."""
        return shutil.which(cls.program, path=f"{os.environ['PATH']}:/usr/sbin:/usr/bin")

    @abstractmethod
    def command(self) -> list[str]:
        """The server in the foreground, on `port`, keeping all it has in `folder`."""

    def environment(self) -> dict[str, str]:
        return {}

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether a client is let in; only asked while something listens."""

    def launch(self) -> None:
        """Starts the server and does not wait."""
        self.starts += 1
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment()},
                cwd=self.folder,
                start_new_session=True,
            )

    def ready(self) -> None:
        """Waits until clients are let in."""
        process = self.process
        assert process is not None
        until(
            lambda: process.poll() is not None or (is_listening(self.port) and self.is_ready()),
            f"{self.name} lets clients in: {self.folder}",
            LISTEN_SECONDS_MAX,
            poll=0.02,
        )
        assert process.poll() is None, f"{self.name} ended: {self.log.read_text()[-2000:]}"

    @property
    def log(self) -> Path:
        return self.folder / f"server.{self.starts}.log"

    def start(self) -> None:
        self.launch()
        self.ready()

    def kill(self) -> None:
        """SIGKILL for the server and all that it has started."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(END_SECONDS_MAX)

    def down(self) -> None:
        """No client gets through any more."""
        self.kill()

    def up(self) -> None:
        """After `down`: back with all that had been taken."""
        self.start()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    @abstractmethod
    def make(self, place: str, lease_seconds: float | None = None) -> None:
        """Makes the stream or queue; with a lease of this length where the broker keeps one."""

    def keep(self) -> None:
        """What was made is on disk, also where the server does that some time later."""
        assert self.process is not None

    @abstractmethod
    def url(self, place: str, password: str | None = None, port: int | None = None) -> str:
        """The `broker:` of a manifest."""

    @abstractmethod
    def options(self, place: str) -> dict[str, str]:
        """What else a manifest has to say of it."""

    def trigger(self, place: str, url: str | None = None, **options: str) -> str:
        """A line of a manifest's `triggers:`."""
        entries = {"broker": url or self.url(place)} | self.options(place) | options
        return f"queue: {{ {', '.join(f'{key}: {text}' for key, text in entries.items())} }}"

    @abstractmethod
    def send(self, place: str, messages: Sequence[Message]) -> None:
        """Sends with the protocol's usual client; returns once the broker has taken each one.

        Sending a message again does no harm: it is the same message.
        """

    @abstractmethod
    def left(self, place: str) -> int:
        """Messages that are waiting or were never acknowledged."""

    def has_readers(self, place: str) -> bool:
        """Whether something is given out that `left` does not know of."""
        return False
