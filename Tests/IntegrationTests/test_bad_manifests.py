"""A manifest with each possible fault is refused with file, line and what to write instead."""

from pathlib import Path

import pytest
from folders import function
from gateways import Gateway

HANDLER = "def predict(name: str) -> str:\n    return name\n"

# What follows `name: faulty`, the line of the fault, and a word of the message or the advice.
FAULTS = [
    # Shape.
    ("\tscale: {}", 2, "YAML"),
    ("scale: [\nruntime: python3", 2, "YAML"),
    ("name: again", 2, "twice"),
    ("env: { A: 1, A: 2 }", 2, "twice"),
    ("limits: 3", 2, "not a map"),
    ("limits:", 2, "empty"),
    ("scale: []", 2, "not a map"),
    ("env: &x { A: b }", 2, "anchors"),
    ("? [x]\n: y", 2, "key"),
    ("---\nname: other", 2, "YAML"),
    # Words.
    ("timeouts: {}", 2, "timeout"),
    ("Memory: 1Gi", 2, "Memory"),
    ("scale: { keepalive: 1s }", 2, "keepAlive"),
    ("limits: { memry: 64Mi }", 2, "memory"),
    ("limits: { gpu: { mem: 1Gi } }", 2, "mem"),
    ("timeout: { first: 1s }", 2, "first"),
    ("batch: { sizes: 3 }", 2, "size"),
    ("runtime: pyton3", 2, "python3"),
    ("runtime: http", 2, "http"),
    ("image: docker.io/x:1", 2, "image"),
    ("network: maybe", 2, "none"),
    ("isolation: zygot", 2, "zygote"),
    ("triggers: http", 2, "triggers"),
    ("triggers: [htpp]", 2, "http"),
    ("triggers:\n  - queue: q", 3, "queue"),
    ("env: { 1A: b }", 2, "1A"),
    ("env: { A: [b] }", 2, "env.A"),
    ("env: { A: }", 2, "empty"),
    ("secrets: x", 2, "secrets"),
    ("secrets: [a/b]", 2, "a/b"),
    # Quantities.
    ("limits: { memory: 256 }", 2, "256Mi"),
    ("limits: { memory: 256MB }", 2, "256Mi"),
    ("limits: { memory: 10s }", 2, "unit"),
    ("limits: { memory: 0Mi }", 2, "little"),
    ("limits: { memory: -1Gi }", 2, "negative"),
    ("limits: { memory: 99Ti }", 2, "much"),
    ("limits: { memory: lots }", 2, "quantity"),
    ("limits: { cpu: 0 }", 2, "little"),
    ("limits: { cpu: 2cores }", 2, "unit"),
    ("limits: { gpu: {} }", 2, "memory"),
    ("limits: { processes: 0 }", 2, "little"),
    ("limits: { processes: 1.5 }", 2, "whole"),
    ("limits: { processes: many }", 2, "whole"),
    ("limits: { payload: 0 }", 2, "little"),
    ("limits: { payload: 1Gi }", 2, "much"),
    ("limits: { memory: 32Mi, payload: 64Mi }", 2, "payload"),
    ("timeout: { total: 30 }", 2, "30s"),
    ("timeout: { total: 30sec }", 2, "30s"),
    ("timeout: { total: 1d }", 2, "unit"),
    ("timeout: { total: 0s }", 2, "little"),
    ("timeout: { total: 25h }", 2, "much"),
    ("timeout: { total: 5s, firstByte: 6s }", 2, "firstByte"),
    ("timeout: { total: 5s, idle: 6s }", 2, "idle"),
    ("scale: { min: -1 }", 2, "little"),
    ("scale: { max: 0 }", 2, "little"),
    ("scale: { max: 1001 }", 2, "much"),
    ("scale: { min: 3, max: 2 }", 2, "scale.max"),
    ("scale: { concurrency: 0 }", 2, "little"),
    ("scale: { queue: -1 }", 2, "little"),
    ("scale: { queue: 0 }", 2, "little"),
    ("scale: { keepAlive: 8000h }", 2, "much"),
    ("batch: { size: 0 }", 2, "little"),
    ("batch: { wait: 11s }", 2, "much"),
    ("timeout: { total: 1s }\nbatch: { wait: 1s }", 3, "batch.wait"),
    # Rollouts, probes and models.
    ("rollout: 5%", 2, "not a map"),
    ("rollout: { canery: 5% }", 2, "canary"),
    ("rollout: { canary: 5 }", 2, "5%"),
    ("rollout: { canary: 0% }", 2, "little"),
    ("rollout: { canary: 10%, steps: [5%] }", 2, "canary"),
    ("rollout: { steps: [50%, 25%] }", 2, "50%"),
    ("rollout: { every: 25h }", 2, "much"),
    ("rollout: { maxErrorRate: 101% }", 2, "percentage"),
    ("rollout: { maxLatency: 1.5 }", 2, "1.5x"),
    ("rollout: { maxLatency: 0.5x }", 2, "little"),
    ("probe: { every: 5 }", 2, "5s"),
    ("probe: {}", 2, "sample.json"),
    ("model: {}", 2, "source"),
    ("model: { source: 'file:///m' }", 2, "sha256"),
    (f"model: {{ source: 'ftp://h/m', sha256: {'e' * 64} }}", 2, "https"),
    (f"model: {{ source: 'https://h/..', sha256: {'e' * 64} }}", 2, "no file"),
    ("model: { source: 'file:///m', sha256: abc }", 2, "64"),
]


