"""`git push` deploys: over a local path, with real git."""

import json
import stat
from pathlib import Path

import pytest
from folders import Files
from gateways import Gateway
from git_repositories import Clone, answers, make_clone, named
from waiting import until

# With git's `remote: ` before it, a line fits a terminal of 100 columns.
COLUMNS_MAX = 90


@pytest.fixture
def clone(gateway: Gateway, tmp_path: Path, request: pytest.FixtureRequest) -> Clone:
    """A repository of the test's own on the shared gateway."""
    name = request.node.name.split("[")[0].replace("_", "-").removeprefix("test-")[:40].strip("-")
    return make_clone(gateway, tmp_path / "clone", name)


def revision(gateway: Gateway, name: str) -> str:
    return str(gateway.get(f"/v1/functions/{name}")["revision"])


def test_init_shows_where_to_push_and_changes_nothing_the_second_time(gateway: Gateway) -> None:
    said = gateway.cli("git", "init", "shown")
    again = json.loads(gateway.cli("git", "init", "shown", "-o", "json"))

    path = gateway.data / "git/shown.git"
    assert f"git remote add faas {path}" in said
    assert f"git remote add faas {gateway.url}/git/shown.git" in said
    assert again["path"] == str(path)
    assert "shown" in gateway.cli("git", "list")
    assert {
        entry.name for entry in (gateway.data / "git").iterdir() if entry.name[0] == "."
    } == set()


def test_a_repository_is_removed_when_that_was_meant(gateway: Gateway) -> None:
    gateway.cli("git", "init", "unwanted")

    asked = gateway.run_cli("git", "remove", "unwanted")
    assert asked.returncode == 2
    assert "--yes" in asked.stderr
    gateway.cli("git", "remove", "unwanted", "--yes")

    assert gateway.request("GET", "/v1/repositories/unwanted").status == 404
    assert not (gateway.data / "git/unwanted.git").exists()
    assert gateway.run_cli("git", "remove", "unwanted", "--yes").returncode == 1


@pytest.mark.parametrize("name", ["No", "a_b", "../x", "-a"])
def test_a_name_that_is_none_is_wrong_usage(gateway: Gateway, name: str) -> None:
    assert gateway.run_cli("git", "init", "--", name).returncode == 2


def test_a_push_serves_and_shows_how(gateway: Gateway, clone: Clone) -> None:
    clone.write("models/first", named("git-first", answers("hi ")))
    commit = clone.commit("The first model")

    push = clone.push().taken()

    push.has("main at " + commit[:10] + ": The first model", "to deploy: git-first")
    push.has('input: {"name": "World"}', 'answer: "hi World"', "load:", "ready in")
    push.has("git-first-1 serves at", "64 MiB", f"1 function serves {commit[:10]}")
    assert all(len(line) <= COLUMNS_MAX for line in push.remote), push.text
    assert gateway.invoke("git-first", {"name": "Ada"}).json() == "hi Ada"
    origin = gateway.get("/v1/functions/git-first")["origin"]
    assert origin["commit"] == commit
    assert origin["branch"] == "main"
    assert origin["author"] == "Ada <ada@example.org>"
    assert origin["subject"] == "The first model"
    assert origin["deployedBy"]
    name = origin["repository"]
    served = gateway.get(f"/v1/repositories/{name}")["branches"]
    assert [(branch["name"], branch["commit"]) for branch in served] == [("main", commit)]


def test_a_push_changes_only_what_changed(gateway: Gateway, clone: Clone) -> None:
    clone.write("one", named("git-one", answers("1 ")))
    clone.write("two", named("git-two", answers("2 ")))
    clone.commit()
    clone.push().taken()
    clone.write("two", answers("two "))
    clone.write("", {"README.md": "words"})
    clone.commit()

    push = clone.push().taken()

    push.has("unchanged: git-one", "to deploy: git-two", "2 functions serve")
    assert revision(gateway, "git-one") == "git-one-1"
    assert revision(gateway, "git-two") == "git-two-2"
    assert gateway.invoke("git-two", {"name": "x"}).json() == "two x"


