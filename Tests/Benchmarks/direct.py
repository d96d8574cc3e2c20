"""An instance of `echo`, invoked over its socket by programs in C: what the gateway is compared to.

It is forked by the real runtime from a real zygote, by the same interpreter with the same flags and
layer as in a sandbox, but outside a container, as nobody but the gateway holds the socket of one
inside.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from gateway_program import free_port
from load import Load
from peers import Peer
from processes import BenchmarkError
from settings import BENCHMARKS, BODY, REPOSITORY

sys.path.append(str(REPOSITORY / "Tests" / "RuntimeTests"))

from host import END, INVOKE, Instance, Sandbox, encode

# Of the caller and of the instance; None leaves both to the scheduler.
Cores = tuple[int, int] | None
INSTANCES = 5

# What the gateway writes into the frame for a request of wrk's.
META = {
    ":id": "01a1fc23-2014-7b89-8392-80728d772786",
    ":method": "POST",
    ":path": "",
    "content-type": "application/json",
}
FRAME = encode(INVOKE, 0, flags=END, value=10_000, meta=META, body=BODY)


class DirectInstance:
    def __init__(self, layer: Path, depth_max: int, work: Path) -> None:
        self.work = work
        self.driver = build("drive_instance", work)
        folder = REPOSITORY / "functions" / "echo"
        self.sandbox = Sandbox(folder, layer, layers=[], concurrency=depth_max)
        self.sandbox.loaded()

    def __enter__(self) -> DirectInstance:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sandbox.close()

    def drive(self, depth: int, seconds: float, cores: Cores = None) -> Load:
        """The middle one of several fresh instances: where the scheduler puts the two processes,
        on one core or on two, stays as it is for long, and decides how long a call takes.
        """
        loads = [self.drive_one(depth, seconds / INSTANCES, cores) for _ in range(INSTANCES)]
        return sorted(loads, key=lambda load: load.p50_micros)[INSTANCES // 2]

    def drive_one(self, depth: int, seconds: float, cores: Cores) -> Load:
        instance = self.sandbox.ready()
        try:
            check(instance)
            if cores:
                os.sched_setaffinity(instance.pid, {cores[1]})
            return self.measure(instance, depth, seconds, cores)
        finally:
            instance.kill()
            instance.close()

    def measure(self, instance: Instance, depth: int, seconds: float, cores: Cores) -> Load:
        instance.sock.setblocking(True)
        number = instance.sock.fileno()
        done = subprocess.run(
            [str(self.driver), str(number), str(depth), str(seconds)],
            input=FRAME,
            pass_fds=(number,),
            preexec_fn=(lambda: os.sched_setaffinity(0, {cores[0]})) if cores else None,
            capture_output=True,
            timeout=seconds + 30,
        )
        if done.returncode != 0:
            raise BenchmarkError(f"{self.driver.name}: {done.stderr.decode()}")
        found = json.loads(done.stdout)
        return Load(
            depth, found["responses"], found["seconds"], found["p50Micros"], found["p99Micros"]
        )

    @contextmanager
    def relay(self) -> Iterator[Relay]:
        """An instance behind HTTP, and nothing else."""
        program = build("relay_instance", self.work)
        frame = self.work / "relay.frame"
        frame.write_bytes(FRAME)
        instance = self.sandbox.ready()
        try:
            check(instance)
            instance.sock.setblocking(True)
            number, port = instance.sock.fileno(), free_port()
            command = [str(program), str(number), str(port)]
            log = self.work / "relay.log"
            relay = Relay(Peer("relay", command, port, log, frame, [number]), instance)
            try:
                yield relay
            finally:
                relay.peer.stop()
        finally:
            instance.kill()
            instance.close()


@dataclass
class Relay:
    """`relay_instance.c` and its instance."""

    peer: Peer
    instance: Instance


def check(instance: Instance) -> None:
    """Sends what will be measured once, and looks at the answer."""
    if instance.invoke(BODY).json() != json.loads(BODY):
        raise BenchmarkError("the instance does not answer what it was sent")


def build(name: str, work: Path) -> Path:
    program = work / name
    command = ["cc", "-O2", "-o", str(program), str(BENCHMARKS / f"{name}.c")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise BenchmarkError(f"{' '.join(command)}: {done.stderr}")
    return program
