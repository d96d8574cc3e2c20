"""NaN and infinity have no form in JSON: a result that has one is refused, and never null."""

import pytest

STRUCTS = """
from dataclasses import dataclass
from decimal import Decimal
from msgspec import Struct
import numpy
from faas import Response
nan, inf = float("nan"), float("inf")
@dataclass
class Point:
    x: float
class Box(Struct):
    corner: Point
"""
REFUSED = {
    "a field": ("{'p': nan}", "it has NaN at `$.p`, and JSON has neither"),
    "infinity": ("[1.5, inf]", "it has infinity at `$[1]`"),
    "minus infinity": ("{'a b': -inf}", "it has infinity at `$['a b']`"),
    "the result itself": ("nan", "it has NaN at `$`"),
    "one beside None": ("{'a': None, 'rows': [{'p': 1.0}, {'p': nan}]}", "`$.rows[1].p`"),
    "one after many numbers": ("[0.5] * 9999 + [nan]", "`$[9999]`"),
    "one in a tuple": ("(1, (2, nan))", "`$[1][1]`"),
    "one in a class": ("Box(Point(nan))", "`$.corner.x`"),
    "one with a key that is a number": ("{3: nan}", "`$['3']`"),
    "one beside a long integer": ("[1 << 70, nan]", "`$[1]`"),
    "one that numpy made": ("numpy.array([0.0, 1.0]) / 0", "`$[0]`"),
    "numpy's own": ("{'p': numpy.float32('nan')}", "`$.p`"),
    "one of the other sign": ("[nan, -nan][1:]", "`$[0]`"),
    "one in a response": ("Response({'p': nan})", "`$.p`"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_result_is_refused_for(instance, word, name):
    result, words = REFUSED[name]

    answer = instance(f"{STRUCTS}\n{word} predict(): return {result}").invoke()

    assert answer.code == "outputInvalid", answer.body
    assert words in answer.json()["message"]


@pytest.mark.parametrize("hint", ["dict[str, float]", "dict[str, float | None]", "dict"])
def test_a_declared_type_makes_no_difference(instance, hint):
    source = f"def predict(p: float) -> {hint}: return {{'p': p - p, 'q': p * 1e10 / 1e10}}"
    one = instance(source)

    assert "NaN" not in one.invoke({"p": 1.5}).text
    answer = one.invoke({"p": 1e308})
    assert answer.code == "outputInvalid"
    assert "it has infinity at `$.q`" in answer.json()["message"]


PASSED = [
    "None",
    "{'a': None, 'b': [1.5, None, 1e308, -1e308, 1 << 70]}",
    "['null', {'null': 'null'}, 'NaN']",
    "{'none': None, 'text': '\\xcb\\x7f' * 9}",
    "[None] * 1000",
]


@pytest.mark.parametrize("result", PASSED)
def test_a_null_that_was_none_passes(instance, result):
    assert instance(f"def predict(): return {result}").invoke().json() == eval(result)


def test_a_decimal_that_is_no_number_is_text_as_any_other(instance):
    assert instance(f"{STRUCTS}\ndef predict(): return Decimal('NaN')").invoke().json() == "NaN"


def test_one_result_of_a_batch_is_refused_alone(instance):
    one = instance(
        "def predict_batch(inputs: list[float]): return [n * 1e10 for n in inputs]",
        concurrency=2,
        batch={"size": 2, "waitMillis": 5000},
    )

    failed, other = one.answers(one.begin(b"1e308"), one.begin(b"1.0"))

    assert (failed.code, other.json()) == ("outputInvalid", 1e10)
    assert "it has infinity at `$`" in failed.json()["message"]


@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_streamed_item_is_refused_too(instance, word):
    answer = instance(f"{word} predict():\n yield [None]\n yield [float('nan')]").invoke()

    assert answer.chunks == [b"[null]\n"]
    assert answer.code == "outputInvalid"
    assert "an item of the answer can't be JSON: it has NaN at `$[0]`" in answer.json()["message"]
