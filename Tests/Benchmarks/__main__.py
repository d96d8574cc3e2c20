"""Measures the platform on this machine, and prints what was measured against what is promised.

Everything is measured in one run, with the load generator beside the gateway, so that the ratios
mean something; figures of two runs or two machines do not compare. See Tests/Benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bars
import load
import machine
from gateway_program import Gateway
from measure_burst import measure_burst
from measure_events import measure_events
from measure_idle import measure_idle
from measure_push import measure_push
from measure_warm import measure_warm
from measure_zero import measure_cold, measure_from_zero
from processes import BenchmarkError
from settings import BODY, PARTS, Settings, cache_folder, find_programs

STARTED = time.monotonic()


def main() -> int:
    arguments = parse_arguments()
    # Ends what was started when this is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    gateway, faas = find_programs()
    if os.geteuid() != 0:
        raise SystemExit("bench: run it as root: the gateway makes containers")
    load.install_programs(is_root=True)
    parts = tuple(part for part in PARTS if not arguments.only or part in arguments.only)
    settings = Settings(arguments.quick, parts, gateway, faas, cache_folder())
    facts = machine.facts(settings)
    try:
        with places(settings) as work:
            results = measure(settings, work)
    except BenchmarkError as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    rows = bars.rows(results)
    print(introduction(facts, settings))
    print(bars.table(rows))
    print(bars.caution(results), end="")
    if arguments.json:
        report = {
            "machine": facts,
            "quick": settings.quick,
            "seconds": time.monotonic() - STARTED,
            "body": BODY.decode(),
            "rows": [row.json() for row in rows],
            "raw": results,
        }
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if all(row.met for row in rows) else 3


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="Tests/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit status: 0 all bars met, 1 something failed, 2 wrong usage, 3 a bar was missed."
        "\nFAAS_GATEWAY_BINARY names another gateway, FAAS_BENCH_CACHE another cache.",
    )
    parser.add_argument("--quick", action="store_true", help="under a minute, and less exact")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, metavar="NAME", help=f"of {', '.join(PARTS)}"
    )
    return parser.parse_args()


def measure(settings: Settings, work: Path) -> dict[str, Any]:
    """All parts that were asked for, on one gateway; those that restart it come last."""
    gateway = Gateway(settings)
    measures = {
        "warm": lambda: measure_warm(settings, gateway, work, say),
        "fromZero": lambda: measure_from_zero(settings, gateway, work, say),
        "burst": lambda: measure_burst(settings, gateway, work, say),
        "events": lambda: measure_events(settings, gateway, work, say),
        "push": lambda: measure_push(settings, gateway, work, say),
        "cold": lambda: measure_cold(settings, gateway, say),
        "idle": lambda: measure_idle(settings, gateway, say),
    }
    try:
        gateway.start()
        found = {name: take() for name, take in measures.items() if name in settings.parts}
        return {part: found[part] for part in settings.parts}
    finally:
        gateway.stop()


@contextmanager
def places(settings: Settings) -> Iterator[Path]:
    """An empty data folder and a folder for other files, both gone afterwards; one run at a time.

    Layers are kept: they are named by what they hold, and installing them takes long.
    """
    settings.cache.mkdir(parents=True, exist_ok=True)
    with (settings.cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BenchmarkError(f"another run uses {settings.cache}") from None
        (settings.cache / "gateway.log").unlink(missing_ok=True)
        clear(settings.data)
        try:
            with tempfile.TemporaryDirectory(prefix="faas-bench-") as work:
                yield Path(work)
        finally:
            clear(settings.data)


def clear(data: Path) -> None:
    """Removes what a gateway left in its data folder, but for layers."""
    if f" {data}/" in Path("/proc/self/mountinfo").read_text():
        raise BenchmarkError(f"something is still mounted below {data}")
    for path in data.iterdir() if data.exists() else ():
        if path.is_dir() and path.name != "layers":
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()


def say(what: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.1f} s] {what}", file=sys.stderr, flush=True)


def introduction(facts: dict[str, Any], settings: Settings) -> str:
    changed = " with changes" if facts["changed"] else ""
    rounds = f"{settings.rounds} rounds of {settings.load_seconds:g} s"
    return (
        f"{facts['processor']}, {facts['cores']} cores, {facts['memoryMiB'] // 1024} GiB, "
        f"{facts['system']}, Linux {facts['kernel']}, {facts['runc']}; commit "
        f"{facts['commit'][:12]}{changed}; {rounds}; load before {facts['loadBefore']:.1f}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
