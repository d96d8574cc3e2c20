"""What a handler may import from the platform.

Nothing here needs the platform to run, so that a handler's own tests can make an `Event` or a
`Context` and call the handler with it.
"""

from __future__ import annotations

import time

from .cloudevent import CloudEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
    from typing import Any

__all__ = ["Cancelled", "CloudEvent", "Context", "Event", "InputError", "Response"]


class InputError(Exception):
    """The input is wrong in a way that its type does not say; the caller gets status 400.

    `predict_batch` may also return one in the place of a result: then only that input is wrong.
    """


class Cancelled(BaseException):
    """Raised inside a handler when its caller went away or its deadline passed.

    Not an `Exception`, so that `except Exception` lets it through. Use `finally` to clean up.
    """


class Response:
    """An answer with a status and header fields of its own.

    `body` is anything that a handler may return by itself: text, bytes, a value that becomes JSON,
    None, or a generator. `status` is from 200 to 599. Header names may be in any case.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(
        self, body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self.body = body
        self.status = status
        self.headers: dict[str, str] = dict(headers) if headers else {}


class Context:
    """The circumstances of one invocation."""

    __slots__ = (
        "_attempt",
        "_id",
        "_meta",
        "_trigger",
        "deadline",
        "event",
        "function",
        "model",
        "revision",
    )

    def __init__(
        self,
        id: str = "",  # noqa: A002 - the name that handlers see
        function: str = "",
        revision: str = "",
        deadline: float = float("inf"),
        model: Any = None,
        meta: Callable[[], dict[str, str]] | None = None,
        event: CloudEvent | None = None,
        attempt: int = 1,
        trigger: str = "http",
    ) -> None:
        self._meta = meta
        if meta is None:
            self._id = id
            self._attempt = attempt
            self._trigger = trigger
        self.event = event
        """The attributes of the CloudEvent that the input came in; None if it came in none."""
        self.function = function
        """Name of the function."""
        self.revision = revision
        """The revision that runs."""
        self.deadline = deadline
        """When the invocation must have ended: seconds since 1970, UTC."""
        self.model = model
        """What `load` returned, or `attach` where the handler has one."""

    @property
    def id(self) -> str:
        """The invocation's id, as in its usage record."""
        return self._id if self._meta is None else self._meta().get(":id", "")

    @property
    def attempt(self) -> int:
        """Which try of the invocation this is, from 1. What a queue tries again keeps its id."""
        return self._attempt if self._meta is None else int(self._meta().get(":attempt", "1"))

    @property
    def trigger(self) -> str:
        """What made the invocation, as in its usage record: `http`, `queue:NAME` and so on."""
        return self._trigger if self._meta is None else self._meta().get(":trigger", "http")

    def remaining(self) -> float:
        """Seconds until the deadline; never below 0."""
        return max(0.0, self.deadline - time.time())


class Whole:
    """A body that is there as a whole, read as if it came in parts."""

    __slots__ = ("_parts",)

    def __init__(self, body: bytes) -> None:
        self._parts = iter((body,) if body else ())

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


class Event:
    """A request, for `handle(event, context)`."""

    __slots__ = ("_body", "_headers", "_meta", "_rest")

    def __init__(
        self,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        path: str = "/",
        query: str = "",
        rest: Iterable[bytes] | None = None,
        meta: Callable[[], dict[str, str]] | None = None,
    ) -> None:
        self._body = body
        self._rest = rest
        self._headers: dict[str, str] | None = None
        self._meta = meta
        if meta is None:
            own = {":method": method, ":path": path, ":query": query}
            own.update((name.lower(), value) for name, value in (headers or {}).items())
            self._meta = lambda: own

    def _all(self) -> dict[str, str]:
        if self._headers is None:
            self._headers = self._meta() if self._meta is not None else {}
        return self._headers

    @property
    def headers(self) -> dict[str, str]:
        """The request's header fields; names are in lower case."""
        return {name: value for name, value in self._all().items() if name[0] != ":"}

    @property
    def method(self) -> str:
        """The HTTP method, such as POST."""
        return self._all().get(":method", "POST")

    @property
    def path(self) -> str:
        """The path below the function's own, beginning with a slash."""
        return self._all().get(":path", "/")

    @property
    def query(self) -> str:
        """The query string, without its question mark; empty if there is none."""
        return self._all().get(":query", "")

    @property
    def body(self) -> bytes:
        """The whole body; waits until all of it has come."""
        if self._rest is not None:
            rest, self._rest = self._rest, None
            self._body += b"".join(rest)
        return self._body

    @property
    def text(self) -> str:
        """The body as UTF-8 text; raises InputError if it is not."""
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise InputError(f"the body is not UTF-8 text: {error}") from None

    def json(self) -> Any:
        """The body as JSON; raises InputError if it is not."""
        import msgspec

        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"the body is not JSON: {error}") from None

    def stream(self) -> Any:
        """The body in parts, as they come: for `for` and, in an async handler, `async for`."""
        if self._rest is None:
            return Whole(self._body)
        rest, self._rest = self._rest, None
        return rest
