"""Weights that a manifest names: fetched once, checked, and seen in the sandbox read-only."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest
from folders import Files, function
from gateways import Deploy, Gateway
from waiting import until
from weights import BUCKET, ObjectStore, Web, digest, serving

from conftest import MakeGateway

ANSWER = """
import mmap, os
def load():
    with open(os.environ["FAAS_MODEL"], "rb") as file:
        return file.read(), mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
def predict(model) -> dict:
    read, mapped = model
    return {"path": os.environ["FAAS_MODEL"], "size": len(read), "text": mapped[:20].decode()}
"""

HARM = """
import os
def load():
    return os.environ["FAAS_MODEL"]
def predict(model) -> list:
    done = []
    for name, call in {
        "append": lambda: open(model, "ab"), "make": lambda: open("/model/new", "wb"),
        "chmod": lambda: os.chmod(model, 0o777), "unlink": lambda: os.unlink(model),
        "truncate": lambda: os.truncate(model, 0),
    }.items():
        try:
            call()
            done.append(name)
        except OSError:
            pass
    return done + [name for name in os.listdir("/model") if not model.endswith(name)]
"""

FIRST, SECOND = b"the first weights", b"the second weights"
STOP_SECONDS_MAX = 10
NOWHERE = b"weights that are stored already need no source"


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


def weighty(name: str, source: str, content: bytes, handler: str = ANSWER, more: str = "") -> Files:
    """A function whose manifest names these weights."""
    model = f'model: {{ source: "{source}", sha256: "{digest(content)}" }}\n'
    return function(name, handler, model + more)


def write(folder: Path, content: bytes) -> str:
    """Puts a file onto the host; its source."""
    path = folder / "tiny.onnx"
    path.write_bytes(content)
    path.chmod(0o644)
    return f"file://{path}"


def stored(gateway: Gateway) -> set[str]:
    folder = gateway.data / "weights"
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def steps(deploy: Deploy) -> list[str]:
    return [event["step"] for event in deploy.events]


def text(gateway: Gateway, name: str) -> str:
    answer = gateway.invoke(name)
    assert answer.status == 200, answer
    return str(answer.json()["text"])


@pytest.mark.parametrize("isolation", ["zygote", "instance"])
def test_a_file_of_the_host_is_read_where_the_environment_says(
    gateway: Gateway, place: Path, isolation: str
) -> None:
    name = f"weights-of-file-{isolation}"
    source = write(place, FIRST)

    deploy = gateway.put(name, weighty(name, source, FIRST, more=f"isolation: {isolation}\n"))

    assert deploy.done
    assert "weights" in steps(deploy)
    found = {"path": "/model/tiny.onnx", "size": len(FIRST), "text": FIRST.decode()}
    assert gateway.invoke(name).json() == found
    path = gateway.data / "weights" / digest(FIRST)
    assert path.read_bytes() == FIRST
    assert path.stat().st_mode & 0o777 == 0o444


def test_a_file_of_a_web_server_is_fetched_once_for_all_functions(
    gateway: Gateway, web: Web
) -> None:
    content = bytes(range(32, 127)) * 50_000
    web.files["big.bin"] = content

    for name in ("weights-of-web", "weights-of-web-too"):
        assert gateway.put(name, weighty(name, f"{web.url}/big.bin", content)).done
        answer = gateway.invoke(name).json()
        assert answer["path"] == "/model/big.bin"
        assert answer["size"] == len(content)

    assert web.ranges == [""]


def test_an_object_of_s3_is_fetched_with_the_gateways_keys(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ObjectStore()
    try:
        store.start({"language/tiny v1.onnx": FIRST})
        for variable, value in store.keys.items():
            monkeypatch.setenv(variable, value)
        gateway = make_gateway()
        gateway.start()
        source = f"s3://{BUCKET}/language/tiny%20v1.onnx"

        gateway.deploy(weighty("weights-of-s3", source, FIRST))
        missing = gateway.put("missing", weighty("missing", f"s3://{BUCKET}/none", SECOND))

        assert text(gateway, "weights-of-s3") == FIRST.decode()
        assert missing.code == "weightsFailed"
        assert "NoSuchKey" in str(missing.problem)
    finally:
        store.stop()


def test_a_wrong_digest_refuses_the_deploy_and_what_served_goes_on(
    gateway: Gateway, place: Path
) -> None:
    name = "weights-wrong"
    source = write(place, FIRST)
    assert gateway.put(name, weighty(name, source, FIRST)).done
    before = stored(gateway)

    deploy = gateway.put(name, weighty(name, source, SECOND))

    assert deploy.code == "weightsFailed"
    assert digest(FIRST) in str(deploy.problem)
    assert digest(SECOND) in str(deploy.problem)
    assert text(gateway, name) == FIRST.decode()
    assert stored(gateway) == before


def test_another_digest_alone_makes_a_revision_with_the_new_weights(
    gateway: Gateway, place: Path
) -> None:
    name = "weights-renewed"
    source = write(place, FIRST)
    assert gateway.put(name, weighty(name, source, FIRST)).done
    assert gateway.put(name, weighty(name, source, FIRST)).done["unchanged"]
    write(place, SECOND)

    deploy = gateway.put(name, weighty(name, source, SECOND))

    assert not deploy.done.get("unchanged")
    assert text(gateway, name) == SECOND.decode()
    assert {digest(FIRST), digest(SECOND)} <= stored(gateway)


def test_a_handler_cannot_change_its_weights(gateway: Gateway, place: Path) -> None:
    name = "weights-harmed"
    assert gateway.put(name, weighty(name, write(place, FIRST), FIRST, HARM)).done

    assert gateway.invoke(name).json() == []
    assert (gateway.data / "weights" / digest(FIRST)).read_bytes() == FIRST


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("http://example.org/model.bin", "https"),
        ("https://169.254.169.254/model.bin", "link-local"),
        ("file:///nowhere/at/all", "No such file"),
        ("file:///etc", "regular file"),
        ("file:///etc/shadow", "o+r"),
        ("http://127.0.0.1:1/model.bin", "127.0.0.1:1"),
    ],
)
def test_a_source_that_nothing_comes_from_is_told(gateway: Gateway, source: str, says: str) -> None:
    deploy = gateway.put("weights-nowhere", weighty("weights-nowhere", source, NOWHERE))

    assert deploy.code == "weightsFailed"
    assert says in str(deploy.problem)
    assert gateway.invoke("weights-nowhere").status == 404


def test_a_file_of_the_gateways_own_is_no_source(gateway: Gateway) -> None:
    name = "weights-own"
    source = f"file://{gateway.data}/registry.sqlite"

    deploy = gateway.put(name, weighty(name, source, NOWHERE))

    assert deploy.code == "weightsFailed"


def test_a_file_below_a_folder_of_root_alone_is_no_source(gateway: Gateway, place: Path) -> None:
    name = "weights-closed"
    folder = place / "closed"
    folder.mkdir(mode=0o700)
    # Of no other test: what the store has already is fetched from nowhere.
    closed = b"closed to others"
    source = write(folder, closed)

    for content in (closed, b"not what it has"):
        deploy = gateway.put(name, weighty(name, source, content))

        assert deploy.code == "weightsFailed"
        assert f"may enter {folder}" in str(deploy.problem)
        assert digest(closed) not in str(deploy.problem)


def test_weights_outlive_a_crash_and_go_when_no_revision_needs_them(
    make_gateway: MakeGateway, place: Path
) -> None:
    gateway = make_gateway()
    gateway.start()
    gateway.deploy(weighty("kept", write(place, FIRST), FIRST))
    gateway.deploy(weighty("dropped", write(place, SECOND), SECOND))
    gateway.kill()

    gateway.start()
    assert text(gateway, "kept") == FIRST.decode()
    gateway.remove("dropped")
    assert gateway.stop() == 0
    assert gateway.leftovers() == {}
    gateway.start()

    assert stored(gateway) == {digest(FIRST)}
    assert text(gateway, "kept") == FIRST.decode()


def put_and_lose(gateway: Gateway, files: Files) -> None:
    """Deploys with a gateway that ends meanwhile."""
    with suppress(OSError, HTTPException):
        gateway.put("cut", files)


def test_a_gateway_that_stops_does_not_wait_for_its_fetches(
    make_gateway: MakeGateway, web: Web
) -> None:
    content = FIRST + bytes(4 << 20)
    web.files["big.bin"], web.hold_after = content, 1 << 20
    gateway = make_gateway()
    gateway.start()
    files = weighty("cut", f"{web.url}/big.bin", content)
    thread = threading.Thread(target=put_and_lose, args=(gateway, files))
    thread.start()
    until(lambda: web.ranges, "the fetch has begun")

    began = time.monotonic()
    assert gateway.stop() == 0
    thread.join()

    assert time.monotonic() - began < STOP_SECONDS_MAX
    assert gateway.leftovers() == {}


def test_a_fetch_goes_on_where_a_crash_cut_it(make_gateway: MakeGateway, web: Web) -> None:
    content = FIRST + bytes(4 << 20)
    web.files["big.bin"], web.hold_after = content, 1 << 20
    gateway = make_gateway()
    gateway.start()
    files = weighty("cut", f"{web.url}/big.bin", content)
    partial = gateway.data / "weights" / f"{digest(content)}.part"

    thread = threading.Thread(target=put_and_lose, args=(gateway, files))
    thread.start()
    until(lambda: partial.exists() and partial.stat().st_size == 1 << 20, "a part is here")
    gateway.kill()
    thread.join()
    web.hold_after = None
    gateway.start()
    assert gateway.put("cut", files).done

    assert web.ranges == ["", f"bytes={1 << 20}-"]
    assert gateway.invoke("cut").json()["size"] == len(content)
    assert stored(gateway) == {digest(content)}
