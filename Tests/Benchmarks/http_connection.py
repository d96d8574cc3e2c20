"""A client for single requests: one connection, no library between it and the clock."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

WAIT_SECONDS_MAX = 60
READ_BYTES = 1 << 18


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    # From before the request was written until its last byte was read.
    millis: float

    @property
    def start_kind(self) -> str:
        return self.headers.get("x-start-kind", "")

    def timing(self, phase: str) -> float:
        """Milliseconds that the gateway gives for `queue`, `start` or `run`."""
        for metric in self.headers["server-timing"].split(", "):
            name, duration = metric.split(";dur=")
            if name == phase:
                return float(duration)
        raise KeyError(phase)


class Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), WAIT_SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def get(self, path: str) -> Answer:
        return self.exchange(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())

    def post(self, path: str, body: bytes) -> Answer:
        return self.exchange(post_request(path, body))

    def exchange(self, request: bytes) -> Answer:
        started = time.perf_counter()
        self.socket.sendall(request)
        return self.receive(started)

    def receive(self, started: float) -> Answer:
        """The next answer; `started` is when its request was written."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.more()
        status, headers = parse(data[:end].decode())
        body = data[end + 4 :]
        if "transfer-encoding" in headers:
            body = self.chunks(body)
        else:
            while len(body) < int(headers.get("content-length", 0)):
                body += self.more()
        return Answer(status, headers, body, (time.perf_counter() - started) * 1000)

    def chunks(self, data: bytes) -> bytes:
        body = b""
        while True:
            while (end := data.find(b"\r\n")) < 0:
                data += self.more()
            size = int(data[:end].split(b";")[0], 16)
            while len(data) < end + 2 + size + 2:
                data += self.more()
            body += data[end + 2 : end + 2 + size]
            data = data[end + 2 + size + 2 :]
            if size == 0:
                return body

    def more(self) -> bytes:
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise ConnectionError("the connection was closed before the answer's end")
        return data


def post_request(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def parse(head: str) -> tuple[int, dict[str, str]]:
    first, *lines = head.split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return int(first.split()[1]), {name.lower(): value.strip() for name, value in pairs}
