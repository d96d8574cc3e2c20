"""The host's side of the runtime protocol, for tests: starts real zygotes and talks to them.

Written from PROTOCOL.md and not from the runtime's own frames.py, so that each checks the other.
"""

from __future__ import annotations

import array
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

RUNTIME = Path(__file__).resolve().parents[2] / "runtime" / "python"
HEADER = struct.Struct("<IBBHII")
CREDENTIALS = struct.Struct("iII")
WAIT_SECONDS = 10
LOAD, FORK, LOADED, LOAD_FAILED, EXITED = 1, 2, 16, 17, 18
ATTACH, INVOKE, BODY, CANCEL = 32, 33, 34, 35
HELLO, READY, ATTACH_FAILED, RESULT, CHUNK, ERROR, LOG = 48, 49, 50, 51, 52, 53, 54
END = 1
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    value: int
    meta: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


def encode(kind, stream=0, *, flags=0, value=0, meta=None, body=b""):
    lines = "\n".join(f"{name}: {text}" for name, text in (meta or {}).items()).encode()
    header = HEADER.pack(len(lines) + len(body), kind, flags, len(lines), stream, value)
    return header + lines + body


class Peer:
    """A socket that frames are read from and written to."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(WAIT_SECONDS)

    def send(self, kind, stream=0, **fields):
        self.sock.sendall(encode(kind, stream, **fields))

    def exactly(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.sock.recv(min(size - len(data), 1 << 20))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def frame(self):
        header = self.exactly(HEADER.size)
        length, kind, flags, meta_length, stream, value = HEADER.unpack(header)
        payload = self.exactly(length)
        lines = payload[:meta_length].decode().split("\n") if meta_length else []
        meta = dict(line.split(": ", 1) for line in lines)
        return Frame(kind, flags, stream, value, meta, payload[meta_length:])

    def expect(self, kind):
        frame = self.frame()
        assert frame.kind == kind, frame
        return frame

    def ended(self):
        """Whether the other side has closed; waits for it."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.sock.close()


@dataclass
class Answer:
    """All frames of one invocation."""

    status: int = 200
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)
    logs: list[tuple[str, str]] = field(default_factory=list)
    micros: int = 0

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def printed(self, level):
        return "".join(text for own, text in self.logs if own == level)


class Instance(Peer):
    def __init__(self, sock, number):
        super().__init__(sock)
        self.number = number
        self.next_stream = 1
        self.pid = self.take_hello()
        self.process = os.pidfd_open(self.pid)

    def take_hello(self):
        """Reads `hello`; gives the pid that the kernel says its sender has."""
        size = socket.CMSG_SPACE(CREDENTIALS.size)
        data, ancillary, _, _ = self.sock.recvmsg(HEADER.size, size)
        assert data == encode(HELLO)
        pid, _, _ = CREDENTIALS.unpack(ancillary[0][2])
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        return pid

    def kill(self):
        """Ends the process, for handlers that would run for ever outside a PID namespace."""
        if self.process >= 0:
            try:
                signal.pidfd_send_signal(self.process, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.close(self.process)
            self.process = -1

    def attach(self, device="cpu"):
        """Answers the frame that ends attaching, and what was logged before."""
        self.send(ATTACH, meta={":device": device})
        logs = []
        while (frame := self.frame()).kind == LOG:
            assert frame.stream == 0
            logs.append((frame.meta[":level"], frame.body.decode()))
        return frame, logs

    def begin(self, body=b"", *, end=True, meta=None, millis=30_000):
        stream = self.next_stream
        self.next_stream += 1
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {":id": f"id-{stream}", ":method": "POST", ":path": "/", **(meta or {})}
        self.send(INVOKE, stream, flags=END if end else 0, value=millis, meta=names, body=body)
        return stream

    def cancel(self, stream):
        self.send(CANCEL, stream, value=1)
        os.kill(self.pid, signal.SIGUSR1)

    def answers(self, *streams):
        """Answers of all `streams`, in the order asked for."""
        found = {stream: Answer() for stream in streams}
        order = []
        open_streams = set(streams)
        while open_streams:
            frame = self.frame()
            answer = found.get(frame.stream)
            if answer is None:
                assert frame.kind == LOG and frame.stream == 0, frame
                continue
            assert frame.stream in open_streams, f"{frame} after the end"
            self.take(answer, frame)
            if frame.flags & END:
                answer.micros = frame.value
                open_streams.discard(frame.stream)
                order.append(frame.stream)
        self.order = order
        return [found[stream] for stream in streams]

    @staticmethod
    def take(answer, frame):
        if frame.kind == LOG:
            answer.logs.append((frame.meta[":level"], frame.body.decode()))
        elif frame.kind == ERROR:
            assert frame.flags == END
            answer.code, answer.body = frame.meta[":code"], frame.body
        elif frame.kind == RESULT:
            answer.headers = dict(frame.meta)
            answer.status = int(answer.headers.pop(":status", "200"))
            answer.chunks.append(frame.body)
            answer.body += frame.body
        else:
            assert frame.kind == CHUNK, frame
            answer.chunks.append(frame.body)
            answer.body += frame.body

    def invoke(self, body=b"", **fields):
        return self.answers(self.begin(body, **fields))[0]


class Sandbox:
    """A zygote and its instances, as the driver sees them but without a container."""

    def __init__(self, folder, layer, *, env=None, within=(), **load):
        """`within`: the command that starts the zygote, where it is not started by itself."""
        ours, theirs = socket.socketpair()
        self.control = Peer(ours)
        self.instances = []
        self.next_number = 1
        command = ["/usr/bin/python3", "-I", "-S", "-X", "frozen_modules=on"]
        number = theirs.fileno()

        def before_exec():
            # Orphans come to the zygote, as they do where it is the first of its namespace.
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            os.dup2(number, 3)

        self.process = subprocess.Popen(
            [*within, *command, str(RUNTIME / "faas_runtime" / "__main__.py")],
            env={"FAAS_RUNTIME_LAYER": str(layer), "PATH": "/usr/bin:/bin", **(env or {})},
            preexec_fn=before_exec,
            pass_fds=(3,),
            stderr=subprocess.PIPE,
        )
        theirs.close()
        wanted = {
            "function": "sample",
            "revision": "sample@1",
            "handler": str(folder),
            "env": {},
            "concurrency": 1,
            "batch": {"size": 1, "waitMillis": 0},
            "logBytesMax": 64 * 1024,
            "bodyBytesMax": 6 * 1024 * 1024,
            **load,
        }
        self.control.send(LOAD, body=json.dumps(wanted).encode())

    def loaded(self):
        frame = self.control.frame()
        assert frame.kind == LOADED, frame
        return frame.json()

    def load_failed(self):
        frame = self.control.expect(LOAD_FAILED)
        assert self.control.ended()
        return frame.meta[":code"], frame.json()

    def ask_fork(self):
        """Sends a fork frame; gives the host's end."""
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))
        self.control.sock.sendmsg([encode(FORK, self.next_number)], [rights])
        theirs.close()
        self.next_number += 1
        return ours

    def fork(self):
        """An instance that waits for attach."""
        number = self.next_number
        instance = Instance(self.ask_fork(), number)
        self.instances.append(instance)
        return instance

    def ready(self):
        """An instance that is ready."""
        instance = self.fork()
        frame, _ = instance.attach()
        assert frame.kind == READY, frame
        return instance

    def close(self):
        for instance in self.instances:
            instance.kill()
            instance.close()
        self.control.close()
        _, said = self.process.communicate(timeout=WAIT_SECONDS)
        return said.decode()
