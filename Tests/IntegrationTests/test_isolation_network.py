"""What a function cannot reach, tried from inside a real sandbox."""

import socket
from collections.abc import Iterator

import pytest
from gateways import Gateway

from conftest import Probe


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[socket.socket, int]]:
    """A port of the host, on all of its addresses, to which nobody should come."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield server, server.getsockname()[1]


def test_there_is_no_network_but_the_loopback(probe: Probe) -> None:
    assert probe("interfaces") == ["lo"]


@pytest.mark.parametrize("target", [("1.1.1.1", 443), ("8.8.8.8", 53), ("2606:4700::1111", 443)])
def test_the_outside_cannot_be_reached(probe: Probe, target: tuple[str, int]) -> None:
    assert probe("connect", target) in ("ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL")


def addresses_of_the_host() -> list[str]:
    found = {"127.0.0.1"}
    for information in socket.getaddrinfo(socket.gethostname(), 0, socket.AF_INET):
        found.add(str(information[4][0]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outgoing:
        try:
            outgoing.connect(("192.0.2.1", 9))
            found.add(outgoing.getsockname()[0])
        except OSError:
            pass
    return sorted(found)


@pytest.mark.parametrize("address", addresses_of_the_host())
def test_ports_of_the_host_cannot_be_reached(
    gateway: Gateway, probe: Probe, listener: tuple[socket.socket, int], address: str
) -> None:
    for port in (gateway.port, listener[1]):
        assert probe("connect", [address, port]) in ("ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH")


def test_the_gateway_is_not_on_the_metadata_or_other_link_addresses(probe: Probe) -> None:
    assert probe("connect", ["169.254.169.254", 80]) in ("ENETUNREACH", "EHOSTUNREACH")
    assert probe("send_datagram", ["255.255.255.255", 9]) in ("ENETUNREACH", "EACCES")


def test_names_are_not_resolved(probe: Probe) -> None:
    assert not probe("resolve", "example.com").startswith("done")


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("AF_VSOCK", [40, 1]),
        ("AF_PACKET", [17, 3]),
        ("raw IP", [2, 3, 1]),
        ("raw IPv6", [10, 3, 58]),
        ("AF_ALG", [38, 5]),
        ("AF_BLUETOOTH", [31, 3]),
        ("AF_XDP", [44, 3]),
        ("AF_CAN", [29, 3]),
        ("AF_KEY", [15, 3, 2]),
        ("AF_TIPC", [30, 5]),
    ],
)
def test_a_socket_of_this_kind_cannot_be_made(
    probe: Probe, kind: str, arguments: list[int]
) -> None:
    assert probe("make_socket", arguments) in ("EPERM", "EACCES", "EAFNOSUPPORT"), kind


def test_sockets_of_the_host_have_no_names_here(probe: Probe) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0faas-isolation-test")
        server.listen()

        assert probe("unix_sockets") == []
