"""What the report of an invocation says when it did not go well."""

import json
from typing import Any

import pytest
from folders import function
from gateways import Gateway
from waiting import until

HANDLER = """
import time

def deeper(count: int) -> None:
    if count:
        deeper(count - 1)
    raise ValueError("no way")

def predict(deep: int = 0, seconds: float = 0) -> str:
    print("begins", flush=True)
    if seconds:
        time.sleep(seconds)
        return "slept"
    deeper(deep)
    return ""
"""


@pytest.fixture(scope="module")
def failing(gateway: Gateway) -> str:
    manifest = "timeout: { total: 2s, firstByte: 1s }\n"
    return gateway.deploy(function("why-failing", HANDLER, manifest))


def why(gateway: Gateway, identity: str | None) -> dict[str, Any]:
    return dict(gateway.get(f"/v1/invocations/{identity}"))


@pytest.mark.parametrize("deep", [0, 40])
def test_a_handler_that_raised_is_quoted_and_not_its_traceback(
    gateway: Gateway, failing: str, deep: int
) -> None:
    answer = gateway.invoke(failing, {"deep": deep})

    assert answer.status == 500
    assert why(gateway, answer.id)["message"] == "ValueError: no way"


def test_a_timeout_is_named(gateway: Gateway, failing: str) -> None:
    answer = gateway.invoke(failing, {"seconds": 30})

    assert answer.status == 504
    assert "`timeout.firstByte`" in why(gateway, answer.id)["message"]


def test_a_refused_input_is_told(gateway: Gateway, failing: str) -> None:
    answer = gateway.invoke(failing, {"deep": "text"})

    assert answer.status == 400
    report = why(gateway, answer.id)
    assert report["outcome"] == "completed"
    assert report["message"] == answer.json()["detail"]


def test_what_went_well_says_nothing(gateway: Gateway, failing: str) -> None:
    answer = gateway.invoke(failing, {"seconds": 0.01})

    assert answer.status == 200
    assert "message" not in why(gateway, answer.id)


def test_one_under_way_has_its_account(gateway: Gateway) -> None:
    name = gateway.deploy(function("why-running", HANDLER))
    body = json.dumps({"seconds": 3})
    accepted = gateway.request("POST", f"/async-function/{name}", body).json()["id"]

    until(lambda: why(gateway, accepted)["state"] == "running", "it runs")

    assert why(gateway, accepted)["account"] == "local"
