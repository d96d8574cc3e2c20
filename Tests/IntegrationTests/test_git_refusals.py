"""Pushes that are refused: nothing changes, and the reason is at the pusher's terminal."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from folders import Files
from gateways import Gateway
from git_repositories import Clone, answers, ended, make_clone, named, slow_to_load
from waiting import until

from conftest import MakeGateway

NO_WEIGHTS = (
    "def load():\n    raise OSError('no weights')\n"
    "def predict(model, name: str) -> str:\n    return name\n"
)
GOOD = answers("good ")

# What is wrong with a folder, and words of the reason.
BAD: dict[str, tuple[Files, list[str]]] = {
    "requirements that cannot be installed": (
        GOOD | {"requirements.txt": "no-such-package-anywhere==99.9\n"},
        ["failed:", "no-such-package-anywhere"],
    ),
    "a module that is missing": (
        GOOD | {"handler.py": "import nowhere_at_all\n"},
        ["failed:", "nowhere_at_all"],
    ),
    "a model that does not load": (
        GOOD | {"handler.py": NO_WEIGHTS},
        ["failed:", "no weights"],
    ),
    "a sample that is answered differently": (
        GOOD | {"sample.expected.json": '"bad World"'},
        ["differs", 'input: {"name": "World"}', 'answer: "good World"', 'expected: "bad World"'],
    ),
    "a manifest with a fault": (
        GOOD | {"function.yaml": "name: git-bad\nlimits: { memroy: 64Mi }\n"},
        ["bad/function.yaml:2:11: unknown key 'memroy'", "did you mean 'memory'?"],
    ),
    "no handler": ({"sample.json": "{}"}, ["bad has no handler.py"]),
}


@pytest.fixture
def clone(gateway: Gateway, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Clone]:
    name = request.node.name.split("[")[0].replace("_", "-").removeprefix("test-")[:40].strip("-")
    clone = make_clone(gateway, tmp_path / "clone", name)
    yield clone
    gateway.cli("git", "remove", name, "--yes")


@pytest.fixture
def serving(gateway: Gateway, clone: Clone) -> Clone:
    """A clone whose function `git-bad` serves."""
    clone.write("bad", named("git-bad", GOOD))
    clone.commit()
    clone.push().taken()
    return clone


def is_untouched(gateway: Gateway) -> bool:
    return bool(gateway.invoke("git-bad", {"name": "x"}).json() == "good x")


@pytest.mark.parametrize("kind", BAD)
def test_a_function_that_cannot_serve_refuses_the_push(
    gateway: Gateway, serving: Clone, kind: str
) -> None:
    files, words = BAD[kind]
    before = gateway.get("/v1/functions/git-bad")["revision"]
    serving.run("rm", "-rq", "bad")
    serving.write("bad", named("git-bad", {}) | files)
    serving.commit()

    push = serving.push().refused()

    push.has(*words, "nothing was changed: what served before serves on")
    assert gateway.get("/v1/functions/git-bad")["revision"] == before
    assert is_untouched(gateway)


def test_a_push_of_ten_functions_where_one_fails_changes_nothing(
    gateway: Gateway, clone: Clone
) -> None:
    for index in range(10):
        clone.write(f"f{index}", named(f"git-ten-{index}", answers("one ")))
    clone.commit()
    clone.push().taken()
    before = {f"git-ten-{i}": gateway.get(f"/v1/functions/git-ten-{i}") for i in range(10)}
    for index in range(10):
        clone.write(f"f{index}", answers("two "))
    clone.write("f6", {"handler.py": "raise RuntimeError('six')\n"})
    clone.commit()

    push = clone.push().refused()

    push.has("git-ten-6 failed:", "six", "1 of 10 changed functions failed: git-ten-6")
    assert push.text.count("ready in") == 9
    for name, description in before.items():
        assert gateway.get(f"/v1/functions/{name}")["revision"] == description["revision"]
        assert gateway.invoke(name, {"name": "x"}).json() == "one x"
    bundles = {description["digest"] for description in before.values()}
    until(
        lambda: (
            bundles
            >= {
                folder.name
                for folder in (gateway.data / "bundles").iterdir()
                if "git-ten-" in (folder / "function.yaml").read_text()
            }
        ),
        "the bundles of the push are gone",
    )


def test_all_that_fails_is_shown_at_once(clone: Clone) -> None:
    clone.write("a", named("git-a", {"handler.py": "raise RuntimeError('first')\n"}))
    clone.write("b", {"function.yaml": "nam: b\n", "handler.py": ""})
    clone.write("c", named("git-c", {"handler.py": "raise RuntimeError('third')\n"}))
    clone.commit()

    clone.push().refused().has("first", "b/function.yaml:1:1", "third", "3 of 3 changed functions")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/etc/passwd", "bad/out is a link to the absolute path '/etc/passwd'"),
        ("../../../etc/passwd", "bad/out is a link to '../../../etc/passwd'"),
        ("../faas.yaml", "bad/out is a link to '../faas.yaml'"),
    ],
)
def test_a_link_out_of_the_folder_is_refused(
    gateway: Gateway, serving: Clone, target: str, reason: str
) -> None:
    (serving.folder / "bad/out").symlink_to(target)
    serving.commit()

    serving.push().refused().has(reason, "which may lie outside" if ".." in target else "")
    assert is_untouched(gateway)


def tree(clone: Clone, *entries: tuple[str, str, str]) -> str:
    """A tree of these (mode, name, object), however wrong they are; the tree."""
    raw = b"".join(
        f"{mode} {name}\0".encode() + bytes.fromhex(thing) for mode, name, thing in entries
    )
    return clone.run("hash-object", "-t", "tree", "-w", "--literally", "--stdin", data=raw)


def crafted(clone: Clone, *extra: tuple[str, str, str]) -> str:
    """A commit whose function folder has entries that git itself would not make."""
    blob = clone.run("rev-parse", "HEAD:bad/handler.py")
    manifest = clone.run("rev-parse", "HEAD:bad/function.yaml")
    filled = [(mode, name, thing or blob) for mode, name, thing in extra]
    inner = tree(
        clone,
        *sorted(
            [*filled, ("100644", "function.yaml", manifest), ("100644", "handler.py", blob)],
            key=lambda entry: entry[1],
        ),
    )
    outer = tree(clone, ("40000", "bad", inner))
    return clone.run("commit-tree", outer, "-p", "HEAD", "-m", "crafted")


@pytest.mark.parametrize("name", ["..", ".", ".git", "a/b"])
def test_a_tree_that_leads_elsewhere_is_refused_by_git(
    gateway: Gateway, serving: Clone, name: str
) -> None:
    commit = crafted(serving, ("100644", name, ""))

    push = serving.push(f"{commit}:refs/heads/main").refused()

    assert "fsck" in push.text or "contains" in push.text, push.text
    assert is_untouched(gateway)


def installed(gateway: Gateway, serving: Clone, tmp_path: Path) -> str:
    """A repository of another's making, where git checks less."""
    bare = str(tmp_path / "other.git")
    serving.run("init", "--quiet", "--bare", bare)
    gateway.cli("git", "hook", "install", bare)
    return bare


