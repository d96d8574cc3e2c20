"""Finding the handler in a function's folder, and saying what it is."""

from __future__ import annotations

import os
import sys

from . import NOTHING, LoadError, signature
from .arguments import Plan, is_text, plan_handle, plan_item, plan_predict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .signature import Signature

MODULE = "handler"
FUNCTIONS = {"predict": "predict", "predictBatch": "predict_batch", "handle": "handle"}


class Handler:
    """A loaded handler: its functions and how they are called."""

    __slots__ = ("asynchronous", "attach", "function", "item", "kind", "load", "plan", "returns")

    def __init__(self, kind: str, function: Callable[..., Any], module: Any) -> None:
        self.kind = kind
        """As in `loaded`: predict, predictBatch or handle."""
        self.function = function
        self.load: Callable[[], Any] | None = getattr(module, "load", None)
        self.attach: Callable[[Any, str], Any] | None = getattr(module, "attach", None)
        self.asynchronous = signature.is_async(function)
        self.returns: Any = NOTHING
        self.plan: Plan

    @property
    def leads(self) -> bool:
        """Whether the first parameter is the model."""
        return self.kind != "handle" and (self.load is not None or self.attach is not None)


def import_module(folder: str) -> Any:
    """Imports handler.py from `folder`; raises LoadError."""
    if not os.path.exists(os.path.join(folder, MODULE + ".py")):
        raise LoadError("moduleNotFound", f"there is no {MODULE}.py in {folder}")
    sys.path.insert(0, folder)
    os.chdir(folder)  # So that a handler may name its own files by relative paths.
    return guard("importRaised", lambda: __import__(MODULE))


def guard(code: str, step: Callable[[], Any]) -> Any:
    """Does one step of loading; what it raises becomes a LoadError with the code that fits."""
    try:
        return step()
    except MemoryError as error:
        raise LoadError("outOfMemory", "not enough memory to load", error) from error
    except BaseException as error:  # SystemExit too: a handler that exits has not loaded.
        from .faults import message

        if isinstance(error, ModuleNotFoundError):
            raise LoadError("moduleNotFound", message(error), error) from error
        raise LoadError(code, f"{type(error).__name__}: {message(error)}", error) from error


def classify(module: Any, batch_size: int) -> Handler:
    """Says which kind of handler `module` is; raises LoadError."""
    kind = _choose_kind(module, batch_size)
    function = getattr(module, FUNCTIONS[kind])
    for name in (FUNCTIONS[kind], "load", "attach"):
        if not callable(getattr(module, name, len)):
            raise LoadError("signatureInvalid", f"{name} in {MODULE}.py is not callable")
    handler = Handler(kind, function, module)
    _check_load_and_attach(handler)
    found = signature.read(function, FUNCTIONS[kind])
    if handler.leads:
        if not found.parameters or found.parameters[0].by_keyword:
            message = f"the first parameter of {FUNCTIONS[kind]} must be the model"
            raise LoadError("signatureInvalid", message)
        del found.parameters[0]
    handler.returns = found.returns
    handler.plan = _plan(handler, found)
    return handler


def _choose_kind(module: Any, batch_size: int) -> str:
    kinds = [kind for kind, name in FUNCTIONS.items() if hasattr(module, name)]
    if not kinds:
        message = f"{MODULE}.py defines none of predict, predict_batch and handle"
        raise LoadError("attributeNotFound", message)
    if "predictBatch" in kinds and batch_size > 1:
        return "predictBatch"
    return kinds[0]


def _check_load_and_attach(handler: Handler) -> None:
    for name, function, count in (("load", handler.load, 0), ("attach", handler.attach, 2)):
        if function is not None:
            if signature.is_async(function):
                raise LoadError("signatureInvalid", f"{name} can't be async")
            signature.require_arguments(function, name, count)


def _plan(handler: Handler, found: Signature) -> Plan:
    parameters = found.parameters
    if handler.kind == "predict":
        return plan_predict(parameters, asynchronous=handler.asynchronous)
    if handler.kind == "handle":
        return plan_handle(parameters, asynchronous=handler.asynchronous)
    return _plan_batch(handler, parameters)


def _plan_batch(handler: Handler, parameters: list[Any]) -> Plan:
    if handler.asynchronous:
        raise LoadError("signatureInvalid", "predict_batch can't be async")
    needed = [one for one in parameters if one.default is NOTHING]
    if len(parameters) < 1 or len(needed) > 1 or parameters[0].by_keyword:
        raise LoadError("signatureInvalid", "predict_batch takes one list of inputs")
    item = _item_of(parameters[0].annotation, "inputs of predict_batch")
    decode, schema = plan_item(item, "the inputs of predict_batch")
    handler.returns = _result_of(_item_of(handler.returns, "result of predict_batch"))
    function = handler.function

    def bind(_: Callable[..., Any], leading: tuple[Any, ...]) -> Callable[[Any], Any]:
        return lambda inputs: function(*leading, inputs)

    return Plan(schema, bind, decode=decode, text=is_text(item))


def _item_of(hint: Any, what: str) -> Any:
    """R of list[R]."""
    if hint is NOTHING or hint is list:
        return NOTHING
    if getattr(hint, "__origin__", None) is not list:
        raise LoadError("signatureInvalid", f"the {what} must be annotated as a list")
    return hint.__args__[0]


def _result_of(hint: Any) -> Any:
    """R of `R | InputError`: exceptions in the list that predict_batch returns are no results."""
    members = getattr(hint, "__args__", ())
    if not any(_is_exception(one) for one in members):
        return hint
    from typing import Union

    results = tuple(one for one in members if not _is_exception(one))
    return Union[results] if results else NOTHING  # noqa: UP007 - made of a tuple


def _is_exception(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseException)
