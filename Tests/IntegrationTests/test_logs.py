"""What functions print and log, by invocation."""

import json
import select
import subprocess
import time
from typing import Any

import pytest
from folders import function
from gateways import CLI, Gateway
from http_client import RawConnection, post
from waiting import until

# Of one gateway.
FOLLOWERS_MAX = 64

TALKER = """
import logging, os, sys

print("while importing")
logger = logging.getLogger("mine")
logging.basicConfig(level=logging.DEBUG)

def load():
    print("while loading")
    return None

def predict(model, word: str) -> str:
    print("out", word)
    print("err", word, file=sys.stderr)
    logger.info("info %s", word)
    logger.warning("warning %s", word)
    logger.error("error %s", word)
    os.write(1, b"raw " + word.encode() + b"\\n")
    return word
"""


@pytest.fixture(scope="module")
def talker(gateway: Gateway) -> str:
    return gateway.deploy(function("talker", TALKER))


def lines(gateway: Gateway, name: str, query: str = "") -> list[dict[str, Any]]:
    answer = gateway.request("GET", f"/v1/functions/{name}/logs{query}")
    assert answer.status == 200, answer
    return [json.loads(line) for line in answer.body.splitlines()]


def test_each_line_has_its_invocation_level_and_instance(gateway: Gateway, talker: str) -> None:
    answer = gateway.invoke(talker, {"word": "one"})

    found = until(
        lambda: len(said := lines(gateway, talker, f"?invocation={answer.id}")) >= 6 and said,
        "all lines",
    )

    levels = {line["text"].split(":")[-1].strip(): line["level"] for line in found}
    assert levels["out one"] == "stdout"
    assert levels["err one"] == "stderr"
    assert any("raw one" in text for text in levels)
    for level in ("info", "warning", "error"):
        assert level in [line["level"] for line in found if f"{level} one" in line["text"]]
    assert all(line["invocation"] == answer.id for line in found)
    assert all(line["instance"].startswith(f"{talker}-1/") for line in found)
    assert [line["atMicros"] for line in found] == sorted(line["atMicros"] for line in found)


def test_lines_of_loading_belong_to_no_invocation(gateway: Gateway, talker: str) -> None:
    found = {line["text"]: line for line in lines(gateway, talker, "?tail=1000")}

    for text in ("while importing", "while loading"):
        assert "invocation" not in found[text]


def test_two_invocations_do_not_mix(gateway: Gateway, talker: str) -> None:
    first = gateway.invoke(talker, {"word": "first"})
    second = gateway.invoke(talker, {"word": "second"})

    until(lambda: len(lines(gateway, talker, f"?invocation={second.id}")) >= 6, "all lines")
    for answer, word in ((first, "first"), (second, "second")):
        said = " ".join(line["text"] for line in lines(gateway, talker, f"?invocation={answer.id}"))
        assert word in said
        assert ({"first", "second"} - {word}).isdisjoint(said.split())


def test_the_newest_lines_are_asked_for_by_number(gateway: Gateway, talker: str) -> None:
    gateway.invoke(talker, {"word": "tail"})

    everything = lines(gateway, talker, "?tail=10000")

    assert lines(gateway, talker, "?tail=3") == everything[-3:]
    assert lines(gateway, talker, "?tail=0") == []


def test_the_command_line_shows_them(gateway: Gateway, talker: str) -> None:
    answer = gateway.invoke(talker, {"word": "cli"})
    until(lambda: lines(gateway, talker, f"?invocation={answer.id}"), "its lines")

    text = gateway.cli("logs", talker, "--invocation", answer.id)
    parsed = gateway.cli("logs", talker, "--invocation", answer.id, "-o", "json").splitlines()

    assert "out cli" in text
    assert {json.loads(line)["invocation"] for line in parsed} == {answer.id}


def test_following_shows_lines_as_they_come(gateway: Gateway, talker: str) -> None:
    process = subprocess.Popen(
        [CLI, "logs", talker, "-f", "--tail", "0"],
        env=gateway.cli_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        deadline = time.monotonic() + 10
        first = read_line_while(gateway, talker, process, deadline)
    finally:
        process.terminate()
        process.wait(10)

    assert "followed" in first


def read_line_while(
    gateway: Gateway, name: str, process: "subprocess.Popen[str]", deadline: float
) -> str:
    """Invokes until the command has printed a line."""
    assert process.stdout is not None
    while time.monotonic() < deadline:
        gateway.invoke(name, {"word": "followed"})
        ready, _, _ = select.select([process.stdout], [], [], 0.2)
        if ready:
            return process.stdout.readline()
    raise AssertionError("nothing was printed")


def follow(gateway: Gateway, name: str) -> RawConnection:
    connection = gateway.raw(seconds=10)
    query = "follow=true&tail=1"
    connection.send(f"GET /v1/functions/{name}/logs?{query} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.head()[0] == 200
    return connection


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_followers_who_leave_make_room_for_others(gateway: Gateway, leave: str) -> None:
    """More than there may be at a time, in turn, of a function that prints nothing meanwhile."""
    handler = "def predict() -> None:\n    print('said')\n"
    name = gateway.deploy(function(f"followed-{leave}", handler))
    for _ in range(FOLLOWERS_MAX + 6):
        follower = follow(gateway, name)
        follower.reset() if leave == "reset" else follower.close()

    with follow(gateway, name) as last:
        gateway.invoke(name)

        assert json.loads(last.chunk())["text"] == "said"


def test_a_line_appears_while_its_invocation_runs(gateway: Gateway) -> None:
    handler = """
import asyncio

async def predict(seconds: float) -> str:
    print("at work", flush=True)
    await asyncio.sleep(seconds)
    return "done"
"""
    name = gateway.deploy(function("live", handler))
    with gateway.raw() as connection:
        connection.send(post(f"/function/{name}", '{"seconds": 1.5}'))
        until(lambda: "at work" in str(lines(gateway, name)), "it appears", seconds=1.2)
        assert gateway.counts(name)["busy"] == 1
        assert connection.answer().status == 200


def test_logs_of_a_function_that_is_not_there(gateway: Gateway) -> None:
    answer = gateway.request("GET", "/v1/functions/nobody/logs")

    assert (answer.status, answer.json()["code"]) == (404, "functionNotFound")


def test_lines_with_anything_in_them_are_one_line_of_json(gateway: Gateway) -> None:
    handler = r"""
import os

def predict() -> int:
    print("quote \" backslash \\ tab \t nul \0 bell \x07 åäö 🎉 \u2028")
    os.write(1, b"\xff\xfe broken\n")
    print("x" * 100_000)
    return 1
"""
    name = gateway.deploy(function("odd-lines", handler))
    answer = gateway.invoke(name)

    found = until(lambda: lines(gateway, name, f"?invocation={answer.id}&tail=1000"), "its lines")

    assert any("åäö 🎉" in line["text"] for line in found)
    assert sum(line["text"].count("x") for line in found) <= 100_001
