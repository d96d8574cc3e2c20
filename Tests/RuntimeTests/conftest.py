"""Fixtures: a sandbox from a handler's source text, ended after the test."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from host import Sandbox

PACKAGES = Path(msgspec.__file__).parents[1]


@pytest.fixture(scope="session")
def layers(tmp_path_factory):
    """Two layers made of links to installed packages: the runtime's own, and one with numpy."""
    made = {}
    for name, packages in {"runtime": ["msgspec"], "numpy": ["numpy", "numpy.libs"]}.items():
        made[name] = tmp_path_factory.mktemp(name)
        for package in packages:
            (made[name] / package).symlink_to(PACKAGES / package)
    return made


@pytest.fixture
def sandbox(tmp_path, layers):
    """Starts a zygote for a handler.py of the given text (None: no such file)."""
    made = []

    def start(source, **load):
        folder = tmp_path / f"function{len(made)}"
        folder.mkdir()
        if source is not None:
            (folder / "handler.py").write_text(dedent(source))
        load.setdefault("layers", [str(layers["numpy"])])
        made.append(Sandbox(folder, layers["runtime"], **load))
        return made[-1]

    yield start
    for one in made:
        said = one.close()
        assert not said, f"the runtime complained: {said}"


@pytest.fixture
def instance(sandbox):
    """A ready instance for a handler.py of the given text."""

    def start(source, **load):
        one = sandbox(source, **load)
        one.loaded()
        return one.ready()

    return start
