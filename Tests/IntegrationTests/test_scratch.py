"""A sandbox's writable folders are its instances' in common, and outlive each of them."""

import pytest
from folders import function
from gateways import Gateway
from waiting import until

HANDLER = """
import os, pathlib

PLACES = [pathlib.Path("/tmp"), pathlib.Path("/dev/shm")]

def load():
    for place in PLACES:
        (place / "made").write_text("by load")

def fill(place):
    with open(place / "full", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 20))
        except OSError:
            return

def predict(model, deed: str) -> object:
    if deed in ("fill", "fill and die"):
        for place in PLACES:
            fill(place)
    if deed == "fill and die":
        os._exit(3)
    if deed == "write":
        for place in PLACES:
            (place / "mine").write_bytes(bytes(32 << 20))
        return {str(place): sorted(os.listdir(place)) for place in PLACES}
    return os.getpid()
"""
MANIFEST = """
limits: { memory: 256Mi }
scale: { max: 1, keepAlive: 200ms }
"""


def assert_room(gateway: Gateway, name: str) -> None:
    """There is room for 32 MiB, and beside what is written now only what `load` made."""
    answer = gateway.invoke(name, {"deed": "write"})
    assert answer.status == 200, answer
    assert answer.json() == {"/tmp": ["made", "mine"], "/dev/shm": ["made", "mine"]}


@pytest.mark.parametrize("deed", ["fill and die", "fill"])
def test_what_fills_the_writable_folders_leaves_the_next_instance_room(
    gateway: Gateway, deed: str
) -> None:
    name = gateway.deploy(function(f"filler-{deed.replace(' ', '-')}", HANDLER, MANIFEST))

    answer = gateway.invoke(name, {"deed": deed})

    assert answer.status == (502 if deed == "fill and die" else 200), answer
    until(lambda: gateway.instances(name) == 0, "the instance has been stopped")
    assert gateway.counts(name)["zygote"] == "ready"
    assert_room(gateway, name)


def test_the_next_instance_has_room_at_once(gateway: Gateway) -> None:
    """Whoever waits for the place of an instance that died finds the folders emptied."""
    name = gateway.deploy(function("filler-often", HANDLER, MANIFEST))

    for _ in range(10):
        assert gateway.invoke(name, {"deed": "fill and die"}).status == 502
        assert_room(gateway, name)
