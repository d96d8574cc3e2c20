"""Deploys: what is refused changes nothing, what is taken loses no request."""

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from folders import Files, function, pack
from gateways import Deploy, Gateway
from waiting import until

GOOD = "def predict(name: str) -> str:\n    return 'first ' + name\n"

# Handlers that cannot be loaded, the code of the problem and a word of its detail.
UNLOADABLE = {
    "a missing module": ("import nowhere_to_be_found\n" + GOOD, "moduleNotFound", "nowhere"),
    "nothing to invoke": ("value = 1\n", "attributeNotFound", "predict"),
    "a syntax error": ("def predict(:\n", "importRaised", "SyntaxError"),
    "raising while imported": ("raise RuntimeError('no luck')\n" + GOOD, "importRaised", "no luck"),
    "raising in load": (
        "def load():\n    raise OSError('no weights')\ndef predict(model, n: int) -> int:\n"
        "    return n\n",
        "loadRaised",
        "no weights",
    ),
    "exiting while imported": ("import sys\nsys.exit(3)\n", "importRaised", ""),
    "ending while imported": ("import os\nos._exit(3)\n", "importRaised", ""),
    "a signature that cannot be served": (
        "def predict(*things):\n    return things\n",
        "signatureInvalid",
        "",
    ),
    "too much memory": (
        "def load():\n    return bytearray(b'x' * (200 << 20))\n"
        "def predict(model, n: int) -> int:\n    return n\n",
        "outOfMemory",
        "64",
    ),
}


def problem(deploy: Deploy) -> dict[str, Any]:
    assert deploy.problem is not None, deploy.events
    return deploy.problem


@pytest.mark.parametrize("kind", UNLOADABLE)
def test_a_handler_that_cannot_be_loaded_is_refused_by_name(gateway: Gateway, kind: str) -> None:
    handler, code, word = UNLOADABLE[kind]
    name = "unloadable"

    deploy = gateway.put(name, function(name, handler))

    assert deploy.code == code, problem(deploy)
    assert word in problem(deploy)["detail"]
    assert gateway.invoke(name).status == 404


@pytest.mark.parametrize("kind", ["a missing module", "raising in load", "too much memory"])
def test_what_served_before_serves_on_after_a_failed_deploy(gateway: Gateway, kind: str) -> None:
    name = gateway.deploy(function("survivor", GOOD))
    before = gateway.get(f"/v1/functions/{name}")["revision"]

    failed = gateway.put(name, function(name, UNLOADABLE[kind][0]))

    assert failed.problem is not None
    assert gateway.invoke(name, {"name": "a"}).json() == "first a"
    assert gateway.get(f"/v1/functions/{name}")["revision"] == before


def test_a_failed_deploy_leaves_no_sandbox_and_no_bundle(gateway: Gateway) -> None:
    bundles = set((gateway.data / "bundles").iterdir())

    gateway.put("unloadable", function("unloadable", UNLOADABLE["raising in load"][0]))

    assert set((gateway.data / "bundles").iterdir()) == bundles
    until(
        lambda: not list((gateway.data / "sandboxes").glob("unloadable-*")), "its sandbox is gone"
    )


def test_the_trace_of_a_failed_load_names_the_line(gateway: Gateway) -> None:
    deploy = gateway.put("unloadable", function("unloadable", UNLOADABLE["raising in load"][0]))

    detail = problem(deploy)["detail"]
    assert "handler.py" in detail
    assert "line 2" in detail
    assert "faas_runtime" not in detail


