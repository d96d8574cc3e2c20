"""The files of the repository, and what the tests of its style measure in them."""

import ast
import functools
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 60

SWIFT_FUNCTION = re.compile(
    r"^( *)(?:@\w+(?:\([^)]*\))? +)*(?:[a-z]+(?:\([a-z]+\))? +)*"
    r"(?:func |init[(?<]|deinit |subscript[(<])"
)


class Function(NamedTuple):
    """A function's place and its length in lines, from its first line to its last."""

    path: str
    line: int
    lines: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.lines} lines"


@functools.cache
def paths() -> list[str]:
    """Every file that is tracked or would be, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=SECONDS_MAX,
    ).stdout.decode()
    return sorted({path for path in listed.split("\0") if path and (ROOT / path).is_file()})


def expect_none(found: Iterable[object]) -> None:
    """Fails with every finding on a line of its own."""
    if listed := [str(one) for one in found]:
        pytest.fail("\n".join(["", *listed]), pytrace=False)


def code(*suffixes: str, under: tuple[str, ...] = ("",)) -> list[str]:
    """The files with one of these endings in one of these folders."""
    return [path for path in paths() if path.endswith(suffixes) and path.startswith(under)]


@functools.cache
def text(path: str) -> str | None:
    """A file's text; None if it is binary."""
    content = (ROOT / path).read_bytes()
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def lines(path: str) -> list[str]:
    """A text file's lines; none of a binary one."""
    return (text(path) or "").splitlines()


def swift_functions(path: str) -> Iterator[Function]:
    """Functions with a body, found by the indentation that the formatter gives them."""
    rows = lines(path)
    for at, row in enumerate(rows):
        begins = SWIFT_FUNCTION.match(row)
        if not begins:
            continue
        if row.endswith("}"):
            yield Function(path, at + 1, 1)
        elif end := swift_end(rows, at, begins[1]):
            yield Function(path, at + 1, end - at + 1)


def swift_end(rows: list[str], at: int, indent: str) -> int | None:
    """The line with the brace that closes a declaration; None for one without a body."""
    continues = tuple(indent + text for text in (" ", ")", "{", "where ", "#", '"""'))
    for end in range(at + 1, len(rows)):
        if rows[end].startswith(indent + "}"):
            return end
        if rows[end] and not rows[end].startswith(continues):
            return None
    return None


def python_functions(path: str) -> Iterator[Function]:
    """Every function, a nested one too."""
    for node in ast.walk(ast.parse(text(path) or "", path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield Function(path, node.lineno, node.end_lineno - node.lineno + 1)
