"""CloudEvents 1.0 as they come over HTTP: their attributes, and their data without the envelope.

The HTTP protocol binding and the JSON event format 1.0.2 of https://github.com/cloudevents/spec.
"""

from __future__ import annotations

from binascii import a2b_base64, a2b_hex
from datetime import datetime

import msgspec

from faas import CloudEvent, InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SPECVERSION = "1.0"
MEDIA_TYPE_PREFIX = "application/cloudevents"
STRUCTURED = "application/cloudevents+json"
JSON = "application/json"
FIELD_PREFIX = "ce-"
REQUIRED = ("id", "source", "type")
OPTIONAL = ("subject", "datacontenttype", "dataschema")
NO_EXTENSIONS = frozenset((*REQUIRED, *OPTIONAL, "time", "specversion", "data", "data_base64"))

DecodeErrors = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def media_type(kind: str) -> str:
    """A media type in lower case and without its parameters."""
    return kind.partition(";")[0].strip().lower()


def is_json(kind: str | None) -> bool:
    """Whether data of this media type is JSON. Data that does not say what it is is JSON, too."""
    return kind is None or media_type(kind).endswith(("/json", "+json"))


def read_binary(headers: Mapping[str, str]) -> CloudEvent:
    """The attributes from the header fields of a request; raises InputError."""
    found: dict[str, Any] = {
        name[len(FIELD_PREFIX) :]: percent_decoded(value)
        for name, value in headers.items()
        if name.startswith(FIELD_PREFIX)
    }
    found["datacontenttype"] = headers.get("content-type")
    return _event(found)


def read_structured(body: bytes) -> tuple[CloudEvent, bytes, str | None]:
    """The attributes, the data, and the data's media type if there is data; raises InputError."""
    try:
        members = _members(body)
        raw, encoded = members.pop("data", None), members.pop("data_base64", None)
        found = {name: msgspec.json.decode(value) for name, value in members.items()}
        event = _event(found)
        return event, *_data(raw, encoded, event.datacontenttype)
    except DecodeErrors as error:
        raise InputError(f"the event is not a JSON object: {error}") from None


def percent_decoded(value: str) -> str:
    """An attribute from a header field. Text in double quotes is what older senders write."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = _unquoted(value[1:-1])
    if "%" not in value:
        return value
    first, *others = value.encode().split(b"%")
    decoded = first
    for other in others:
        try:
            decoded += a2b_hex(other[:2].ljust(2)) + other[2:]
        except ValueError:
            decoded += b"%" + other
    return decoded.decode("utf-8", "replace")


def _unquoted(value: str) -> str:
    characters = iter(value)
    return "".join(next(characters, "") if one == "\\" else one for one in characters)


def _data(
    raw: msgspec.Raw | None, encoded: msgspec.Raw | None, kind: str | None
) -> tuple[bytes, str | None]:
    data = None if raw is None else bytes(raw)
    text = None if encoded is None else msgspec.json.decode(encoded)
    if text is not None:
        if data not in (None, b"null"):
            raise InputError("the event has both data and data_base64")
        return _from_base64(text), kind or JSON
    if data is None:
        return b"", kind
    if not is_json(kind) and data.startswith(b'"'):
        return msgspec.json.decode(data, type=str).encode(), kind
    return data, kind or JSON


def _from_base64(text: Any) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except (TypeError, ValueError) as error:
        raise InputError(f"the event's data_base64 is not base64: {error}") from None


def _event(found: dict[str, Any]) -> CloudEvent:
    for name in ("specversion", *REQUIRED):
        if found.get(name) is None:
            raise InputError(f"the event has no attribute {name}, which is required")
        _check_text(name, found[name])
        if not found[name]:
            raise InputError(f"the event's attribute {name} is empty")
    if found["specversion"] != SPECVERSION:
        version = found["specversion"]
        raise InputError(f"the event's attribute specversion is {version}; only 1.0 is taken")
    for name in OPTIONAL:
        if found.get(name) is not None:
            _check_text(name, found[name])
    return CloudEvent(
        time=_time(found.get("time")),
        extensions=_extensions(found),
        **{name: found.get(name) for name in (*REQUIRED, *OPTIONAL)},  # type: ignore[arg-type]
    )


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise InputError(f"the event's attribute {name} is not text")


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        time = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        time = None
    if time is None or time.tzinfo is None:
        raise InputError("the event's attribute time is not a timestamp as in RFC 3339")
    return time


def _extensions(found: dict[str, Any]) -> dict[str, str | int | bool]:
    extensions = {}
    for name, value in found.items():
        if name in NO_EXTENSIONS or value is None:
            continue
        if not isinstance(value, (str, int)):
            raise InputError(
                f"the event's attribute {name} is not text, a whole number, or true or false"
            )
        extensions[name] = value
    return extensions
