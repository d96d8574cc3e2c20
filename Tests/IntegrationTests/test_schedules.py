"""Schedules: ticks become invocations for as long as the function is there."""

import json
from collections.abc import Iterator

import pytest
from folders import function
from gateways import Gateway
from queues import Queue
from waiting import until
from workers import WORKER, taken, worker

TICKS = "schedule: { cron: '@every 1s', name: every-second, input: { n: 1 } }"
CLOCK = "schedule: { cron: '@every 1s' }"
DAILY = "schedule: { cron: '30 9 * * mon-fri', zone: Europe/Stockholm, name: mornings }"
MICROS = 1_000_000


@pytest.fixture(scope="module")
def ticker(gateway: Gateway) -> Iterator[str]:
    yield gateway.deploy(worker("ticker", TICKS, DAILY))
    gateway.request("DELETE", "/v1/functions/ticker")


def ticks(gateway: Gateway, name: str) -> list[str]:
    return [row["id"] for row in gateway.rows("function = ? AND trigger LIKE 'schedule:%'", name)]


def test_each_tick_is_an_invocation_with_the_input(gateway: Gateway, ticker: str) -> None:
    ids = until(lambda: len(found := ticks(gateway, ticker)) >= 2 and found, "two ticks")

    (took,) = taken(gateway, ticker, ids[:1], 1)
    assert json.loads(took["body"]) == {"n": 1}
    assert took["kind"] == "application/json"
    rows = gateway.rows("function = ?", ticker)
    assert {row["trigger"] for row in rows} == {"schedule:every-second"}
    assert {(row["outcome"], row["attempt"]) for row in rows} == {("completed", 1)}
    first, last = rows[0]["acceptedAt"], rows[-1]["acceptedAt"]
    assert len(rows) <= (last - first) / MICROS + 2


def test_the_list_has_the_next_five_times_of_each(gateway: Gateway, ticker: str) -> None:
    found = json.loads(gateway.cli("schedule", "list", "-o", "json"))["schedules"]

    mine = {one["name"]: one for one in found if one["function"] == ticker}
    assert mine.keys() == {"every-second", "mornings"}
    second, daily = mine["every-second"], mine["mornings"]
    assert (second["cron"], second["zone"], second["missed"]) == ("@every 1s", "UTC", "skip")
    assert [b - a for a, b in zip(second["next"], second["next"][1:], strict=False)] == [MICROS] * 4
    assert (len(daily["next"]), daily["zone"]) == (5, "Europe/Stockholm")
    assert sorted(set(daily["next"])) == daily["next"]
    for local in daily["nextLocal"]:
        assert "T09:30:00" in local
        assert local.endswith(("+01:00", "+02:00"))
    table = gateway.cli("schedule", "list")
    assert "every-second" in table
    assert table.count("T09:30:00") == 5


def test_a_redeployed_function_goes_on_ticking_with_its_new_revision(
    gateway: Gateway, ticker: str
) -> None:
    gateway.deploy(worker(ticker, TICKS, DAILY, more="env: { NEW: 'yes' }\n"))

    query = "function = ? AND revision = 'ticker-2' AND trigger = 'schedule:every-second'"
    rows = until(lambda: gateway.rows(query, ticker), "a tick of the new revision")

    assert rows[0]["outcome"] == "completed"


def test_a_tick_that_fails_is_a_dead_letter_of_its_function(gateway: Gateway) -> None:
    failing = WORKER.replace("kind = event", 'raise KeyError("no") or event')
    manifest = f"triggers:\n  - {CLOCK}\n"
    gateway.deploy(function("stumbler", failing, manifest))
    dead = Queue(gateway, "stumbler-dead")

    letter = until(dead.dead, "a dead letter")[0]

    gateway.remove("stumbler")
    assert (letter["attempts"], letter["reason"]["code"]) == (1, "handlerRaised")
    assert letter["preview"] == "{}"


def test_a_removed_function_ticks_no_more(gateway: Gateway, ticker: str) -> None:
    gateway.deploy(worker("clock", CLOCK))
    until(lambda: ticks(gateway, ticker), "a tick")

    gateway.remove(ticker)

    listed = gateway.get("/v1/schedules")["schedules"]
    assert ticker not in [one["function"] for one in listed]
    began, before = len(ticks(gateway, "clock")), len(ticks(gateway, ticker))
    until(lambda: len(ticks(gateway, "clock")) >= began + 2, "others go on ticking")
    assert len(ticks(gateway, ticker)) <= before + 1
    gateway.remove("clock")


@pytest.mark.parametrize(
    ("trigger", "code", "words"),
    [
        ("{ cron: '61 * * * *' }", "manifestInvalid", ["cron", "61"]),
        ("{ cron: '* * *' }", "manifestInvalid", ["cron", "* * *"]),
        ("{ cron: '0 0 30 2 *' }", "manifestInvalid", ["cron"]),
        ("{ cron: '@every 0s' }", "manifestInvalid", ["cron", "0s"]),
        ("{ cron: '@hourl' }", "manifestInvalid", ["@hourl"]),
        ("{ zone: UTC }", "manifestInvalid", ["cron"]),
        ("{ cron: '@daily', missed: twice }", "manifestInvalid", ["twice", "once", "skip"]),
        ("{ cron: '@daily', zone: 'Nowhere/Town' }", "triggerFailed", ["Nowhere/Town", "zone"]),
        ("{ cron: '@daily', zone: '../../etc/passwd' }", "manifestInvalid", ["zone"]),
        ("{ cron: */5 * * * * }", "manifestInvalid", ["quotes"]),
        ("{ cron: '@daily', name: 'Not A Name' }", "manifestInvalid", ["name", "Not A Name"]),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_with_the_reason(
    gateway: Gateway, trigger: str, code: str, words: list[str]
) -> None:
    deploy = gateway.put("unscheduled", worker("unscheduled", f"schedule: {trigger}"))

    assert deploy.code == code
    text = json.dumps(deploy.problem)
    for word in words:
        assert word in text, text
    assert gateway.request("GET", "/v1/functions/unscheduled").status == 404


def test_two_schedules_of_a_function_have_names_of_their_own(gateway: Gateway) -> None:
    same = "schedule: { cron: '@daily', name: same }"

    deploy = gateway.put("twice", worker("twice", same, same))

    assert deploy.code == "manifestInvalid"
    assert "same" in json.dumps(deploy.problem)
