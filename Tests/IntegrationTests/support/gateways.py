"""A gateway as a process, with a data folder of its own."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import host
from folders import ROOT, Files, pack
from http_client import Answer, Body, Connection, RawConnection
from waiting import until

BINARY = os.environ.get("FAAS_GATEWAY_BINARY", str(ROOT / ".build/release/gateway"))
CLI = os.environ.get("FAAS_CLI_BINARY", str(ROOT / ".build/release/faas"))
RUNTIME = ROOT / "runtime/python"
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 40
DEPLOY_SECONDS_MAX = 400
SEEDED = ("layers", "tools")


@dataclass
class Deploy:
    """What became of a deploy, whichever way it was refused."""

    status: int
    content_type: str
    events: list[dict[str, Any]] = field(default_factory=list)
    problem: dict[str, Any] | None = None

    @property
    def done(self) -> dict[str, Any]:
        assert self.problem is None, self.problem
        assert self.events[-1]["step"] == "done", self.events
        return self.events[-1]

    @property
    def code(self) -> str:
        assert self.problem is not None, self.events[-1]
        return str(self.problem["code"])


class Gateway:
    """One data folder, and the process that serves from it while it runs."""

    def __init__(self, data: Path, config: str = "", listen: str = "127.0.0.1:0") -> None:
        self.data = data
        self.listen = listen
        self.token: str | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.host, self.port = "127.0.0.1", 0
        self.starts = 0
        data.mkdir(parents=True, exist_ok=True)
        self.config = data.with_suffix(".yaml")
        if config:
            self.config.write_text(config)

    def seed(self, other: Path) -> None:
        """Takes over what another gateway has installed, so that nothing is fetched twice."""
        for source in [other / "tools", *(other / "layers").glob("*")]:
            self.link(source, other)

    def share_runtime(self, other: Path) -> None:
        """As `seed`, but without the layers of functions, which are large."""
        wanted = (RUNTIME / "requirements.txt").read_text().partition("==")[0].strip()
        for layer in (other / "layers").glob(f"*/{wanted}"):
            self.link(layer.parent, other)
        self.link(other / "tools", other)

    def link(self, source: Path, other: Path) -> None:
        """Copies a folder by hard links where that can be."""
        target = self.data / source.relative_to(other)
        if not source.is_dir() or target.exists():
            return
        target.parent.mkdir(exist_ok=True)
        copy = ["cp", "-a", "--link", str(source), str(target)]
        if subprocess.run(copy, check=False, capture_output=True).returncode:
            shutil.rmtree(target, ignore_errors=True)
            subprocess.run([*copy[:2], *copy[3:]], check=True)

    # Process.

    @property
    def log(self) -> Path:
        return self.data.with_suffix(f".{self.starts}.log")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def tag(self) -> str:
        return host.cgroup_tag(self.data)

    def command(self) -> list[str]:
        flags = ["--listen", self.listen, "--data", str(self.data), "--runtime", str(RUNTIME)]
        if self.config.exists():
            flags += ["--config", str(self.config)]
        return [BINARY, *flags]

    def launch(self) -> None:
        """Starts the process and does not wait."""
        assert not self.is_running, "it runs already"
        self.starts += 1
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FAAS_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
            )

    def start(self) -> float:
        """Starts the process; returns how many seconds it took until it served."""
        began = time.monotonic()
        self.launch()
        found = until(self.find_port, f"serving: {self.log}", START_SECONDS_MAX, poll=0.002)
        self.port = int(found)
        self.healthy()
        return time.monotonic() - began

    def find_port(self) -> str | None:
        assert self.is_running, f"the gateway ended:\n{self.log.read_text()}"
        match = re.search(r"address=\S*:(\d+) ", self.log.read_text())
        return match and match[1]

    def healthy(self) -> None:
        answer = self.request("GET", "/healthz")
        assert answer.status == 200, answer

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL, as a crash would be."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS_MAX)

    def terminate(self) -> None:
        """Asks it to drain and stop; does not wait."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Drains and stops; its exit status."""
        assert self.process is not None
        if self.is_running:
            self.terminate()
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def leftovers(self) -> dict[str, list[Any]]:
        """What a gateway that has ended should not have left on the host."""
        found = {
            "processes": host.cgroup_processes(self.tag),
            "mounts": host.mounts(self.data),
            "cgroups": host.cgroups(self.tag),
            "sandboxes": list((self.data / "sandboxes").glob("*")),
            "containers": list((self.data / "oci").glob("*")),
        }
        return {name: things for name, things in found.items() if things}

    # Requests.

    def connect(self, seconds: float = 60) -> Connection:
        return Connection(self.host, self.port, seconds)

    def raw(self, seconds: float = 60) -> RawConnection:
        return RawConnection(self.host, self.port, seconds)

    def request(
        self,
        method: str,
        path: str,
        body: Body = None,
        headers: dict[str, str] | None = None,
        seconds: float = 60,
    ) -> Answer:
        headers = dict(headers or {})
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        with self.connect(seconds) as connection:
            return connection.request(method, path, body, headers)

    def invoke(
        self, name: str, body: Any = None, headers: dict[str, str] | None = None, **options: Any
    ) -> Answer:
        """Posts bytes as they are and all else as JSON; nothing is an empty object."""
        raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        return self.request("POST", f"/function/{name}", raw, headers, **options)

    def get(self, path: str) -> Any:
        answer = self.request("GET", path)
        assert answer.status == 200, answer
        return answer.json()

    # Deploying.

    def put(self, name: str, bundle: Files | bytes) -> Deploy:
        """Deploys, whatever comes of it."""
        body = bundle if isinstance(bundle, bytes) else pack(bundle)
        fields = {"Content-Type": "application/x-tar"}
        answer = self.request(
            "PUT", f"/v1/functions/{name}", body, fields, seconds=DEPLOY_SECONDS_MAX
        )
        content_type = answer.headers.get("content-type", "")
        if answer.status != 200:
            return Deploy(answer.status, content_type, problem=answer.json())
        events = [json.loads(line) for line in answer.body.splitlines()]
        return Deploy(200, content_type, events, events[-1].get("problem"))

    def deploy(self, files: Files) -> str:
        """Deploys a folder, which must go well; its name."""
        text = files["function.yaml"]
        manifest = text.decode() if isinstance(text, bytes) else text
        found = re.search(r"^name: *(\S+)", manifest, re.MULTILINE)
        assert found
        assert self.put(found[1], files).done
        return found[1]

    def remove(self, name: str) -> None:
        answer = self.request("DELETE", f"/v1/functions/{name}")
        assert answer.status == 204, answer

    def counts(self, name: str) -> dict[str, Any]:
        """The pool of a function: instances by state, waiting invocations, the zygote."""
        pool: dict[str, Any] = self.get(f"/v1/functions/{name}")["pool"]
        return pool

    def instances(self, name: str) -> int:
        counts = self.counts(name)
        return sum(int(counts[state]) for state in ("idle", "busy", "starting"))

    # Books.

    def rows(self, where: str = "1", *values: object) -> list[dict[str, Any]]:
        """Usage records, oldest first."""
        database = sqlite3.connect(f"file:{self.data}/billing.sqlite?mode=ro", uri=True, timeout=10)
        try:
            database.row_factory = sqlite3.Row
            query = f"SELECT * FROM usageRecord WHERE {where} ORDER BY id, attempt"
            return [dict(row) for row in database.execute(query, values)]
        finally:
            database.close()

    def row(self, invocation: str) -> dict[str, Any]:
        """The only usage record of an invocation, which may come a moment after it ended."""
        rows = until(lambda: self.rows("id = ?", invocation), f"a row of {invocation}")
        assert len(rows) == 1, rows
        return rows[0]

    def cli(self, *arguments: str, status: int = 0, **options: Any) -> str:
        """Runs `faas`; its standard output."""
        ended = self.run_cli(*arguments, **options)
        assert ended.returncode == status, (ended.stdout, ended.stderr)
        return str(ended.stdout)

    def run_cli(self, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [CLI, *arguments],
            env=self.cli_environment(),
            capture_output=True,
            text=True,
            timeout=DEPLOY_SECONDS_MAX,
            check=False,
            **options,
        )

    def cli_environment(self) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FAAS_")}
        environment["FAAS_URL"] = self.url
        if self.token:
            environment["FAAS_TOKEN"] = self.token
        return environment
