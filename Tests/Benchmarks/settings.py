"""What a run measures, for how long, and on whose programs: read once, at the start."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BENCHMARKS = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"

# What every load generator sends: about a hundred bytes of JSON, written as the runtime writes it,
# so that the answer of `echo` is the same, byte for byte.
BODY = json.dumps(
    {
        "record": 4711,
        "glucose": 148.5,
        "names": ["Ada", "Grace"],
        "note": "what every load generator sends",
    },
    separators=(",", ":"),
).encode()
DEPTHS = (1, 16, 64)
PARTS = ("warm", "fromZero", "cold", "burst", "events", "push", "idle")


@dataclass
class Settings:
    """Times are in seconds."""

    quick: bool
    parts: tuple[str, ...]
    gateway: Path
    faas: Path
    cache: Path

    @property
    def rounds(self) -> int:
        """The machine's speed drifts: each round measures all that is compared, side by side."""
        return 2 if self.quick else 3

    @property
    def load_seconds(self) -> float:
        """Of each load on each program at each depth."""
        return 1 if self.quick else 5

    @property
    def echo_forks(self) -> int:
        return 8 if self.quick else 40

    @property
    def embed_forks(self) -> int:
        return 4 if self.quick else 20

    @property
    def cold_starts(self) -> int:
        return 3 if self.quick else 10

    @property
    def bursts(self) -> int:
        return 1 if self.quick else 3

    @property
    def idle_starts(self) -> int:
        return 1 if self.quick else 5

    @property
    def pushes(self) -> int:
        return 4 if self.quick else 20

    @property
    def drained(self) -> int:
        """Messages of a queue whose draining is timed."""
        return 20_000 if self.quick else 100_000

    @property
    def long_queue(self) -> int:
        return 100_000 if self.quick else 1_000_000

    @property
    def data(self) -> Path:
        """The gateway's data: emptied before and after a run, but for installed layers."""
        return self.cache / "data"


def find_programs() -> tuple[Path, Path]:
    """The gateway and the command line tool; ends the program where they were not built."""
    built = REPOSITORY / ".build" / "release"
    gateway = Path(os.environ.get("FAAS_GATEWAY_BINARY") or built / "gateway").absolute()
    faas = Path(os.environ.get("FAAS_CLI_BINARY") or gateway.with_name("faas")).absolute()
    for program in (gateway, faas):
        if not os.access(program, os.X_OK):
            raise SystemExit(
                f"bench: {program} is not there: `swift build -c release` makes it, or set "
                "FAAS_GATEWAY_BINARY to a gateway that has faas beside it"
            )
    return gateway, faas


def cache_folder() -> Path:
    folder = os.environ.get("FAAS_BENCH_CACHE")
    return Path(folder).absolute() if folder else Path.home() / ".cache" / "faas-bench"
