"""Runs a function's handler in a process of its own, with what its requirements.txt names."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ROOT / "functions"
# Layers are kept between runs, by digest of what they hold.
LAYERS = Path(os.environ.get("FAAS_TEST_LAYERS", ROOT / ".venv-functions"))
INSTALL_SECONDS_MAX = 600
RUN_SECONDS_MAX = 120
ANSWER_SECONDS_MAX = 30
TOLERANCE = 1e-3

# As the runtime sets them before a handler is imported.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}

Run = Callable[..., dict[str, Any]]


def layer(requirements: Path) -> Path:
    """The folder into which these requirements are installed; made if it is not there yet."""
    text = requirements.read_text()
    name = hashlib.sha256(f"{sys.version_info[:2]}\n{text}".encode()).hexdigest()[:16]
    folder = LAYERS / name
    if folder.exists():
        return folder
    making = LAYERS / f"{name}.{os.getpid()}"
    options = text.splitlines()[0].removeprefix("# pip:").split() if text[0] == "#" else []
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--only-binary=:all:", "--target", str(making), *options, "-r", str(requirements)]
    try:
        subprocess.run(pip, check=True, timeout=INSTALL_SECONDS_MAX)
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def environment(folder: Path, requirements: Path) -> dict[str, str]:
    """Variables under which a program of this folder finds its modules."""
    paths = [folder, ROOT / "runtime" / "python"]
    if requirements.exists():
        paths.insert(1, layer(requirements))
    return os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(map(str, paths))}


@pytest.fixture
def run() -> Run:
    """Answers bodies with the handler in a folder; see runner.py for what comes back."""

    def run(folder: str | Path, *bodies: bytes, forks: int = 0) -> dict[str, Any]:
        folder = FUNCTIONS / folder
        request = {
            "bodies": [base64.b64encode(body).decode() for body in bodies],
            "forks": forks,
            "timeoutSeconds": ANSWER_SECONDS_MAX,
        }
        ended = subprocess.run(
            [sys.executable, str(Path(__file__).parent / "runner.py")],
            input=json.dumps(request),
            env=environment(folder, folder / "requirements.txt"),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS_MAX,
        )
        assert ended.returncode == 0, ended.stderr
        report: dict[str, Any] = json.loads(ended.stdout)
        return report

    return run


def sample(name: str) -> bytes:
    """The function's own example of an input."""
    (found,) = [
        path for path in (FUNCTIONS / name).glob("sample.*") if path.name != "sample.expected.json"
    ]
    return found.read_bytes()


def expected(name: str) -> Any:
    """What the function answers to its sample."""
    return json.loads((FUNCTIONS / name / "sample.expected.json").read_text())


def differences(left: Any, right: Any, path: str = "$") -> list[str]:
    """Where two JSON values are not alike; numbers may differ by a thousandth."""
    numbers = (int, float)
    if isinstance(left, bool) or isinstance(right, bool) or type(left) is type(right) is str:
        return [] if left == right else [f"{path}: {left!r} and {right!r}"]
    if isinstance(left, numbers) and isinstance(right, numbers):
        near = abs(left - right) <= TOLERANCE * max(abs(left), abs(right))
        return [] if near else [f"{path}: {left} and {right}"]
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        return [one for key in left for one in differences(left[key], right[key], f"{path}.{key}")]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return [one for at, pair in pairs for one in differences(*pair, f"{path}[{at}]")]
    return [] if left == right else [f"{path}: {left!r} and {right!r}"]
