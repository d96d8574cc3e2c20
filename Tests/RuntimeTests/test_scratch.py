"""What instances leave in the sandbox's writable folders, and when it goes."""

import fcntl
import os
import signal
import time

import pytest

from host import EXITED, RUNTIME, WAIT_SECONDS

HANDLER = """
import os, pathlib

def load():
    places = [pathlib.Path(place) for place in PLACES]
    for place in places:
        (place / "made").write_text("by load")
        (place / "cache" / "inner").mkdir(parents=True)
        (place / "cache" / "inner" / "weights").write_text("by load")
    return places

def predict(places, code: str) -> str:
    exec(code, globals() | {"places": places})
    return "done"
"""
KEPT = ["cache", "cache/inner", "cache/inner/weights", "made"]
DEEDS = {
    "a file": "(places[0] / 'full').write_bytes(bytes(1 << 20))",
    "a file in both": "[(place / 'full').write_bytes(bytes(1 << 20)) for place in places]",
    "a file where load made a folder": "(places[0] / 'cache' / 'inner' / 'more').write_text('x')",
    "folders": "(places[0] / 'a' / 'b' / 'c').mkdir(parents=True)",
    "a full folder": "os.mkdir(places[0] / 'a'); [open(places[0] / 'a' / str(n), 'w') "
    "for n in range(300)]",
    "a folder that may not be read": "(places[0] / 'a' / 'b').mkdir(parents=True); "
    "os.chmod(places[0] / 'a' / 'b', 0); os.chmod(places[0] / 'a', 0)",
    "a pipe, a socket and links": "import socket; os.mkfifo(places[0] / 'fifo'); "
    "socket.socket(socket.AF_UNIX).bind(str(places[0] / 'socket')); "
    "os.symlink('nowhere', places[0] / 'dangling'); os.link(places[0] / 'made', places[0] / 'two')",
}


DEEP = """
os.chdir(places[0])
for _ in range(300):
    os.mkdir("further_and_further")
    os.chdir("further_and_further")
open("here", "w").close()
"""
"""Folders whose path is longer than any path may be."""


@pytest.fixture
def places(tmp_path):
    """What /tmp and /dev/shm are in a container."""
    made = [tmp_path / "tmp", tmp_path / "shm"]
    for place in made:
        place.mkdir()
    return made


@pytest.fixture
def started(sandbox, places):
    """A sandbox that has loaded and made files in both of its places."""
    names = [str(place) for place in places]
    one = sandbox(HANDLER.replace("PLACES", repr(names)), scratch=names)
    one.loaded()
    return one


def found(place):
    """Everything in a folder, by name."""
    paths = []
    for top, folders, files in os.walk(place):
        paths += [os.path.relpath(os.path.join(top, name), place) for name in folders + files]
    return sorted(paths)


def do(instance, code):
    assert instance.invoke({"code": code}).json() == "done"


def end(started, instance):
    """Ends it, and returns once the zygote has told so."""
    instance.close()
    assert started.control.expect(EXITED).stream == instance.number


def await_kept(place):
    deadline = time.monotonic() + WAIT_SECONDS
    while found(place) != KEPT:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("deed", DEEDS)
def test_what_an_instance_leaves_has_gone_when_its_end_is_told(started, places, deed):
    one = started.ready()
    do(one, DEEDS[deed])

    end(started, one)

    assert [found(place) for place in places] == [KEPT, KEPT]


def test_folders_within_folders_go_however_deep_they_are(started, places):
    one = started.ready()
    do(one, DEEP)

    end(started, one)

    await_kept(places[0])  # It may take more than the slice before the end is told.


