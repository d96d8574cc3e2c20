"""A user's clone: real git, and what it says of a push."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from folders import Files
from gateways import Gateway

GIT_SECONDS_MAX = 110


@dataclass(frozen=True)
class Push:
    """What became of a push."""

    status: int
    text: str

    @property
    def remote(self) -> list[str]:
        """What the other side said, by line."""
        lines = self.text.splitlines()
        return [line.removeprefix("remote: ").rstrip() for line in lines if "remote:" in line]

    def taken(self) -> "Push":
        assert self.status == 0, self.text
        return self

    def refused(self) -> "Push":
        assert self.status != 0, self.text
        assert "rejected" in self.text or "fatal" in self.text, self.text
        return self

    def has(self, *words: str) -> "Push":
        """Lines of a push are folded, so that words are looked for without their spaces."""
        said = "".join(" ".join(self.remote).split())
        for word in words:
            assert "".join(word.split()) in said, (word, self.text)
        return self


class Clone:
    """A working tree; nothing of who runs the tests is seen by its git."""

    def __init__(self, folder: Path, gateway: Gateway, remote: str) -> None:
        self.folder = folder
        self.gateway = gateway
        self.remote = remote
        folder.mkdir(parents=True)
        self.run("init", "--quiet", "--initial-branch=main")

    @property
    def environment(self) -> dict[str, str]:
        dropped = ("GIT_", "FAAS_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        if self.gateway.token:
            kept["FAAS_TOKEN"] = self.gateway.token
        return kept | {
            "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Starts git in a group of processes of its own."""
        return subprocess.Popen(
            ["git", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, data: bytes | None = None) -> str:
        """Runs git, which must go well; what it prints."""
        ended = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=data,
            capture_output=True,
            timeout=GIT_SECONDS_MAX,
            check=False,
        )
        assert ended.returncode == 0, (arguments, ended.stderr)
        return ended.stdout.decode().strip()

    def write(self, folder: str, files: Files) -> None:
        for name, content in files.items():
            path = self.folder / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str = "a change") -> str:
        """Commits all that is there; the commit."""
        self.run("add", "--all")
        self.run("commit", "--quiet", "--allow-empty", "--message", message)
        return self.run("rev-parse", "HEAD")

    def push(self, *references: str, remote: str | None = None) -> Push:
        return ended(self.start("push", remote or self.remote, *(references or ("main",))))


def ended(process: "subprocess.Popen[str]") -> Push:
    """Waits for a push that was started."""
    text, _ = process.communicate(timeout=GIT_SECONDS_MAX)
    return Push(process.returncode, text)


def make_clone(gateway: Gateway, folder: Path, name: str) -> Clone:
    """A repository on the gateway, and a clone that pushes to it over a local path."""
    gateway.cli("git", "init", name)
    path = gateway.get(f"/v1/repositories/{name}")["path"]
    return Clone(folder, gateway, path)


def answers(text: str, **files: str) -> Files:
    """A function that answers `text` to its sample, and says so."""
    return {
        "handler.py": f"def predict(name: str) -> str:\n    return {text!r} + name\n",
        "sample.json": '{"name": "World"}',
        "sample.expected.json": f'"{text}World"',
    } | {key.replace("__", "."): value for key, value in files.items()}


def slow_to_load() -> Files:
    """A function whose deploy takes a while."""
    load = "import time\ndef load():\n    time.sleep(3)\n"
    predict = "def predict(model, name: str) -> str:\n    return name\n"
    return {"handler.py": load + predict, "sample.json": '{"name": "x"}'}


def named(name: str, files: Files, manifest: str = "") -> Files:
    """The files with a manifest."""
    head = f"name: {name}\nlimits: {{ memory: 64Mi }}\n"
    return files | {"function.yaml": head + manifest}
