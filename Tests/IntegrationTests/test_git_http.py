"""Git over HTTP from the gateway itself: keys, accounts, limits."""

import base64
import gzip
import os
import signal
import socket
from pathlib import Path

import pytest
from accounts import KEYS, WITH_KEYS
from gateways import Gateway
from git_repositories import Clone, answers, make_clone, named, slow_to_load
from pushes import open_push, order
from waiting import until

from conftest import MakeGateway

ADVERTISEMENT = "/git/models.git/info/refs?service=git-receive-pack"
PROCESSES_MAX = 8


@pytest.fixture
def keyed(make_gateway: MakeGateway) -> Gateway:
    """A gateway with keys, reached as Ada."""
    gateway = make_gateway(config=WITH_KEYS)
    gateway.start()
    gateway.token = KEYS["ada"]
    return gateway


def remote(gateway: Gateway, key: str | None = None, user: str = "any") -> str:
    login = f"{user}:{key}@" if key else ""
    return f"http://{login}{gateway.host}:{gateway.port}/git/models.git"


def basic(password: str) -> dict[str, str]:
    digits = base64.b64encode(f"x:{password}".encode()).decode()
    return {"Authorization": f"Basic {digits}"}


def test_a_push_and_a_clone_without_keys(gateway: Gateway, tmp_path: Path) -> None:
    clone = make_clone(gateway, tmp_path / "clone", "models")
    clone.write("model", named("git-http", answers("a ")))
    commit = clone.commit()

    push = clone.push(remote=remote(gateway)).taken()

    push.has("git-http-1 serves at", f"1 function serves {commit[:10]}")
    assert gateway.invoke("git-http", {"name": "x"}).json() == "a x"
    clone.run("clone", "--quiet", remote(gateway), str(tmp_path / "second"))
    assert (tmp_path / "second/model/handler.py").read_text() == answers("a ")["handler.py"]


def test_a_refused_push_says_why_over_http_too(gateway: Gateway, tmp_path: Path) -> None:
    gateway.cli("git", "init", "models")
    clone = Clone(tmp_path / "clone", gateway, remote(gateway))
    clone.write("model", named("git-http-bad", {"handler.py": "import nowhere_at_all\n"}))
    clone.commit()

    push = clone.push("main:bad").refused()

    push.has("git-http-bad--bad failed:", "nowhere_at_all", "nothing was changed")


def test_the_key_is_the_password(keyed: Gateway, tmp_path: Path) -> None:
    clone = make_clone(keyed, tmp_path / "clone", "models")
    clone.write("model", named("git-keyed", answers("a ")))
    clone.commit()

    without = clone.push(remote=remote(keyed)).refused()
    wrong = clone.push(remote=remote(keyed, "key-of-eve")).refused()
    right = clone.push(remote=remote(keyed, KEYS["ada"], user="ada-at-work")).taken()

    assert "could not read Username" in without.text
    assert "Authentication failed" in wrong.text
    right.has("git-keyed-1 serves at")
    description = keyed.get("/v1/functions/git-keyed")
    assert description["account"] == "ada"
    assert description["origin"]["deployedBy"] == "ada-at-work"


def test_a_push_over_a_local_path_takes_the_key_from_the_environment(
    keyed: Gateway, tmp_path: Path
) -> None:
    clone = make_clone(keyed, tmp_path / "clone", "models")
    clone.write("model", named("git-local", answers("a ")))
    clone.commit()

    keyed.token = None
    clone.push().refused().has("error:", "FAAS_TOKEN")
    keyed.token = KEYS["ada"]
    clone.push().taken()


def test_who_has_no_key_is_asked_for_one(keyed: Gateway) -> None:
    keyed.cli("git", "init", "models")
    for headers in ({}, basic("wrong"), {"Authorization": "Basic !"}):
        keyed.token = None
        answer = keyed.request("GET", ADVERTISEMENT, headers=headers)

        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'Basic realm="faas"'
    assert keyed.request("GET", ADVERTISEMENT, headers=basic(KEYS["ada"])).status == 200


def test_another_account_s_repository_is_not_there(keyed: Gateway, tmp_path: Path) -> None:
    clone = make_clone(keyed, tmp_path / "clone", "models")
    clone.commit()
    keyed.token = KEYS["bob"]

    assert keyed.get("/v1/repositories")["repositories"] == []
    assert keyed.request("GET", "/v1/repositories/models").status == 404
    assert keyed.request("DELETE", "/v1/repositories/models").status == 404
    assert keyed.request("PUT", "/v1/repositories/models", "").status == 403
    answer = keyed.request("GET", ADVERTISEMENT, headers=basic(KEYS["bob"]))
    assert answer.status == 404
    assert "There is no repository models" in answer.text
    clone.push(remote=remote(keyed, KEYS["bob"])).refused()


