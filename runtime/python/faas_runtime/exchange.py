"""An invocation that is a CloudEvent: from the event to the argument, from the result to an event.

Imported when the first event comes, or while the zygote is idle: few functions take events.
"""

from __future__ import annotations

import time
from binascii import b2a_base64

import msgspec

from faas import InputError

from . import envelope
from .answers import OutputError, Stream, encode_json, input_error_text
from .arguments import DecodeErrors
from .frames import META_BYTES_MAX, decode_meta, encode_meta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .answers import Answerer
    from .arguments import Plan
    from .invocations import Invocation

ANSWER_TYPE = "faas.function.answered"
CONTENT_TYPE_BYTES_MAX = 64
"""What the first item of a stream may add to the header fields."""
BODILESS_STATUSES = ("204", "304")


class Exchange:
    """One event and its answer."""

    __slots__ = ("_accept", "_invocation", "_structured")

    def __init__(self, invocation: Invocation) -> None:
        headers = invocation.headers()
        kind = envelope.media_type(headers.get("content-type", ""))
        self._invocation = invocation
        self._structured = kind.startswith(envelope.MEDIA_TYPE_PREFIX)
        self._accept = headers.get("accept", "")

    def argument(self, plan: Plan) -> Any:
        """What the handler's function is called with.

        Raises InputError, and whatever a type of the handler's own raises. Reads all of the body
        if the event is in structured mode.
        """
        invocation = self._invocation
        if self._structured and invocation.parts is not None:
            invocation.body += b"".join(invocation.parts)
            invocation.parts = None
        return self._decode(plan)

    async def argument_async(self, plan: Plan) -> Any:
        """The same where the body comes by an asynchronous iterator."""
        invocation = self._invocation
        if self._structured and invocation.parts is not None:
            invocation.body += b"".join([part async for part in invocation.parts])
            invocation.parts = None
        return self._decode(plan)

    def answer(self, answerer: Answerer, result: Any) -> tuple[bytes, bytes | Stream]:
        """Meta and body of the answer, which is an event itself; raises OutputError."""
        meta, body = answerer.answer(result)
        fields = decode_meta(body.meta if isinstance(body, Stream) else meta)
        if fields.get("content-type", "").lower().startswith(envelope.MEDIA_TYPE_PREFIX):
            return meta, body  # The handler has made an event in structured mode itself.
        if isinstance(body, Stream):
            return b"", Stream(body.iterator, self._add_attributes(fields), body.typed)
        if accepts_structured(self._accept) and fields.get(":status") not in BODILESS_STATUSES:
            body = self._enclose(fields, body)
            answerer.check_size(body)
            return encode_fields(fields), body
        return self._add_attributes(fields), body

    def _decode(self, plan: Plan) -> Any:
        invocation = self._invocation
        kind = self._open()
        try:
            if plan.text and not envelope.is_json(kind):
                invocation.body = msgspec.json.encode(invocation.body.decode())
            if plan.decode is not None:
                return plan.decode(invocation.body)
            return plan.prepare(invocation)  # type: ignore[misc]
        except UnicodeDecodeError as error:
            raise InputError(f"the event's data is not UTF-8 text: {error}") from None
        except DecodeErrors as error:
            text = input_error_text(error)
            if not envelope.is_json(kind):
                text = f"the event's data is {kind}, and this function takes JSON: {text}"
            raise InputError(text) from None

    def _open(self) -> str | None:
        """Takes the data out of the envelope; gives its media type."""
        invocation, headers = self._invocation, self._invocation.headers()
        if not self._structured:
            invocation.event = envelope.read_binary(headers)
            return invocation.event.datacontenttype
        kind = envelope.media_type(headers["content-type"])
        if kind != envelope.STRUCTURED:
            raise InputError(f"events as {kind} are not taken, only as {envelope.STRUCTURED}")
        event, data, data_kind = envelope.read_structured(invocation.body)
        invocation.event, invocation.body = event, data
        headers.pop("content-type")
        headers.pop("content-length", None)
        if data_kind is not None:
            headers["content-type"] = data_kind
        return data_kind

    def _attributes(self) -> dict[str, Any]:
        now = time.time_ns() // 1000
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 1_000_000))
        return {
            "specversion": envelope.SPECVERSION,
            "id": self._invocation.headers().get(":id", ""),
            "source": f"/function/{self._invocation.identity.function}",
            "type": ANSWER_TYPE,
            "time": f"{seconds}.{now % 1_000_000:06}Z",
        }

    def _add_attributes(self, fields: dict[str, str]) -> bytes:
        for name, value in self._attributes().items():
            fields.setdefault(envelope.FIELD_PREFIX + name, value)
        return encode_fields(fields)

    def _enclose(self, fields: dict[str, str], data: bytes) -> bytes:
        """The answer as JSON. Takes out of `fields` what goes into it."""
        event = self._attributes()
        for name in [name for name in fields if name.startswith(envelope.FIELD_PREFIX)]:
            own = name[len(envelope.FIELD_PREFIX) :]
            event[own] = envelope.percent_decoded(fields.pop(name))
        kind = fields.get("content-type", envelope.JSON)
        fields["content-type"] = envelope.STRUCTURED
        if data:
            event["datacontenttype"] = kind
            name, value = member(kind, data)
            event[name] = value
        return encode_json(event)


def member(kind: str, data: bytes) -> tuple[str, Any]:
    """Name and value of the member of an event's JSON that carries its data."""
    try:
        if envelope.is_json(kind):
            return "data", msgspec.json.decode(data, type=msgspec.Raw)
        if envelope.media_type(kind).startswith("text/"):
            return "data", data.decode()
    except DecodeErrors:
        pass
    return "data_base64", b2a_base64(data, newline=False).decode()


def accepts_structured(accept: str) -> bool:
    """Whether the header field `accept` names the structured mode, and not to refuse it."""
    for one in accept.split(","):
        kind, *parameters = one.lower().replace(" ", "").replace("\t", "").split(";")
        if kind == envelope.STRUCTURED:
            weights = [text[2:] for text in parameters if text.startswith("q=")]
            return not weights or weights[0].strip("0.") != ""
    return False


def encode_fields(fields: dict[str, str]) -> bytes:
    """Header fields as meta; raises OutputError."""
    meta = encode_meta(fields.items())
    if len(meta) > META_BYTES_MAX - CONTENT_TYPE_BYTES_MAX:
        raise OutputError(f"the header fields have {len(meta)} bytes; the limit is 64 KiB")
    return meta
