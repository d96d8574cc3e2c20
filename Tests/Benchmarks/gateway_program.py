"""The gateway that is measured: a release build, billing on, real sandboxes."""

from __future__ import annotations

import json
import re
import shutil
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

from http_connection import Connection
from processes import BenchmarkError, Program, children_groups, processes_below, wait_until
from settings import REPOSITORY, Settings

START_SECONDS_MAX = 120
DEPLOY_SECONDS_MAX = 300
SETTLE_SECONDS_MAX = 30


class Gateway:
    """One data folder, and a gateway process on it that can be started again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.data = settings.data
        self.log = settings.cache / "gateway.log"
        self.port = free_port()
        self.program: Program | None = None

    @property
    def pid(self) -> int:
        if self.program is None:
            raise BenchmarkError("the gateway is not running")
        return self.program.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> float:
        """Seconds from exec to the first `ok` of /readyz."""
        command = [str(self.settings.gateway), "--listen", f"127.0.0.1:{self.port}"]
        command += ["--data", str(self.data), "--runtime", str(REPOSITORY / "runtime" / "python")]
        started = time.perf_counter()
        self.program = Program(command, self.log)
        wait_until(self.is_ready, "/readyz", START_SECONDS_MAX, interval=0.002)
        return time.perf_counter() - started

    def is_ready(self) -> bool:
        if self.program is not None:
            self.program.check()
        try:
            with self.connect() as connection:
                return connection.get("/readyz").status == 200
        except OSError:
            return False

    def stop(self) -> None:
        if self.program is not None:
            self.program.stop()
            self.program = None

    def connect(self) -> Connection:
        return Connection(self.port)

    def deploy(self, folder: Path) -> None:
        command = [str(self.settings.faas), "deploy", str(folder)]
        done = subprocess.run(
            command,
            env={"FAAS_URL": self.url, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=DEPLOY_SECONDS_MAX,
        )
        if done.returncode != 0:
            raise BenchmarkError(f"deploy of {folder.name}: {done.stdout}{done.stderr}")

    def pool(self, function: str) -> dict[str, int | str]:
        with self.connect() as connection:
            found = json.loads(connection.get("/v1/functions").body)["functions"]
        return next(one["pool"] for one in found if one["name"] == function)

    def wait_for_zero(self, function: str) -> None:
        """Until no instance is left, and the zygote is."""

        def is_at_zero() -> bool:
            pool = self.pool(function)
            return instances(pool) == 0 and pool["zygote"] == "ready"

        wait_until(is_at_zero, f"{function} at zero", SETTLE_SECONDS_MAX)

    def wait_for_quiet(self, function: str) -> None:
        """Until nothing runs and nothing waits: what clients left behind has ended."""

        def is_quiet() -> bool:
            pool = self.pool(function)
            return pool["busy"] == 0 and pool["waiting"] == 0

        wait_until(is_quiet, f"{function} quiet", SETTLE_SECONDS_MAX)

    def sandbox_processes(self, function: str) -> list[int]:
        """All processes in the sandbox of a function that has one: zygote, instances, reserve."""
        (place,) = (self.data / "sandboxes").glob(f"{function}-[0-9]*-[0-9]*/pid")
        return processes_below(children_groups(int(place.read_text())))

    def ledger_rows(self, function: str) -> int:
        place = f"file:{self.data / 'billing.sqlite'}?mode=ro"
        ledger = sqlite3.connect(place, uri=True, timeout=10)
        try:
            query = "SELECT count(*) FROM usageRecord WHERE function = ?"
            return int(ledger.execute(query, [function]).fetchone()[0])
        finally:
            ledger.close()

    def runtime_layer(self) -> Path:
        """What the Python runtime itself requires, as the gateway installed it."""
        found = [path.parent for path in (self.data / "layers").glob("*/msgspec")]
        bare = [path for path in found if not (path / "numpy").exists()]
        if not bare:
            raise BenchmarkError(f"no layer with msgspec below {self.data / 'layers'}")
        return bare[0]


def instances(pool: dict[str, int | str]) -> int:
    return sum(int(pool[state]) for state in ("idle", "busy", "starting", "parked"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def variant(function: str, name: str, keep_alive: str, below: Path) -> Path:
    """A copy of an example function under another name and with another keep-alive."""
    folder = below / name
    shutil.copytree(REPOSITORY / "functions" / function, folder)
    manifest = folder / "function.yaml"
    text = re.sub(r"(?m)^name: .*$", f"name: {name}", manifest.read_text())
    text, count = re.subn(r"keepAlive: \w+", f"keepAlive: {keep_alive}", text)
    if count != 1:
        raise BenchmarkError(f"functions/{function}/function.yaml has no keepAlive to change")
    manifest.write_text(text)
    return folder
