"""The command line against a real gateway; what it prints is tested beside its sources."""

import json

import pytest
from folders import EXAMPLES, function
from gateways import Gateway

BREAKS = """
def predict():
    yield {"n": 1}
    raise ValueError("half way")
"""


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


def test_an_answer_that_breaks_off_is_said_to_and_how_to_go_on(gateway: Gateway) -> None:
    gateway.deploy(function("breaks", BREAKS))

    ended = gateway.run_cli("invoke", "breaks")
    asked = gateway.run_cli("invoke", "breaks", "-o", "json")

    assert (ended.returncode, json.loads(ended.stdout)) == (1, {"n": 1})
    assert ended.stderr.startswith("error: the answer broke off: ")
    identity = ended.stderr.partition("`faas why ")[2].partition("`")[0]
    assert "failed" in gateway.cli("why", identity)
    kept = json.loads(asked.stdout)
    assert kept["brokenOff"] is True
    assert json.loads(kept["text"]) == {"n": 1}
    assert "runMicros" not in kept["timings"]


def test_a_revision_can_be_asked_for(gateway: Gateway) -> None:
    for number in (1, 2):
        gateway.deploy(function("asked", f"def predict() -> int:\n    return {number}\n"))
    gateway.cli("traffic", "asked", "1=0", "2=100")

    assert gateway.cli("invoke", "asked").strip() == "2"
    assert gateway.cli("invoke", "asked", "--revision", "1").strip() == "1"


@pytest.mark.parametrize("arguments", [["describe", "nobody"], ["invoke", "nobody"]])
def test_a_refusal_as_json_has_its_code(gateway: Gateway, arguments: list[str]) -> None:
    ended = gateway.run_cli(*arguments, "-o", "json")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert json.loads(ended.stderr)["code"] == "functionNotFound"


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
