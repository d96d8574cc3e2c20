"""Everything that makes invocations by itself, together, while the gateway is killed."""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from events import (
    KILLS,
    Load,
    Unsent,
    books,
    dead_letters,
    drained,
    finish,
    has_completed,
    kill_after,
    kill_moments,
    select,
    send_batches,
    stored,
)
from folders import function
from gateways import Gateway
from http_client import Connection
from receivers import Receiver, receiving
from waiting import until

from conftest import end

MESSAGES = 3000
CALLS = 4000
KILLS_HERE = max(3, KILLS // 3)
CALLBACK_EACH = 10
DOWN_SECONDS = 2.5
MICROS = 1_000_000
CALLBACK_SECONDS_MAX = 30
TICK = re.compile(r"tick (\S+) ended")

# By its number a message is right, wrong, wrong at first, or always too much for the handler.
MOODY = """
import time
from faas import InputError

def handle(event, context):
    number = event.json()["n"]
    time.sleep(0.002)
    if number % 10 == 0:
        raise InputError(f"message {number} is wrong")
    if number % 10 == 1 and context.attempt == 1:
        raise RuntimeError(f"message {number} at first")
    if number % 10 == 2:
        raise RuntimeError(f"message {number} always")
    return number
"""
MOODY_MANIFEST = """
scale: { min: 0, max: 2, concurrency: 8, keepAlive: 60s }
triggers:
  - queue: { name: moods, attempts: 3, backoff: 20ms..100ms, dead: moods-dead }
"""
SQUARER = """
from faas import InputError

def handle(event, context):
    number = event.json()["n"]
    if number % 50 == 7 and context.attempt == 1:
        raise RuntimeError("at first")
    if number % 50 == 8:
        raise InputError(f"number {number} is wrong")
    return {"n": number, "square": number * number}
"""
SQUARER_MANIFEST = "scale: { min: 0, max: 2, concurrency: 8, keepAlive: 60s }\n"
# A tick ends as a dead letter that says which one it was, so that each leaves a trace for good.
TICKER = """
from faas import InputError

def handle(event, context):
    if event.json()["traced"]:
        raise InputError(f"tick {event.headers['x-scheduled-at']} ended")
    return None
"""
TICKER_MANIFEST = """
triggers:
  - schedule: { cron: "@every 1s", missed: once, name: traced, input: { traced: true } }
  - schedule: { cron: "@every 1s", missed: once, name: plain, input: { traced: false } }
"""


@dataclass
class Calls:
    """Asynchronous invocations: the number that each answered one was asked about, by its id."""

    url: str
    numbers: dict[str, int] = field(default_factory=dict)
    next: int = 0
    unanswered: int = 0

    def step(self, connection: Connection) -> bool:
        if self.next >= CALLS:
            return False
        fields = {"Content-Type": "application/json"}
        if self.next % CALLBACK_EACH == 0:
            fields["X-Callback-Url"] = self.url
        self.unanswered += 1
        body = json.dumps({"n": self.next})
        answer = connection.request("POST", "/async-function/squarer", body, fields)
        self.unanswered -= 1
        assert answer.status == 202, (answer.status, answer.text)
        self.numbers[answer.headers["x-call-id"]] = self.next
        self.next += 1
        return True


@dataclass
class Aftermath:
    """What there is once all that was sent has been seen to."""

    gateway: Gateway
    unsent: Unsent
    calls: Calls
    receiver: Receiver
    # When the gateway was away: from the kill to serving again, in seconds since 1970.
    downs: list[tuple[float, float]] = field(default_factory=list)

    def live(self) -> None:
        """Sends all, with the kills in between, and waits for the ends."""
        gateway = self.gateway
        for moment in kill_moments(KILLS_HERE, MESSAGES * 7 // 10, seed=5):
            kill_after(gateway, self.loads(), has_completed(gateway, "moods", moment))
            self.back(time.time(), time.time())
        finish(self.loads(start=True))
        for _ in range(KILLS_HERE):
            self.kill_at_tick()
        killed = time.time()
        gateway.kill()
        self.back(killed, killed + DOWN_SECONDS)
        drained(gateway, "moods")
        until(lambda: not waiting(gateway), "nothing waits", 60)

    def kill_at_tick(self) -> None:
        """Kills at the instant of a tick, or some milliseconds before or after it."""
        (next_micros, *_), *_ = (
            one["next"] for one in self.gateway.get("/v1/schedules")["schedules"]
        )
        moment = next_micros / MICROS + random.uniform(-0.002, 0.012)
        until(lambda: time.time() >= moment, "the tick", poll=0.0005)
        self.gateway.kill()
        self.back(moment, time.time())

    def loads(self, start: bool = False) -> list[Load]:
        steps: list[Callable[[Connection], bool]] = [
            send_batches("moods", self.unsent),
            self.calls.step,
        ]
        loads = [Load(self.gateway, step) for step in steps]
        for load in loads if start else []:
            load.start()
        return loads

    def back(self, killed: float, until_then: float) -> None:
        until(lambda: time.time() >= until_then, "the time away is over")
        self.gateway.start()
        self.downs.append((killed, time.time()))

    def ids(self, wanted: Callable[[int], bool]) -> set[str]:
        """Of messages with these numbers."""
        return {
            self.unsent.ids[key] for key, body in self.unsent.bodies.items() if wanted(body["n"])
        }


def waiting(gateway: Gateway) -> int:
    """Messages of any kind that have not ended; a tick that is due now may be one."""
    return sum(report["depth"] for report in gateway.get("/v1/queues")["queues"])


@pytest.fixture(scope="module")
def aftermath(gateway: Gateway, place: Path) -> Iterator[Aftermath]:
    own = Gateway(place / "own-events")
    own.share_runtime(gateway.data)
    own.start()
    bodies: dict[str, Any] = {f"mood-{n}": {"n": n} for n in range(MESSAGES)}
    try:
        own.deploy(function("moody", MOODY, MOODY_MANIFEST))
        own.deploy(function("squarer", SQUARER, SQUARER_MANIFEST))
        own.deploy(function("ticker", TICKER, TICKER_MANIFEST))
        with receiving() as receiver:
            receiver.statuses = [503] * 5
            found = Aftermath(own, Unsent(bodies), Calls(receiver.url), receiver)
            found.live()
            yield found
    finally:
        end(own)


pytestmark = pytest.mark.timeout(180 + 10 * KILLS)


def test_every_message_ends_as_its_handler_has_it(aftermath: Aftermath) -> None:
    found = books(aftermath.gateway, "queue:moods")

    letters = {one["id"]: one for one in dead_letters(aftermath.gateway, "moods-dead")}
    print(
        f"{MESSAGES} messages over {len(aftermath.downs)} kills: {len(found.completed)} completed, "
        f"{len(letters)} dead, {found.rows} rows, {len(found.completed_twice)} completed twice"
    )
    wrong = aftermath.ids(lambda n: n % 10 == 0)
    never = aftermath.ids(lambda n: n % 10 == 2)
    later = aftermath.ids(lambda n: n % 10 == 1)
    assert len(set(aftermath.unsent.ids.values())) == MESSAGES
    assert {one for one in letters if letters[one]["reason"]["code"] == "inputInvalid"} == wrong
    assert {one for one in letters if letters[one]["reason"]["code"] == "handlerRaised"} == never
    assert letters.keys() == wrong | never
    # A handler that finds its input wrong has done its work.
    assert found.completed.keys() == aftermath.ids(lambda n: n % 10 != 2)
    assert found.completed_twice == []
    wanted = {1: MESSAGES * 8 // 10, 2: len(later), 3: len(never)}
    assert Counter(found.attempts.values()) == wanted
    assert {letters[one]["attempts"] for one in wrong} == {1}
    assert {letters[one]["attempts"] for one in never} == {3}


def test_every_answered_call_has_its_own_result(aftermath: Aftermath) -> None:
    found = books(aftermath.gateway, "async")
    calls = aftermath.calls

    with aftermath.gateway.connect() as connection:
        for one, number in calls.numbers.items():
            answer = connection.request("GET", f"/v1/invocations/{one}/result?wait=10s")
            assert answer.id == one, answer
            if number % 50 == 8:
                assert (answer.status, answer.json()["code"]) == (400, "inputInvalid"), answer
                assert f"number {number} is wrong" in answer.text
            else:
                assert answer.status == 200, answer
                assert answer.json() == {"n": number, "square": number * number}

    more = found.completed.keys() - calls.numbers.keys()
    print(
        f"{len(calls.numbers)} calls answered, {calls.unanswered} not answered, of which "
        f"{len(more)} were kept all the same; {found.rows} rows, "
        f"{len(found.completed_twice)} completed twice"
    )
    assert len(calls.numbers) == CALLS
    assert calls.numbers.keys() <= found.completed.keys()
    assert len(more) <= calls.unanswered <= len(aftermath.downs)
    assert found.completed_twice == []
    twice = {one for one, count in found.attempts.items() if count == 2}
    assert twice - more == {one for one, number in calls.numbers.items() if number % 50 == 7}
    assert set(found.attempts.values()) == {1, 2}
    wrong = {one for one, number in calls.numbers.items() if number % 50 == 8}
    letters = {one["id"] for one in dead_letters(aftermath.gateway, "squarer-dead")}
    assert letters - more == wrong


def test_every_callback_is_delivered_under_the_id_of_its_call(aftermath: Aftermath) -> None:
    calls, receiver = aftermath.calls, aftermath.receiver
    wanted = {one for one, number in calls.numbers.items() if number % CALLBACK_EACH == 0}

    until(
        lambda: wanted <= {post.headers["webhook-id"] for post in list(receiver.posts)},
        "every callback",
        CALLBACK_SECONDS_MAX,
    )

    delivered = Counter(post.headers["webhook-id"] for post in receiver.posts)
    again = sum(count - 1 for count in delivered.values())
    print(f"{len(wanted)} callbacks, {len(receiver.posts)} posts, {again} of them again")
    for post in receiver.posts:
        one = post.headers["webhook-id"]
        assert post.headers["ce-id"] == one
        answer = json.loads(post.body)
        assert answer["square"] == answer["n"] ** 2
        assert calls.numbers.get(one, answer["n"]) == answer["n"]
    assert len(delivered.keys() - wanted) <= calls.unanswered


def test_no_tick_runs_twice_and_only_those_of_the_time_away_are_missed(
    aftermath: Aftermath,
) -> None:
    letters = dead_letters(aftermath.gateway, "ticker-dead")
    found = [TICK.search(one["reason"]["detail"]) for one in letters]
    ticks = sorted(seconds(match[1]) for match in found if match)

    assert len(ticks) == len(letters)
    assert len(set(ticks)) == len(ticks)
    gaps = [(a, b) for a, b in pairwise(ticks) if b - a > 1]
    print(f"{len(ticks)} ticks, {len(gaps)} gaps over {len(aftermath.downs)} kills")
    assert all((b - a) % 1 == 0 for a, b in pairwise(ticks))
    for a, b in gaps:
        assert any(a < back and killed < b for killed, back in aftermath.downs), (a, b)
    killed, back = aftermath.downs[-1]
    missed = [tick for tick in ticks if killed < tick < back]
    assert 1 <= len(missed) <= 2, "one for all that were missed, and one that came meanwhile"


def test_a_tick_is_completed_once(aftermath: Aftermath) -> None:
    found = books(aftermath.gateway, "schedule:plain")

    assert found.rows > 0
    assert found.completed_twice == []
    assert set(found.attempts.values()) == {1}


def test_nothing_is_left_at_the_end(aftermath: Aftermath) -> None:
    """Comes last: it stops the gateway."""
    gateway = aftermath.gateway

    assert gateway.stop() == 0

    assert gateway.leftovers() == {}
    names = select(gateway, "queue", "SELECT number, name FROM queue")
    left = stored(gateway)
    assert left.waiting <= 2, f"more than a tick of each schedule is left of {names}"
    assert select(gateway, "queue", "SELECT count(*) FROM callback") == [(0,)]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
