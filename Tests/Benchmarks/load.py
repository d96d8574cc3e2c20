"""Load by wrk, one thread of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict, dataclass

from processes import BenchmarkError
from settings import BENCHMARKS, BODY


@dataclass
class Load:
    """What one program answered at one depth."""

    depth: int
    responses: int
    seconds: float
    p50_micros: float
    p99_micros: float

    @property
    def per_second(self) -> float:
        return self.responses / self.seconds

    def json(self) -> dict[str, float]:
        return {**asdict(self), "per_second": round(self.per_second)}


def drive(
    url: str,
    depth: int,
    seconds: float,
    body: str = BODY.decode(),
    kind: str = "application/json",
) -> Load:
    """Posts on `depth` connections at once; each must be answered, and with a status below 400."""
    command = ["wrk", "-t1", f"-c{depth}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
    done = subprocess.run(
        [*command, "-s", str(BENCHMARKS / "wrk_post.lua"), url],
        env={
            "PATH": "/usr/bin:/bin:/usr/local/bin",
            "BENCH_BODY": body,
            "BENCH_TYPE": kind,
        },
        capture_output=True,
        text=True,
        timeout=seconds + 30,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise BenchmarkError(f"wrk on {url}: {done.stdout}{done.stderr}")
    found = json.loads(lines[-1])
    if found["notOK"] or found["broken"] or not found["responses"]:
        raise BenchmarkError(f"{url} at {depth}: {lines[-1]}")
    return Load(
        depth, found["responses"], found["micros"] / 1e6, found["p50Micros"], found["p99Micros"]
    )


def install_wrk(is_root: bool) -> None:
    """From Debian's package, where it is missing and we may."""
    if shutil.which("wrk"):
        return
    if not is_root:
        raise SystemExit("bench: wrk is missing: `sudo apt-get install wrk`")
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-qy", "wrk"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise SystemExit(f"bench: {' '.join(command)}: {done.stdout}{done.stderr}")
