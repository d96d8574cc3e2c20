"""Requests to a gateway, over http.client or as raw bytes over a socket."""

import http.client
import json
import re
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ANSWER_SECONDS_MAX = 60

Body = str | bytes | Iterable[bytes] | None


@dataclass(frozen=True)
class Answer:
    """A whole answer; names of header fields are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["x-invocation-id"]

    @property
    def start_kind(self) -> str:
        return self.headers["x-start-kind"]

    @property
    def timings(self) -> dict[str, float]:
        """Milliseconds by phase, as `Server-Timing` has them."""
        found = re.findall(r"(\w+);dur=([\d.]+)", self.headers["server-timing"])
        return {name: float(millis) for name, millis in found}


class Connection:
    """One connection that is kept; `request` may be called again and again."""

    def __init__(self, host: str, port: int, seconds: float = ANSWER_SECONDS_MAX) -> None:
        self.http = http.client.HTTPConnection(host, port, timeout=seconds)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def request(
        self, method: str, path: str, body: Body = None, headers: dict[str, str] | None = None
    ) -> Answer:
        data = body.encode() if isinstance(body, str) else body
        self.http.request(method, path, data, headers or {})
        return read(self.http.getresponse())


def read(response: http.client.HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


class RawConnection:
    """A socket, for requests that no client library would send."""

    def __init__(self, host: str, port: int, seconds: float = ANSWER_SECONDS_MAX) -> None:
        self.socket = socket.create_connection((host, port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> "RawConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def reset(self) -> None:
        """Closes as a client that died does: what was on its way is thrown away."""
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close()

    def send(self, data: str | bytes) -> None:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def head(self) -> tuple[int, dict[str, str]]:
        """Status and header fields of the next answer."""
        line = self.file.readline()
        if not line:
            raise ConnectionError("the connection was closed before an answer")
        status = int(line.split()[1])
        headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers

    def chunk(self) -> bytes:
        """The next chunk of a chunked body; empty at its end."""
        size = int(self.file.readline(), 16)
        data = self.file.read(size)
        if self.file.readline() != b"\r\n" or len(data) != size:
            raise ConnectionError("the answer ended in a chunk")
        return data

    def answer(self) -> Answer:
        """The next answer, whole."""
        status, headers = self.head()
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join(iter(self.chunk, b""))
        elif status == 100:
            body = b""
        else:
            body = self.file.read(int(headers["content-length"]))
        return Answer(status, headers, body)

    def at_end(self) -> bool:
        """Whether the gateway has closed the connection; waits for it to say something."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True


def post(path: str, body: str | bytes, *fields: str) -> bytes:
    """The bytes of a request with a body of known length."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"POST {path} HTTP/1.1", "Host: test", f"Content-Length: {len(data)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + data
