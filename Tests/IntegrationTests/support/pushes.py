"""Pushes and traffic as requests: what `git push` and `faas traffic` ask a gateway for."""

import json
from typing import Any
from urllib.parse import urlencode

from folders import Files, pack
from gateways import DEPLOY_SECONDS_MAX, Deploy, Gateway
from http_client import Answer

VERSIONED = "def predict() -> str:\n    return '{}'\n"


def order(gateway: Gateway, method: str, path: str, body: Any = None) -> Answer:
    content = None if body is None else json.dumps(body)
    return gateway.request(method, path, content, {"Content-Type": "application/json"})


def open_push(gateway: Gateway, repository: str, commit: str = "c0ffee") -> str:
    origin = {"repository": repository, "branch": "main", "commit": commit, "deployedBy": "test"}
    answer = order(gateway, "POST", "/v1/pushes", {"origin": origin})
    assert answer.status == 201, answer
    return str(answer.json()["id"])


def prepare(gateway: Gateway, push: str, name: str, files: Files) -> Deploy:
    """Deploys for a push, whatever comes of it."""
    path = f"/v1/functions/{name}?{urlencode({'push': push})}"
    answer = gateway.request("PUT", path, pack(files), seconds=DEPLOY_SECONDS_MAX)
    content_type = answer.headers.get("content-type", "")
    if answer.status != 200:
        return Deploy(answer.status, content_type, problem=answer.json())
    events = [json.loads(line) for line in answer.body.splitlines()]
    return Deploy(200, content_type, events, events[-1].get("problem"))


def apply(gateway: Gateway, push: str, *removals: str) -> Answer:
    body = {"remove": list(removals), "branchIsGone": False}
    return order(gateway, "POST", f"/v1/pushes/{push}/apply", body)


def divide(gateway: Gateway, name: str, shares: dict[int, float]) -> Answer:
    """Shares in percent by revision number."""
    parts = [{"number": number, "share": round(100 * share)} for number, share in shares.items()]
    return order(gateway, "PUT", f"/v1/functions/{name}/traffic", {"parts": parts})


def shares(gateway: Gateway, name: str) -> dict[int, float]:
    traffic = gateway.get(f"/v1/functions/{name}/traffic")["traffic"]
    return {part["number"]: part["share"] / 100 for part in traffic["parts"]}
