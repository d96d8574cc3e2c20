"""Handlers that are async and streams that await nothing, and results that can hardly be told."""

import json
import time

import pytest
from folders import function
from gateways import Gateway
from http_client import post

AWAITING_NOTHING = """
import time

async def predict(count: int = 3, work: float = 0):
    for number in range(count):
        yield {"number": number, "at": time.time()}
        time.sleep(work)
"""

ODD = r"""
from faas import Cancelled, InputError

class Exits(Exception):
    def __str__(self): raise SystemExit(3)

KIND predict(how: str):
    if how == "half": raise ValueError("no file \udcff")
    if how == "input": raise InputError("no file \udcff")
    if how == "exits": raise Exits
    if how == "cancelled": raise Cancelled
    if how == "nan": return {"p": [0.5, float("nan")]}
    return how
"""


def test_an_async_generator_that_awaits_nothing_streams(gateway: Gateway) -> None:
    name = gateway.deploy(function("awaits-nothing", AWAITING_NOTHING))
    with gateway.raw() as connection:
        connection.send(post(f"/function/{name}", '{"count": 3, "work": 0.5}'))
        status, _ = connection.head()
        arrivals = [(json.loads(piece), time.time()) for piece in iter(connection.chunk, b"")]

    assert status == 200
    assert [piece["number"] for piece, _ in arrivals] == [0, 1, 2]
    for piece, arrived in arrivals:
        assert arrived - piece["at"] < 0.4


@pytest.fixture(scope="module", params=["def", "async def"])
def odd(gateway: Gateway, request: pytest.FixtureRequest) -> str:
    name = request.param.replace(" ", "-") + "-odd"
    return gateway.deploy(function(name, ODD.replace("KIND", request.param), "scale: { max: 1 }\n"))


@pytest.mark.parametrize(
    ("how", "status", "code", "detail"),
    [
        ("half", 500, "handlerRaised", r"no file \udcff"),
        ("input", 400, "inputInvalid", r"no file \udcff"),
        ("exits", 500, "handlerRaised", "SystemExit"),
        ("cancelled", 500, "handlerRaised", "Cancelled"),
        ("nan", 500, "outputInvalid", "NaN at `$.p[1]`, and JSON has neither NaN nor infinity"),
    ],
)
def test_what_can_hardly_be_told_is_told_and_the_instance_lives_on(
    gateway: Gateway, odd: str, how: str, status: int, code: str, detail: str
) -> None:
    answer = gateway.invoke(odd, {"how": how})

    assert (answer.status, answer.json()["code"]) == (status, code)
    assert detail in answer.json()["detail"]
    after = gateway.invoke(odd, {"how": "well"})
    assert (after.json(), after.start_kind) == ("well", "warm")


def test_a_handler_whose_parameter_has_no_form_in_json_is_refused_by_its_name(
    gateway: Gateway,
) -> None:
    source = "class Own: pass\ndef predict(n: int, own: Own | None = None): pass"

    done = gateway.put("no-form", function("no-form", source))

    assert "the parameter own: Own can't be read from JSON" in str(done)
