"""An exception in the list that predict_batch returns fails one invocation and no other."""

import pytest

PARTLY = """
from faas import InputError
def one(n: int):
    if n == 11: return InputError("eleven is no number")
    if n == 12: return ValueError("twelve")
    if n == 13: return MemoryError()
    if n == 14:
        try:
            raise KeyError("fourteen")
        except KeyError as error:
            return error
    if n == 15: return "not a number"
    if n == 16: return KeyboardInterrupt()
    return 2 * n
def predict_batch(inputs: list[int]) -> list[int | InputError | Exception]:
    return [one(n) for n in inputs]
"""


@pytest.mark.parametrize(
    ("n", "code", "kind", "words"),
    [
        (11, "inputInvalid", "InputError", "eleven is no number"),
        (12, "handlerRaised", "ValueError", "twelve"),
        (13, "outOfMemory", "MemoryError", ""),
        (14, "handlerRaised", "KeyError", "fourteen"),
        (15, "outputInvalid", "OutputError", "does not fit the declared type"),
        (16, "outputInvalid", "OutputError", "KeyboardInterrupt"),
    ],
)
def test_a_failed_element_fails_its_own_invocation(instance, n, code, kind, words):
    one = instance(PARTLY, concurrency=3, batch={"size": 3, "waitMillis": 5000})

    before, failed, after = one.answers(*(one.begin(b"%d" % m) for m in (1, n, 3)))

    assert (before.json(), after.json()) == (2, 6)
    fields = failed.json()
    assert (failed.code, fields["type"]) == (code, kind)
    assert words in fields["message"]
    assert "faas_runtime" not in fields["traceback"]


def test_the_traceback_of_a_failed_element_is_the_handler_s(instance):
    one = instance(PARTLY)

    assert "in one" in one.invoke(b"14").json()["traceback"]
    assert "fourteen" not in one.invoke(b"12").json()["traceback"]


def test_exceptions_are_not_in_the_schema_of_the_result(sandbox):
    assert sandbox(PARTLY).loaded()["schema"]["output"] == {"type": "integer"}


@pytest.mark.parametrize("hint", ["Exception", "Exception | InputError"])
def test_a_list_of_nothing_but_exceptions_has_no_schema(sandbox, hint):
    source = f"from faas import InputError\ndef predict_batch(inputs) -> list[{hint}]: return []"

    assert sandbox(source).loaded()["schema"]["output"] == {}
