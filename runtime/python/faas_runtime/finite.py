"""The numbers of a result that JSON has no form for: NaN and infinity, which msgspec makes null.

Imported when a result seems to have one, or while the zygote is idle.
"""

from __future__ import annotations

import msgspec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def find_other(value: Any, hook: Callable[[Any], Any]) -> str | None:
    """Says which number of `value` is not finite; None if all are."""
    try:
        found = _find(msgspec.to_builtins(value, enc_hook=hook, str_keys=True))
    except Exception:
        return None
    if found is None:
        return None
    number, path = found
    name = "NaN" if number != number else "infinity"
    return f"it has {name} at `${path}`, and JSON has neither NaN nor infinity"


def _find(value: Any) -> tuple[float, str] | None:
    """The first such number and its path."""
    if isinstance(value, float):
        return (value, "") if value - value != 0 else None
    items: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        return None
    for key, one in items:
        found = _find(one)
        if found is not None:
            return found[0], _step(key) + found[1]
    return None


def _step(key: Any) -> str:
    if isinstance(key, str) and key.isidentifier():
        return "." + key
    return f"[{key!r}]"
