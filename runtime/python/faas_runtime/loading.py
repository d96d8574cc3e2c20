"""Loading a handler in the zygote, and telling the host how it went."""

from __future__ import annotations

import gc
import os
import sys
from time import perf_counter_ns

import msgspec

from . import LoadError, frames, instance
from .answers import Answerer
from .handler import Handler, classify, guard, import_module
from .invocations import Identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from typing import Any, NoReturn

    from .capture import Capture

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "BLIS_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Threads do not survive a fork, and instances are many: numeric libraries get one thread each.

Where nothing is forked, how many they use is the manifest's business.
"""
NUMERIC_LIBRARIES = (
    "catboost",
    "cupy",
    "cv2",
    "jax",
    "lightgbm",
    "mxnet",
    "numba",
    "numpy",
    "onnxruntime",
    "paddle",
    "pandas",
    "polars",
    "pyarrow",
    "safetensors",
    "scipy",
    "sentencepiece",
    "sklearn",
    "tensorflow",
    "tokenizers",
    "torch",
    "transformers",
    "xgboost",
)


def load(
    control: socket, capture: Capture, wanted: dict[str, Any]
) -> tuple[instance.Served, dict[str, int]]:
    """Loads the handler, and gives how long each step took; ends the process if that fails."""
    if is_forked(wanted):
        for name, value in ONE_THREAD.items():
            os.environ.setdefault(name, value)
    os.environ.update(wanted.get("env") or {})
    for layer in wanted.get("layers") or ():
        add_layer(layer)
    gc.freeze()  # What the runtime has made so far is no garbage: collections needn't look at it.
    gc.enable()
    try:
        return load_handler(capture, wanted)
    except LoadError as error:
        report_failure(control, capture, error)


def report(
    control: socket, capture: Capture, served: instance.Served, micros: dict[str, int]
) -> instance.Served:
    """Tells the host what has loaded; gives it."""
    body = {
        "protocol": frames.PROTOCOL_VERSION,
        "handlerKind": served.handler.kind,
        "schema": {"input": served.handler.plan.schema, "output": served.answerer.schema},
        "streamsInput": served.handler.plan.streams,
        "hasAttach": served.handler.attach is not None,
        "threads": thread_names(),
        "modules": [name for name in NUMERIC_LIBRARIES if name in sys.modules],
        "log": capture.load_log(),
        **micros,
    }
    control.sendall(frames.encode(frames.LOADED, body=msgspec.json.encode(body)))
    return served


def is_forked(wanted: dict[str, Any]) -> bool:
    """Whether instances are to be forked from the process that loads the handler."""
    return wanted.get("forks") is not False


def add_layer(folder: str) -> None:
    """Adds a folder of packages to sys.path, with its .pth files if it has any."""
    try:
        has_paths = any(name.endswith(".pth") for name in os.listdir(folder))
    except OSError as error:
        raise frames.ProtocolError(f"the layer {folder} can't be read: {error.strerror}") from error
    if has_paths:
        import site

        site.addsitedir(folder)
    else:
        sys.path.append(folder)


def load_handler(
    capture: Capture, wanted: dict[str, Any]
) -> tuple[instance.Served, dict[str, int]]:
    """Imports the handler and calls its `load`; raises LoadError. Also gives how long each took."""
    started = perf_counter_ns()
    module = import_module(wanted["handler"])
    imported = perf_counter_ns()
    batch = wanted.get("batch") or {}
    handler = guard_signature(module, batch.get("size") or 1)
    answerer = Answerer(
        text=handler.kind == "handle",
        returns=handler.returns,
        body_bytes_max=wanted["bodyBytesMax"],
    )
    identity = Identity(wanted.get("function", ""), wanted.get("revision", ""))
    served = instance.Served(handler, answerer, capture, identity, wanted, is_forked(wanted))
    before = perf_counter_ns()
    if handler.load is not None:
        served.model = guard("loadRaised", handler.load)
    loaded = perf_counter_ns()
    capture.adopt_logging()
    micros = {"importMicros": imported - started, "loadMicros": loaded - before}
    return served, {name: nanos // 1000 for name, nanos in micros.items()}


def guard_signature(module: Any, batch_size: int) -> Handler:
    """`classify`, whose own LoadErrors pass and whose surprises become one."""
    try:
        handler = classify(module, batch_size)
        msgspec.json.encode(handler.plan.schema)  # Can't be if a default is no text for UTF-8.
        return handler
    except LoadError:
        raise
    except Exception as error:
        message = f"the signature can't be read: {error}"
        raise LoadError("signatureInvalid", message, error) from error


def report_failure(control: socket, capture: Capture, error: LoadError) -> NoReturn:
    """Sends `loadFailed` and ends the process."""
    from . import faults

    body = {
        "message": faults.encodable(error.message),
        "traceback": faults.trace(error.cause) if error.cause is not None else "",
        "log": capture.load_log(),
    }
    meta = frames.LOAD_FAILURE_METAS[error.code]
    control.sendall(frames.encode(frames.LOAD_FAILED, meta=meta, body=msgspec.json.encode(body)))
    os._exit(1)


def thread_names() -> list[str]:
    """Names of this process's threads besides its first: Python's own, or the kernel's."""
    threading = sys.modules.get("threading")
    own = {thread.native_id: thread.name for thread in threading.enumerate()} if threading else {}
    names = []
    for task in os.listdir("/proc/self/task"):
        if int(task) == os.getpid():
            continue
        if int(task) in own:
            names.append(own[int(task)].encode("utf-8", "replace").decode())
        else:
            try:
                with open(f"/proc/self/task/{task}/comm") as file:
                    names.append(file.read().strip())
            except OSError:  # It has ended meanwhile.
                pass
    return names
