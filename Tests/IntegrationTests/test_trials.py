"""The trial at deploy: whether the sample is answered, and whether a fork may answer it."""

from typing import Any

import pytest
from folders import Files, function
from gateways import Deploy, Gateway
from host import resident_mib

from conftest import MakeGateway

# Answers rightly in the process that has loaded, and in no other.
PARTICULAR = """
import os

def load():
    return os.getpid()

def predict(loaded: int, n: int) -> object:
    if os.getpid() == loaded:
        return n * 2
    {otherwise}
"""
OTHERWISE = {
    "answers wrongly": ("return n * 3", "is 6, expected 4"),
    "answers what is no number": ("return None", "is null, expected 4"),
    "refuses": ("from faas import InputError; raise InputError('not mine')", "not mine"),
    "raises": ("raise RuntimeError('another process')", "another process"),
}


def trials(deploy: Deploy) -> list[str]:
    """What the deploy said of its trials, loads included."""
    return [str(e["message"]) for e in deploy.events if e["step"] in ("load", "trial")]


def sampled(name: str, handler: str, expected: str | None, manifest: str = "") -> Files:
    files = function(name, handler, manifest)
    files["sample.json"] = '{"n": 2}'
    if expected is not None:
        files["sample.expected.json"] = expected
    return files


def runtime(gateway: Gateway, name: str) -> dict[str, Any]:
    facts: dict[str, Any] = gateway.get(f"/v1/functions/{name}")["runtime"]
    return facts


@pytest.mark.parametrize("kind", OTHERWISE)
def test_a_handler_that_a_fork_gets_wrong_is_served_without(gateway: Gateway, kind: str) -> None:
    otherwise, word = OTHERWISE[kind]
    name = f"particular-{kind.replace(' ', '-')}"
    handler = PARTICULAR.format(otherwise=otherwise)

    assert gateway.put(name, sampled(name, handler, "4")).done

    facts = runtime(gateway, name)
    assert facts["forkable"] is False
    assert word in facts["forkableReason"]
    assert "a forked instance answered the sample" in facts["forkableReason"]
    assert word in gateway.cli("describe", name)
    answer = gateway.invoke(name, {"n": 21})
    assert (answer.status, answer.json()) == (200, 42)


def test_a_status_of_a_fork_that_is_an_error_is_tried_again_too(gateway: Gateway) -> None:
    handler = """
import os
import faas

LOADED = os.getpid()

def handle(event, context):
    if os.getpid() != LOADED:
        return faas.Response("not here", status=503)
    return event.text
"""
    name = gateway.deploy(sampled("particular-status", handler, None))

    assert "status 503" in runtime(gateway, name)["forkableReason"]
    assert gateway.invoke(name, {"n": 1}).json() == {"n": 1}


def test_an_attach_that_fails_in_a_fork_is_tried_again_too(gateway: Gateway) -> None:
    handler = """
import os

def load():
    return os.getpid()

def attach(loaded, device):
    if loaded != os.getpid():
        raise RuntimeError("cannot be initialised anew in a forked process")
    return loaded

def predict(model, n: int) -> int:
    return n
"""
    name = gateway.deploy(function("particular-attach", handler))

    assert "initialised anew" in runtime(gateway, name)["forkableReason"]
    assert gateway.invoke(name, {"n": 1}).json() == 1


WRONG = {
    "another answer": ("return n * 3", "4", "sampleFailed", "differs: $ is 6, expected 4"),
    "raising": ("raise RuntimeError('bad day')", "4", "sampleFailed", "bad day"),
    "no expected answer": ("raise RuntimeError('bad day')", None, "sampleFailed", "bad day"),
    "dying": ("import os; os._exit(1)", "4", "trialFailed", "died"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_sample_that_fails_either_way_fails_the_deploy_after_two_trials(
    gateway: Gateway, kind: str
) -> None:
    deed, expected, code, word = WRONG[kind]
    handler = f"def predict(n: int) -> object:\n    {deed}\n"

    deploy = gateway.put("wrong", sampled("wrong", handler, expected))

    assert deploy.code == code
    assert deploy.problem is not None
    assert word in deploy.problem["detail"]
    assert "fork" not in deploy.problem["detail"]
    assert sum("loading" in message for message in trials(deploy)) == 2
    assert gateway.invoke("wrong", {"n": 2}).status == 404


def test_a_sample_that_a_fork_answers_well_is_tried_once(gateway: Gateway) -> None:
    handler = "def predict(n: int) -> int:\n    return n * 2\n"

    deploy = gateway.put("once", sampled("once", handler, "4"))

    assert deploy.done
    assert sum("loading" in message for message in trials(deploy)) == 1
    assert runtime(gateway, "once")["forkable"] is True


def test_a_sample_that_is_answered_without_end_is_refused(own_gateway: Gateway) -> None:
    handler = "def predict(n: int):\n    for _ in range(8192):\n        yield b'x' * 65536\n"
    before = resident_mib(own_gateway.pid)

    deploy = own_gateway.put("endless-answer", sampled("endless-answer", handler, None))

    assert deploy.code == "trialFailed"
    assert deploy.problem is not None
    assert "more than 16 MiB" in deploy.problem["detail"]
    assert resident_mib(own_gateway.pid) - before < 128
    assert sum("loading" in message for message in trials(deploy)) == 1


def test_a_load_that_never_returns_is_a_problem_that_says_how_long_it_may_take(
    make_gateway: MakeGateway,
) -> None:
    own = make_gateway(config="loadMillisMax: 1500\n")
    own.start()
    handler = "def load():\n    while True: pass\ndef predict(model) -> int:\n    return 1\n"

    deploy = own.put("endless", function("endless", handler))

    assert deploy.code == "loadTimedOut"
    assert deploy.problem is not None
    assert "1500 ms" in deploy.problem["detail"]
    assert own.invoke("endless").status == 404
    folder = own.data.with_suffix(".endless")
    folder.mkdir()
    for name, text in function("endless", handler).items():
        (folder / name).write_text(str(text))
    refused = own.run_cli("deploy", str(folder))
    assert refused.returncode != 0
    assert "loadMillisMax in the gateway's configuration" in refused.stderr
    assert own.stop() == 0
    assert own.leftovers() == {}
