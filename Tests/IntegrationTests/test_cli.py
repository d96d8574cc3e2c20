"""The command line against a real gateway; what it prints is tested beside its sources."""

import json

import pytest
from folders import EXAMPLES
from gateways import Gateway


def test_doctor_finds_what_is_needed(gateway: Gateway) -> None:
    checks = json.loads(gateway.cli("doctor", "-o", "json"))

    text = json.dumps(checks)
    for word in ("runc", "cgroup", "seccomp", "GPU", "disk"):
        assert word in text


def test_an_invocation_by_words_prints_the_answer(gateway: Gateway, hello: str) -> None:
    answered = gateway.cli("invoke", hello, "name=World")

    assert json.loads(answered) == gateway.invoke(hello, {"name": "World"}).json()


def test_an_invocation_as_json_has_its_timings(gateway: Gateway, hello: str) -> None:
    answered = json.loads(gateway.cli("invoke", hello, "name=World", "-o", "json"))

    assert answered["status"] == 200
    assert answered["startKind"] in ("warm", "fork", "cold")


def test_a_file_is_sent_as_it_is(gateway: Gateway, echo: str) -> None:
    sample = EXAMPLES / "echo/sample.json"

    answered = gateway.cli("invoke", echo, "--file", str(sample))

    assert json.loads(answered) == json.loads(sample.read_text())


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["invoke", "nobody"], 1, "nobody"),
        (["invoke", "hello", "nam=x"], 1, "nam"),
        (["describe", "nobody"], 1, "nobody"),
        (["deploy", "/nowhere"], 1, "nowhere"),
        (["invoke"], 2, "name"),
        (["frobnicate"], 2, "frobnicate"),
        (["usage", "--by", "moon"], 2, "moon"),
    ],
)
@pytest.mark.usefixtures("hello")
def test_what_goes_wrong_has_a_status_and_a_reason(
    gateway: Gateway, arguments: list[str], status: int, word: str
) -> None:
    ended = gateway.run_cli(*arguments)

    assert ended.returncode == status, ended
    assert word in ended.stderr
    assert ended.stdout == ""


def test_a_gateway_that_is_not_there_is_named(gateway: Gateway) -> None:
    away = Gateway(gateway.data)
    away.port = 1

    ended = away.run_cli("list")

    assert ended.returncode == 1
    assert "127.0.0.1:1" in ended.stderr
