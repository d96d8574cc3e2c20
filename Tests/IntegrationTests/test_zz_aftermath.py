"""What all the tests before have left behind in the gateway that they shared."""

import host
import pytest
from gateways import Gateway
from waiting import until

RESIDENT_MIB_MAX = 400
FILES_MAX = 80

pytestmark = pytest.mark.last


def test_it_is_the_process_that_was_started_first(gateway: Gateway) -> None:
    assert gateway.starts == 1
    assert gateway.is_running
    assert gateway.request("GET", "/readyz").status == 200


def test_its_log_has_no_error_of_its_own(gateway: Gateway) -> None:
    errors = [
        line
        for line in gateway.log.read_text().splitlines()
        if " error " in line or "Fatal" in line
    ]
    assert errors == []


def test_its_memory_has_not_grown_without_bound(gateway: Gateway) -> None:
    resident = host.resident_mib(gateway.pid)
    print(f"\nresident after all tests: {resident:.0f} MiB")
    assert resident < RESIDENT_MIB_MAX


@pytest.fixture(scope="module")
def emptied(gateway: Gateway) -> Gateway:
    """The shared gateway without functions."""
    for function in gateway.get("/v1/functions")["functions"]:
        gateway.remove(function["name"])
    return gateway


def test_without_functions_nothing_is_left_of_them(emptied: Gateway) -> None:
    gateway = emptied
    until(lambda: not host.cgroup_processes(gateway.tag), "no process", seconds=10)
    until(lambda: not list((gateway.data / "sandboxes").iterdir()), "no sandbox", seconds=10)
    until(lambda: not list((gateway.data / "oci").iterdir()), "no container", seconds=10)
    assert host.mounts(gateway.data) == []
    assert list((gateway.data / "incoming").iterdir()) == []
    assert gateway.get("/v1/pools")["pools"] == []


def test_no_descriptors_leak(emptied: Gateway) -> None:
    found = until(
        lambda: len(files := host.open_files(emptied.pid)) < FILES_MAX and files,
        "connections and instances have been closed",
    )
    kinds = [target.split(":")[0] for target in found.values()]
    assert kinds.count("socket") < 20
    assert kinds.count("anon_inode") < 40


def test_its_children_are_gone(emptied: Gateway) -> None:
    until(lambda: not host.descendants(emptied.pid), "no process below it, zombies included")