SAMPLES: dict[str, tuple[str, dict[str, str], str]] = {
    "another answer": (GOOD, {"sample": '{"name": "x"}', "expected": '"second x"'}, "differs"),
    "an input that does not fit": (GOOD, {"sample": '{"nam": "x"}'}, "inputInvalid"),
    "a raising handler": (
        "def predict(name: str) -> str:\n    raise RuntimeError('bad day')\n",
        {"sample": '{"name": "x"}'},
        "bad day",
    ),
    "a dying handler": (
        "import os\ndef predict(name: str) -> str:\n    os._exit(1)\n",
        {"sample": '{"name": "x"}'},
        "died",
    ),
    "no answer in time": (
        "import time\ndef predict(name: str) -> str:\n    time.sleep(60)\n    return name\n",
        {"sample": '{"name": "x"}'},
        "timeout",
    ),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_sample_that_is_not_answered_as_expected_fails_the_deploy(
    gateway: Gateway, kind: str
) -> None:
    handler, samples, word = SAMPLES[kind]
    timeout = "timeout: { total: 500ms }\n" if kind == "no answer in time" else ""
    files = function("sampled", handler, timeout)
    files["sample.json"] = samples["sample"]
    if "expected" in samples:
        files["sample.expected.json"] = samples["expected"]

    deploy = gateway.put("sampled", files)

    assert deploy.code in ("sampleFailed", "trialFailed"), problem(deploy)
    assert word in problem(deploy)["detail"]
    assert gateway.invoke("sampled").status == 404


def test_an_unchanged_deploy_does_nothing(gateway: Gateway) -> None:
    files = function("unchanged", GOOD)
    gateway.deploy(files)

    again = gateway.put("unchanged", files).done

    assert again["unchanged"] is True
    assert again["function"]["revision"] == "unchanged-1"


def test_who_hears_that_a_deploy_is_done_may_deploy_again_at_once(gateway: Gateway) -> None:
    files = function("at-once", GOOD)
    gateway.deploy(files)

    for _ in range(200):
        assert gateway.put("at-once", files).done["unchanged"] is True


def test_an_older_bundle_can_be_deployed_again(gateway: Gateway) -> None:
    files = function("rolled", GOOD)
    for handler in (GOOD, GOOD.replace("first", "second"), GOOD):
        gateway.deploy(files | {"handler.py": handler})

    assert gateway.invoke("rolled", {"name": "a"}).json() == "first a"
    assert gateway.get("/v1/functions/rolled")["revision"] == "rolled-3"


def test_a_new_revision_takes_over_without_a_failed_request(gateway: Gateway) -> None:
    def files(number: int) -> Files:
        handler = f"import time\ndef predict() -> int:\n    time.sleep(0.01)\n    return {number}\n"
        return function("replaced", handler, "scale: { max: 2 }\n")

    gateway.deploy(files(1))
    statuses: Counter[int] = Counter()
    seen: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        with gateway.connect() as connection:
            while not stop.is_set():
                answer = connection.request("POST", "/function/replaced", "{}")
                statuses[answer.status] += 1
                seen.append(answer.json() if answer.status == 200 else -1)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(2, 6):
            gateway.deploy(files(number))
            until(lambda number=number: seen and seen[-1] == number, f"revision {number} answers")
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert set(statuses) == {200}, statuses
    assert set(seen) == {1, 2, 3, 4, 5}

    def at_work() -> list[str]:
        """Revisions with instances: of those before, only two zygotes stay, for a way back."""
        pools = [p for p in gateway.get("/v1/pools")["pools"] if p["function"] == "replaced"]
        assert len(pools) <= 3
        return [p["revision"] for p in pools if p["counts"]["idle"] + p["counts"]["busy"] > 0]

    until(lambda: at_work() in ([], ["replaced-5"]), "the old instances are gone")


def test_an_invocation_of_the_old_revision_ends_on_it(gateway: Gateway) -> None:
    handler = (
        "import time\ndef predict(seconds: float) -> int:\n    time.sleep(seconds)\n    return 1\n"
    )
    name = gateway.deploy(function("outlived", handler))
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.append(gateway.invoke(name, {"seconds": 1}).json())
    )
    thread.start()
    until(lambda: gateway.counts(name)["busy"] == 1, "it runs")

    gateway.deploy(function(name, handler.replace("return 1", "return 2")))

    assert gateway.invoke(name, {"seconds": 0}).json() == 2
    thread.join()
    assert answers == [1]


def test_one_of_two_deploys_at_once_is_told_to_wait(gateway: Gateway) -> None:
    handler = (
        "import time\ndef load():\n    time.sleep(1)\ndef predict(model) -> int:\n    return 1\n"
    )
    first: list[Deploy] = []
    thread = threading.Thread(
        target=lambda: first.append(gateway.put("contested", function("contested", handler)))
    )
    thread.start()
    until(lambda: list((gateway.data / "sandboxes").glob("contested-*")), "the first one loads")

    second = gateway.put("contested", function("contested", GOOD))
    thread.join()

    assert (second.status, second.code) == (409, "deployInProgress")
    assert first[0].done
    assert gateway.invoke("contested").json() == 1


def test_a_deploy_goes_on_when_its_client_leaves(gateway: Gateway) -> None:
    """Or is undone: in no case is it left half done, or another deploy locked out."""
    handler = (
        "import time\ndef load():\n    time.sleep(1)\ndef predict(model) -> int:\n    return 1\n"
    )
    bundle = pack(function("abandoned", handler))
    with gateway.raw() as connection:
        head = f"PUT /v1/functions/abandoned HTTP/1.1\r\nHost: x\r\nContent-Length: {len(bundle)}"
        connection.send(head.encode() + b"\r\n\r\n" + bundle)
        until(lambda: list((gateway.data / "sandboxes").glob("abandoned-*")), "it loads")

    def is_free() -> bool:
        again = gateway.put("abandoned", function("abandoned", GOOD))
        return again.problem is None

    until(is_free, "it can be deployed again", seconds=15)
    assert gateway.invoke("abandoned", {"name": "a"}).json() == "first a"


def test_a_removed_function_is_gone_and_its_bill_stays(gateway: Gateway) -> None:
    name = gateway.deploy(function("removed", GOOD))
    answer = gateway.invoke(name, {"name": "a"})

    gateway.cli("remove", name, "--yes")

    assert gateway.invoke(name, {"name": "a"}).status == 404
    assert gateway.request("GET", f"/v1/functions/{name}").status == 404
    assert name not in gateway.cli("list")
    assert gateway.rows("id = ?", answer.id)
    assert not list((gateway.data / "sandboxes").glob(f"{name}-*"))
    assert gateway.request("DELETE", f"/v1/functions/{name}").status == 404


