"""Where weights are fetched from: a web server with ranges, and S3 as moto's server speaks it."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
from brokers import END_SECONDS_MAX, LISTEN_SECONDS_MAX, free_port, is_listening
from waiting import until

REGION = "eu-north-1"
BUCKET = "models"
HELD_SECONDS_MAX = 60


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Web:
    """Files by name, and the `Range` of each request so far."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: list[str] = field(default_factory=list)
    hold_after: int | None = None
    """Answers stop after so many bytes until `release` is set."""
    release: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving() -> Iterator[Web]:
    """A web server on the loopback."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = web.files.get(self.path.lstrip("/"))
            wanted = self.headers.get("Range", "")
            web.ranges.append(wanted)
            if content is None:
                return self.send_error(404)
            found = re.fullmatch(r"bytes=(\d+)-", wanted)
            start = int(found[1]) if found else 0
            self.send_response(206 if start else 200)
            if start:
                last = len(content) - 1
                self.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            rest = content[start:]
            if web.hold_after is not None:
                self.wfile.write(rest[: web.hold_after])
                web.release.wait(HELD_SECONDS_MAX)
                rest = rest[web.hold_after :]
            try:
                self.wfile.write(rest)
            except OSError:
                self.close_connection = True
            return None

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        web.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield web
        finally:
            web.release.set()
            server.shutdown()
            thread.join()


class ObjectStore:
    """A server of S3 that checks every signature."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.keys: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, objects: dict[str, bytes]) -> None:
        program = Path(sys.executable).parent / "moto_server"
        self.process = subprocess.Popen(
            [str(program), "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "1000000"},
            start_new_session=True,
        )
        until(lambda: is_listening(self.port), "moto_server listens", LISTEN_SECONDS_MAX)
        store = self.client("s3")
        store.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for key, content in objects.items():
            store.put_object(Bucket=BUCKET, Key=key, Body=content)
        self.keys = self.make_reader()
        order = Request(f"{self.url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
        with urlopen(order, timeout=10) as answer:
            assert answer.status == 200

    def make_reader(self) -> dict[str, str]:
        """Makes a user; the gateway's environment with its keys."""
        users = self.client("iam")
        policy = (
            '{"Version": "2012-10-17", "Statement": '
            '[{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'
        )
        users.create_user(UserName="reader")
        users.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=policy)
        key = users.create_access_key(UserName="reader")["AccessKey"]
        return {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": self.url,
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(END_SECONDS_MAX)
