"""Waiting for a condition, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

POLL_SECONDS = 0.01

Value = TypeVar("Value")


def until(
    condition: Callable[[], Value], what: str, seconds: float = 10, poll: float = POLL_SECONDS
) -> Value:
    """Returns the condition's value as soon as it is true; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds} s: {what}; last seen: {value!r}")
        time.sleep(poll)
