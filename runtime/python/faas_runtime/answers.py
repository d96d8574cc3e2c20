"""From what a handler returns to the frames of its answer."""

from __future__ import annotations

from types import GeneratorType

import msgspec

from faas import InputError, Response

from . import NOTHING
from .arguments import DecodeErrors
from .frames import CHUNK, END, ERROR, FAILURE_METAS, META_BYTES_MAX, RESULT, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

FRAME_BODY_BYTES_MAX = 4 * 1024 * 1024
"""Bytes of an answer in one frame; a longer answer takes several."""
TEXT = b"content-type: text/plain; charset=utf-8"
BYTES = b"content-type: application/octet-stream"
LINES = b"content-type: application/x-ndjson"
TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
JSON_TYPES = frozenset((dict, list, str, int, float, bool, tuple, type(None)))


PLAIN_FORMS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
)
"""What msgspec takes these for only if they are not of a class derived from them."""


class OutputError(Exception):
    """What the handler returned can't be an answer."""


class Stream:
    """An answer whose parts come one by one; `iterator` may be asynchronous."""

    __slots__ = ("iterator", "meta", "typed")

    def __init__(self, iterator: Any, meta: bytes = b"", typed: bool = False) -> None:
        self.iterator = iterator
        self.meta = meta
        self.typed = typed
        """Whether `meta` has a content type, so that the first item needn't give one."""

    def begin(self, item: Any) -> bytes:
        """The meta of the frame `result`, given the first item (NOTHING if there is none)."""
        if self.typed:
            return self.meta
        if item is NOTHING or isinstance(item, str):
            own = TEXT
        else:
            own = BYTES if isinstance(item, (bytes, bytearray, memoryview)) else LINES
        return self.meta + b"\n" + own if self.meta else own


def encode_hook(value: Any) -> Any:
    """Arrays and scalars of numpy, torch and their like, without importing any of them."""
    if hasattr(value, "tolist"):
        if hasattr(value, "detach"):
            value = value.detach()
        return value.tolist()
    for kind, plain in PLAIN_FORMS:
        if isinstance(value, kind):
            return plain(value)
    raise NotImplementedError(
        f"{type(value).__module__}.{type(value).__qualname__} has no JSON form"
    )


NULL = b"null"
"""What msgspec makes of NaN and of infinity."""
PLAIN_BYTES_MAX = 512
"""From more bytes on `has_null` is worth its call."""
NOT_FINITE = (b"\xcb\x7f", b"\xcb\xff")
"""How MessagePack begins each double that is not finite, and few others (of 1e300 and more)."""
encode_json: Callable[[Any], bytes] = msgspec.json.Encoder(enc_hook=encode_hook).encode
encode_pack: Callable[[Any], bytes] = msgspec.msgpack.Encoder(enc_hook=encode_hook).encode


class Answerer:
    """Turns results into meta and body, under the function's declared type and limit."""

    def __init__(self, *, text: bool, returns: Any, body_bytes_max: int) -> None:
        self._text = text
        """Whether text goes out as it is (`handle`) and not as JSON (`predict`)."""
        self._body_bytes_max = body_bytes_max
        self._plain_bytes_max = min(PLAIN_BYTES_MAX, body_bytes_max)
        self._verify, self.schema = _verifier(returns)
        self._json_types = JSON_TYPES - {str, type(None)} if text else JSON_TYPES

    def answer(self, result: Any) -> tuple[bytes, bytes | Stream]:
        """Meta and body of the answer; raises OutputError."""
        if type(result) in self._json_types:
            try:
                body = encode_json(result)
            except MemoryError:
                raise
            except Exception as error:
                raise OutputError(f"the result can't be JSON: {error}") from error
            if len(body) > self._plain_bytes_max:
                self.check_size(body)
                if has_null(body):
                    require_finite("the result", result)
            elif body.find(NULL) >= 0:
                require_finite("the result", result)
            if self._verify is not None:
                self._check_type(body)
            return b"", body
        if isinstance(result, Response):
            return self._response(result)
        meta, other = self._other(result)
        if self._verify is not None and type(other) is bytes:
            if meta:
                raise OutputError("the result is bytes, which does not fit the declared type")
            self._check_type(other)
        return meta, other

    def item(self, item: Any) -> bytes:
        """One item of a streamed answer as bytes; raises OutputError."""
        if isinstance(item, str):
            body = item.encode("utf-8", "replace")
        elif isinstance(item, (bytes, bytearray, memoryview)):
            body = bytes(item)
        else:
            body = to_json("an item of the answer", item) + b"\n"
        self.check_size(body)
        return body

    def _other(self, result: Any) -> tuple[bytes, bytes | Stream]:
        if isinstance(result, GeneratorType) or hasattr(result, "__next__"):
            return b"", Stream(result)
        if hasattr(result, "__anext__"):
            return b"", Stream(result)
        if isinstance(result, (bytes, bytearray, memoryview)):
            meta, body = BYTES, bytes(result)
        elif self._text and (result is None or isinstance(result, str)):
            meta, body = TEXT, (result or "").encode("utf-8", "replace")
        else:
            meta, body = b"", to_json("the result", result)
        self.check_size(body)
        return meta, body

    def _response(self, response: Response) -> tuple[bytes, bytes | Stream]:
        meta = _response_meta(response)
        typed = any(name.lower() == "content-type" for name in response.headers)
        body: bytes | Stream
        if response.body is None or isinstance(response.body, str):
            own, body = TEXT, (response.body or "").encode("utf-8", "replace")
            self.check_size(body)
        else:
            own, body = self._other(response.body)
        if isinstance(body, Stream):
            return b"", Stream(body.iterator, meta, typed)
        if typed or not own:
            return meta, body
        return meta + b"\n" + own if meta else own, body

    def _check_type(self, body: bytes) -> None:
        try:
            self._verify(body)  # type: ignore[misc]
        except DecodeErrors as error:
            message = f"the result does not fit the declared type: {error}"
            raise OutputError(message) from error

    def check_size(self, body: bytes) -> None:
        """Raises OutputError if that is more than an answer may have."""
        if len(body) > self._body_bytes_max:
            limit = self._body_bytes_max
            raise OutputError(f"the answer has {len(body)} bytes; the limit is {limit} bytes")