def test_what_links_point_to_stays(started, places, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("ours")
    one = started.ready()
    do(
        one,
        f"os.symlink({str(outside)!r}, places[0] / 'link'); import shutil; "
        f"shutil.rmtree(places[1] / 'cache'); os.symlink({str(outside)!r}, places[1] / 'cache')",
    )

    end(started, one)

    assert found(outside) == ["file"]
    assert found(places[0]) == KEPT


def test_what_an_instance_leaves_stays_while_another_serves(started, places):
    one, other = started.ready(), started.ready()
    do(one, "(places[0] / 'shared').write_text('x')")

    end(started, one)
    assert "shared" in found(places[0])
    end(started, other)

    assert found(places[0]) == KEPT


def test_one_that_only_waits_in_reserve_keeps_nothing(started, places):
    one = started.ready()
    reserve = started.fork()
    do(one, "(places[0] / 'full').write_text('x')")

    end(started, one)

    assert found(places[0]) == KEPT
    reserve.attach()
    do(reserve, "(places[0] / 'its own').write_text('x')")
    assert "its own" in found(places[0])


def test_it_goes_with_one_that_is_killed_too(started, places):
    one = started.ready()
    do(one, "(places[0] / 'full').write_text('x')")

    os.kill(one.pid, signal.SIGKILL)
    started.control.expect(EXITED)

    assert found(places[0]) == KEPT


def test_what_an_orphan_leaves_goes_with_the_orphan(started, places):
    one = started.ready()
    reading, writing = os.pipe()
    orphan = f"""
if os.fork() == 0:
    os.read(os.open('/proc/{os.getpid()}/fd/{reading}', os.O_RDONLY), 1)
    (places[0] / 'late').write_text(str(os.getpid()))
    os._exit(0)
"""
    do(one, orphan)
    end(started, one)

    os.write(writing, b"x")

    await_kept(places[0])
    os.close(reading)
    os.close(writing)


def test_nothing_is_removed_where_nothing_is_said_to_be_scratch(sandbox, places):
    names = [str(place) for place in places]
    started = sandbox(HANDLER.replace("PLACES", repr(names)))
    started.loaded()
    one = started.ready()
    do(one, "(places[0] / 'file').write_text('x')")

    end(started, one)

    assert found(places[0]) == [*KEPT[:3], "file", "made"]


def lock_lines():
    with open("/proc/locks") as file:
        return file.readlines()


@pytest.fixture
def scratch(monkeypatch):
    """The module itself, for what takes too long through a sandbox."""
    monkeypatch.syspath_prepend(str(RUNTIME))
    from faas_runtime import scratch

    return scratch


def test_a_removal_goes_on_slice_by_slice(scratch, places, monkeypatch):
    monkeypatch.setattr(scratch, "SLICE_NANOS", 1_000_000)
    # However busy the machine is: in a slice it may be given no time at all.
    monkeypatch.setattr(scratch, "SLICES_MAX", 100_000)
    one = scratch.Scratch([str(places[0])])
    for number in range(3000):
        (places[0] / str(number)).touch()

    one.begin()
    assert found(places[0])
    slices = 1
    while one.slices:
        one.go_on()
        slices += 1

    assert found(places[0]) == []
    assert slices > 1


def test_a_removal_that_gets_nowhere_is_given_up(scratch, places, monkeypatch):
    monkeypatch.setattr(scratch, "SLICE_NANOS", -1)
    monkeypatch.setattr(scratch, "SLICES_MAX", 3)
    one = scratch.Scratch([str(places[0])])
    (places[0] / "file").touch()

    one.begin()
    one.go_on()
    assert one.slices
    one.go_on()

    assert not one.slices
    assert found(places[0]) == ["file"]


def test_a_place_in_which_loading_makes_too_much_is_left_as_it_is(scratch, places, monkeypatch):
    monkeypatch.setattr(scratch, "KEPT_MAX", 10)
    for number in range(11):
        (places[0] / str(number)).touch()
    one = scratch.Scratch([str(place) for place in places])
    for place in places:
        (place / "left").touch()

    one.begin()

    assert len(found(places[0])) == 12
    assert found(places[1]) == []


def test_what_is_deeper_than_is_remembered_is_left_as_it_is(scratch, places, monkeypatch):
    monkeypatch.setattr(scratch, "DEPTH_MAX", 1)
    (places[0] / "a" / "b").mkdir(parents=True)
    one = scratch.Scratch([str(places[0])])
    (places[0] / "a" / "b" / "left").touch()
    (places[0] / "a" / "new").touch()

    one.begin()

    assert found(places[0]) == ["a", "a/b", "a/b/left"]


@pytest.fixture
def entering(scratch, places):
    """A place while it is emptied, and a process that is to serve there; it says so on a pipe."""
    one = scratch.Scratch([str(places[0])])
    fcntl.lockf(one.lock, fcntl.LOCK_EX)  # As a removal has it.
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            one.enter()
            os.write(writing, b"x")
            signal.pause()
        finally:
            os._exit(1)
    yield one, pid, reading
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_an_instance_begins_when_a_removal_has_ended(entering, places):
    one, pid, reading = entering
    deadline = time.monotonic() + WAIT_SECONDS
    waits = ["->", "POSIX", "ADVISORY", "READ", str(pid)]
    while not any(line.split()[1:6] == waits for line in lock_lines()):
        assert time.monotonic() < deadline

    fcntl.lockf(one.lock, fcntl.LOCK_UN)

    assert os.read(reading, 1) == b"x"
    (places[0] / "its own").touch()
    one.begin()
    assert found(places[0]) == ["its own"]
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    one.begin()
    assert found(places[0]) == []
