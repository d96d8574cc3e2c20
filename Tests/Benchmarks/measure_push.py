"""From `git push` to the first answer of the revision that it brings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway_program import Gateway
from http_connection import Connection
from processes import BenchmarkError
from settings import BODY, REPOSITORY, Settings

PUSH_SECONDS_MAX = 60
ASK_SECONDS = 0.002

Say = Callable[[str], None]


def measure_push(
    settings: Settings, gateway: Gateway, work: Path, say: Say
) -> dict[str, list[float]]:
    """Seconds of each push, and of a push of the same commit to a bare repository without hooks."""
    folder = work / "pushed"
    function = folder / "echo"
    shutil.copytree(REPOSITORY / "functions" / "echo", function)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    made = subprocess.run(
        [str(settings.faas), "git", "init", "bench", "-o", "json"],
        env={"FAAS_URL": gateway.url, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        raise BenchmarkError(f"faas git init: {made.stdout}{made.stderr}")
    git(folder, "remote", "add", "faas", json.loads(made.stdout)["path"])
    git(folder, "init", "--quiet", "--bare", str(work / "bare.git"))
    git(folder, "remote", "add", "bare", str(work / "bare.git"))
    found: dict[str, list[float]] = {"seconds": [], "bareSeconds": []}
    handler = (function / "handler.py").read_text()
    for number in range(1, settings.pushes + 1):
        say(f"push {number} of {settings.pushes}")
        (function / "handler.py").write_text(f"{handler}\n# {number}\n")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", f"version {number}")
        started = time.perf_counter()
        git(folder, "push", "--quiet", "bare", "main")
        found["bareSeconds"].append(time.perf_counter() - started)
        before = revision(gateway)
        started = time.perf_counter()
        pushing = subprocess.Popen(
            ["git", "-C", str(folder), "push", "--quiet", "faas", "main"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
        while revision(gateway) == before:
            if time.perf_counter() - started > PUSH_SECONDS_MAX:
                raise BenchmarkError("the push does not come to serve")
            if pushing.poll() not in (None, 0):
                raise BenchmarkError(f"git push: {pushing.communicate()[0].decode()}")
            time.sleep(ASK_SECONDS)
        found["seconds"].append(time.perf_counter() - started)
        pushing.communicate(timeout=PUSH_SECONDS_MAX)
    return found


def revision(gateway: Gateway) -> str:
    """Which revision answers; empty while none does."""
    with Connection(gateway.port) as connection:
        answer = connection.post("/function/echo", BODY)
    return answer.headers.get("x-revision", "") if answer.status == 200 else ""


def git(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, env=environment()
    )
    if done.returncode != 0:
        raise BenchmarkError(f"git {arguments[0]}: {done.stdout}{done.stderr}")


def environment() -> dict[str, Any]:
    """Of nobody in particular."""
    given = {}
    for role in ("AUTHOR", "COMMITTER"):
        given |= {f"GIT_{role}_NAME": "bench", f"GIT_{role}_EMAIL": "bench@localhost"}
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **given}
