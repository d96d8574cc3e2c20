r"""Exceptions that can hardly be told: halves of surrogate pairs, and a str() that ends a process.

Half a pair is what Python makes of bytes in a file's name that are not UTF-8: "\udcff".
"""

import pytest

from host import ATTACH_FAILED

ODD = r"""
from faas import Cancelled, InputError
class Exits(Exception):
    def __str__(self): raise SystemExit(3)
class Interrupts(Exception):
    def __str__(self): raise KeyboardInterrupt
class Code:
    def __repr__(self): raise SystemExit(4)
def one(how):
    if how == "half": raise ValueError("bad name \udcff")
    if how == "type": raise type("T", (Exception,), {"__qualname__": "T\udcff"})("x")
    if how == "input": raise InputError("bad \udcff")
    if how == "code": raise SystemExit("\udcff")
    if how == "odd code": raise SystemExit(Code())
    if how == "long code": raise SystemExit("x" * 20_000_000)
    if how == "exits": raise Exits
    if how == "interrupts": raise Interrupts
    if how == "result": return "half \udcff"
    if how == "cancelled": raise Cancelled
    return how
"""
KINDS = {
    "sync": "def predict(input: str): return one(input)",
    "async": "async def predict(input: str): return one(input)",
    "batch": "def predict_batch(inputs: list[str]): return [one(how) for how in inputs]",
}


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("half", "handlerRaised", r"bad name \udcff"),
        ("type", "handlerRaised", "x"),
        ("input", "inputInvalid", r"bad \udcff"),
        ("code", "handlerRaised", r"called exit('\udcff')"),
        ("odd code", "handlerRaised", "SystemExit"),
        ("long code", "handlerRaised", "called exit('xxx"),
        ("exits", "handlerRaised", "SystemExit"),
        ("interrupts", "handlerRaised", "KeyboardInterrupt"),
        ("result", "outputInvalid", "can't be JSON"),
        ("cancelled", "handlerRaised", "Cancelled"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_is_told_as_far_as_can_be(instance, kind, how, code, words):
    one = instance(ODD + KINDS[kind])

    answer = one.invoke(f'"{how}"'.encode())

    assert answer.code == code
    assert words in answer.json()["message"]
    assert one.invoke(b'"well"').json() == "well"


@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_type_s_own_words_about_an_input_may_be_odd(instance, word):
    one = instance(
        rf"""
        from msgspec import Struct
        class Named(Struct):
            name: str
            def __post_init__(self):
                if self.name == "half": raise ValueError("bad \udcff")
                if self.name == "long": raise ValueError("x" * 20_000_000)
        {word} predict(named: Named): return named.name
        """
    )

    half = one.invoke({"named": {"name": "half"}})
    long = one.invoke({"named": {"name": "long"}})

    assert (half.code, long.code) == ("inputInvalid", "inputInvalid")
    assert r"bad \udcff" in half.json()["message"]
    assert len(long.body) < 10_000
    assert one.invoke({"named": {"name": "well"}}).json() == "well"


LIST = """
class Odd:
    def __init__(self, inputs): self.inputs = inputs
    def __len__(self): return HOW(self.inputs, "len", len(self.inputs))
    def __getitem__(self, index): return HOW(self.inputs, "item", self.inputs[index])
def HOW(inputs, what, value):
    if what in inputs: raise SystemExit(3)
    return value
def predict_batch(inputs: list[str]): return Odd(inputs)
"""


@pytest.mark.parametrize("what", ["len", "item"])
def test_a_list_of_results_that_exits_ends_its_batch_only(instance, what):
    one = instance(LIST, concurrency=2, batch={"size": 2, "waitMillis": 5000})

    answers = one.answers(one.begin(f'"{what}"'.encode()), one.begin(b'"a"'))

    assert [answer.code for answer in answers] == ["outputInvalid"] * 2
    assert [a.json() for a in one.answers(one.begin(b'"a"'), one.begin(b'"b"'))] == ["a", "b"]


def test_a_result_that_can_t_be_taken_out_of_its_list_fails_alone(instance):
    one = instance(
        """
        class Odd(list):
            def __getitem__(self, index):
                if list.__getitem__(self, index) == "item": raise SystemExit(3)
                return list.__getitem__(self, index)
        def predict_batch(inputs: list[str]): return Odd(inputs)
        """,
        concurrency=2,
        batch={"size": 2, "waitMillis": 5000},
    )

    failed, other = one.answers(one.begin(b'"item"'), one.begin(b'"a"'))

    assert failed.code == "handlerRaised"
    assert "called exit(3)" in failed.json()["message"]
    assert other.json() == "a"


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        (r"def load(): raise ValueError('no \udcff')", "loadRaised", r"no \udcff"),
        (r"raise ModuleNotFoundError('no \udcff')", "moduleNotFound", r"no \udcff"),
        (r"raise SystemExit('\udcff')", "importRaised", r"\udcff"),
        ("def load(): raise Exits", "loadRaised", "SystemExit"),
        ("class E(ImportError): __str__ = Exits.__str__\nraise E", "importRaised", "SystemExit"),
    ],
)
def test_a_load_that_fails_oddly_is_told(sandbox, source, code, words):
    exits = "class Exits(Exception):\n    def __str__(self): raise SystemExit(3)\n"

    found, body = sandbox(f"{exits}{source}\ndef predict(model): pass").load_failed()

    assert (found, words in body["message"]) == (code, True), body


@pytest.mark.parametrize("raises", ["", "; raise ValueError('no weights')"])
def test_a_load_may_print_half_a_pair(sandbox, raises):
    source = rf"def load(): print('odd \udcff'){raises}" + "\ndef predict(model): return 1"
    started = sandbox(source)

    log = started.load_failed()[1]["log"] if raises else started.loaded()["log"]

    assert log == "odd ?\n"


def test_an_attach_that_fails_oddly_is_told(sandbox):
    started = sandbox(
        r"""
        def attach(model, device):
            print("odd \udcff")
            raise ValueError("no device \udcff")
        def predict(model): pass
        """
    )
    started.loaded()

    frame, _ = started.fork().attach()

    assert frame.kind == ATTACH_FAILED
    assert r"no device \udcff" in frame.json()["message"]


def test_a_default_that_is_no_text_for_utf_8_is_refused(sandbox):
    code, body = sandbox(r"def predict(name: str = '\udcff'): pass").load_failed()

    assert code == "signatureInvalid"
    assert "surrogates not allowed" in body["message"]


def test_threads_may_have_odd_names(sandbox):
    loaded = sandbox(
        r"""
        import threading
        wait = threading.Event().wait
        threading.Thread(target=wait, daemon=True, name="odd \udcff").start()
        def predict(): pass
        """
    ).loaded()

    assert loaded["threads"] == ["odd ?"]