def test_a_push_of_no_function_is_taken_too(gateway: Gateway, clone: Clone) -> None:
    clone.write("docs", {"a.md": "words"})
    commit = clone.commit()

    clone.push().taken().has("no functions")
    clone.run("tag", "v1")
    clone.push("v1").taken()

    name = clone.remote.rsplit("/", 1)[1].removesuffix(".git")
    assert gateway.get(f"/v1/repositories/{name}")["branches"][0]["commit"] == commit


def test_another_branch_has_previews_that_go_with_it(gateway: Gateway, clone: Clone) -> None:
    clone.write("model", named("git-shown", answers("old ")))
    clone.commit()
    clone.push().taken()
    clone.run("checkout", "--quiet", "-b", "feature")
    clone.write("model", answers("new "))
    clone.commit()

    push = clone.push("feature").taken()

    push.has("feature (preview)", "git-shown--feature-1 serves at", "/function/git-shown--feature")
    assert gateway.invoke("git-shown--feature", {"name": "x"}).json() == "new x"
    assert gateway.invoke("git-shown", {"name": "x"}).json() == "old x"

    clone.push(":feature").taken().has("feature is gone, and with it git-shown--feature")

    assert gateway.invoke("git-shown--feature", {"name": "x"}).status == 404
    assert gateway.invoke("git-shown", {"name": "x"}).json() == "old x"


def test_branches_of_any_name_have_previews_of_their_own(gateway: Gateway, clone: Clone) -> None:
    clone.write("model", named("git-many", answers("a ")))
    clone.commit()

    push = clone.push("main:feature/x", "main:feature-x").taken()

    assert push.text.count("serves at") == 2
    names = {summary["name"] for summary in gateway.get("/v1/functions")["functions"]}
    assert len({name for name in names if name.startswith("git-many--feature-x")}) == 2


def test_what_is_gone_from_the_tree_serves_on_unless_pruned(gateway: Gateway, clone: Clone) -> None:
    clone.write("stays", named("git-stays", answers("a ")))
    clone.write("goes", named("git-goes", answers("b ")))
    clone.commit()
    clone.push().taken()
    clone.run("rm", "-rq", "goes")
    clone.commit()

    clone.push().taken().has("note: git-goes serves on", "prune: true")
    assert gateway.invoke("git-goes", {"name": "x"}).status == 200

    clone.write("", {"faas.yaml": "prune: true\n"})
    clone.commit()
    clone.push().taken().has("removed: git-goes")

    assert gateway.invoke("git-goes", {"name": "x"}).status == 404
    assert gateway.invoke("git-stays", {"name": "x"}).status == 200


def test_faas_yaml_says_which_branch_is_production(gateway: Gateway, clone: Clone) -> None:
    clone.write("", {"faas.yaml": "branches: { release: production, wip: ignored }\n"})
    clone.write("model", named("git-mapped", answers("a ")))
    clone.commit()

    clone.push("main:wip").taken().has("is ignored")
    assert gateway.invoke("git-mapped", {"name": "x"}).status == 404
    clone.push("main:release").taken()
    clone.push("main").taken()

    assert gateway.invoke("git-mapped", {"name": "x"}).status == 200
    assert gateway.invoke("git-mapped--main", {"name": "x"}).status == 200


def test_a_push_tells_who_was_here_before(gateway: Gateway, clone: Clone, tmp_path: Path) -> None:
    clone.write("model", named("git-shared", answers("a ")))
    clone.commit()
    clone.push().taken()
    other = make_clone(gateway, tmp_path / "other", "git-taking-over")
    other.write("model", named("git-shared", answers("b ")))
    other.commit()

    other.push().taken().has("note: git-shared came from the repository")


