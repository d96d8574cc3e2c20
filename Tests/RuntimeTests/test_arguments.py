"""Typed arguments, results and their refusals."""

import json

import pytest

TYPED = """
from __future__ import annotations
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal
from msgspec import Meta, Struct

class Colour(Enum):
    RED = "red"

@dataclass
class Point:
    x: int
    y: int = 2

class Box(Struct):
    corner: Point
    colour: Colour = Colour.RED

def predict(
    glucose: Annotated[float, Meta(ge=0, le=600)],
    box: Box | None = None,
    mode: Literal["fast", "slow"] = "fast",
    tags: list[str] = [],
    *,
    limit: int = 3,
) -> dict:
    assert box is None or isinstance(box.corner, Point) and box.corner.y == 2
    return {"glucose": glucose, "box": box, "mode": mode, "tags": tags, "limit": limit}
"""


@pytest.fixture
def typed(instance):
    return instance(TYPED)


def test_arguments_are_converted_to_their_types(typed):
    answer = typed.invoke(
        {"glucose": 1, "box": {"corner": {"x": 1}}, "mode": "slow", "tags": ["a"], "limit": 9}
    )

    assert answer.json() == {
        "glucose": 1.0,
        "box": {"corner": {"x": 1}, "colour": "red"},
        "mode": "slow",
        "tags": ["a"],
        "limit": 9,
    }
    assert answer.headers == {}


def test_defaults_make_arguments_optional(typed):
    answer = typed.invoke({"glucose": 100})

    assert answer.json() == {"glucose": 100, "box": None, "mode": "fast", "tags": [], "limit": 3}


