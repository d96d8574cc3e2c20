"""A start deploys what was pushed and is not served, and nothing that was changed by hand."""

import os
import signal
from pathlib import Path

from gateways import Gateway
from git_repositories import Clone, answers, make_clone, named, slow_to_load
from pushes import order
from waiting import until

IGNORED = "branches: { main: production, wip: ignored }\n"


def revision(gateway: Gateway, name: str) -> str:
    return str(gateway.get(f"/v1/functions/{name}")["revision"])


def names(gateway: Gateway) -> list[str]:
    return [one["name"] for one in gateway.get("/v1/functions")["functions"]]


def take_without_hooks(clone: Clone) -> None:
    """As a push whose hooks ran no further: the branch is moved, and nobody was told."""
    clone.run("-C", clone.remote, "fetch", "--quiet", str(clone.folder), "+main:main")


def restart(gateway: Gateway, folder: Path) -> None:
    """Returns when all repositories were looked at: the one that is made here is the last."""
    last = make_clone(gateway, folder, "zz-last")
    last.write("last", named("zz-last", answers("last ")))
    commit = last.commit(folder.name)
    take_without_hooks(last)
    gateway.kill()
    gateway.start()
    until(lambda: served(gateway, "zz-last") == {"main": commit}, "the last one is served", 30)


def served(gateway: Gateway, repository: str = "models") -> dict[str, str]:
    branches = gateway.get(f"/v1/repositories/{repository}")["branches"]
    return {branch["name"]: branch["commit"] for branch in branches}


def made_anew(gateway: Gateway, folder: Path) -> Clone:
    """A clone of a repository that has replaced one by which `git-before` was deployed."""
    clone = make_clone(gateway, folder / "clone", "models")
    clone.write("model", named("git-before", answers("a ")))
    clone.commit()
    clone.push().taken()
    gateway.cli("git", "remove", "models", "--yes")
    gateway.cli("git", "init", "models")
    return clone


def test_a_repository_made_anew_answers_for_none_of_the_functions_of_the_one_before(
    own_gateway: Gateway, tmp_path: Path
) -> None:
    made_anew(own_gateway, tmp_path)
    assert served(own_gateway) == {}

    restart(own_gateway, tmp_path / "last")

    assert names(own_gateway) == ["git-before", "zz-last"]
    log = own_gateway.log.read_text()
    assert "deploying what was pushed" in log
    assert "repository=models" not in log


def test_what_an_earlier_repository_deployed_outlives_a_sync_of_a_new_one(
    own_gateway: Gateway, tmp_path: Path
) -> None:
    clone = made_anew(own_gateway, tmp_path)
    clone.write("model", named("git-before", slow_to_load() | {"sample.expected.json": '"x"'}))
    clone.commit()
    remote = f"{own_gateway.url}/git/models.git"
    process = clone.start("push", remote, "main:left")
    assert process.stdout is not None
    assert any("load:" in line for line in process.stdout)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    clone.push("main:taken").taken()

    synced = own_gateway.run_cli("git", "sync", clone.remote)
    alone = own_gateway.run_cli("git", "sync", clone.remote, "--branch", "main")
    restart(own_gateway, tmp_path / "last")

    assert synced.returncode == 0, synced.stderr
    for one in (synced, alone):
        assert "git-before of the branch main still there" in one.stderr
        assert "is gone" not in one.stderr
    assert names(own_gateway) == ["git-before", "git-before--taken", "zz-last"]
    assert own_gateway.invoke("git-before", {"name": "x"}).json() == "a x"


def test_a_branch_that_went_while_nobody_was_told_goes_with_its_functions(
    own_gateway: Gateway, tmp_path: Path
) -> None:
    clone = make_clone(own_gateway, tmp_path / "clone", "models")
    clone.write("model", named("git-kept", answers("a ")))
    commit = clone.commit()
    clone.push("main", "main:feature").taken()
    clone.run("checkout", "--quiet", "--orphan", "empty")
    clone.run("rm", "-rq", "--cached", ".")
    clone.run("commit", "--quiet", "--allow-empty", "--message", "nothing")
    clone.push("empty").taken()
    for branch in ("feature", "empty"):
        clone.run("-C", clone.remote, "update-ref", "-d", f"refs/heads/{branch}")

    restart(own_gateway, tmp_path / "last")
    restart(own_gateway, tmp_path / "last again")

    assert names(own_gateway) == ["git-kept", "zz-last"]
    assert served(own_gateway) == {"main": commit}
    assert "repository=models" not in own_gateway.log.read_text()


def test_a_rollback_outlives_a_restart_and_the_next_push(
    own_gateway: Gateway, tmp_path: Path
) -> None:
    clone = make_clone(own_gateway, tmp_path / "clone", "models")
    clone.write("", {"faas.yaml": IGNORED})
    for text in ("one ", "two "):
        clone.write("model", named("git-back", answers(text)))
        commit = clone.commit()
        clone.push().taken()
    clone.push("main:wip").taken().has("is ignored")
    answer = order(own_gateway, "POST", "/v1/functions/git-back/rollback", {"number": 1})
    assert answer.status == 200, answer

    restart(own_gateway, tmp_path / "last")

    assert revision(own_gateway, "git-back") == "git-back-1"
    assert "repository=models" not in own_gateway.log.read_text()
    assert served(own_gateway) == {"main": commit}
    clone.write("other", named("git-beside", answers("hi ")))
    clone.commit()
    push = clone.push().taken()
    push.has("to deploy: git-beside", "faas promote git-back 2", "git-beside-1 serves at")
    assert revision(own_gateway, "git-back") == "git-back-1"
    assert own_gateway.invoke("git-back", {"name": "x"}).json() == "one x"

    clone.write("model", answers("one "))
    clone.commit()
    clone.push().taken().has("unchanged: git-back, git-beside")
    clone.write("model", answers("three "))
    clone.commit()
    clone.push().taken().has("git-back-3 serves at")
    clone.write("model", answers("two "))
    clone.commit()
    clone.push().taken().has("git-back-4 serves at")
