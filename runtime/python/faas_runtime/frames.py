"""Frames of the runtime protocol, version 1."""

from __future__ import annotations

from _struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PROTOCOL_VERSION = 1
HEADER = Struct("<IBBHII")
HEADER_BYTES = 16
PAYLOAD_BYTES_MAX = 16 * 1024 * 1024
META_BYTES_MAX = 0xFFFF
STREAM_MAX = 0xFFFF_FFFF
END = 1

LOAD = 1
FORK = 2

LOADED = 16
LOAD_FAILED = 17
EXITED = 18

ATTACH = 32
INVOKE = 33
BODY = 34
CANCEL = 35

HELLO = 48
READY = 49
ATTACH_FAILED = 50
RESULT = 51
CHUNK = 52
ERROR = 53
LOG = 54


LOAD_FAILURES = (
    "moduleNotFound",
    "attributeNotFound",
    "importRaised",
    "loadRaised",
    "signatureInvalid",
    "outOfMemory",
)
"""What the `:code` of `loadFailed` may be."""
FAILURES = ("inputInvalid", "handlerRaised", "outputInvalid", "outOfMemory", "cancelled")
"""What the `:code` of `error` may be."""
LOAD_FAILURE_METAS = {code: b":code: " + code.encode() for code in LOAD_FAILURES}
FAILURE_METAS = {code: b":code: " + code.encode() for code in FAILURES}


class ProtocolError(Exception):
    """The host said something that the protocol does not allow; the process ends."""


def encode(
    kind: int,
    stream: int = 0,
    *,
    flags: int = 0,
    value: int = 0,
    meta: bytes = b"",
    body: bytes = b"",
) -> bytes:
    """One frame as bytes. `value` is cut to 32 bits at its maximum."""
    header = HEADER.pack(
        len(meta) + len(body), kind, flags, len(meta), stream, min(value, STREAM_MAX)
    )
    return header + meta + body


def encode_meta(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Lines `name: value`; names and values must already be clean."""
    return "\n".join([f"{name}: {value}" for name, value in pairs]).encode()


def decode_meta(meta: bytes) -> dict[str, str]:
    """Names and values of a frame's meta; bytes that are not UTF-8 become U+FFFD."""
    if not meta:
        return {}
    pairs = (line.partition(": ") for line in meta.decode("utf-8", "replace").split("\n"))
    return {name: value for name, _, value in pairs}


def check(length: int, flags: int, meta_length: int) -> None:
    """Raises ProtocolError for a header that no frame may have."""
    if length > PAYLOAD_BYTES_MAX:
        raise ProtocolError(f"a frame of {length} bytes is over the limit of {PAYLOAD_BYTES_MAX}")
    if meta_length > length:
        raise ProtocolError(f"metaLength {meta_length} is above length {length}")
    if flags & ~END:
        raise ProtocolError(f"flags {flags:#x} are not known")
