"""API keys: who may see and use what."""

import hashlib
import subprocess

import pytest
from folders import function
from gateways import Gateway

from conftest import MakeGateway

HANDLER = "def predict() -> int:\n    return 1\n"
KEYS = {"ada": "key-of-ada", "bob": "key-of-bob"}


def configuration() -> str:
    lines = ["keys:"]
    for account, key in KEYS.items():
        digest = hashlib.sha256(key.encode()).hexdigest()
        lines += [f"  - account: {account}", f"    sha256: {digest}"]
    return "\n".join(lines) + "\n"


@pytest.fixture
def keyed(make_gateway: MakeGateway) -> Gateway:
    """A gateway with keys, reached as Ada, who has deployed a function."""
    gateway = make_gateway(config=configuration())
    gateway.start()
    gateway.token = KEYS["ada"]
    gateway.deploy(function("adas", HANDLER))
    return gateway


def test_a_name_that_was_anothers_tells_nothing_of_it(keyed: Gateway) -> None:
    keyed.remove("adas")
    keyed.token = KEYS["bob"]
    keyed.deploy(function("adas", HANDLER.replace("1", "2")))

    revisions = keyed.get("/v1/functions/adas/revisions")["revisions"]

    assert [one["number"] for one in revisions] == [2]
    assert keyed.request("GET", "/v1/functions/adas/revisions/1/bundle").status == 404


def test_who_has_no_key_is_told_so(keyed: Gateway) -> None:
    keyed.token = None
    routes = [
        ("POST", "/function/adas"),
        ("GET", "/v1/functions"),
        ("PUT", "/v1/functions/new"),
        ("DELETE", "/v1/functions/adas"),
        ("GET", "/v1/usage"),
        ("GET", "/v1/pools"),
        ("GET", "/v1/node"),
        ("GET", "/metrics"),
    ]
    for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic a2V5"}):
        for method, path in routes:
            answer = keyed.request(method, path, "{}", wrong)

            assert answer.status == 401, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")
    for path in ("/healthz", "/readyz"):
        assert keyed.request("GET", path).status == 200
    assert keyed.rows() == []


def test_a_function_is_its_accounts_own(keyed: Gateway) -> None:
    keyed.token = KEYS["bob"]

    assert keyed.invoke("adas").status == 403
    assert keyed.request("GET", "/v1/functions/adas").status in (403, 404)
    assert keyed.request("GET", "/v1/functions/adas/logs").status in (403, 404)
    assert keyed.request("DELETE", "/v1/functions/adas").status in (403, 404)
    stolen = keyed.put("adas", function("adas", HANDLER.replace("1", "2")))
    assert stolen.status == 403
    assert keyed.get("/v1/functions")["functions"] == []
    assert keyed.get("/v1/pools")["pools"] == []
    keyed.token = KEYS["ada"]
    assert [pool["function"] for pool in keyed.get("/v1/pools")["pools"]] == ["adas"]
    assert keyed.invoke("adas").json() == 1


def test_usage_is_its_accounts_own(keyed: Gateway) -> None:
    answer = keyed.invoke("adas")
    assert keyed.row(answer.id)["account"] == "ada"
    assert keyed.get("/v1/usage?by=account")["total"]["invocations"] == 1

    keyed.token = KEYS["bob"]

    assert keyed.get("/v1/usage")["total"]["invocations"] == 0
    assert keyed.get("/v1/usage?by=account&account=ada")["total"]["invocations"] == 0
    assert keyed.request("GET", f"/v1/invocations/{answer.id}").status in (403, 404)


def test_a_key_survives_a_restart_with_its_functions(keyed: Gateway) -> None:
    keyed.stop()
    keyed.start()

    assert keyed.invoke("adas").json() == 1
    keyed.token = KEYS["bob"]
    assert keyed.invoke("adas").status == 403


def test_the_command_line_takes_the_key_from_its_variable(keyed: Gateway) -> None:
    assert "adas" in keyed.cli("list")
    keyed.token = None
    ended = keyed.run_cli("list")
    assert ended.returncode == 1
    assert "FAAS_TOKEN" in ended.stderr


def test_keys_are_not_in_the_data_or_the_log(keyed: Gateway) -> None:
    keyed.invoke("adas")
    for path in [keyed.log, *keyed.data.glob("*.sqlite*")]:
        assert KEYS["ada"].encode() not in path.read_bytes()


@pytest.mark.parametrize("listen", ["0.0.0.0:0", ":0", "[::]:0"])
def test_without_keys_only_the_loopback_may_be_listened_on(
    make_gateway: MakeGateway, listen: str
) -> None:
    open_to_all = make_gateway(listen=listen)
    open_to_all.launch()
    assert open_to_all.process is not None

    status = open_to_all.process.wait(20)

    assert status != 0
    assert "keys" in open_to_all.log.read_text()


def test_with_keys_every_address_may_be_listened_on(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(config=configuration(), listen="0.0.0.0:0")

    gateway.start()

    assert gateway.request("GET", "/v1/functions").status == 401


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("listn: 127.0.0.1:1\n", "listn"),
        ("keys: [{ account: ada }]\n", "sha256"),
        ("synchronous: maybe\n", "synchronous"),
        ("listen: nowhere\n", "listen"),
        ("keys: {\n", "yaml"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(
    make_gateway: MakeGateway, text: str, word: str
) -> None:
    gateway = make_gateway(config=text)
    gateway.listen = "127.0.0.1:0" if "listen:" not in text else ""
    command = [part for part in gateway.command() if part not in ("", "--listen")]
    if gateway.listen:
        command = gateway.command()

    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode != 0
    assert word in (ended.stdout + ended.stderr).lower()


def test_an_empty_configuration_means_the_defaults(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(config="# nothing yet\n")

    gateway.start()

    assert gateway.request("GET", "/v1/functions").status == 200
