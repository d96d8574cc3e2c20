"""The places of the top level, and the folders of the example functions."""

import json
from pathlib import Path

import pytest
import tree
import yaml

TOP = {"Package.swift", "README.md", "Sources", "Tests", "functions", "gateway", "runtime"}
FUNCTIONS = sorted(path.parent for path in (tree.ROOT / "functions").glob("*/function.yaml"))


def test_the_top_level_has_its_fixed_places_and_dotfiles() -> None:
    places = {path.split("/")[0] for path in tree.paths()}

    assert {place for place in places if not place.startswith(".")} == TOP


def test_every_folder_of_functions_is_a_function() -> None:
    folders = {path.split("/")[1] for path in tree.paths() if path.startswith("functions/")}

    assert folders - {"pyproject.toml"} == {folder.name for folder in FUNCTIONS}


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda folder: folder.name)
def test_a_function_is_complete(folder: Path) -> None:
    manifest = yaml.safe_load((folder / "function.yaml").read_text())
    samples = {path.name for path in folder.glob("sample.*")} - {"sample.expected.json"}

    assert manifest["name"] == folder.name
    assert (folder / "handler.py").is_file()
    assert (folder / "README.md").is_file()
    assert len(samples) == 1
    assert json.loads((folder / "sample.expected.json").read_text()) is not None


@pytest.mark.parametrize("path", tree.code("requirements.txt"))
def test_requirements_name_exact_versions(path: str) -> None:
    named = [line for line in tree.lines(path) if line and not line.startswith(("#", "-r "))]

    tree.expect_none(line for line in named if "==" not in line)


@pytest.mark.parametrize("path", ["gateway/run", "Tests/run", "Tests/cgroup2", ".ci/run"])
def test_a_command_can_be_run(path: str) -> None:
    assert (tree.ROOT / path).stat().st_mode & 0o111
    assert tree.lines(path)[0].startswith("#!")