def test_a_function_deployed_again_after_its_removal_has_a_new_number(gateway: Gateway) -> None:
    name = gateway.deploy(function("revived", GOOD))
    gateway.remove(name)

    gateway.deploy(function("revived", GOOD))

    assert gateway.get(f"/v1/functions/{name}")["revision"] == "revived-2"
    assert gateway.invoke(name, {"name": "a"}).status == 200


@pytest.mark.parametrize(
    ("requirements", "word"),
    [
        ("faas-no-such-package-exists==1.0\n", "faas-no-such-package-exists"),
        ("msgspec==999.0\n", "999.0"),
    ],
)
@pytest.mark.timeout(200)
def test_a_requirement_that_does_not_exist_is_named(
    gateway: Gateway, requirements: str, word: str
) -> None:
    files = function("unrequired", GOOD)
    files["requirements.txt"] = requirements

    deploy = gateway.put("unrequired", files)

    assert deploy.code == "requirementsFailed", problem(deploy)
    assert word in problem(deploy)["detail"]
    assert not list((gateway.data / "layers").glob(".building-*"))


@pytest.mark.parametrize(
    "line", ["-e .", "--index-url http://x/", "../other", "git+https://x/y", "-r more.txt"]
)
def test_a_requirement_that_is_more_than_a_requirement_is_refused(
    gateway: Gateway, line: str
) -> None:
    files = function("unrequired", GOOD)
    files["requirements.txt"] = f"# a comment\n{line}\n"

    deploy = gateway.put("unrequired", files)

    assert deploy.code in ("requirementsFailed", "bundleInvalid"), problem(deploy)
    assert deploy.status in (200, 400, 422)
    assert "requirements.txt" in json.dumps(problem(deploy))


def test_a_deploy_tells_its_steps_in_order(gateway: Gateway) -> None:
    files = function("told", GOOD)
    files |= {"sample.json": '{"name": "x"}', "sample.expected.json": '"first x"'}

    deploy = gateway.put("told", files)

    steps = [event["step"] for event in deploy.events]
    order = ["received", "manifest", "load", "trial", "sample", "serving", "done"]
    assert [step for step in order if step in steps] == list(dict.fromkeys(steps))
    assert deploy.content_type == "application/x-ndjson"
    assert deploy.done["function"]["name"] == "told"


def test_a_handler_may_be_a_folder_of_modules(gateway: Gateway) -> None:
    files = function(
        "modular", "from parts.greeting import greet\n" + GOOD.replace("'first '", "greet()")
    )
    files |= {"parts/__init__.py": "", "parts/greeting.py": "def greet():\n    return 'hi '\n"}

    name = gateway.deploy(files)

    assert gateway.invoke(name, {"name": "a"}).json() == "hi a"


def test_env_reaches_the_handler_and_the_gateways_own_does_not(gateway: Gateway) -> None:
    handler = "import os\ndef predict() -> dict[str, str]:\n    return dict(os.environ)\n"
    name = gateway.deploy(function("env", handler, 'env: { MODE: "fast", N: "3" }\n'))

    found = gateway.invoke(name).json()

    assert (found["MODE"], found["N"]) == ("fast", "3")
    assert "FAAS_DATA" not in found
    assert "FAAS_GATEWAY_BINARY" not in found


@pytest.mark.parametrize(("kind", "wait"), [("raises", "timeout=0.5"), ("hangs", "")])
def test_a_handler_that_does_not_survive_a_fork_is_served_without(
    gateway: Gateway, kind: str, wait: str
) -> None:
    """A thread that the handler waits for is only in the process that started it."""
    handler = f"""
import queue, threading

def load():
    questions, answers = queue.Queue(), queue.Queue()
    def work():
        while True:
            answers.put(questions.get() * 2)
    threading.Thread(target=work, name="worker", daemon=True).start()
    return questions, answers

def predict(model, n: int) -> int:
    model[0].put(n)
    return model[1].get({wait})
"""
    files = function(f"threaded-{kind}", handler, "timeout: { total: 2s }\n")
    files |= {"sample.json": '{"n": 2}', "sample.expected.json": "4"}

    name = gateway.deploy(files)

    facts = gateway.get(f"/v1/functions/{name}")["runtime"]
    assert facts["forkable"] is False
    assert facts["forkableReason"]
    assert "worker" in facts["threads"]
    answer = gateway.invoke(name, {"n": 21})
    assert (answer.status, answer.json()) == (200, 42)


def test_describe_and_list_say_what_serves(gateway: Gateway, hello: str, tmp_path: Path) -> None:
    described = json.loads(gateway.cli("describe", hello, "-o", "json"))
    listed = json.loads(gateway.cli("list", "-o", "json"))

    assert described["name"] == hello
    assert described["runtime"]["schema"]["input"]["properties"]["name"]["type"] == "string"
    assert hello in json.dumps(listed)
    assert hello in gateway.cli("list", cwd=tmp_path)
