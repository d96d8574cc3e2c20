#!/usr/bin/python3
"""Writes the golden frames: one .bin file each, and frames.json, which says what is in them.

Packs by struct alone and shares no code with the runtime, so that a fault of an encoder can't hide.
Run it in its folder after a change of PROTOCOL.md; the files are committed.
"""

import base64
import json
import struct
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PAYLOAD_BYTES_MAX = 16 * 1024 * 1024
END = 1

LOAD = {
    "function": "diabetes",
    "revision": "diabetes@3f2a",
    "handler": "/function",
    "layers": ["/layers/0"],
    "env": {"KEY": "value"},
    "concurrency": 16,
    "batch": {"size": 1, "waitMillis": 0},
    "scratch": ["/tmp", "/dev/shm"],
    "logBytesMax": 65536,
    "bodyBytesMax": 6291456,
}

# name, kind, flags, stream, value, meta, body
VALID = [
    ("load", 1, 0, 0, 0, [], json.dumps(LOAD, separators=(",", ":"))),
    ("loadAlone", 1, 0, 0, 0, [], json.dumps({**LOAD, "forks": False}, separators=(",", ":"))),
    ("fork", 2, 0, 1, 0, [], ""),
    (
        "loaded",
        16,
        0,
        0,
        0,
        [],
        json.dumps(
            {
                "protocol": 1,
                "handlerKind": "predict",
                "schema": {"input": {"type": "object"}, "output": {"type": "number"}},
                "streamsInput": False,
                "hasAttach": True,
                "threads": ["python3"],
                "loadMicros": 5210,
                "importMicros": 81034,
                "modules": ["numpy"],
                "log": "reading weights\n",
            },
            separators=(",", ":"),
        ),
    ),
    (
        "loadFailed",
        17,
        0,
        0,
        0,
        [(":code", "moduleNotFound")],
        json.dumps(
            {
                "message": "No module named 'nunpy'",
                "traceback": "",
                "log": "",
            },
            separators=(",", ":"),
        ),
    ),
    ("exited", 18, 0, 1, 9, [], ""),
    ("attach", 32, 0, 0, 0, [(":device", "cuda")], ""),
    (
        "invoke",
        33,
        END,
        7,
        30000,
        [
            (":id", "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"),
            (":method", "POST"),
            (":path", "/"),
            (":query", "a=1&b=2"),
            ("content-type", "application/json"),
            ("x-name", "Zo\u00eb: yes"),
        ],
        '{"glucose":148.0,"name":"Zo\u00eb"}',
    ),
    (
        "invokeBegun",
        33,
        0,
        8,
        0xFFFFFFFF,
        [(":id", "1"), (":method", "PUT"), (":path", "/a/b")],
        b"\x00\x01\xfe\xff",
    ),
    ("invokeEmpty", 33, END, 0xFFFFFFFF, 1, [], ""),
    ("body", 34, 0, 8, 0, [], bytes(range(256))),
    ("bodyEnd", 34, END, 8, 0, [], ""),
    ("cancel", 35, 0, 8, 2, [], ""),
    ("hello", 48, 0, 0, 0, [], ""),
    ("ready", 49, 0, 0, 184220, [], ""),
    ("attachFailed", 50, 0, 0, 0, [], '{"message":"no CUDA device","traceback":"","log":""}'),
    ("result", 51, END, 7, 412, [], "0.7391"),
    (
        "resultBegun",
        51,
        0,
        8,
        0,
        [(":status", "201"), ("content-type", "text/event-stream")],
        "data: 1\n\n",
    ),
    ("chunk", 52, 0, 8, 0, [], "data: 2\n\n"),
    ("chunkEnd", 52, END, 8, 1000000, [], ""),
    (
        "error",
        53,
        END,
        7,
        15,
        [(":code", "inputInvalid")],
        '{"message":"Expected `float`, got `str` - at `$.glucose`","type":"ValidationError",'
        '"traceback":""}',
    ),
    ("log", 54, 0, 7, 0, [(":level", "stdout")], "one line\nand another: gr\u00fcn\n"),
    ("logOutside", 54, 0, 0, 0, [(":level", "warning")], "between invocations\n"),
]

# name, reason, bytes
MALFORMED = [
    ("unknownKind", "kind 99 is not known", struct.pack("<IBBHII", 0, 99, 0, 0, 1, 0)),
    ("kindZero", "kind 0 is not known", struct.pack("<IBBHII", 0, 0, 0, 0, 0, 0)),
    (
        "lengthOverLimit",
        "length is over 16 MiB",
        struct.pack("<IBBHII", PAYLOAD_BYTES_MAX + 1, 51, END, 0, 1, 0),
    ),
    (
        "lengthMaximum",
        "length is over 16 MiB",
        struct.pack("<IBBHII", 0xFFFFFFFF, 51, END, 0, 1, 0),
    ),
    (
        "metaOverLength",
        "metaLength is above length",
        struct.pack("<IBBHII", 4, 51, END, 5, 1, 0) + b"abcd",
    ),
    (
        "unknownFlags",
        "flags other than end are set",
        struct.pack("<IBBHII", 2, 51, 0x81, 0, 1, 0) + b"{}",
    ),
    ("truncatedHeader", "the connection ended within a header", b"\x02\x00\x00\x00\x33\x01"),
    (
        "truncatedPayload",
        "the connection ended within a payload",
        struct.pack("<IBBHII", 10, 51, END, 0, 1, 0) + b"abc",
    ),
]


def described(name: str, kind: int, flags: int, stream: int, value: int, meta: list, body) -> dict:
    entry = {
        "name": name,
        "file": f"{name}.bin",
        "valid": True,
        "kind": kind,
        "flags": flags,
        "stream": stream,
        "value": value,
        "meta": [list(pair) for pair in meta],
    }
    if isinstance(body, bytes):
        return {**entry, "bodyBase64": base64.b64encode(body).decode()}
    return {**entry, "body": body}


def packed(kind: int, flags: int, stream: int, value: int, meta: list, body) -> bytes:
    lines = "\n".join(f"{name}: {text}" for name, text in meta).encode()
    content = body if isinstance(body, bytes) else body.encode()
    length = len(lines) + len(content)
    return struct.pack("<IBBHII", length, kind, flags, len(lines), stream, value) + lines + content


def main() -> None:
    entries = []
    for name, *fields in VALID:
        (FOLDER / f"{name}.bin").write_bytes(packed(*fields))
        entries.append(described(name, *fields))
    for name, reason, data in MALFORMED:
        (FOLDER / f"{name}.bin").write_bytes(data)
        entries.append({"name": name, "file": f"{name}.bin", "valid": False, "reason": reason})
    text = json.dumps({"protocol": 1, "frames": entries}, indent=2, ensure_ascii=False)
    (FOLDER / "frames.json").write_text(text + "\n")


main()
