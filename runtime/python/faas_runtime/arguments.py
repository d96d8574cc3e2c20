"""From the body of an invocation to the typed arguments of a handler's function."""

from __future__ import annotations

import sys

import msgspec

from faas import Context, Event, Whole

from . import NOTHING, LoadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .invocations import Invocation
    from .signature import Parameter

DecodeErrors = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises when the input is at fault; msgspec.ValidationError is a DecodeError."""

RAW_SCHEMA: dict[str, Any] = {"type": "string", "contentMediaType": "application/octet-stream"}
READABLE = "str, int, float, bool, list, dict, dataclasses, TypedDict and msgspec.Struct can"
STREAM_HINTS = ("Iterator[bytes]", "Iterable[bytes]", "Generator[bytes", "AsyncIterator[bytes]")


class Plan:
    """How arguments are made. Either `decode` (from a body) or `prepare` is what to call.

    `prepare` is for what needs more than the body: a context, an event, a stream. Both give the one
    value that the function from `bind` takes.
    """

    __slots__ = ("bind", "decode", "prepare", "schema", "streams", "text")

    def __init__(
        self,
        schema: dict[str, Any],
        bind: Callable[[Callable[..., Any], tuple[Any, ...]], Callable[[Any], Any]],
        decode: Callable[[bytes], Any] | None = None,
        prepare: Callable[[Invocation], Any] | None = None,
        streams: bool = False,
        text: bool = False,
    ) -> None:
        self.schema = schema
        self.bind = bind
        self.decode = decode
        self.prepare = prepare
        self.streams = streams
        self.text = text
        """Whether the whole input is one text, so that an event whose data is text may be it."""


def plan_handle(parameters: list[Parameter], *, asynchronous: bool) -> Plan:
    """For `handle(event, context)` or `handle(event)`; raises LoadError.

    A second parameter that has a default gets the context only if it is called or annotated so.
    """
    second = parameters[1:2]
    taken = parameters[:1] + [one for one in second if one.default is NOTHING or is_context(one)]
    needed = [one for one in parameters if one.default is NOTHING]
    if not needed or any(one not in taken for one in needed) or any(o.by_keyword for o in taken):
        raise LoadError("signatureInvalid", "handle takes an event and a context")
    with_context = len(taken) > 1

    def prepare(invocation: Invocation) -> tuple[Any, ...]:
        event = Event(invocation.body, rest=invocation.parts, meta=invocation.headers)
        return (event, invocation.context()) if with_context else (event,)

    return Plan({}, _bind_spread, prepare=prepare, streams=not asynchronous)


def plan_predict(parameters: list[Parameter], *, asynchronous: bool) -> Plan:
    """For `predict`; `parameters` are those after the model."""
    contexts = [one for one in parameters if is_context(one)]
    if len(contexts) > 1:
        names = " and ".join(one.name for one in contexts)
        message = f"predict takes one context, and its parameters {names} are both one"
        raise LoadError("signatureInvalid", message)
    context = contexts[0] if contexts else None
    others = [one for one in parameters if one is not context]
    plan = _plan_arguments(others, asynchronous=asynchronous)
    return plan if context is None else _with_context(plan, context)


def plan_item(hint: Any, what: str) -> tuple[Callable[[bytes], Any], dict[str, Any]]:
    """A decoder for a whole body of the type `hint`, which is `what`, and the type's schema."""
    if hint is bytes:
        return bytes, RAW_SCHEMA
    hint = _any() if hint is NOTHING else hint
    schema = schema_of(hint, what)
    return _not_empty(msgspec.json.Decoder(hint, dec_hook=_decode_hook).decode), schema


def is_text(hint: Any) -> bool:
    """Whether a type is `str`, or one that is annotated."""
    return getattr(hint, "__origin__", hint) is str


def schema_of(hint: Any, what: str) -> dict[str, Any]:
    """JSON Schema of the type of `what`; raises LoadError (signatureInvalid) if it has none."""
    if hint is NOTHING or hint is _any():
        return {}
    try:
        return msgspec.json.schema(hint, schema_hook=_schema_hook)
    except (TypeError, NotImplementedError, RecursionError, ValueError) as error:
        raise LoadError("signatureInvalid", f"{what}: {error}") from error


def _plan_arguments(parameters: list[Parameter], *, asynchronous: bool) -> Plan:
    if len(parameters) == 1:
        only = parameters[0]
        if only.annotation is bytes:
            return Plan(RAW_SCHEMA, _bind_one(only), decode=bytes)
        if _is_stream(only.annotation):
            _check_stream(only, asynchronous=asynchronous)
            take = _take_parts_async if asynchronous else _take_parts
            return Plan(RAW_SCHEMA, _bind_one(only), prepare=take, streams=True)
        if only.name == "input":
            decode, schema = plan_item(only.annotation, "the parameter input")
            text = is_text(only.annotation)
            return Plan(schema, _bind_one(only), decode=decode, text=text)
    return _plan_object(parameters)