def make_hook(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_hooks_in_a_repository_that_exists_keep_its_own(gateway: Gateway, tmp_path: Path) -> None:
    bare = tmp_path / "team.git"
    clone = Clone(tmp_path / "clone", gateway, str(bare))
    clone.run("init", "--quiet", "--bare", str(bare))
    make_hook(bare / "hooks/pre-receive", "grep -v forbidden && echo it is fine")
    clone.write("model", named("git-hooked", answers("a ")))
    clone.commit()

    gateway.cli("git", "hook", "install", str(bare))
    gateway.cli("git", "hook", "install", str(bare))
    push = clone.push().taken()
    refused = clone.push("main:forbidden").refused()

    push.has("it is fine", "git-hooked-1 serves at")
    assert "fine" not in refused.text
    origin = gateway.get("/v1/functions/git-hooked")["origin"]
    assert origin["repository"] == str(bare)
    gateway.cli("git", "hook", "install", str(bare), "--uninstall")
    assert "grep" in (bare / "hooks/pre-receive").read_text()
    assert not (bare / "hooks/post-receive").exists()
    clone.write("model", answers("b "))
    clone.commit()
    assert "serves" not in clone.push().taken().text


def test_hooks_go_where_the_repository_looks_for_them(gateway: Gateway, tmp_path: Path) -> None:
    bare = tmp_path / "team.git"
    clone = Clone(tmp_path / "clone", gateway, str(bare))
    clone.run("init", "--quiet", "--bare", str(bare))
    clone.run("-C", str(bare), "config", "core.hooksPath", str(tmp_path / "hooks of us"))
    clone.write("model", named("git-elsewhere", answers("a ")))
    clone.commit()

    gateway.cli("git", "hook", "install", str(bare))

    assert (tmp_path / "hooks of us/pre-receive").exists()
    clone.push().taken().has("git-elsewhere-1 serves at")


def take_without_hooks(clone: Clone) -> None:
    """As a push whose hooks ran no further: the branch is moved, and nobody was told."""
    clone.run("-C", clone.remote, "fetch", "--quiet", str(clone.folder), "+main:main")


def test_sync_serves_what_was_taken_and_is_not_served(gateway: Gateway, clone: Clone) -> None:
    clone.write("model", named("git-synced", answers("a ")))
    clone.commit()
    take_without_hooks(clone)

    said = gateway.run_cli("git", "sync", clone.remote)

    assert said.returncode == 0, said
    assert "git-synced-1 serves at" in said.stderr
    assert gateway.invoke("git-synced", {"name": "x"}).json() == "a x"
    again = gateway.run_cli("git", "sync", clone.remote, "--branch", "main", "-o", "json")
    assert "unchanged: git-synced" in again.stderr
    assert json.loads(again.stdout) == {
        "branch": "main",
        "commit": clone.run("rev-parse", "main"),
        "changed": [],
        "unchanged": ["git-synced"],
        "removed": [],
    }
    assert revision(gateway, "git-synced") == "git-synced-1"
    assert gateway.run_cli("git", "sync", clone.remote, "--branch", "none").returncode == 1


def test_a_start_serves_what_was_taken_and_is_not_served(
    own_gateway: Gateway, tmp_path: Path
) -> None:
    clone = make_clone(own_gateway, tmp_path / "clone", "models")
    files: Files = named("git-late", answers("a "))
    clone.write("model", files)
    clone.commit()
    clone.push().taken()
    clone.write("model", answers("b "))
    commit = clone.commit()
    own_gateway.kill()
    take_without_hooks(clone)
    (own_gateway.data / "git/.half-made").mkdir()

    own_gateway.start()

    def served() -> bool:
        branches = own_gateway.get("/v1/repositories/models")["branches"]
        return [branch["commit"] for branch in branches] == [commit]

    until(served, "the commit that was taken is served", 30)
    assert own_gateway.invoke("git-late", {"name": "x"}).json() == "b x"
    assert not (own_gateway.data / "git/.half-made").exists()
    clone.write("model", answers("c "))
    clone.commit()
    clone.push().taken().has("git-late-3 serves at")