def to_json(what: str, value: Any) -> bytes:
    """`value` as JSON; raises OutputError."""
    try:
        body = encode_json(value)
    except MemoryError:
        raise
    except Exception as error:
        raise OutputError(f"{what} can't be JSON: {error}") from error
    if has_null(body):
        require_finite(what, value)
    return body


def has_null(body: bytes) -> bool:
    """Whether `null` is anywhere. Arrays of numbers have no `u`, which is found out at once."""
    return body.find(NULL, body.find(b"u") - 1) >= 0


def require_finite(what: str, value: Any) -> None:
    """Raises OutputError if a null in the JSON of `value` was NaN or infinity.

    Packing is quicker than making JSON was, and tells nearly always that there is none.
    """
    if value is None:
        return
    try:
        packed = encode_pack(value)
        if packed.find(NOT_FINITE[0]) < 0 and packed.find(NOT_FINITE[1]) < 0:
            return
    except Exception:  # An integer of more than 64 bits, for instance.
        pass
    from . import finite

    found = finite.find_other(value, encode_hook)
    if found is not None:
        raise OutputError(f"{what} can't be JSON: {found}")


def frames_of(
    stream: int, meta: bytes, body: bytes, micros: int = 0, *, first: bool = True, last: bool = True
) -> Iterator[bytes]:
    """A piece of an answer as frames: `result` if it is the `first`, `end` if it is the `last`."""
    for start in range(0, len(body) or 1, FRAME_BODY_BYTES_MAX):
        ends = last and start + FRAME_BODY_BYTES_MAX >= len(body)
        begins = first and not start
        yield encode(
            RESULT if begins else CHUNK,
            stream,
            flags=END if ends else 0,
            value=micros if ends else 0,
            meta=meta if begins else b"",
            body=body[start : start + FRAME_BODY_BYTES_MAX],
        )


def input_error_text(error: Exception) -> str:
    """Why a body does not fit the types of the handler, given what its decoder raised."""
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    if isinstance(error, msgspec.ValidationError):
        return str(error)
    return f"the body is not JSON: {error}"


def input_error_frame(stream: int, error: Exception) -> bytes:
    """`error` for a body that does not fit the types of the handler."""
    from . import faults

    said = faults.printable(input_error_text(error))  # May be in the words of a type's own code.
    fields = {"message": said, "type": "ValidationError", "traceback": ""}
    return _error_frame(stream, "inputInvalid", 0, fields)


def failure_frame(stream: int, failure: BaseException | None, micros: int) -> bytes:
    """`error` for what a handler raised; None stands for a cancelled invocation."""
    if failure is None:
        fields = {"message": "cancelled", "type": "Cancelled", "traceback": ""}
        return _error_frame(stream, "cancelled", micros, fields)
    from . import faults

    if isinstance(failure, OutputError):
        said = faults.printable(str(failure))
        fields = {"message": said, "type": "OutputError", "traceback": ""}
        return _error_frame(stream, "outputInvalid", micros, fields)
    fields = faults.describe(failure)
    if isinstance(failure, InputError):
        return _error_frame(stream, "inputInvalid", micros, {**fields, "traceback": ""})
    code = "outOfMemory" if isinstance(failure, MemoryError) else "handlerRaised"
    return _error_frame(stream, code, micros, fields)


def _error_frame(stream: int, code: str, micros: int, fields: dict[str, str]) -> bytes:
    meta, body = FAILURE_METAS[code], encode_json(fields)
    return encode(ERROR, stream, flags=END, value=micros, meta=meta, body=body)


def _verifier(returns: Any) -> tuple[Callable[[bytes], Any] | None, dict[str, Any]]:
    """A check of encoded results against the declared type, where that is one that JSON has."""
    name = str(returns)
    if returns is NOTHING or returns is Response or name == "typing.Any":
        return None, {}
    if any(word in name for word in ("Iterator[", "Iterable[", "Generator[", "bytes")):
        return None, {}
    returns = None if returns is type(None) else returns
    try:
        return msgspec.json.Decoder(returns).decode, msgspec.json.schema(returns)
    except Exception:  # A type that msgspec does not know is the handler's own affair.
        return None, {}


def _response_meta(response: Response) -> bytes:
    status = response.status
    if type(status) is not int or not 200 <= status <= 599:
        raise OutputError(f"the status {status!r} is not a number from 200 to 599")
    lines = [] if status == 200 else [f":status: {status}"]
    seen = set()
    for name, value in response.headers.items():
        lower = name.lower()
        if not lower or not TOKEN_CHARACTERS.issuperset(lower) or lower in seen:
            raise OutputError(f"{name!r} can't be the name of a header field, or not again")
        seen.add(lower)
        text = str(value)
        if not text.isprintable() and not text.replace("\t", "").isprintable():
            raise OutputError(f"the header field {name} has characters that none may have")
        lines.append(f"{lower}: {text}")
    meta = "\n".join(lines).encode("utf-8", "replace")
    if len(meta) > META_BYTES_MAX - len(TEXT) - 1:
        raise OutputError(f"the header fields have {len(meta)} bytes; the limit is 64 KiB")
    return meta
