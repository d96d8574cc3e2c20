"""One invocation as the instance sees it, and the parts of its input."""

from __future__ import annotations

import time

from faas import Context

from .frames import decode_meta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from faas import CloudEvent

    from .exchange import Exchange

Queued = tuple[int, int, bytes, bytes, int, "Input | None"]
"""stream, milliseconds until the deadline, meta, body, when it came (ns of perf_counter), input."""

EVENT_FIELD = b"\nce-specversion: "
"""What a CloudEvent in binary mode has in its meta."""
EVENT_TYPE = b"\ncontent-type: application/cloudevents"
"""What one in structured mode has there, in lower case."""
PLUS = ord("+")
"""What every media type that begins with `application/cloudevents` has, and few requests have."""


class Input:
    """The parts of a body that comes in several frames."""

    __slots__ = ("ended", "meta", "parts", "value")

    def __init__(self, value: int, meta: bytes, body: bytes) -> None:
        self.value = value
        self.meta = meta
        self.parts = [body] if body else []
        self.ended = False


class Identity:
    """What contexts say of the function that this process serves."""

    __slots__ = ("function", "model", "revision")

    def __init__(self, function: str, revision: str) -> None:
        self.function = function
        self.revision = revision
        self.model: Any = None


class Invocation:
    """An invocation for plans that need more than its body; its meta is parsed when asked for."""

    __slots__ = ("_headers", "arrived", "body", "event", "identity", "meta", "millis", "parts")

    def __init__(self, queued: Queued, identity: Identity, parts: Any) -> None:
        _, self.millis, self.meta, self.body, self.arrived, _ = queued
        self.parts = parts
        """What is still to come of the body, or None if `body` is all of it."""
        self.identity = identity
        self.event: CloudEvent | None = None
        self._headers: dict[str, str] | None = None

    def headers(self) -> dict[str, str]:
        """All of the meta, with the protocol's own names."""
        if self._headers is None:
            self._headers = decode_meta(self.meta)
        return self._headers

    def context(self) -> Context:
        """The context that the handler gets."""
        passed = (time.perf_counter_ns() - self.arrived) / 1e9
        deadline = time.time() + self.millis / 1e3 - passed
        who, event = self.identity, self.event
        return Context("", who.function, who.revision, deadline, who.model, self.headers, event)


def exchange_of(queued: Queued, identity: Identity, parts: Any = None) -> Exchange | None:
    """The CloudEvent that an invocation is, if it is one; `parts` as for an Invocation.

    Every invocation comes by here or, in the quickest loop, by the first condition only: what it
    costs is tens of nanoseconds. `in` would be several times slower on bytes than `partition`.
    """
    meta = queued[2]
    if not (PLUS in meta or meta.partition(EVENT_FIELD)[1]):
        return None
    if EVENT_FIELD not in meta and EVENT_TYPE not in meta.lower():
        return None
    from .exchange import Exchange

    return Exchange(Invocation(queued, identity, parts))
