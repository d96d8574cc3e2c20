"""A function that does what a message asks of it, and says what it took."""

import json
from typing import Any

from folders import Files, function
from gateways import Gateway
from waiting import until

WORKER = """
import json, os, time

from faas import InputError

def handle(event, context):
    kind = event.headers.get("content-type")
    asked = event.json() if "json" in kind else {}
    of = context.event and {"id": context.event.id, "type": context.event.type}
    took = {"body": event.text, "kind": kind, "attempt": context.attempt, "event": of}
    print(json.dumps(took), flush=True)
    asked = asked if isinstance(asked, dict) else {}
    time.sleep(asked.get("seconds", 0))
    if context.attempt <= asked.get("fails", 0):
        fail(asked.get("how"), context.attempt)
    return took

def fail(how, attempt):
    if how == "dies":
        os._exit(3)
    if how == "hangs":
        time.sleep(60)
    if how == "refuses":
        raise InputError("the number is not one")
    raise RuntimeError(f"attempt {attempt} was to fail")
"""

# Takes many at once, and fails for those that are odd.
BATCHER = """
def load():
    return None

def predict_batch(model, inputs: list[int]) -> list:
    print(len(inputs))
    return [ValueError(f"{value} is odd") if value % 2 else value for value in inputs]
"""


def worker(name: str, *triggers: str, scale: str = "max: 4", more: str = "") -> Files:
    """The function's folder; each trigger is a line of YAML, as in `queue: { name: q }`."""
    listed = "".join(f"  - {trigger}\n" for trigger in triggers)
    manifest = f"scale: {{ {scale} }}\n{more}" + (f"triggers:\n{listed}" if listed else "")
    return function(name, WORKER, manifest)


def taken(gateway: Gateway, name: str, ids: list[str], count: int) -> list[dict[str, Any]]:
    """What the worker took of these messages, attempt by attempt, in the order that it did."""
    wanted = set(ids)

    def found() -> list[dict[str, Any]]:
        answer = gateway.request("GET", f"/v1/functions/{name}/logs?tail=10000")
        lines = [json.loads(line) for line in answer.body.splitlines()]
        lines.sort(key=lambda line: line["atMicros"])
        return [
            json.loads(line["text"])
            for line in lines
            if line.get("invocation") in wanted and line["level"] == "stdout"
        ]

    return until(lambda: len(all_ := found()) >= count and all_, f"{count} attempts in the log")