@pytest.mark.parametrize(("fault", "line", "word"), FAULTS)
def test_a_faulty_manifest_is_refused_with_its_place(
    gateway: Gateway, fault: str, line: int, word: str
) -> None:
    files = function("faulty", HANDLER)
    files["function.yaml"] = f"name: faulty\n{fault}\n"

    deploy = gateway.put("faulty", files)

    assert deploy.status == 400, deploy
    assert deploy.content_type == "application/problem+json"
    assert deploy.code == "manifestInvalid"
    assert deploy.problem is not None
    faults = deploy.problem["errors"]
    assert ("function.yaml", line) in [(one["file"], one["line"]) for one in faults], faults
    assert word in str(faults)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "just text",
        "- name: a",
        "runtime: python3",
        "name: ''",
        "name: Faulty_X",
        "name: faulty--x",
    ],
)
def test_a_manifest_that_names_no_function_is_refused(gateway: Gateway, text: str) -> None:
    deploy = gateway.put("faulty", {"function.yaml": text, "handler.py": HANDLER})

    assert (deploy.status, deploy.code) == (400, "manifestInvalid"), deploy
    assert deploy.problem is not None
    assert deploy.problem["errors"][0]["file"] == "function.yaml"


def test_all_faults_of_a_manifest_are_told_at_once(gateway: Gateway) -> None:
    files = function("faulty", HANDLER)
    files["function.yaml"] = "name: faulty\nscale: { max: 0 }\ntimeouts: {}\nruntime: x\n"

    deploy = gateway.put("faulty", files)

    assert deploy.problem is not None
    assert sorted(one["line"] for one in deploy.problem["errors"]) == [2, 3, 4]


@pytest.mark.parametrize("wish", ["secrets: [token]", "network: egress"])
def test_what_is_not_supported_yet_is_refused_rather_than_ignored(
    gateway: Gateway, wish: str
) -> None:
    deploy = gateway.put("faulty", function("faulty", HANDLER, f"{wish}\n"))

    assert (deploy.status, deploy.code) == (400, "manifestInvalid"), deploy


def test_a_manifest_of_another_function_is_refused(gateway: Gateway) -> None:
    deploy = gateway.put("faulty", function("other", HANDLER))

    assert (deploy.status, deploy.code) == (400, "manifestInvalid"), deploy
    assert deploy.problem is not None
    assert "other" in deploy.problem["detail"]


@pytest.mark.parametrize("name", ["Big", "a_b", "-a", "a" * 64, "a%20b", "..", "%2e%2e"])
def test_a_name_that_no_function_may_have_is_refused(gateway: Gateway, name: str) -> None:
    deploy = gateway.put(name, function("faulty", HANDLER))

    assert deploy.status in (400, 404), deploy
    assert deploy.content_type == "application/problem+json"


def test_the_command_line_says_file_line_and_nearest_word(gateway: Gateway, tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "function.yaml").write_text("name: faulty\ntimeouts: {}\n")
    (folder / "handler.py").write_text(HANDLER)

    ended = gateway.run_cli("deploy", str(folder))

    assert ended.returncode == 1
    assert "function.yaml:2" in ended.stderr
    assert "timeout" in ended.stderr


def test_nothing_of_the_faulty_ones_was_deployed(gateway: Gateway) -> None:
    names = [one["name"] for one in gateway.get("/v1/functions")["functions"]]
    assert not {"faulty", "other"}.intersection(names)
