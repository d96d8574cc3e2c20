"""Traffic among revisions: by percent, by header, by cookie, by key; and the way back."""

from collections import Counter
from typing import Any

from folders import function
from gateways import Gateway
from pushes import VERSIONED, divide, order, shares
from waiting import until


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
