"""What went wrong in a handler, as a message, a type and a traceback without our own frames.

Imported when something has gone wrong, or while the zygote is idle: `traceback` costs milliseconds.
"""

from __future__ import annotations

import os
import traceback

MESSAGE_CHARACTERS_MAX = 8 * 1024
TRACEBACK_CHARACTERS_MAX = 32 * 1024
OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
IMPORT_MACHINERY = "<frozen importlib"


def describe(error: BaseException) -> dict[str, str]:
    """The fields `message`, `type` and `traceback` of an error frame."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "handler", "faas"):
        name = f"{kind.__module__}.{name}"
    return {"message": message(error), "type": printable(name), "traceback": trace(error)}


def message(error: BaseException) -> str:
    """What the error says, or what it is where it says nothing."""
    if isinstance(error, KeyboardInterrupt):
        return "raised KeyboardInterrupt"
    try:
        if isinstance(error, SystemExit):
            text = f"called exit({'' if error.code is None else repr(error.code)})"
        else:
            text = str(error)
    except BaseException as second:
        text = f"str() of the exception raised {type(second).__name__}"
    return printable(text or type(error).__name__)


def trace(error: BaseException) -> str:
    """The traceback as Python prints it, with frames of the handler and its libraries only."""
    try:
        described = traceback.TracebackException.from_exception(error)
        _drop_own_frames(described, set())
        return shorten(encodable("".join(described.format())), TRACEBACK_CHARACTERS_MAX)
    except BaseException as second:  # An exception whose attributes raise, for instance.
        return f"the traceback could not be made: {type(second).__name__}"


def printable(text: str) -> str:
    """A message that has a form in UTF-8 and is no longer than one may be."""
    return shorten(encodable(text), MESSAGE_CHARACTERS_MAX)


def encodable(text: str) -> str:
    """`text` without halves of surrogate pairs, which have no form in UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def shorten(text: str, limit: int) -> str:
    """`text` of at most about `limit` characters: its middle goes."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}\n... {len(text) - limit} characters ...\n{text[-limit // 2 :]}"


def _drop_own_frames(described: traceback.TracebackException, seen: set[int]) -> None:
    if id(described) in seen:
        return
    seen.add(id(described))
    described.stack[:] = [frame for frame in described.stack if not _is_own(frame.filename)]
    others = [
        described.__cause__,
        described.__context__,
        *(getattr(described, "exceptions", None) or []),
    ]
    for other in others:
        if other is not None:
            _drop_own_frames(other, seen)


def _is_own(filename: str) -> bool:
    return filename.startswith((OWN_FOLDER, IMPORT_MACHINERY))
