"""What an async handler streams leaves as it is made, even if the handler awaits nothing."""

import os

import pytest

from host import CHUNK, END, RESULT

WAITING = """
import asyncio
def items(path):
    yield "a"
    yield open(path).read()
async def predict(path: str, how: str):
    if how == "plain":
        return items(path)
    async def generator():
        if how == "after an await":
            await asyncio.sleep(0.001)
        for item in items(path):
            yield item
    return generator()
"""


@pytest.mark.parametrize("how", ["plain", "without an await", "after an await"])
def test_an_item_leaves_before_the_next_is_made(instance, tmp_path, how):
    one = instance(WAITING)
    path = tmp_path / "fifo"
    os.mkfifo(path)

    one.begin({"path": str(path), "how": how})
    begun = one.expect(RESULT)
    path.write_text("b")
    more, last = one.expect(CHUNK), one.expect(CHUNK)

    assert (begun.body, more.body, last.flags) == (b"a", b"b", END)


def test_a_generator_that_awaits_nothing_lets_others_go_on(instance):
    one = instance(
        """
        done = []
        async def predict(kind: str):
            if kind == "other":
                done.append(kind)
                return kind
            async def generator():
                while not done:
                    yield "."
            return generator()
        """,
        concurrency=2,
    )

    stream = one.begin({"kind": "endless"})
    one.expect(RESULT)
    endless, other = one.answers(stream, one.begin({"kind": "other"}))

    assert other.json() == "other"
    assert (endless.code, set(endless.text)) == (None, {"."})


def test_a_generator_that_awaits_nothing_can_be_cancelled(instance):
    one = instance("async def predict():\n    while True:\n        yield '.'")

    stream = one.begin()
    one.expect(RESULT)
    one.cancel(stream)

    assert one.answers(stream)[0].code == "cancelled"


def test_a_generator_waits_for_a_reader_who_does_not_read(instance, tmp_path):
    made = tmp_path / "made"
    one = instance(
        """
        import asyncio
        async def predict(path: str):
            with open(path, "w", buffering=1) as made:
                for number in range(400):
                    print(number, file=made)
                    yield bytes(65536)
        """
    )

    stream = one.begin({"path": str(made)})
    one.expect(RESULT)
    # It has filled the socket and its own small buffer, and then it sleeps.
    while state(one.pid) != "S":
        pass
    count = len(made.read_text().split())
    answer = one.answers(stream)[0]

    assert count < 50
    assert len(answer.body) == 399 * 65536


def state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]
