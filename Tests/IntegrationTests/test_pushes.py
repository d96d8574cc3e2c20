"""Several functions change together or not at all."""

import sqlite3
import threading

from folders import function
from gateways import Gateway
from http_client import Answer
from pushes import VERSIONED, apply, open_push, order, prepare
from waiting import until

BROKEN = "raise RuntimeError('no luck')\n"


def test_what_was_prepared_takes_traffic_when_the_push_is_applied(gateway: Gateway) -> None:
    gateway.deploy(function("pushed-a", VERSIONED.format("a1")))
    push = open_push(gateway, "together", "abc123")

    for name in ("pushed-a", "pushed-b"):
        prepared = prepare(gateway, push, name, function(name, VERSIONED.format(f"{name} new")))
        assert prepared.events[-1]["step"] == "prepared", prepared
    assert gateway.invoke("pushed-a").json() == "a1"
    assert gateway.invoke("pushed-b").status == 404
    answer = apply(gateway, push)

    assert answer.status == 200, answer
    assert [one["name"] for one in answer.json()["functions"]] == ["pushed-a", "pushed-b"]
    assert gateway.invoke("pushed-a").json() == "pushed-a new"
    assert gateway.invoke("pushed-b").json() == "pushed-b new"
    origin = gateway.get("/v1/functions/pushed-b")["origin"]
    assert (origin["commit"], origin["branch"]) == ("abc123", "main")
    assert apply(gateway, push).json()["code"] == "pushNotFound"


def test_a_push_that_is_given_up_changes_nothing(gateway: Gateway) -> None:
    gateway.deploy(function("kept", VERSIONED.format("before")))
    push = open_push(gateway, "given-up")
    good = prepare(gateway, push, "kept", function("kept", VERSIONED.format("after")))
    bad = prepare(gateway, push, "kept-not", function("kept-not", BROKEN))

    assert good.events[-1]["step"] == "prepared"
    assert bad.code == "importRaised"
    assert order(gateway, "DELETE", f"/v1/pushes/{push}").status == 204

    assert gateway.invoke("kept").json() == "before"
    assert gateway.invoke("kept-not").status == 404
    assert gateway.put("kept", function("kept", VERSIONED.format("later"))).done
    digests = {one["digest"] for one in gateway.get("/v1/functions/kept/revisions")["revisions"]}
    known = {path.name for path in (gateway.data / "bundles").iterdir()}
    assert digests <= known
    assert good.events[-1]["function"]["digest"] not in known


def test_what_is_being_loaded_is_given_up_with_its_push(gateway: Gateway) -> None:
    slow = "import time\ndef load():\n    time.sleep(100)\n" + VERSIONED.format("slow")
    push = open_push(gateway, "slow-to-load")
    loading = threading.Thread(
        target=prepare, args=(gateway, push, "slow-load", function("slow-load", slow))
    )
    loading.start()
    until(lambda: list((gateway.data / "sandboxes").glob("slow-load-*/pid")), "it is loading")

    assert order(gateway, "DELETE", f"/v1/pushes/{push}").status == 204

    loading.join(10)
    assert not loading.is_alive()
    assert gateway.put("slow-load", function("slow-load", VERSIONED.format("quick"))).done
    sandboxes = gateway.data / "sandboxes"
    until(lambda: not list(sandboxes.glob("slow-load-1-*")), "nothing of it is left")


def test_one_push_of_a_repository_is_open_at_a_time(gateway: Gateway) -> None:
    push = open_push(gateway, "one-at-a-time", "feed")

    second = order(gateway, "POST", "/v1/pushes", {"origin": {"repository": "one-at-a-time"}})
    other = open_push(gateway, "another")

    assert (second.status, second.json()["code"]) == (409, "pushInProgress")
    assert "feed" in second.json()["detail"]
    assert second.headers["retry-after"] == "1"
    for one in (push, other):
        assert order(gateway, "DELETE", f"/v1/pushes/{one}").status == 204
    assert order(gateway, "DELETE", f"/v1/pushes/{push}").status == 404
    assert open_push(gateway, "one-at-a-time")


def test_functions_go_out_of_service_with_the_push_that_removes_them(gateway: Gateway) -> None:
    gateway.deploy(function("leaving", VERSIONED.format("old")))
    push = open_push(gateway, "removing", "beef")
    files = function("arriving", VERSIONED.format("new"))
    assert prepare(gateway, push, "arriving", files).events[-1]["step"] == "prepared"

    answer = apply(gateway, push, "leaving", "never-there")

    assert answer.json()["removed"] == ["leaving"]
    assert gateway.invoke("leaving").status == 404
    assert gateway.invoke("arriving").json() == "new"
    registry = sqlite3.connect(f"file:{gateway.data}/registry.sqlite?mode=ro", uri=True)
    query = "SELECT commitID FROM servedCommit WHERE repository = 'removing' AND branch = 'main'"
    assert registry.execute(query).fetchall() == [("beef",)]
    registry.close()


def test_a_push_does_not_wait_for_what_it_removes(gateway: Gateway) -> None:
    """What runs in it is finished none the less, with its files."""
    handler = """
import time

def predict() -> str:
    time.sleep(6)
    import late
    return late.WORD
"""
    gateway.deploy(function("long-running", handler, late__py="WORD = 'finished'\n"))
    answers: list[Answer] = []
    running = threading.Thread(target=lambda: answers.append(gateway.invoke("long-running")))
    running.start()
    until(lambda: gateway.counts("long-running")["busy"] == 1, "it runs")
    push = open_push(gateway, "not-waiting")
    prepare(gateway, push, "beside", function("beside", VERSIONED.format("new")))

    answer = apply(gateway, push, "long-running")

    assert answer.json()["removed"] == ["long-running"]
    assert running.is_alive()
    assert gateway.invoke("long-running").status == 404
    assert gateway.put("beside", function("beside", VERSIONED.format("newer"))).done
    running.join()
    assert (answers[0].status, answers[0].json()) == (200, "finished")


def test_a_preview_has_the_manifest_of_its_function(gateway: Gateway) -> None:
    push = open_push(gateway, "previews")
    files = function("shown", VERSIONED.format("preview"), "scale: { min: 1 }\n")
    prepared = prepare(gateway, push, "shown--a-branch", files)
    assert prepared.events[-1]["step"] == "prepared", prepared

    assert apply(gateway, push).status == 200

    assert gateway.invoke("shown--a-branch").json() == "preview"
    assert gateway.invoke("shown").status == 404
    assert gateway.get("/v1/functions/shown--a-branch")["scale"]["min"] == 0


def test_the_bill_says_what_a_commit_cost(gateway: Gateway) -> None:
    for number, commit in enumerate(("cafe01", "cafe02")):
        push = open_push(gateway, "billed-push", commit)
        prepare(gateway, push, "billed-push", function("billed-push", VERSIONED.format(number)))
        assert apply(gateway, push).status == 200
        for _ in range(number + 1):
            assert gateway.invoke("billed-push").json() == str(number)

    statement = gateway.get("/v1/usage?by=commit&function=billed-push")

    assert {row["key"]: row["invocations"] for row in statement["rows"]} == {
        "cafe01": 1,
        "cafe02": 2,
    }
