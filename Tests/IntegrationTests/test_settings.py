"""Settings that the gateway refuses, and what it answers to watchers and wrong methods."""

import socket

import pytest
from gateways import Gateway

from conftest import MakeGateway

DIGEST = "0" * 64


def refusal(gateway: Gateway) -> str:
    gateway.launch()
    assert gateway.process is not None
    assert gateway.process.wait(20) != 0
    return gateway.log.read_text()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (f"keys: [{{account: '', sha256: {DIGEST}}}]", "64 hexadecimal digits"),
        (f"keys: [{{account: ada, sha256: {'z' * 64}}}]", "64 hexadecimal digits"),
        (f"keys: [{{account: ada, sha256: {'é' * 32}}}]", "64 hexadecimal digits"),
        ("prices: {nanosPerInvocation: 9223372036854775807}", "from 0 to 1000000000000"),
        ("prices: {nanosPerGiBSecond: -1}", "from 0 to 1000000000000"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(
    make_gateway: MakeGateway, config: str, words: str
) -> None:
    assert words in refusal(make_gateway(config=config + "\n"))


def test_a_taken_port_is_named_before_anything_is_done(make_gateway: MakeGateway) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        gateway = make_gateway(listen=f"127.0.0.1:{port}")

        text = refusal(gateway)

    assert f"cannot listen on 127.0.0.1:{port}: another program listens there" in text
    assert f"--listen 127.0.0.1:{port % 65535 + 1}" in text
    assert not (gateway.data / "billing.sqlite").exists()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_watchers_may_ask_with_head(gateway: Gateway, path: str) -> None:
    answer = gateway.request("HEAD", path)

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/v1/functions/echo", "DELETE, GET, PUT"),
        ("DELETE", "/v1/usage", "GET"),
        ("GET", "/async-function/echo", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_a_route_says_which_methods_it_takes(
    gateway: Gateway, method: str, path: str, allowed: str
) -> None:
    answer = gateway.request(method, path)

    assert (answer.status, answer.json()["code"]) == (405, "methodNotAllowed"), answer
    assert answer.headers["allow"] == allowed
