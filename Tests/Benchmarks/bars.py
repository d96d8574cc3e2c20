"""What was measured against what is promised: one row for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

MEGABYTE = 1_000_000
# More than this, taken by others while the gateway was under load, makes its figures doubtful.
OTHERS_CORES_MAX = 0.1

Raw = dict[str, Any]


@dataclass
class Row:
    """One line of the table. `value` and `bar` have the same unit; `met` follows from them."""

    what: str
    promised: str
    measured: str
    value: float
    bar: float
    met: bool

    def json(self) -> Raw:
        return asdict(self)


def at_most(what: str, promised: str, measured: str, value: float, bar: float) -> Row:
    return Row(what, promised, measured, value, bar, value <= bar)


def at_least(what: str, promised: str, measured: str, value: float, bar: float) -> Row:
    return Row(what, promised, measured, value, bar, value >= bar)


def rows(results: Raw) -> list[Row]:
    makers: dict[str, Callable[[Any], list[Row]]] = {
        "warm": warm_rows,
        "fromZero": from_zero_rows,
        "cold": cold_rows,
        "burst": burst_rows,
        "idle": idle_rows,
        "events": event_rows,
        "push": push_rows,
    }
    return [row for part, found in results.items() for row in makers[part](found)]


def warm_rows(warm: Raw) -> list[Row]:
    found = latency_rows(warm)
    for depth in ("16", "64"):
        found += throughput_rows(warm, depth)
    for depth in ("1", "16", "64"):
        micros = middle(warm, depth, lambda each: each["gateway"]["gatewayCPUMicros"])
        what = f"gateway CPU per warm invocation, {depth} at once"
        relay = middle(warm, depth, lambda each: each["relay"]["relayCPUMicros"])
        measured = f"{micros:.1f} us; a bare relay {relay:.1f}"
        if depth == "1":
            # Without waking one another across cores, which a virtual machine pays dearly.
            gateway, relay = (
                warm[f"{name}OnOneCore"][f"{name}CPUMicros"] for name in ("gateway", "relay")
            )
            measured += f" (all on one core {gateway:.1f} and {relay:.1f})"
        found.append(at_most(what, "at most 35 us", measured, micros, 35))
    return found


def latency_rows(warm: Raw) -> list[Row]:
    ratio = middle(warm, "1", lambda each: micros_of(each, "gateway") / micros_of(each, "direct"))
    gateway = middle(warm, "1", lambda each: micros_of(each, "gateway"))
    slowest = middle(warm, "1", lambda each: each["gateway"]["p99_micros"])
    direct = middle(warm, "1", lambda each: micros_of(each, "direct"))
    one, two = (warm["directPlaced"][place]["p50_micros"] for place in ("oneCore", "twoCores"))
    measured = (
        f"{gateway:.0f} us (p99 {slowest:.0f}); direct {direct:.1f} us "
        f"({one:.1f} on one core, {two:.1f} across two)"
    )
    # The machine's speed drifts: where a direct call takes longer than 20 us, so may this.
    bar = 100 * max(1.0, direct / 20)
    return [
        at_most(
            "warm p50, 1 at once",
            "at most 4 times a direct call",
            f"{measured}: {ratio:.2f} times",
            ratio,
            4,
        ),
        at_most(
            "warm p50, 1 at once",
            "under 100 us where a direct call takes 20",
            f"{gateway:.0f} us where it takes {direct:.1f}",
            gateway,
            bar,
        ),
    ]


def throughput_rows(warm: Raw, depth: str) -> list[Row]:
    what = f"warm requests/s, {depth} at once"
    gateway = middle(warm, depth, lambda each: each["gateway"]["per_second"])
    found = []
    for other, promised, bar in (
        ("direct", "at least 20 % of the direct loop", 0.2),
        ("functions-framework", "at least 10 times functions-framework", 10),
        ("uvicorn", "at least bare uvicorn", 1),
    ):
        theirs = middle(warm, depth, lambda each, other=other: each[other]["per_second"])
        ratio = middle(
            warm,
            depth,
            lambda each, other=other: each["gateway"]["per_second"] / each[other]["per_second"],
        )
        shown = f"{ratio:.0%}" if other == "direct" else f"{ratio:.2f} times"
        measured = f"{gateway:,.0f} against {theirs:,.0f}: {shown}"
        if other == "direct":
            relay = middle(warm, depth, lambda each: each["relay"]["per_second"])
            measured += f"; a bare relay {relay:,.0f}"
        found.append(at_least(what, promised, measured, ratio, bar))
    return found


def micros_of(each: Raw, name: str) -> float:
    return float(each[name]["p50_micros"])


def middle(warm: Raw, depth: str, figure: Callable[[Raw], float]) -> float:
    """The median over rounds. Ratios are made within a round, as speeds drift between them."""
    return median(figure(each[depth]) for each in warm["rounds"])


def from_zero_rows(found: Raw) -> list[Row]:
    echo = [each["millis"] for each in found["echo"]]
    embed = [each["millis"] - each["run"] for each in found["embed"]]
    own = median(each["run"] for each in found["embed"])
    total = median(each["millis"] for each in found["embed"])
    shown = f"{spread(embed)} beside its own {own:.1f} ms; {total:.1f} ms in all"
    return [
        at_most("echo from zero, zygote present", "within 10 ms", spread(echo), median(echo), 10),
        at_most(
            "embed from zero, zygote present",
            "within 10 ms plus its own first inference",
            shown,
            median(embed),
            10,
        ),
    ]


def cold_rows(found: list[Raw]) -> list[Row]:
    millis = [each["millis"] for each in found]
    what = "echo from zero, nothing in memory"
    return [at_most(what, "within 120 ms", spread(millis), median(millis), 120)]


def spread(millis: list[float]) -> str:
    return f"{median(millis):.1f} ms (max {max(millis):.1f}, n={len(millis)})"


def burst_rows(found: Raw) -> list[Row]:
    bursts, count = found["bursts"], found["instances"]
    ready = median(each["readySeconds"] for each in bursts)
    answered = median(each["answeredSeconds"] for each in bursts)
    grown = median((each["allBytes"] - each["zygoteBytes"]) / count for each in bursts)
    whole = median(each["allBytes"] for each in bursts)
    zygote = median(each["zygoteBytes"] for each in bursts)
    memory = (
        f"{whole / MEGABYTE:.0f} MB, zygote {zygote / MEGABYTE:.0f} MB: "
        f"{grown / MEGABYTE:.1f} MB each"
    )
    what = f"{count} instances of embed at once"
    return [
        at_most(
            what,
            "ready within 1 s",
            f"{ready:.2f} s; all {count} had answered after {answered:.2f} s",
            ready,
            1,
        ),
        at_most(what, "the zygote's memory plus 10 MB each", memory, grown / MEGABYTE, 10),
    ]


def idle_rows(found: Raw) -> list[Row]:
    seconds = median(each["seconds"] for each in found["starts"])
    resident = max(each["residentBytes"] for each in found["starts"]) / MEGABYTE
    what = f"{found['functions']:,} deployed functions, all idle"
    return [
        at_most(what, "under 100 MB resident", f"{resident:.0f} MB", resident, 100),
        at_most(what, "start-up under 2 s", f"{seconds:.2f} s", seconds, 2),
    ]


def event_rows(found: Raw) -> list[Row]:
    batches = found["enqueue"]["batches"]["per_second"] * 100
    single = found["enqueue"]["single"]["per_second"]
    drained = median(each["drained"] for each in found["rounds"])
    sync = median(each["synchronous"] for each in found["rounds"])
    ratio = median(each["drained"] / each["synchronous"] for each in found["rounds"])
    first = found["fromEmpty"]
    short, long = found["depths"]
    slower = long["batchMillis"] / short["batchMillis"]
    held = short["drained"] / long["drained"]
    what = f"{long['messages']:,} messages waiting"
    promised = f"at most 2 times slower than at {short['messages']:,}"
    return [
        at_least(
            "enqueue in batches of 100",
            "at least 20,000 durable messages/s",
            f"{batches:,.0f}/s",
            batches,
            20_000,
        ),
        at_least(
            "enqueue one by one, keep-alive",
            "at least 5,000 durable messages/s",
            f"{single:,.0f}/s",
            single,
            5_000,
        ),
        at_least(
            "drain of a queue",
            "at least 60 % of the synchronous route",
            f"{drained:,.0f}/s against {sync:,.0f}: {ratio:.0%}",
            ratio,
            0.6,
        ),
        at_most(
            "first message, empty pool, zygote present",
            "within 50 ms",
            spread(first),
            median(first),
            50,
        ),
        at_most(
            f"enqueue, {what}",
            promised,
            f"{long['batchMillis']:.2f} ms a batch against {short['batchMillis']:.2f}",
            slower,
            2,
        ),
        at_most(
            f"lease, {what}",
            promised,
            f"{long['drained']:,.0f}/s against {short['drained']:,.0f}",
            held,
            2,
        ),
    ]


def push_rows(push: Raw) -> list[Row]:
    """The first push deploys what was not there; the others are updates."""
    seconds, bare = push["seconds"][1:], push["bareSeconds"][1:]
    measured = (
        f"{median(seconds):.2f} s (max {max(seconds):.2f}, n={len(seconds)}); "
        f"git alone {median(bare):.3f} s"
    )
    what = "from `git push` to the first answer, `echo`"
    return [at_most(what, "under 1.5 s", measured, median(seconds), 1.5)]


def table(found: list[Row]) -> str:
    lines = ["| What | Bar | Measured | Of the bar | Met |", "| --- | --- | --- | --- | --- |"]
    for row in found:
        share = f"{row.value / row.bar:.2f}"
        met = "yes" if row.met else "**no**"
        lines.append(f"| {row.what} | {row.promised} | {row.measured} | {share} | {met} |")
    return "\n".join(lines)


def caution(results: Raw) -> str:
    """A line to print below the table where the machine was not ours alone."""
    rounds = results.get("warm", {"rounds": []})["rounds"]
    others = [each["gateway"]["othersCores"] for one in rounds for each in one.values()]
    if not others or max(others) <= OTHERS_CORES_MAX:
        return ""
    return (
        f"\nNot quiet: other programs took {median(others):.2f} cores (at most "
        f"{max(others):.2f}) while the gateway was under load.\n"
    )
