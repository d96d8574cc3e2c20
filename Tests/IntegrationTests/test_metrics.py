"""`/metrics` as Prometheus reads it."""

from collections import Counter

import pytest
from folders import function
from gateways import Gateway
from prometheus_client.parser import text_string_to_metric_families

HANDLER = """
import os, time

def predict(deed: str = "", seconds: float = 0) -> str:
    time.sleep(seconds)
    if deed == "raise":
        raise RuntimeError("as asked")
    if deed == "die":
        os._exit(1)
    return deed
"""


def samples(gateway: Gateway, name: str, **labels: str) -> dict[tuple[tuple[str, str], ...], float]:
    """Values of a metric whose labels include these, by all labels."""
    answer = gateway.request("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                found[tuple(sorted(sample.labels.items()))] = sample.value
    return found


@pytest.fixture(scope="module")
def counted(gateway: Gateway) -> str:
    """A function that was invoked in all kinds of ways."""
    manifest = "timeout: { total: 800ms }\nscale: { max: 1, queue: 1 }\n"
    name = gateway.deploy(function("counted", HANDLER, manifest))
    for body in ({}, {"deed": "raise"}, {"deed": "die"}, {"seconds": 5}, {"deed": 7}, {}):
        gateway.invoke(name, body)
    gateway.request("POST", f"/function/{name}", b"x" * (7 << 20))
    return name


def test_the_text_is_what_prometheus_reads(gateway: Gateway, counted: str) -> None:
    text = gateway.request("GET", "/metrics").text

    families = {family.name: family for family in text_string_to_metric_families(text)}

    assert all(name.startswith("faas_") for name in families)
    for family in families.values():
        assert family.documentation
        assert family.type in ("counter", "gauge", "histogram"), family.name
    assert len(text.splitlines()) == len(set(text.splitlines()))


def test_invocations_are_counted_as_the_ledger_has_them(gateway: Gateway, counted: str) -> None:
    rows = Counter(
        (row["outcome"], row["startKind"]) for row in gateway.rows("function = ?", counted)
    )

    found = samples(gateway, "faas_invocations_total", function=counted)

    by_kind = {
        (dict(labels)["outcome"], dict(labels)["start_kind"]): value
        for labels, value in found.items()
    }
    assert by_kind == rows
    assert {outcome for outcome, _ in by_kind} == {"completed", "failed", "timedOut"}


def test_rejections_are_counted_by_reason(gateway: Gateway, counted: str) -> None:
    found = samples(gateway, "faas_rejections_total", function=counted, reason="payloadTooLarge")

    assert list(found.values()) == [1]


def test_every_phase_has_a_histogram_of_all_invocations(gateway: Gateway, counted: str) -> None:
    count = len(gateway.rows("function = ?", counted))

    found = samples(gateway, "faas_invocation_seconds_count", function=counted)

    phases = {dict(labels)["phase"]: value for labels, value in found.items()}
    assert {"queue", "start", "run"} <= phases.keys()
    assert set(phases.values()) == {count}
    buckets = samples(gateway, "faas_invocation_seconds_bucket", function=counted, phase="run")
    values = [value for _, value in sorted(buckets.items(), key=lambda item: bound(item[0]))]
    assert values == sorted(values)
    assert values[-1] == count


def bound(labels: tuple[tuple[str, str], ...]) -> float:
    return float(dict(labels)["le"])


def test_instances_zygotes_and_queues_are_told(gateway: Gateway, counted: str) -> None:
    gateway.invoke(counted)

    instances = samples(gateway, "faas_instances", function=counted)

    states = {dict(labels)["state"]: value for labels, value in instances.items()}
    assert states["idle"] == 1
    assert sum(samples(gateway, "faas_waiting_invocations", function=counted).values()) == 0
    (zygote,) = samples(gateway, "faas_zygotes", function=counted)
    assert dict(zygote)["state"] == "ready"


def test_the_ledger_and_the_process_are_told(gateway: Gateway, counted: str) -> None:
    (rows,) = samples(gateway, "faas_ledger_rows_total").values()
    commits = samples(gateway, "faas_ledger_commit_seconds_count")
    (memory,) = samples(gateway, "faas_process_resident_memory_bytes").values()
    (files,) = samples(gateway, "faas_process_open_fds").values()

    assert rows == len(gateway.rows())
    assert 0 < sum(commits.values()) <= rows
    assert 1 << 20 < memory < 1 << 30
    assert files > 5