@pytest.mark.parametrize("name", ["..", ".", ".git"])
def test_a_tree_that_leads_elsewhere_is_refused_by_the_hook(
    gateway: Gateway, serving: Clone, tmp_path: Path, name: str
) -> None:
    commit = crafted(serving, ("100644", name, ""))
    bare = installed(gateway, serving, tmp_path)

    push = serving.push(f"{commit}:refs/heads/main", remote=bare).refused()

    push.has(f"bad/{name} has '{name}' as a part of its path")
    assert is_untouched(gateway)


@pytest.mark.parametrize("mode", ["160000", "20666", "60660"])
def test_what_is_no_file_is_refused(
    gateway: Gateway, serving: Clone, tmp_path: Path, mode: str
) -> None:
    thing = serving.run("rev-parse", "HEAD") if mode == "160000" else ""
    commit = crafted(serving, (mode, "device", thing))
    bare = installed(gateway, serving, tmp_path)

    push = serving.push(f"{commit}:refs/heads/main", remote=bare).refused()

    assert "bad/device" in push.text or "fsck" in push.text or "missing" in push.text, push.text
    assert is_untouched(gateway)


def test_a_bundle_over_the_limit_is_refused(gateway: Gateway, serving: Clone) -> None:
    with (serving.folder / "bad/weights.bin").open("wb") as weights:
        weights.truncate((512 << 20) + 1)
    serving.run("-c", "core.bigFileThreshold=1m", "-c", "core.compression=1", "add", "--all")
    serving.run("commit", "--quiet", "-m", "weights")

    serving.push().refused().has("the bundle of bad would have", "512 MiB", "bad/weights.bin")
    assert is_untouched(gateway)


