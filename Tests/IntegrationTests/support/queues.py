"""A queue of a gateway as clients see it, and what became of its messages."""

import json
from dataclasses import dataclass
from typing import Any

from gateways import Gateway
from http_client import Answer, Body

LINES = "application/x-ndjson"
MESSAGES = "application/vnd.faas.messages+json"
WAIT = "wait=20s"


@dataclass(frozen=True)
class Queue:
    """The queue of this name, whether or not it is there."""

    gateway: Gateway
    name: str

    @property
    def path(self) -> str:
        return f"/v1/queues/{self.name}"

    def post(self, body: Body, kind: str | None = None, **fields: str) -> Answer:
        """Sends, whatever comes of it; `X_Delay` is the header field X-Delay."""
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        headers |= {"Content-Type": kind} if kind else {}
        return self.gateway.request("POST", f"{self.path}/messages", body, headers)

    def receipt(self, body: Body, kind: str | None = None, **fields: str) -> dict[str, Any]:
        """Sends, which must go well."""
        answer = self.post(body, kind, **fields)
        assert answer.status == 202, answer
        receipt: dict[str, Any] = answer.json()
        return receipt

    def send(self, message: Any, **fields: str) -> str:
        """Sends one message as JSON; its id."""
        (identity,) = self.receipt(json.dumps(message), **fields)["ids"]
        return str(identity)

    def send_all(self, messages: list[Any], **fields: str) -> list[str]:
        """Sends messages together, one a line; their ids, in the same order."""
        lines = "".join(json.dumps(message) + "\n" for message in messages)
        ids: list[str] = self.receipt(lines, LINES, **fields)["ids"]
        return ids

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = self.gateway.get(self.path)
        return found

    def dead(self, query: str = "") -> list[dict[str, Any]]:
        """The dead letters, oldest first."""
        letters: list[dict[str, Any]] = self.gateway.get(f"{self.path}/dead{query}")["letters"]
        return letters

    def redrive(self) -> int:
        return int(self.change("redrive")["moved"])

    def purge(self, query: str = "") -> int:
        return int(self.change(f"purge{query}")["removed"])

    def change(self, verb: str) -> dict[str, Any]:
        answer = self.gateway.request("POST", f"{self.path}/{verb}")
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.json()
        return found


def report(gateway: Gateway, identity: str, query: str = "") -> dict[str, Any]:
    """What is known of an invocation now."""
    found: dict[str, Any] = gateway.get(f"/v1/invocations/{identity}?{query}")
    return found


def ended(gateway: Gateway, identity: str) -> dict[str, Any]:
    """What became of a message that succeeds in the end."""
    found = report(gateway, identity, WAIT)
    assert (found["state"], found.get("outcome")) == ("ended", "completed"), found
    return found


def died(gateway: Gateway, identity: str) -> dict[str, Any]:
    """What became of a message that ends among the dead letters."""
    found = report(gateway, identity, WAIT)
    assert found["state"] == "dead", found
    return found


def refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The problem that a request was refused with, which must be this one."""
    assert (answer.status, answer.json()["code"]) == (status, code), answer
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["detail"]
    return problem
