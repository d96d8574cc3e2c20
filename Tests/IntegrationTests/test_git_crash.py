"""A gateway that is killed while git pushes to it: what git took is served in the end, whole."""

import os
import random
import subprocess
import time
from pathlib import Path

from gateways import Gateway
from git_repositories import Clone, answers, ended, make_clone, named
from waiting import until

from conftest import MakeGateway

# As many as the claim says: FAAS_TEST_DEPLOY_KILLS=20.
KILLS = int(os.environ.get("FAAS_TEST_DEPLOY_KILLS", "6"))
# Longer than a push takes here.
PUSH_SECONDS = 0.4
NAMES = ("twin-a", "twin-b")


def write(clone: Clone, number: int) -> None:
    for name in NAMES:
        clone.write(name, named(name, answers(f"{number} ")))


def served(gateway: Gateway) -> list[str]:
    return [gateway.invoke(name, {"name": ""}).json().strip() for name in NAMES]


def tip(path: Path) -> str:
    """The commit that the gateway's repository has."""
    asked = ["git", "-C", str(path), "log", "-1", "--format=%s", "main"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    found = subprocess.run(asked, capture_output=True, text=True, check=True, env=environment)
    return found.stdout.strip()


def test_what_git_took_is_served_after_a_kill(make_gateway: MakeGateway, tmp_path: Path) -> None:
    gateway = make_gateway(listen="127.0.0.1:0")
    gateway.start()
    clone = make_clone(gateway, tmp_path / "clone", "twins")
    write(clone, 0)
    clone.commit("0")
    clone.push().taken()
    chance = random.Random(11)
    seen, last = [], "0"
    for number in range(1, KILLS + 1):
        write(clone, number)
        clone.commit(str(number))
        push = clone.start("push", clone.remote, "main")
        # Any moment will do: the push is at a different point each time.
        time.sleep(chance.uniform(0, PUSH_SECONDS))
        gateway.kill()
        took = ended(push).status == 0
        gateway.start()

        now = served(gateway)
        assert now[0] == now[1]
        assert now[0] in (last, str(number))
        wanted = tip(gateway.data / "git/twins.git")
        assert not took or wanted == str(number)
        until(lambda wanted=wanted: served(gateway) == [wanted] * 2, f"{wanted} serves", 20)
        last = wanted
        seen.append((number, took, now[0], wanted))

    print(f"number, taken by git, served at once, served in the end: {seen}")
    clone.push().taken()
    assert served(gateway) == [str(KILLS)] * 2
    assert gateway.stop() == 0
    assert gateway.leftovers() == {}