def test_a_fault_in_faas_yaml_refuses_the_push(gateway: Gateway, serving: Clone) -> None:
    serving.write("", {"faas.yaml": "prune: yes\n"})
    serving.commit()

    serving.push().refused().has("faas.yaml:1:8: prune is 'yes'", "allowed: true, false")
    assert is_untouched(gateway)


def test_two_functions_of_one_name_are_refused(gateway: Gateway, serving: Clone) -> None:
    serving.write("copy", named("git-bad", GOOD))
    serving.commit()

    serving.push().refused().has("bad and copy are both called git-bad")
    assert is_untouched(gateway)


def test_a_branch_in_production_is_not_deleted(gateway: Gateway, serving: Clone) -> None:
    serving.push(":main").refused().has("main is in production: git-bad", "faas remove git-bad")

    assert is_untouched(gateway)


def begin(clone: Clone, *references: str) -> "subprocess.Popen[str]":
    """Starts a push, and returns once the gateway is at work on it."""
    process = clone.start("push", clone.remote, *references)
    assert process.stdout is not None
    for line in process.stdout:
        if "load:" in line:
            return process
    raise AssertionError("the push ended before it loaded anything")


def test_of_two_pushes_at_once_one_waits(gateway: Gateway, clone: Clone) -> None:
    clone.write("slow", named("git-slow", slow_to_load()))
    clone.commit()
    first = begin(clone, "main")

    second = clone.push("main:other").taken()

    second.has("waiting for another push:", "git-slow--other-1 serves at")
    assert second.text.count("waiting for another push") == 1
    ended(first).taken().has("git-slow-1 serves at")


def test_of_two_pushes_of_a_branch_the_second_must_fetch(gateway: Gateway, clone: Clone) -> None:
    clone.write("slow", named("git-slow-2", slow_to_load()))
    one = clone.commit()
    clone.write("slow", {"other.txt": "x"})
    clone.run("checkout", "--quiet", "--detach")
    other = clone.commit()
    first = begin(clone, f"{one}:refs/heads/main")

    second = clone.push(f"{other}:refs/heads/main").refused()

    second.has("another push of main came first", "fetch, and push again")
    ended(first).taken()
    assert gateway.get("/v1/functions/git-slow-2")["origin"]["commit"] == one


def test_a_push_that_is_stopped_changes_nothing(gateway: Gateway, clone: Clone) -> None:
    clone.write("slow", named("git-stopped", slow_to_load()))
    clone.commit()
    first = begin(clone, "main")

    os.killpg(first.pid, signal.SIGINT)
    first.wait(30)

    assert gateway.invoke("git-stopped", {"name": "x"}).status == 404
    clone.write("slow", {"handler.py": "def predict(name: str) -> str:\n    return name\n"})
    clone.commit()
    clone.push().taken().has("serves at")


def test_a_push_without_a_gateway_is_refused(make_gateway: MakeGateway, tmp_path: Path) -> None:
    gateway = make_gateway()
    gateway.start()
    clone = make_clone(gateway, tmp_path / "clone", "models")
    clone.write("bad", named("git-bad", GOOD))
    clone.commit()
    gateway.stop()

    clone.push().refused().has("gateway not reachable at http://127.0.0.1:")
