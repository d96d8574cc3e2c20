"""What a function with `network: egress` reaches, and what it does not."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import host
import outside
import pytest
from folders import function
from gateways import Gateway
from waiting import until

HANDLER = """
import errno
import socket
import urllib.request


def load():
    # As a handler that fetches something while it loads.
    return fetch("http://198.51.100.2:8099/")


def predict(model, act: str, argument: str = ""):
    acts = {"fetch": fetch, "connect": connect, "read": read, "loaded": lambda _: model}
    return acts[act](argument)


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def read(path):
    return open(path).read()


def connect(place):
    address, port = place.split()
    try:
        socket.create_connection((address, int(port)), timeout=2).close()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return "connected"
"""
Ask = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
def cable() -> Iterator[None]:
    with outside.outside():
        yield


@pytest.fixture(scope="module")
def name(gateway: Gateway, cable: None) -> str:
    return gateway.deploy(function("outgoing", HANDLER, "network: egress\n"))


@pytest.fixture
def ask(gateway: Gateway, name: str) -> Ask:
    def ask(act: str, argument: str = "") -> Any:
        answer = gateway.invoke(name, {"act": act, "argument": argument})
        assert answer.status == 200, answer
        return answer.json()

    return ask


def test_it_reaches_the_outside_while_it_loads_and_when_it_is_invoked(ask: Ask) -> None:
    assert ask("loaded") == outside.ANSWER
    assert ask("fetch", f"http://{outside.ADDRESS}:{outside.PORT}/") == outside.ANSWER


def addresses_of_the_host() -> list[str]:
    found = {"127.0.0.1", outside.HOST}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outgoing:
        try:
            outgoing.connect(("192.0.2.1", 9))
            found.add(outgoing.getsockname()[0])
        except OSError:
            pass
    return sorted(found)


@pytest.mark.parametrize("address", [*addresses_of_the_host(), "198.18.0.2", "198.18.0.3"])
def test_it_reaches_the_host_by_no_address(gateway: Gateway, ask: Ask, address: str) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        listener.settimeout(0.2)
        for port in (gateway.port, listener.getsockname()[1]):
            assert ask("connect", f"{address} {port}") != "connected"
        with pytest.raises(TimeoutError):
            listener.accept()


def test_it_reaches_no_link_local_address(ask: Ask) -> None:
    assert outside.answers(outside.LINK_LOCAL)
    assert ask("connect", f"{outside.LINK_LOCAL} {outside.PORT}") == "EHOSTUNREACH"


def test_its_names_are_resolved_by_the_host(ask: Ask) -> None:
    assert ask("read", "/etc/resolv.conf") == "nameserver 198.18.0.3\n"
    assert ask("read", "/etc/hosts") == "127.0.0.1 localhost\n"


def test_a_function_beside_it_reaches_nothing(gateway: Gateway, name: str) -> None:
    deploy = gateway.put("incoming", function("incoming", HANDLER))

    assert deploy.code == "loadRaised", deploy
    assert "unreachable" in str(deploy.problem)


def test_its_network_ends_with_the_sandbox(own_gateway: Gateway) -> None:
    deployed = own_gateway.deploy(function("outgoing", HANDLER, "network: egress\n"))
    before = network_processes(own_gateway)

    own_gateway.request("DELETE", f"/v1/functions/{deployed}")

    assert before != []
    until(lambda: not any(map(host.is_alive, before)), "the network's processes have ended")


def test_its_network_ends_with_a_gateway_that_is_killed(own_gateway: Gateway) -> None:
    own_gateway.deploy(function("outgoing", HANDLER, "network: egress\n"))
    before = network_processes(own_gateway)

    own_gateway.kill()

    assert before != []
    until(lambda: not any(map(host.is_alive, before)), "the network's processes have ended")


def test_a_function_whose_network_died_gets_another(own_gateway: Gateway) -> None:
    deployed = own_gateway.deploy(function("outgoing", HANDLER, "network: egress\n"))
    url = f"http://{outside.ADDRESS}:{outside.PORT}/"
    for process in network_processes(own_gateway):
        os.kill(process, signal.SIGKILL)

    def reaches() -> bool:
        answer = own_gateway.invoke(deployed, {"act": "fetch", "argument": url})
        return answer.status == 200 and answer.json() == outside.ANSWER

    until(reaches, "another sandbox has taken its place")


def network_processes(gateway: Gateway) -> list[int]:
    groups = [group for group in host.cgroups(gateway.tag) if group.name == "network"]
    return host.processes_in(groups)
