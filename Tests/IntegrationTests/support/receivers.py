"""A server that results are posted to."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from waiting import until


@dataclass(frozen=True)
class Post:
    """What was posted; names of header fields are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    def is_signed(self, key: Path) -> bool:
        """Whether the signature is right by the scheme of Standard Webhooks, version 1."""
        secret = base64.b64decode(key.read_text().strip().removeprefix("whsec_"))
        fields = [self.headers[f"webhook-{name}"] for name in ("id", "timestamp")]
        signed = ".".join(fields).encode() + b"." + self.body
        digest = hmac.new(secret, signed, hashlib.sha256).digest()
        wanted = "v1," + base64.b64encode(digest).decode()
        return wanted in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """What has come so far; answers are these statuses one by one, and 204 after them."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def wait(self, count: int = 1) -> list[Post]:
        return until(lambda: len(self.posts) >= count and self.posts, f"{count} posts", seconds=20)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.posts.append(Post(self.path, headers, body))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
