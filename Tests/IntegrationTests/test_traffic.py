"""Traffic among revisions: by percent, by header, by cookie, by key; and the way back."""

import threading
from collections import Counter
from typing import Any

from folders import function
from gateways import Gateway
from pushes import VERSIONED, divide, order, shares
from waiting import until

from conftest import MakeGateway


def deploy_versions(gateway: Gateway, name: str, count: int) -> None:
    for number in range(1, count + 1):
        assert gateway.put(name, function(name, VERSIONED.format(number))).done


def test_traffic_is_divided_by_percent(gateway: Gateway) -> None:
    deploy_versions(gateway, "divided", 2)

    assert divide(gateway, "divided", {1: 80, 2: 20}).status == 200

    answers = Counter(gateway.invoke("divided").json() for _ in range(400))
    assert set(answers) == {"1", "2"}
    assert 30 <= answers["2"] <= 140
    assert shares(gateway, "divided") == {1: 80, 2: 20}


def test_a_request_names_its_revision_by_header_or_cookie(gateway: Gateway) -> None:
    deploy_versions(gateway, "named", 2)
    assert divide(gateway, "named", {1: 100, 2: 0}).status == 200

    plain = {gateway.invoke("named").json() for _ in range(20)}
    by_header = gateway.invoke("named", headers={"X-Revision": "2"})
    by_cookie = gateway.invoke("named", headers={"Cookie": "a=b; X-Revision=2"})
    stale = gateway.invoke("named", headers={"Cookie": "X-Revision=77"})
    unknown = gateway.invoke("named", headers={"X-Revision": "77"})

    assert plain == {"1"}
    assert (by_header.json(), by_header.headers["x-revision"]) == ("2", "2")
    assert by_cookie.json() == "2"
    assert stale.json() == "1"
    assert (unknown.status, unknown.json()["code"]) == (404, "revisionNotFound")
    assert "2, 1" in unknown.json()["detail"]


def test_a_key_stays_with_its_revision_while_shares_grow(gateway: Gateway) -> None:
    deploy_versions(gateway, "sticky", 2)

    def those_of_two() -> set[int]:
        answers = {
            key: gateway.invoke("sticky", headers={"X-Sticky-Key": f"user-{key}"}).json()
            for key in range(200)
        }
        return {key for key, answer in answers.items() if answer == "2"}

    found = []
    for share in (10, 10, 40):
        assert divide(gateway, "sticky", {1: 100 - share, 2: share}).status == 200
        found.append(those_of_two())

    assert found[0] == found[1] != set()
    assert found[0] < found[2] != set(range(200))
    by_cookie = gateway.invoke("sticky", headers={"Cookie": f"X-Sticky-Key=user-{min(found[0])}"})
    assert by_cookie.json() == "2"


def test_a_rollback_serves_the_revision_before(gateway: Gateway) -> None:
    deploy_versions(gateway, "back", 3)

    answer = order(gateway, "POST", "/v1/functions/back/rollback")
    first = order(gateway, "POST", "/v1/functions/back/rollback", {"number": 1})
    before = order(gateway, "POST", "/v1/functions/back/rollback")
    served = gateway.invoke("back").json()
    ahead = order(gateway, "POST", "/v1/functions/back/promote", {"number": 3})

    assert answer.json()["traffic"]["parts"] == [{"number": 2, "share": 10_000}]
    assert first.status == 200
    assert (before.status, before.json()["code"]) == (404, "revisionNotFound")
    assert (served, ahead.status) == ("1", 200)
    assert gateway.invoke("back").json() == "3"


def test_a_rollback_takes_a_newer_revision_off_that_has_a_part(gateway: Gateway) -> None:
    deploy_versions(gateway, "parted", 3)
    gateway.put("parted", function("parted", VERSIONED.format(4)))
    assert divide(gateway, "parted", {3: 95, 4: 5}).status == 200

    first = order(gateway, "POST", "/v1/functions/parted/rollback")
    second = order(gateway, "POST", "/v1/functions/parted/rollback")

    assert first.json()["traffic"]["parts"] == [{"number": 3, "share": 10_000}]
    assert second.json()["traffic"]["parts"] == [{"number": 2, "share": 10_000}]


