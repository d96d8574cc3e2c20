"""Loading: what `loaded` says, and each way in which it fails."""

import sys

import pytest

FAILURES = {
    "a folder without handler.py": (None, "moduleNotFound", "no handler.py"),
    "an import of a module that does not exist": (
        "import nonesuch",
        "moduleNotFound",
        "No module named 'nonesuch'",
    ),
    "a handler without a function": ("x = 1", "attributeNotFound", "none of predict"),
    "an exception while importing": ("x = 1 / 0", "importRaised", "division by zero"),
    "a syntax error": ("def predict(:", "importRaised", "invalid syntax"),
    "a name that a module does not have": (
        "from json import nonesuch",
        "importRaised",
        "cannot import name",
    ),
    "an exit while importing": ("raise SystemExit(3)", "importRaised", "called exit(3)"),
    "an exception in load": (
        "def load():\n    raise OSError('no weights')\ndef predict(model): pass",
        "loadRaised",
        "no weights",
    ),
    "no memory in load": (
        "def load():\n    return bytearray(1 << 60)\ndef predict(model): pass",
        "outOfMemory",
        "memory",
    ),
    "variable arguments": (
        "def predict(*args): pass",
        "signatureInvalid",
        "*args",
    ),
    "no parameter for the model": (
        "def load(): pass\ndef predict(): pass",
        "signatureInvalid",
        "must be the model",
    ),
    "an annotation that names nothing": (
        "from __future__ import annotations\ndef predict(a: Nonesuch): pass",
        "signatureInvalid",
        "Nonesuch",
    ),
    "a type that JSON has not": (
        "import socket\ndef predict(a: socket.socket): pass",
        "signatureInvalid",
        "socket",
    ),
    "a number that JSON has not": (
        "def predict(a: int, z: complex | None = None): pass",
        "signatureInvalid",
        "the parameter z: complex can't be read from JSON; str, int",
    ),
    "a class of its own": (
        "class Own: pass\ndef predict(a: int, *, own: list[Own]): pass",
        "signatureInvalid",
        "the parameter own: Own can't be read from JSON",
    ),
    "an input of such a class": (
        "class Own: pass\ndef predict(input: Own): pass",
        "signatureInvalid",
        "the parameter input: Own can't be read",
    ),
    "a batch of such a class": (
        "class Own: pass\ndef predict_batch(inputs: list[Own]): pass",
        "signatureInvalid",
        "the inputs of predict_batch: Own can't be read",
    ),
    "a union that can't be told apart": (
        "def predict(a: int, b: list | tuple): pass",
        "signatureInvalid",
        "the parameter b: Type unions",
    ),
    "two contexts": (
        "from faas import Context\ndef predict(a: Context, n: int, b: Context): pass",
        "signatureInvalid",
        "its parameters a and b are both one",
    ),
    "a handle that wants more than there is": (
        "def handle(event, threshold=1, *, more): pass",
        "signatureInvalid",
        "handle takes an event and a context",
    ),
    "a load that wants arguments": (
        "def load(a): pass\ndef predict(model): pass",
        "signatureInvalid",
        "load must be callable with no arguments",
    ),
    "a batch that is no list": (
        "def predict_batch(inputs: dict): pass",
        "signatureInvalid",
        "list",
    ),
    "a predict that is no function": ("predict = 1", "signatureInvalid", "not callable"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_handler_does_not_load_because_of(sandbox, name):
    source, code, words = FAILURES[name]

    found, body = sandbox(source).load_failed()

    assert found == code
    assert words in body["message"]


def test_the_traceback_of_a_failed_import_has_only_the_handlers_frames(sandbox):
    _, body = sandbox("print('before')\ndef f():\n    raise KeyError('x')\nf()\n").load_failed()

    assert "in f" in body["traceback"]
    assert "faas_runtime" not in body["traceback"]
    assert "importlib" not in body["traceback"]
    assert body["log"] == "before\n"


def test_a_zygote_whose_load_failed_ends_with_status_1(sandbox):
    failed = sandbox("x = 1 / 0")

    failed.load_failed()

    assert failed.process.wait(5) == 1


def test_loaded_describes_the_handler(sandbox):
    loaded = sandbox(
        """
        from typing import Annotated
        from msgspec import Meta
        import numpy, time

        def load():
            print("reading weights")
            time.sleep(0.002)
            return 3

        def attach(model, device):
            return model

        def predict(model, glucose: Annotated[float, Meta(ge=0, le=600)], name: str = "x") -> float:
            return glucose
        """
    ).loaded()

    assert loaded["protocol"] == 1
    assert loaded["handlerKind"] == "predict"
    assert loaded["hasAttach"] is True
    assert loaded["streamsInput"] is False
    assert loaded["modules"] == ["numpy"]
    assert loaded["threads"] == []
    assert loaded["log"] == "reading weights\n"
    assert loaded["loadMicros"] >= 2000
    assert loaded["importMicros"] > 0
    assert loaded["schema"]["input"]["properties"]["glucose"] == {
        "type": "number",
        "minimum": 0,
        "maximum": 600,
    }
    assert loaded["schema"]["input"]["required"] == ["glucose"]
    assert loaded["schema"]["input"]["additionalProperties"] is False
    assert loaded["schema"]["output"] == {"type": "number"}


def test_loaded_names_the_threads_that_the_handler_started(sandbox):
    loaded = sandbox(
        """
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        def predict(): pass
        """
    ).loaded()

    assert len(loaded["threads"]) == 1


def test_numeric_libraries_get_one_thread_unless_the_manifest_says_otherwise(sandbox):
    started = sandbox(
        """
        import os
        at_import = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        def predict(): return at_import
        """,
        env={"MKL_NUM_THREADS": "4"},
    )
    started.loaded()

    assert started.ready().invoke().json() == {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "4"}


def test_layers_come_after_the_handlers_folder_and_may_have_pth_files(sandbox, tmp_path):
    layer, other = tmp_path / "layer", tmp_path / "other"
    layer.mkdir()
    other.mkdir()
    (layer / "extra.pth").write_text(f"{other}\n")
    (layer / "plain.py").write_text("name = 'plain'")
    (other / "linked.py").write_text("name = 'linked'")

    started = sandbox(
        "import plain, linked\ndef predict(): return [plain.name, linked.name]",
        layers=[str(layer)],
    )
    started.loaded()

    assert started.ready().invoke().json() == ["plain", "linked"]


def test_the_hosts_own_packages_are_not_visible(sandbox):
    started = sandbox("import sys\ndef predict(): return sys.path")
    started.loaded()

    path = started.ready().invoke().json()

    assert not any("dist-packages" in folder for folder in path)


def test_a_trivial_handler_imports_nothing_slow(sandbox):
    started = sandbox("import sys\nbefore = sorted(sys.modules)\ndef predict(): return before")
    started.loaded()

    modules = set(started.ready().invoke().json())

    slow = {
        "asyncio",
        "logging",
        "inspect",
        "dataclasses",
        "ctypes",
        "json",
        "socket",
        "subprocess",
    }
    assert not modules & slow


def test_python_is_the_one_that_functions_run_under():
    assert sys.version_info[:2] == (3, 11)
