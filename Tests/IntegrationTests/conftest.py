"""Gateways for the tests: a shared one, and one of its own for who kills or configures it."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import host
import pytest
from brokers import Broker
from brokers_load import NAMES, Servers
from brokers_sqs import SQS
from folders import EXAMPLES, OURS, read_folder
from gateways import BINARY, CLI, SEEDED, Gateway

MakeGateway = Callable[..., Gateway]
Probe = Callable[..., Any]

# Kept between runs where it is set: layers with what functions require.
LAYERS = os.environ.get("FAAS_TEST_LAYERS")


def pytest_configure(config: pytest.Config) -> None:
    if os.geteuid() != 0:
        raise pytest.UsageError("sandboxes are made with runc, which needs root here")
    for binary in (BINARY, CLI):
        if not Path(binary).is_file():
            raise pytest.UsageError(f"{binary} is missing: swift build -c release")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The brokers' tests, which wait the longest, come first: others run meanwhile."""
    items.sort(key=lambda item: not item.path.name.startswith("test_brokers"))
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A folder for data folders. Not pytest's own: its names are long and its modes narrow."""
    folder = Path(tempfile.mkdtemp(prefix="faas-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def gateway(place: Path) -> Iterator[Gateway]:
    """The gateway that tests share; each uses functions with names of its own."""
    kept = Path(LAYERS) if LAYERS else None
    gateway = Gateway(place / "shared")
    if kept is not None:
        with alone(kept):
            gateway.seed(kept)
    gateway.start()
    yield gateway
    if kept is not None:
        with alone(kept):
            keep(gateway.data, kept)
    try:
        assert gateway.stop() == 0
        assert gateway.leftovers() == {}
    finally:
        end(gateway)


@contextmanager
def alone(kept: Path) -> Iterator[None]:
    """While no other of the processes that run the tests is in this folder."""
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def keep(data: Path, kept: Path) -> None:
    """Copies installed layers, and what installs them, to where the next run finds them."""
    for name in SEEDED:
        (kept / name).mkdir(parents=True, exist_ok=True)
        for source in (data / name).iterdir():
            if source.is_dir() and not (kept / name / source.name).exists():
                shutil.copytree(source, kept / name / source.name, symlinks=True)
            elif source.is_file() and not (kept / name / source.name).exists():
                shutil.copy2(source, kept / name / source.name)


@pytest.fixture
def make_gateway(
    gateway: Gateway, place: Path, request: pytest.FixtureRequest
) -> Iterator[MakeGateway]:
    """Makes gateways that end with the test; not started, so that settings may be changed."""
    made: list[Gateway] = []

    def make(**settings: str) -> Gateway:
        folder = place / f"own-{len(list(place.iterdir()))}"
        made.append(Gateway(folder, **settings))
        made[-1].share_runtime(gateway.data)
        return made[-1]

    yield make
    for own in made:
        end(own)


@pytest.fixture
def own_gateway(make_gateway: MakeGateway) -> Gateway:
    """A gateway of the test's own, started."""
    gateway = make_gateway()
    gateway.start()
    return gateway


def end(gateway: Gateway) -> None:
    if gateway.is_running:
        gateway.kill()
    shutil.rmtree(gateway.data, ignore_errors=True)
    for group in reversed(host.cgroups(gateway.tag)):
        try:
            group.rmdir()
        except OSError:
            continue


@pytest.fixture(scope="module")
def servers(place: Path, request: pytest.FixtureRequest) -> Iterator[Servers]:
    """The brokers, each started when it is first asked for."""
    servers = Servers(place / f"{request.module.__name__}-brokers")
    yield servers
    servers.stop()


@pytest.fixture(params=NAMES)
def broker(request: pytest.FixtureRequest, servers: Servers) -> Broker:
    return servers[request.param]


@pytest.fixture(scope="module")
def reader(
    gateway: Gateway, servers: Servers, place: Path, request: pytest.FixtureRequest
) -> Iterator[Gateway]:
    """A gateway that has the keys of SQS in its environment."""
    sqs = servers.all["sqs"]
    assert isinstance(sqs, SQS)
    made = Gateway(place / f"{request.module.__name__}-reader")
    made.share_runtime(gateway.data)
    with pytest.MonkeyPatch.context() as patch:
        for name, text in sqs.keys.items():
            patch.setenv(name, text)
        made.start()
        yield made
    end(made)


@pytest.fixture(scope="session")
def echo(gateway: Gateway) -> str:
    """A function that answers whatever it is sent."""
    return gateway.deploy(read_folder(EXAMPLES / "echo"))


@pytest.fixture(scope="session")
def hello(gateway: Gateway) -> str:
    """A function that wants a name."""
    return gateway.deploy(read_folder(EXAMPLES / "hello"))


@pytest.fixture(scope="session")
def prober(gateway: Gateway) -> str:
    """A function that tries to get out of its sandbox."""
    return gateway.deploy(read_folder(OURS / "prober"))


@pytest.fixture
def probe(gateway: Gateway, prober: str) -> Probe:
    """Runs a probe in the sandbox; what it found."""

    def run(name: str, argument: Any = None) -> Any:
        answer = gateway.invoke(prober, {"probe": name, "argument": argument})
        assert answer.status == 200, answer
        return answer.json()

    return run