def test_the_way_back_is_known_after_a_restart(own_gateway: Gateway) -> None:
    deploy_versions(own_gateway, "known", 3)
    order(own_gateway, "POST", "/v1/functions/known/rollback", {"number": 1})
    order(own_gateway, "POST", "/v1/functions/known/promote", {"number": 3})
    own_gateway.kill()
    own_gateway.start()

    answer = order(own_gateway, "POST", "/v1/functions/known/rollback")

    assert answer.json()["traffic"]["parts"] == [{"number": 1, "share": 10_000}]


def test_a_bundle_that_takes_no_traffic_is_deployed_again(gateway: Gateway) -> None:
    deploy_versions(gateway, "taken-off", 2)
    assert divide(gateway, "taken-off", {1: 100, 2: 0}).status == 200

    serving = gateway.put("taken-off", function("taken-off", VERSIONED.format(1))).done
    other = gateway.put("taken-off", function("taken-off", VERSIONED.format(2))).done

    assert serving["unchanged"] is True
    assert "unchanged" not in other
    assert shares(gateway, "taken-off") == {3: 100}
    assert gateway.invoke("taken-off").json() == "2"


SLEEPING = """
import time

def load():
    time.sleep({load})

def predict(model, seconds: float = 0) -> str:
    time.sleep(seconds)
    return "{number}"
"""


def test_a_rollback_as_probation_ends_serves(make_gateway: MakeGateway) -> None:
    own = make_gateway(config="probationMillis: 1500\n")
    own.start()
    manifest = "isolation: instance\nscale: { max: 1 }\ntimeout: { total: 60s }\n"
    own.deploy(function("late", SLEEPING.format(load=3, number=1), manifest))
    own.deploy(function("late", SLEEPING.format(load=0, number=2)))
    # While one is busy, a rollback waits for an instance of what it goes back to.
    busy = threading.Thread(target=own.invoke, args=("late", {"seconds": 12}))
    busy.start()
    until(lambda: own.counts("late")["busy"] == 1, "it is busy")

    answer = order(own, "POST", "/v1/functions/late/rollback")

    assert answer.json()["traffic"]["parts"] == [{"number": 1, "share": 10_000}]
    found = own.invoke("late", {"seconds": 0})
    assert (found.status, found.json()) == (200, "1")
    busy.join()


IMPOSSIBLE: list[tuple[dict[int, float], int, str]] = [
    ({1: 60, 2: 60}, 400, "trafficInvalid"),
    ({}, 400, "trafficInvalid"),
    ({1: 50, 9: 50}, 404, "revisionNotFound"),
]


def test_a_division_that_cannot_be_is_refused(gateway: Gateway) -> None:
    deploy_versions(gateway, "undivided", 2)

    for parts, status, code in IMPOSSIBLE:
        answer = divide(gateway, "undivided", parts)

        assert (answer.status, answer.json()["code"]) == (status, code)
        assert shares(gateway, "undivided") == {2: 100}


def test_only_the_latest_revisions_are_kept(gateway: Gateway) -> None:
    deploy_versions(gateway, "many", 12)

    def listed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = gateway.get("/v1/functions/many/revisions")["revisions"]
        return found

    until(lambda: sum(one["isKept"] for one in listed()) == 10, "two are given up")
    revisions = listed()
    bundle = gateway.request("GET", "/v1/functions/many/revisions/12/bundle")
    gone = gateway.request("GET", "/v1/functions/many/revisions/1/bundle")

    assert [one["number"] for one in revisions] == list(range(12, 0, -1))
    assert bundle.status == 200
    assert b"handler.py" in bundle.body
    assert [one["number"] for one in revisions if one["isKept"]] == list(range(12, 2, -1))
    assert gone.json()["code"] == "revisionNotFound"
    digests = {one["digest"] for one in revisions if not one["isKept"]}
    bundles = gateway.data / "bundles"
    until(lambda: not digests & {path.name for path in bundles.iterdir()}, "their bundles are gone")
