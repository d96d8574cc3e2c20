"""Other ways to serve the same handler, from PyPI, each by its own production server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection
from pathlib import Path

from gateway_program import free_port
from http_connection import Connection
from processes import NOTHING, BenchmarkError, Program, wait_until
from settings import BENCHMARKS, BODY, PYTHON

PACKAGES = ["functions-framework==3.10.2", "uvicorn[standard]==0.54.0"]
INSTALL_SECONDS_MAX = 300
START_SECONDS_MAX = 30


class Peer:
    """A server that is running, and that has answered."""

    def __init__(
        self,
        name: str,
        command: list[str],
        port: int,
        log: Path,
        source: Path = NOTHING,
        descriptors: Collection[int] = (),
    ) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}/"
        self.port = port
        self.program = Program(command, log, source=source, descriptors=descriptors)
        wait_until(self.is_serving, name, START_SECONDS_MAX, interval=0.05)

    def is_serving(self) -> bool:
        self.program.check()
        try:
            with Connection(self.port) as connection:
                answer = connection.post("/", BODY)
        except OSError:
            return False
        if answer.status != 200 or json.loads(answer.body) != json.loads(BODY):
            raise BenchmarkError(f"{self.name} answers {answer.status}: {answer.body!r}")
        return True

    def stop(self) -> None:
        self.program.stop()


def install(cache: Path) -> Path:
    """The folder of programs of a virtual environment with the peers; made once."""
    environment = cache / "peers"
    mark = environment / "installed"
    wanted = "\n".join(PACKAGES)
    if not mark.exists() or mark.read_text() != wanted:
        commands = [
            [PYTHON, "-m", "venv", "--clear", str(environment)],
            [str(environment / "bin" / "pip"), "install", "-q", *PACKAGES],
        ]
        for command in commands:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX
            )
            if done.returncode != 0:
                raise SystemExit(f"bench: {' '.join(command)}: {done.stdout}{done.stderr}")
        mark.write_text(wanted)
    return environment / "bin"


def start_uvicorn(programs: Path, log: Path) -> Peer:
    port = free_port()
    command = [str(programs / "uvicorn"), "peer_uvicorn:application", "--app-dir", str(BENCHMARKS)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--http", "httptools", "--loop", "uvloop", "--no-access-log"]
    return Peer("uvicorn", command, port, log)


def start_functions_framework(programs: Path, log: Path) -> Peer:
    port = free_port()
    command = [str(programs / "functions-framework"), "--target", "echo"]
    command += ["--source", str(BENCHMARKS / "peer_functions.py")]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    return Peer("functions-framework", command, port, log)
