"""Load by wrk, one thread of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

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


def install_programs(is_root: bool) -> None:
    """The load generator, and the compiler of what it is compared to: from Debian's packages, where
    they are missing and we may.
    """
    missing = [] if shutil.which("wrk") else ["wrk"]
    if not (shutil.which("cc") and Path("/usr/include/stdio.h").exists()):
        missing += ["gcc", "libc6-dev"]
    if not missing:
        return
    install = ["install", "-qy", "--no-install-recommends", *missing]
    if not is_root:
        raise SystemExit(f"bench: run `sudo apt-get {' '.join(install)}`")
    for command in (["apt-get", "update", "-q"], ["apt-get", *install]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise SystemExit(f"bench: {' '.join(command)}: {done.stdout}{done.stderr}")
