"""Parameters and annotations of a callable, without importing `inspect` for a plain function."""

from __future__ import annotations

from types import FunctionType

from . import NOTHING, LoadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

COROUTINE = 0x80
ASYNC_GENERATOR = 0x200
VARIABLE_ARGUMENTS = 0x04 | 0x08
ARGUMENT_WORDS = {1: "one argument", 2: "two arguments"}


class Parameter:
    """One parameter of a handler's function."""

    __slots__ = ("annotation", "by_keyword", "default", "name")

    def __init__(self, name: str, annotation: Any, default: Any, by_keyword: bool) -> None:
        self.name = name
        self.annotation = annotation
        """NOTHING if it has none."""
        self.default = default
        """NOTHING if it has none."""
        self.by_keyword = by_keyword


class Signature:
    """Parameters in their order, and what is returned (NOTHING if it does not say)."""

    __slots__ = ("parameters", "returns")

    def __init__(self, parameters: list[Parameter], returns: Any) -> None:
        self.parameters = parameters
        self.returns = returns


def read(function: Callable[..., Any], name: str) -> Signature:
    """The signature of `function`; raises LoadError (signatureInvalid) where it can't be served."""
    if type(function) is FunctionType and not hasattr(function, "__wrapped__"):
        return _read_function(function, name)
    return _read_callable(function, name)


def innermost(function: Any) -> Any:
    """The function below decorators that used functools.wraps, and below objects with __call__."""
    for _ in range(32):
        if hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif hasattr(function, "__func__"):
            function = function.__func__
        elif hasattr(function, "func") and not hasattr(function, "__code__"):
            function = function.func
        elif not hasattr(function, "__code__"):
            function = type(function).__call__
        else:
            break
    return function


def is_async(function: Any) -> bool:
    """Whether calling it gives a coroutine or an async generator."""
    code = getattr(innermost(function), "__code__", None)
    return code is not None and bool(code.co_flags & (COROUTINE | ASYNC_GENERATOR))


def require_arguments(function: Callable[..., Any], name: str, count: int) -> None:
    """Raises LoadError unless `function` can be called with `count` arguments by position."""
    found = read(function, name).parameters
    needed = sum(1 for one in found if one.default is NOTHING)
    by_position = sum(1 for one in found if not one.by_keyword)
    if needed > count or by_position < count:
        words = ARGUMENT_WORDS.get(count, "no arguments")
        raise LoadError("signatureInvalid", f"{name} must be callable with {words}")


def _read_function(function: FunctionType, name: str) -> Signature:
    code = function.__code__
    if code.co_flags & VARIABLE_ARGUMENTS:
        raise _variable(name)
    hints = _hints(function, name)
    defaults = function.__defaults__ or ()
    by_keyword = function.__kwdefaults__ or {}
    first_default = code.co_argcount - len(defaults)
    parameters = []
    for index in range(code.co_argcount + code.co_kwonlyargcount):
        one = code.co_varnames[index]
        if index >= code.co_argcount:
            default = by_keyword.get(one, NOTHING)
        else:
            default = defaults[index - first_default] if index >= first_default else NOTHING
        parameters.append(
            Parameter(one, hints.get(one, NOTHING), default, index >= code.co_argcount)
        )
    return Signature(parameters, hints.get("return", NOTHING))


def _read_callable(function: Callable[..., Any], name: str) -> Signature:
    import inspect

    try:
        found = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise LoadError("signatureInvalid", f"the signature of {name}: {error}") from error
    hints = _hints(innermost(function), name)
    parameters = []
    for one in found.parameters.values():
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            raise _variable(name)
        default = NOTHING if one.default is one.empty else one.default
        hint = hints.get(one.name, NOTHING)
        parameters.append(Parameter(one.name, hint, default, one.kind is one.KEYWORD_ONLY))
    return Signature(parameters, hints.get("return", NOTHING))


def _hints(function: Any, name: str) -> dict[str, Any]:
    hints: dict[str, Any] = getattr(function, "__annotations__", None) or {}
    if not any(isinstance(hint, str) for hint in hints.values()):
        return hints
    from typing import get_type_hints

    try:
        return get_type_hints(function, include_extras=True)
    except Exception as error:
        message = f"the annotations of {name} can't be read: {error}"
        raise LoadError("signatureInvalid", message) from error


def _variable(name: str) -> LoadError:
    message = f"{name} has *args or **kwargs; arguments of an invocation need names and types"
    return LoadError("signatureInvalid", message)
