"""Functions are tried with their own samples while they serve."""

from typing import Any

from folders import Files, function
from gateways import Gateway
from pushes import order
from waiting import until

# Answers as its sample says but for some seconds of its life: a dependency that changes.
MOODY = """
import time

BEGAN = time.monotonic()

def predict(n: int) -> int:
    return n if {begin} < time.monotonic() - BEGAN < {end} else n + 1
"""
NEVER = (-1, -1)


def moody(name: str, times: tuple[float, float], every: str = "1s") -> Files:
    begin, end = times
    probe = f"probe: {{ every: {every} }}\n"
    files = function(name, MOODY.format(begin=begin, end=end), probe)
    return files | {"sample.json": '{"n": 1}', "sample.expected.json": "2"}


def describe(gateway: Gateway, name: str) -> dict[str, Any]:
    found: dict[str, Any] = gateway.get(f"/v1/functions/{name}")
    return found


def test_a_function_whose_probe_fails_is_marked_until_it_is_deployed_right(
    gateway: Gateway,
) -> None:
    name = gateway.deploy(moody("moody", (2, 1_000)))
    assert "failure" not in describe(gateway, name)

    found = until(lambda: describe(gateway, name).get("failure"), "it is marked", seconds=15)

    assert "differs" in found
    assert describe(gateway, name)["state"] == "failed"
    assert gateway.invoke(name, {"n": 5}).json() == 5
    gateway.deploy(moody("moody", NEVER))
    assert "failure" not in describe(gateway, name)


def test_another_revision_is_probed_in_its_own_time(gateway: Gateway) -> None:
    name = gateway.deploy(moody("timely", NEVER, every="24h"))
    gateway.deploy(moody("timely", (2, 1_000)))

    until(lambda: describe(gateway, name).get("failure"), "it is marked", seconds=15)
    back = order(gateway, "POST", f"/v1/functions/{name}/rollback")

    assert back.status == 200
    assert "failure" not in describe(gateway, name)


def test_nobody_pays_for_probes(gateway: Gateway) -> None:
    name = gateway.deploy(moody("probed", NEVER))

    rows = until(lambda: gateway.rows("function = ?", name), "a probe is on the books", seconds=10)

    assert {(row["account"], row["trigger"], row["outcome"]) for row in rows} == {
        ("probe", "probe", "completed")
    }


def test_a_probe_that_answers_again_takes_the_mark_away(gateway: Gateway) -> None:
    name = gateway.deploy(moody("recovering", (2, 5)))

    until(lambda: describe(gateway, name).get("failure"), "it is marked", seconds=15)

    until(lambda: "failure" not in describe(gateway, name), "the mark is gone", seconds=15)