def test_another_account_cannot_say_what_a_repository_serves(
    keyed: Gateway, tmp_path: Path
) -> None:
    clone = make_clone(keyed, tmp_path / "clone", "models")
    clone.write("model", named("git-ada", answers("a ")))
    commit = clone.commit()
    clone.push().taken()
    keyed.token = KEYS["bob"]

    for is_gone in (False, True):
        push = open_push(keyed, "models", "b0b")
        body = {"remove": ["git-ada"], "branchIsGone": is_gone}
        answer = order(keyed, "POST", f"/v1/pushes/{push}/apply", body)
        assert (answer.status, answer.json()["removed"]) == (200, [])

        keyed.token = KEYS["ada"]
        served = keyed.get("/v1/repositories/models")["branches"]
        assert [(branch["name"], branch["commit"]) for branch in served] == [("main", commit)]
        keyed.token = KEYS["bob"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/git/models.git/info/refs", 400),
        ("GET", "/git/models.git/info/refs?service=git-upload-archive", 400),
        ("GET", "/git/models.git/HEAD", 404),
        ("GET", "/git/models.git/config", 404),
        ("GET", "/git/models.git/objects/info/packs", 404),
        ("GET", "/git/models/info/refs?service=git-upload-pack", 404),
        ("GET", "/git/none.git/info/refs?service=git-upload-pack", 404),
        ("GET", "/git/..%2Fmodels.git/info/refs?service=git-upload-pack", 404),
        ("POST", "/git/models.git/git-upload-archive", 404),
    ],
)
def test_only_the_smart_protocol_is_served(
    gateway: Gateway, method: str, path: str, status: int
) -> None:
    gateway.cli("git", "init", "models")

    assert gateway.request(method, path, "" if method == "POST" else None).status == status


def test_a_large_push_comes_in_pieces(gateway: Gateway, tmp_path: Path) -> None:
    gateway.cli("git", "init", "models")
    clone = Clone(tmp_path / "clone", gateway, remote(gateway))
    noise = (tmp_path / "noise").open("wb")
    with noise, Path("/dev/urandom").open("rb") as source:
        noise.write(source.read(20 << 20))
    clone.write("docs", {"noise.bin": (tmp_path / "noise").read_bytes()})
    clone.commit()

    clone.push("main:large").taken()

    clone.run("clone", "--quiet", "--branch", "large", remote(gateway), str(tmp_path / "second"))
    assert (tmp_path / "second/docs/noise.bin").read_bytes() == (tmp_path / "noise").read_bytes()


def test_a_compressed_request_is_understood(gateway: Gateway) -> None:
    gateway.cli("git", "init", "models")
    listing = b"0014command=ls-refs\n0000"
    headers = {
        "Content-Type": "application/x-git-upload-pack-request",
        "Content-Encoding": "gzip",
        "Git-Protocol": "version=2",
    }

    answer = gateway.request(
        "POST", "/git/models.git/git-upload-pack", gzip.compress(listing), headers
    )

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-git-upload-pack-result"
    assert answer.body.endswith(b"0000")


@pytest.mark.timeout(40)  # less than the gateway keeps a push that nobody asks for
def test_a_client_that_goes_away_drops_its_push(gateway: Gateway, tmp_path: Path) -> None:
    gateway.cli("git", "init", "models")
    clone = Clone(tmp_path / "clone", gateway, remote(gateway))
    clone.write("model", named("git-left", slow_to_load()))
    clone.commit()
    process = clone.start("push", clone.remote, "main:left")
    assert process.stdout is not None
    assert any("load:" in line for line in process.stdout)

    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)

    clone.push("main:stayed").taken().has("git-left--stayed-1 serves at")
    assert gateway.invoke("git-left--left", {"name": "x"}).status == 404


def half_a_request(gateway: Gateway) -> socket.socket:
    """A fetch whose request never ends: its process waits for the rest."""
    connection = socket.create_connection((gateway.host, gateway.port), timeout=30)
    connection.sendall(
        b"POST /git/models.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        b"Content-Type: application/x-git-upload-pack-request\r\n\r\n0032"
    )
    return connection


def test_too_many_at_once_are_told_so_and_leave_no_process(gateway: Gateway) -> None:
    gateway.cli("git", "init", "models")
    path = "/git/models.git/info/refs?service=git-upload-pack"
    held = [half_a_request(gateway) for _ in range(PROCESSES_MAX)]
    heads = [connection.recv(12) for connection in held]
    assert heads == [b"HTTP/1.1 200"] * PROCESSES_MAX

    busy = gateway.request("GET", path)

    assert busy.status == 503
    assert int(busy.headers["retry-after"]) > 0
    for connection in held:
        connection.close()
    until(lambda: gateway.request("GET", path).status == 200, "there is a place again", 20)


@pytest.mark.parametrize("service", ["git-upload-pack", "git-receive-pack"])
def test_clients_that_do_not_wait_for_the_references_end_nothing(
    own_gateway: Gateway, service: str
) -> None:
    own_gateway.cli("git", "init", "models")
    path = f"/git/models.git/info/refs?service={service}"
    for _ in range(40):
        with own_gateway.raw() as connection:
            connection.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
        assert own_gateway.is_running, own_gateway.log.read_text()
        own_gateway.healthy()

    until(lambda: own_gateway.request("GET", path).status == 200, "there is a place again")
    assert own_gateway.stop() == 0
