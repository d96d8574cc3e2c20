"""One invocation as the instance sees it, and the parts of its input."""

from __future__ import annotations

import time

from faas import Context

from .frames import decode_meta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

Queued = tuple[int, int, bytes, bytes, int, "Input | None"]
"""stream, milliseconds until the deadline, meta, body, when it came (ns of perf_counter), input."""


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

    __slots__ = ("_headers", "_identity", "arrived", "body", "meta", "millis", "parts")

    def __init__(self, queued: Queued, identity: Identity, parts: Any) -> None:
        _, self.millis, self.meta, self.body, self.arrived, _ = queued
        self.parts: Iterable[bytes] | Any = parts
        """What is still to come of the body, or None if `body` is all of it."""
        self._identity = identity
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
        who = self._identity
        return Context("", who.function, who.revision, deadline, who.model, self.headers)
