"""What a context says of its invocation."""

import sys

import pytest

from host import RUNTIME

ASKING = """
from faas import Context
WORD predict(context: Context):
    return [context.id, context.attempt, context.trigger, context.attempt]
"""


@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_context_tells_attempt_and_trigger(instance, word):
    one = instance(ASKING.replace("WORD", word))

    answer = one.invoke(meta={":attempt": "3", ":trigger": "queue:patients"})

    assert answer.json() == ["id-1", 3, "queue:patients", 3]


def test_an_invocation_is_the_first_attempt_and_over_http_unless_it_says_otherwise(instance):
    assert instance(ASKING.replace("WORD", "def")).invoke().json() == ["id-1", 1, "http", 1]


def test_a_context_can_be_made_for_a_handler_s_own_tests(monkeypatch):
    monkeypatch.syspath_prepend(str(RUNTIME))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    from faas import CloudEvent, Context

    event = CloudEvent("1", "/clinic", "patient.admitted", extensions={"priority": 3})
    made = Context("id", event=event, attempt=2, trigger="async")

    assert (made.id, made.attempt, made.trigger) == ("id", 2, "async")
    assert made.event.extensions == {"priority": 3}
    assert repr(made.event) == "CloudEvent(id='1', source='/clinic', type='patient.admitted')"
    assert (Context().attempt, Context().trigger, Context().event) == (1, "http", None)


@pytest.mark.parametrize(
    ("parameters", "given"),
    [
        ("event, threshold=0.5", 0.5),
        ("event, threshold=None", None),
        ("event, other", "id-1"),
        ("event, context=None", "id-1"),
        ("event, other: Context = None", "id-1"),
        ("event, other: Context | None = None", "id-1"),
    ],
)
@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_second_parameter_of_handle_is_the_context_unless_it_has_another_default(
    instance, word, parameters, given
):
    name = parameters.split()[1].partition(":")[0].partition("=")[0]
    one = instance(
        f"""
        from faas import Context
        {word} handle({parameters}): return {{"given": getattr({name}, "id", {name})}}
        """
    )

    assert one.invoke().json() == {"given": given}
