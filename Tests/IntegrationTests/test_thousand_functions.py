"""A thousand deployed functions, all idle: what the gateway costs then."""

import json
import shutil
import sqlite3
from pathlib import Path

import host
from folders import EXAMPLES, read_folder
from gateways import Gateway

COUNT = 1000
# The bars are 2 s and 100 MB on a quiet machine; these leave room for a noisy one.
START_SECONDS_MAX = 4
RESIDENT_MIB_MAX = 150


def multiply(gateway: Gateway, name: str) -> list[str]:
    """Adds functions to the registry as deploys of this one under other names would have."""
    database = sqlite3.connect(gateway.data / "registry.sqlite", isolation_level=None)
    database.row_factory = sqlite3.Row
    function = dict(database.execute("SELECT * FROM function WHERE name = ?", (name,)).fetchone())
    revision = dict(
        database.execute("SELECT * FROM revision WHERE function = ?", (name,)).fetchone()
    )
    bundles = gateway.data / "bundles"
    source = bundles / revision["digest"]
    names = []
    database.execute("BEGIN")
    for number in range(COUNT - 1):
        copy = f"{name}-{number}"
        digest = f"{number:064x}"
        shutil.copytree(source, bundles / digest, copy_function=shutil.copy2)
        manifest = json.loads(revision["manifest"]) | {"name": copy}
        rename(bundles / digest / "function.yaml", name, copy)
        insert(database, "function", function | {"name": copy, "currentNumber": None})
        changed = {"function": copy, "digest": digest, "manifest": json.dumps(manifest)}
        insert(database, "revision", revision | changed)
        database.execute("UPDATE function SET currentNumber = 1 WHERE name = ?", (copy,))
        names.append(copy)
    database.execute("COMMIT")
    database.close()
    return names


def rename(path: Path, old: str, new: str) -> None:
    text = path.read_text().replace(f"name: {old}", f"name: {new}")
    path.chmod(0o644)
    path.write_text(text)
    path.chmod(0o444)


def insert(database: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))


def test_a_thousand_idle_functions_cost_little(own_gateway: Gateway) -> None:
    name = own_gateway.deploy(read_folder(EXAMPLES / "hello"))
    own_gateway.stop()
    names = multiply(own_gateway, name)

    seconds = own_gateway.start()

    resident = host.resident_mib(own_gateway.pid)
    listed = own_gateway.get("/v1/functions")["functions"]
    metrics = own_gateway.request("GET", "/metrics")
    print(f"\n{COUNT} functions: start-up {seconds:.2f} s, resident {resident:.0f} MiB")
    assert len(listed) == COUNT
    assert metrics.status == 200
    for one in (names[0], names[-1]):
        answer = own_gateway.invoke(one, {"name": "Ada"})
        assert (answer.status, answer.start_kind) == (200, "cold")
    assert seconds < START_SECONDS_MAX
    assert resident < RESIDENT_MIB_MAX


def test_start_up_does_not_wait_for_functions(own_gateway: Gateway) -> None:
    """Nothing is loaded before somebody asks."""
    own_gateway.deploy(read_folder(EXAMPLES / "hello"))
    own_gateway.stop()

    own_gateway.start()

    assert host.cgroup_processes(own_gateway.tag) == []
