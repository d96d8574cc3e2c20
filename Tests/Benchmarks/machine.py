"""Facts about the machine and the programs, without which figures say little."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

from settings import PYTHON, REPOSITORY, Settings


def facts(settings: Settings) -> dict[str, Any]:
    return {
        "takenAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": said("git", "-C", str(REPOSITORY), "rev-parse", "HEAD"),
        "changed": bool(said("git", "-C", str(REPOSITORY), "status", "--porcelain")),
        "gateway": said(str(settings.gateway), "--version"),
        "gatewayBytes": settings.gateway.stat().st_size,
        "processor": field(Path("/proc/cpuinfo"), "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memoryMiB": int(field(Path("/proc/meminfo"), "MemTotal").split()[0]) // 1024,
        "kernel": platform.release(),
        "system": field(Path("/etc/os-release"), "PRETTY_NAME", "=").strip('"'),
        "runc": said("runc", "--version").split("\n")[0],
        "python": said(PYTHON, "--version"),
        "wrk": said("wrk", "--version").split(" Copyright")[0],
        "loadBefore": os.getloadavg()[0],
    }


def said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip()


def field(file: Path, name: str, separator: str = ":") -> str:
    for line in file.read_text().splitlines():
        key, _, value = line.partition(separator)
        if key.strip() == name:
            return value.strip()
    return ""
