"""Starting programs, ending the ones we started, and what the kernel says of them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from pathlib import Path

# A gateway drains for 30 s at most.
STOP_SECONDS_MAX = 40
NOTHING = Path(os.devnull)
TICKS = os.sysconf("SC_CLK_TCK")


class BenchmarkError(Exception):
    """Something that the run needs did not work; the message says what."""


class Program:
    """A program of ours, with its output in a file."""

    def __init__(
        self,
        command: list[str],
        log: Path,
        env: dict[str, str] | None = None,
        source: Path = NOTHING,
        descriptors: Collection[int] = (),
    ) -> None:
        with ExitStack() as files:
            output = files.enter_context(log.open("ab"))
            self.process = subprocess.Popen(
                command,
                stdin=files.enter_context(source.open("rb")),
                stdout=output,
                stderr=output,
                env={**os.environ, **(env or {})},
                pass_fds=descriptors,
            )
        self.log = log
        self.name = Path(command[0]).name

    @property
    def pid(self) -> int:
        return self.process.pid

    def check(self) -> None:
        """Raises BenchmarkError with its last words if it has ended."""
        if self.process.poll() is not None:
            words = self.log.read_text(errors="replace")[-2000:]
            raise BenchmarkError(f"{self.name} ended with {self.process.returncode}:\n{words}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def wait_until(
    condition: Callable[[], bool], what: str, seconds_max: float, interval: float = 0.005
) -> float:
    """Seconds until the condition held; raises BenchmarkError when it did not in time."""
    start = time.perf_counter()
    while not condition():
        if time.perf_counter() - start > seconds_max:
            raise BenchmarkError(f"{what}: not within {seconds_max:g} s")
        time.sleep(interval)
    return time.perf_counter() - start


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes, with all their threads."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def own_cpu_seconds() -> float:
    """Of this program, and of those it has waited for."""
    return sum(os.times()[:4])


def machine_cpu_seconds() -> float:
    """Of everything on the machine, and what its host took away from it."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICKS


def resident_bytes(pid: int) -> int:
    return kibibytes(Path(f"/proc/{pid}/status"), "VmRSS:")


def proportional_bytes(pids: Iterable[int]) -> int:
    """Memory of these processes together: a page that several share counts once in the sum."""
    return sum(kibibytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") for pid in pids)


def kibibytes(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise BenchmarkError(f"{file} has no {name}")


def children_groups(pid: int) -> Path:
    """The cgroup above the one that a process is in, where its processes can be read."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, group = line.split(":", 2)
        if "memory" in controllers.split(","):
            return Path(f"/sys/fs/cgroup/memory{group}").parent
    return Path(f"/sys/fs/cgroup{group}").parent


def processes_below(group: Path) -> list[int]:
    return [int(pid) for file in group.rglob("cgroup.procs") for pid in file.read_text().split()]
