"""A web server with files, and with the faults that a fetch meets.

Prints its port; ends when its standard input does. The first part of a path says how it behaves,
the last one is the file: see `BEHAVIOURS`. `/log` gives the requests so far, one JSON list each.
"""

import http.server
import json
import re
import socket
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

CHUNK = 64 << 10


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    requests: ClassVar[list[list[str]]] = []
    counts: ClassVar[Counter[str]] = Counter()
    released = threading.Event()

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/log":
            return self.answer(200, json.dumps(self.requests).encode())
        if path == "/release":
            self.released.set()
            return self.answer(200, b"")
        self.requests.append([path, self.headers.get("Range", "")])
        self.counts[path] += 1
        behaviour, *arguments, name = path.strip("/").split("/")
        return BEHAVIOURS[behaviour](self, name, *arguments)

    def answer(self, status: int, body: bytes, **fields: str) -> None:
        self.send_response(status)
        for field, value in fields.items():
            self.send_header(field.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def start(self) -> int:
        """Where the wanted range begins."""
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(found[1]) if found else 0

    def content(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def begin(self, content: bytes, start: int) -> bytes:
        """Sends a header that promises what comes after `start`; gives it."""
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        return content[start:]

    def cut(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass


def ranges(handler: Handler, name: str) -> None:
    """A proper server."""
    content, start = handler.content(name), handler.start()
    if start and start >= len(content):
        return handler.answer(416, b"", Content_Range=f"bytes */{len(content)}")
    rest = handler.begin(content, start)
    for at in range(0, len(rest), CHUNK):
        handler.wfile.write(rest[at : at + CHUNK])
    return None


def cut(handler: Handler, name: str, count: str) -> None:
    """Takes ranges, and cuts the connection after so many bytes."""
    rest = handler.begin(handler.content(name), handler.start())
    handler.wfile.write(rest[: int(count)])
    if len(rest) > int(count):
        handler.cut()


def whole(handler: Handler, name: str, count: str) -> None:
    """Takes no ranges, and cuts the connection after so many bytes, once."""
    content = handler.begin(handler.content(name), 0)
    if handler.counts[urlsplit(handler.path).path] > 1:
        handler.wfile.write(content)
    else:
        handler.wfile.write(content[: int(count)])
        handler.cut()


def unsized(handler: Handler, name: str) -> None:
    """Says no length: the connection's end is the file's."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(handler.content(name))
    handler.close_connection = True


def mute416(handler: Handler, name: str) -> None:
    """Has no range, and does not say how long the file is."""
    if handler.start():
        return handler.answer(416, b"")
    handler.wfile.write(handler.begin(handler.content(name), 0))
    return None


def busy(handler: Handler, name: str, count: str) -> None:
    """Answers 503 so many times."""
    if handler.counts[urlsplit(handler.path).path] <= int(count):
        return handler.answer(503, b"later")
    return ranges(handler, name)


def status(handler: Handler, name: str, number: str) -> None:
    handler.answer(int(number), b"no")


def page(handler: Handler, name: str, number: str, count: str) -> None:
    """Refuses with a body of so many bytes."""
    handler.answer(int(number), b"<" * int(count))


def held(handler: Handler, name: str) -> None:
    """Answers once `/release` was asked for."""
    handler.released.wait(60)
    ranges(handler, name)


def stalled(handler: Handler, name: str) -> None:
    """Sends a little, and no more."""
    rest = handler.begin(handler.content(name), handler.start())
    handler.wfile.write(rest[:1000])
    handler.released.wait(60)


def paused(handler: Handler, name: str) -> None:
    """Sends a little, and the rest once `/release` was asked for."""
    rest = handler.begin(handler.content(name), handler.start())
    handler.wfile.write(rest[:1000])
    handler.released.wait(60)
    handler.wfile.write(rest[1000:])


def redirect(handler: Handler, name: str, scheme: str, host: str, *path: str) -> None:
    place = "/".join((host, *path, name))
    handler.answer(302, b"moved", Location=f"{scheme}://{place}")


def around(handler: Handler, name: str) -> None:
    """Redirects to itself."""
    handler.answer(302, b"", Location=f"https://{handler.headers['Host']}/around/{name}")


BEHAVIOURS: dict[str, Callable[..., None]] = {
    one.__name__: one
    for one in (
        *(ranges, cut, whole, unsized, mute416, busy, status, page),
        *(held, stalled, paused, redirect, around),
    )
}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that went away is what some tests are about."""


def main(folder: str, certificate: str = "", key: str = "") -> None:
    Handler.folder = Path(folder)
    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
