"""A gateway with many functions deployed, and none in use."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway_program import Gateway
from processes import BenchmarkError, resident_bytes
from settings import BODY, REPOSITORY, Settings

FUNCTIONS = 1000
# After /readyz: whatever a start leaves to be done later has been done.
REST_SECONDS = 1

Say = Callable[[str], None]


def measure_idle(settings: Settings, gateway: Gateway, say: Say) -> dict[str, Any]:
    gateway.deploy(REPOSITORY / "functions" / "echo")
    gateway.stop()
    copy_function(gateway.data / "registry.sqlite", "echo")
    starts = []
    for number in range(settings.idle_starts):
        say(f"start with {FUNCTIONS} functions, {number + 1} of {settings.idle_starts}")
        seconds = gateway.start()
        time.sleep(REST_SECONDS)
        starts.append({"seconds": seconds, "residentBytes": resident_bytes(gateway.pid)})
        check(gateway)
        gateway.stop()
    return {"functions": FUNCTIONS, "starts": starts}


def copy_function(registry: Path, name: str) -> None:
    """Enters the function's revision under 1,000 more names; all share its bundle on disk."""
    with closing(sqlite3.connect(registry)) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(revision)")]
        columns_of_function = [row[1] for row in database.execute("PRAGMA table_info(function)")]
        revision = row_of(database, "revision", "function", name, columns)
        function = row_of(database, "function", "name", name, columns_of_function)
        manifest = json.loads(revision["manifest"])
        for number in range(FUNCTIONS):
            copy = f"{name}-{number:04}"
            manifest["name"] = copy
            insert(database, "function", {**function, "name": copy})
            text = json.dumps(manifest)
            insert(database, "revision", {**revision, "function": copy, "manifest": text})


def row_of(
    database: sqlite3.Connection, table: str, key: str, name: str, columns: list[str]
) -> dict[str, Any]:
    query = f"SELECT * FROM {table} WHERE {key} = ? ORDER BY 2 DESC"
    return dict(zip(columns, database.execute(query, [name]).fetchone(), strict=True))


def insert(database: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", [*row.values()])


def check(gateway: Gateway) -> None:
    """All are there, and one of them serves."""
    with gateway.connect() as connection:
        found = json.loads(connection.get("/v1/functions").body)["functions"]
        answer = connection.post(f"/function/echo-{FUNCTIONS // 2:04}", BODY)
    if len(found) < FUNCTIONS or answer.status != 200:
        raise BenchmarkError(
            f"{len(found)} functions; one answered {answer.status}: {answer.body!r}"
        )
