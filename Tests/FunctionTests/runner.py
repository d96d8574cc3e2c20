"""Loads one handler as a zygote does and answers requests with it, in this process or in forks.

    runner.py FOLDER < {"bodies": [base64, ...], "forks": n, "timeoutSeconds": s}

With `forks` 0 the process itself answers; otherwise each body is answered by so many children,
forked after load(), all of them alive until the last has answered. Prints one JSON object.
"""

import base64
import gc
import importlib
import inspect
import json
import os
import select
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from faas import InputError


class Handler:
    """A handler module, its model and the types of its arguments."""

    def __init__(self) -> None:
        begin = time.perf_counter()
        module = importlib.import_module("handler")
        imported = time.perf_counter()
        loads = hasattr(module, "load")
        self.leading = [module.load()] if loads else []
        self.seconds = {"import": imported - begin, "load": time.perf_counter() - imported}
        if hasattr(module, "attach"):
            self.leading = [module.attach(self.leading[0], "cpu")]

        self.predict = module.predict
        names = list(inspect.signature(self.predict).parameters)[len(self.leading) :]
        hints = get_type_hints(self.predict, include_extras=True)
        self.single = hints[names[0]] if len(names) == 1 else None
        self.whole = names == ["input"]
        self.arguments = msgspec.defstruct(
            "Arguments", [(name, hints[name]) for name in names], forbid_unknown_fields=True
        )

    def answer(self, body: bytes) -> dict[str, Any]:
        """What the handler makes of the body: a result, or why there is none."""
        try:
            return {"result": msgspec.to_builtins(self.predict(*self.leading, *self.decode(body)))}
        except (InputError, msgspec.ValidationError, msgspec.DecodeError) as error:
            return {"inputInvalid": str(error)}
        except Exception as error:
            return {"handlerRaised": f"{type(error).__name__}: {error}"}

    def decode(self, body: bytes) -> list[Any]:
        if self.single is bytes:
            return [body]
        if self.whole:
            return [msgspec.json.decode(body, type=self.single)]
        arguments = msgspec.json.decode(body, type=self.arguments)
        return [getattr(arguments, name) for name in self.arguments.__struct_fields__]


def private_bytes() -> int:
    """Memory of this process that it shares with no other."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no Private_Dirty in smaps_rollup")


class Child:
    """A fork that answers one body and stays until it is ended."""

    def __init__(self, handler: Handler, body: bytes) -> None:
        self.output, write = os.pipe()
        self.begin = time.perf_counter()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.run(handler, body, write)
            finally:
                os._exit(1)
        self.fork_seconds = time.perf_counter() - self.begin
        os.close(write)

    def run(self, handler: Handler, body: bytes, write: int) -> None:
        forked = time.perf_counter()
        answer = handler.answer(body)
        answered = time.perf_counter()
        private = private_bytes()
        again = time.perf_counter()
        handler.answer(body)
        answer |= {
            "startSeconds": forked - self.begin,
            "firstSeconds": answered - forked,
            "secondSeconds": time.perf_counter() - again,
            "privateBytes": private,
        }
        with os.fdopen(write, "wb") as file:
            file.write(json.dumps(answer).encode())
        signal.pause()

    def wait(self, deadline: float) -> dict[str, Any]:
        """The child's answer, or that it gave none before the deadline."""
        received = b""
        while True:
            ready, _, _ = select.select([self.output], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return {"timedOut": True}
            part = os.read(self.output, 1 << 16)
            if not part:
                return json.loads(received) if received else {"died": True}
            received += part

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.output)


def answer_in_forks(handler: Handler, body: bytes, forks: int, seconds: float) -> list[Any]:
    children = [Child(handler, body) for _ in range(forks)]
    deadline = time.monotonic() + seconds
    answers = [child.wait(deadline) for child in children]
    for child in children:
        child.end()
    return answers


def main() -> None:
    request = json.load(sys.stdin)
    handler = Handler()
    gc.collect()
    gc.freeze()
    report: dict[str, Any] = {
        "seconds": handler.seconds,
        "zygoteBytes": private_bytes(),
        "threads": len(os.listdir("/proc/self/task")),
        "pythonThreads": threading.active_count(),
        "answers": [],
    }
    for encoded in request["bodies"]:
        body = base64.b64decode(encoded)
        if request["forks"] == 0:
            report["answers"].append(handler.answer(body))
        else:
            report["answers"] += answer_in_forks(
                handler, body, request["forks"], request["timeoutSeconds"]
            )
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