def _plan_object(parameters: list[Parameter]) -> Plan:
    fields: list[Any] = []
    for one in parameters:
        hint = _any() if one.annotation is NOTHING else one.annotation
        fields.append((one.name, hint) if one.default is NOTHING else (one.name, hint, _field(one)))
    try:
        # In a class that is not called `_` Python would change the name of a field like `__x`.
        struct = msgspec.defstruct("_", fields, forbid_unknown_fields=True, kw_only=True)
        schema = schema_of(struct, "the parameters")
    except (LoadError, TypeError, ValueError) as error:
        for one in parameters:
            schema_of(one.annotation, f"the parameter {one.name}")  # Says which it is.
        raise LoadError("signatureInvalid", f"the parameters: {error}") from error
    definitions = schema.pop("$defs")
    schema = definitions.pop(schema["$ref"].rpartition("/")[2])
    schema["title"] = "Arguments"
    if definitions:
        schema["$defs"] = definitions
    decoder = msgspec.json.Decoder(struct, dec_hook=_decode_hook)
    needed = any(one.default is NOTHING for one in parameters)
    decode = _not_empty(decoder.decode) if needed else lambda body: decoder.decode(body or b"{}")
    by_keyword = [one.name for one in parameters if one.by_keyword]
    by_position = [one.name for one in parameters if not one.by_keyword]
    return Plan(schema, _bind_fields(by_position, by_keyword), decode=decode)


def _field(parameter: Parameter) -> Any:
    default = parameter.default
    if default is None or type(default) in (bool, int, float, str, bytes):
        return default
    return msgspec.field(default_factory=lambda: default)


def _not_empty(decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """msgspec says of an empty body that it was truncated, which helps nobody."""

    def decode_or_say(body: bytes) -> Any:
        try:
            return decode(body)
        except msgspec.DecodeError:
            if not body:
                raise msgspec.ValidationError("the body is empty; JSON is expected") from None
            raise

    return decode_or_say


def _with_context(plan: Plan, context: Parameter) -> Plan:
    decode, prepare_rest, name = plan.decode, plan.prepare, context.name

    def prepare(invocation: Invocation) -> tuple[Any, Any]:
        value = (
            decode(invocation.body) if decode else prepare_rest(invocation)  # type: ignore[misc]
        )
        return value, invocation.context()

    def bind(function: Callable[..., Any], leading: tuple[Any, ...]) -> Callable[[Any], Any]:
        def call(pair: tuple[Any, Any]) -> Any:
            def with_context(*positional: Any, **named: Any) -> Any:
                return function(*positional, **named, **{name: pair[1]})

            return plan.bind(with_context, leading)(pair[0])

        return call

    return Plan(plan.schema, bind, prepare=prepare, streams=plan.streams, text=plan.text)


def _bind_one(parameter: Parameter) -> Any:
    def bind(function: Callable[..., Any], leading: tuple[Any, ...]) -> Callable[[Any], Any]:
        if parameter.by_keyword:
            return lambda value: function(*leading, **{parameter.name: value})
        if not leading:
            return function
        first = leading[0]
        return lambda value: function(first, value)

    return bind


def _bind_spread(function: Callable[..., Any], _: tuple[Any, ...]) -> Callable[[Any], Any]:
    return lambda values: function(*values)


def _bind_fields(by_position: list[str], by_keyword: list[str]) -> Any:
    spread = msgspec.structs.astuple

    def bind(function: Callable[..., Any], leading: tuple[Any, ...]) -> Callable[[Any], Any]:
        if not by_keyword:
            return lambda struct: function(*leading, *spread(struct))

        def call(struct: Any) -> Any:
            named = {name: getattr(struct, name) for name in by_keyword}
            return function(*leading, *[getattr(struct, name) for name in by_position], **named)

        return call

    return bind


def _take_parts(invocation: Invocation) -> Any:
    return iter(Whole(invocation.body)) if invocation.parts is None else invocation.parts


def _take_parts_async(invocation: Invocation) -> Any:
    return aiter(Whole(invocation.body)) if invocation.parts is None else invocation.parts


def is_context(parameter: Parameter) -> bool:
    """Whether a parameter is for the context."""
    hint = parameter.annotation
    if hint is NOTHING:
        return parameter.name == "context"
    return hint is Context or getattr(hint, "__args__", ()) == (Context, type(None))


def _is_stream(hint: Any) -> bool:
    return str(hint).replace("collections.abc.", "").replace("typing.", "").startswith(STREAM_HINTS)


def _check_stream(parameter: Parameter, *, asynchronous: bool) -> None:
    if asynchronous != ("Async" in str(parameter.annotation)):
        right = "AsyncIterator[bytes]" if asynchronous else "Iterator[bytes]"
        kind = "an async" if asynchronous else "a synchronous"
        message = f"the stream {parameter.name} of {kind} handler must be annotated {right}"
        raise LoadError("signatureInvalid", message)


def _any() -> Any:
    from typing import Any

    return Any


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)


def _is_array(hint: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and getattr(hint, "__origin__", hint) is numpy.ndarray


def _decode_hook(hint: type, value: Any) -> Any:
    """Makes numpy arrays of JSON arrays; msgspec makes everything else itself."""
    if _is_array(hint):
        return sys.modules["numpy"].asarray(value)
    raise NotImplementedError(f"{_name(hint)} can't be read from JSON")


def _schema_hook(hint: type) -> dict[str, Any]:
    if _is_array(hint):
        return {"type": "array"}
    raise TypeError(f"{_name(hint)} can't be read from JSON; {READABLE}")
