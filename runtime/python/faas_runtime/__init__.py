"""The program in the sandbox: loads a handler and serves its invocations (see PROTOCOL.md)."""

from __future__ import annotations


class _Nothing:
    """The type of NOTHING."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = _Nothing()
"""Stands where a default or an annotation is absent; None would be a value."""


class LoadError(Exception):
    """Why a handler could not be loaded; `code` is one of those of `loadFailed`."""

    def __init__(self, code: str, message: str, cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.cause = cause