REFUSED = {
    "a missing argument": ({}, "missing required field `glucose`"),
    "an unknown argument": ({"glucose": 1, "glucos": 2}, "unknown field `glucos`"),
    "a wrong type": ({"glucose": "high"}, "Expected `float`, got `str` - at `$.glucose`"),
    "a value out of range": ({"glucose": 601}, "<= 600"),
    "a wrong type within": ({"glucose": 1, "box": {"corner": {"x": "1"}}}, "$.box.corner.x"),
    "a word that is not one of them": ({"glucose": 1, "mode": "medium"}, "$.mode"),
    "a list in place of an object": ([1], "Expected `object`, got `array`"),
    "text that is not JSON": (b"{'glucose': 1}", "not JSON"),
    "a body cut short": (b'{"glucose": 1', "not JSON"),
    "bytes that are not UTF-8": (b'{"glucose": 1, "tags": ["\xff"]}', ""),
    "an empty body": (b"", "the body is empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_input_is_refused_because_of(typed, name):
    body, words = REFUSED[name]

    answer = typed.invoke(body)

    assert answer.code == "inputInvalid"
    assert words in answer.json()["message"]
    assert answer.json()["traceback"] == ""
    assert typed.invoke({"glucose": 1}).code is None


def test_a_single_parameter_named_input_takes_the_whole_body(instance):
    one = instance("def predict(input: list[int]) -> int: return sum(input)")

    assert one.invoke([1, 2, 3]).json() == 6
    assert one.invoke({"input": [1]}).code == "inputInvalid"


def test_json_that_is_nested_without_end_is_refused(instance):
    one = instance("from typing import Any\ndef predict(input: Any): return input")

    answer = one.invoke(b"[" * 100_000)

    assert answer.code == "inputInvalid"
    assert "nested too deeply" in answer.json()["message"]


def test_a_parameter_of_type_bytes_takes_the_raw_body(instance):
    one = instance("def predict(image: bytes) -> int: return len(image)")

    assert one.invoke(b"\x89PNG\x00").json() == 5
    assert one.invoke(b"").json() == 0


def test_the_model_is_the_first_parameter_where_there_is_a_load(instance):
    one = instance("def load(): return 40\ndef predict(model, more: int): return model + more")

    assert one.invoke({"more": 2}).json() == 42


def test_a_handler_without_parameters_takes_an_empty_body_or_object(instance):
    one = instance("def predict() -> str: return 'here'")

    assert one.invoke(b"").json() == "here"
    assert one.invoke(b"{}").json() == "here"
    assert one.invoke(b'{"a": 1}').code == "inputInvalid"


def test_a_context_is_given_to_who_asks_for_one(instance):
    one = instance(
        """
        from faas import Context
        def load(): return "weights"
        def predict(model, name: str, context: Context) -> dict:
            return {
                "name": name, "id": context.id, "function": context.function,
                "revision": context.revision, "model": context.model,
                "soon": 0 < context.remaining() <= 5,
            }
        """
    )

    answer = one.invoke({"name": "x"}, millis=5000).json()

    assert answer == {
        "name": "x",
        "id": "id-1",
        "function": "sample",
        "revision": "sample@1",
        "model": "weights",
        "soon": True,
    }


@pytest.mark.parametrize(
    ("source", "body", "result"),
    [
        ("def predict(__x: int, y: int = 2): return [__x, y]", {"__x": 1}, [1, 2]),
        ("def predict(*, __x: int): return __x", {"__x": 1}, 1),
        (
            "from faas import Context\ndef predict(c: Context | None = None): return c.id",
            {},
            "id-1",
        ),
    ],
)
def test_a_parameter_may_be_odd(instance, source, body, result):
    assert instance(source).invoke(body).json() == result


def test_the_names_of_odd_parameters_are_those_of_the_schema(sandbox):
    schema = sandbox("def predict(__x: int): pass").loaded()["schema"]["input"]

    assert (schema["title"], schema["required"]) == ("Arguments", ["__x"])


def test_a_decorated_handler_keeps_its_signature(instance):
    one = instance(
        """
        import functools
        def twice(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs): return 2 * function(*args, **kwargs)
            return wrapper
        @twice
        def predict(a: int) -> int: return a
        """
    )

    assert one.invoke({"a": 4}).json() == 8
    assert one.invoke({"a": "4"}).code == "inputInvalid"


def test_a_method_of_an_object_can_be_the_handler(instance):
    one = instance(
        """
        class Model:
            def predict(self, a: int) -> int: return a + 1
        predict = Model().predict
        """
    )

    assert one.invoke({"a": 4}).json() == 5


def test_numpy_scalars_and_arrays_become_json(instance):
    one = instance(
        """
        import numpy
        def predict() -> dict:
            array = numpy.array([[1.5, 2.0]], dtype=numpy.float32)
            return {"scalar": numpy.float64(0.5), "integer": array.argmax(), "array": array}
        """
    )

    assert one.invoke().json() == {"scalar": 0.5, "integer": 1, "array": [[1.5, 2.0]]}


def test_classes_derived_from_text_and_numbers_become_json(instance):
    one = instance(
        """
        class Text(str):
            def __str__(self): return "other"
        class Whole(int): pass
        class Part(float): pass
        def predict(which: str):
            values = {"text": Text("a"), "whole": Whole(3), "part": Part(0.5)}
            return values[which] if which in values else {Text("values"): [*values.values()]}
        """
    )

    assert [one.invoke({"which": w}).json() for w in ("text", "whole", "part")] == ["a", 3, 0.5]
    assert one.invoke({"which": "all"}).json() == {"values": ["a", 3, 0.5]}


def test_a_numpy_array_can_be_an_argument(instance):
    one = instance("import numpy\ndef predict(a: numpy.ndarray) -> float: return a.sum()")

    assert one.invoke({"a": [1, 2]}).json() == 3


def test_bytes_go_out_as_they_are(instance):
    answer = instance("def predict(n: int) -> bytes: return bytes(n)").invoke({"n": 3})

    assert answer.body == b"\0\0\0"
    assert answer.headers == {"content-type": "application/octet-stream"}


RESULTS = {
    "a type without JSON form": ("def predict(): return object()", "no JSON form"),
    "a result that does not fit": ("def predict() -> int: return 'one'", "declared type"),
    "bytes for a number": ("def predict() -> int: return b'1'", "declared type"),
    "a result over the limit": ("def predict(): return 'x' * 1001", "the limit is 1000 bytes"),
    "bytes over the limit": ("def predict(): return bytes(1001)", "the limit is 1000 bytes"),
    "a list that contains itself": ("def predict():\n a = []\n a.append(a)\n return a", ""),
    "a status that is none": (
        "from faas import Response\ndef predict(): return Response(1, status=99)",
        "status",
    ),
    "a header with a line break": (
        "from faas import Response\ndef predict(): return Response(1, headers={'a': 'b\\nc: d'})",
        "header",
    ),
    "a header of the protocol's own": (
        "from faas import Response\ndef predict(): return Response(1, headers={':status': '1'})",
        "header",
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_an_output_is_refused_because_of(instance, name):
    source, words = RESULTS[name]
    one = instance(source, bodyBytesMax=1000)

    answer = one.invoke()

    assert answer.code == "outputInvalid"
    assert words in answer.json()["message"]
    assert one.invoke().code == "outputInvalid"


def test_a_large_body_and_answer_pass_in_pieces(instance):
    one = instance(
        "from typing import Any\ndef predict(input: Any): return input", bodyBytesMax=20_000_000
    )
    body = json.dumps(["x" * 9_000_000]).encode()

    answer = one.invoke(body)

    assert answer.body == body
    assert len(answer.chunks) > 1


def test_a_body_in_several_frames_is_put_together(instance):
    one = instance("def predict(a: int, b: int): return a + b")

    stream = one.begin(b'{"a": 1,', end=False)
    one.send(34, stream, body=b' "b"')
    one.send(34, stream, body=b": 2}", flags=1)

    assert one.answers(stream)[0].json() == 3
