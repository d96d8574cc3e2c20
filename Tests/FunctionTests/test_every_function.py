"""What holds for each example function."""

import json
import re

import pytest
import yaml
from conftest import FUNCTIONS, Run, differences, expected, sample

NAMES = sorted(path.parent.name for path in FUNCTIONS.glob("*/function.yaml"))
MANIFEST_KEYS = {"name", "runtime", "image", "limits", "timeout", "scale"}
MANIFEST_KEYS |= {"batch", "env", "secrets", "network", "triggers"}
LIMIT_KEYS = {"memory", "cpu", "gpu", "processes", "payload"}
SCALE_KEYS = {"min", "max", "concurrency", "keepAlive", "queue"}


def test_all_five_are_there() -> None:
    assert NAMES == ["diabetes", "echo", "embed", "hello", "ocr"]


@pytest.mark.parametrize("name", NAMES)
def test_its_folder_is_complete(name: str) -> None:
    folder = FUNCTIONS / name

    for file in ("README.md", "handler.py", "sample.expected.json"):
        assert (folder / file).is_file()
    assert sample(name)


@pytest.mark.parametrize("name", NAMES)
def test_its_manifest_has_known_keys_only(name: str) -> None:
    manifest = yaml.safe_load((FUNCTIONS / name / "function.yaml").read_text())

    assert manifest["name"] == name
    assert manifest["runtime"] == "python3"
    assert manifest.keys() <= MANIFEST_KEYS
    assert manifest["limits"].keys() <= LIMIT_KEYS
    assert manifest["timeout"].keys() <= {"total", "firstByte", "idle"}
    assert manifest["scale"].keys() <= SCALE_KEYS


@pytest.mark.parametrize("name", NAMES)
def test_its_requirements_are_pinned(name: str) -> None:
    file = FUNCTIONS / name / "requirements.txt"
    lines = file.read_text().splitlines() if file.exists() else []

    for line in lines:
        assert line.startswith("# pip: ") or re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line)


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_its_sample_as_expected(name: str, run: Run) -> None:
    (answer,) = run(name, sample(name))["answers"]

    assert differences(answer["result"], expected(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_fork_of_the_loaded_handler_answers_alike(name: str, run: Run) -> None:
    report = run(name, sample(name), forks=2)

    assert report["threads"] == 1
    for answer in report["answers"]:
        assert differences(answer.get("result"), expected(name)) == [], answer


@pytest.mark.parametrize("name", NAMES)
def test_a_body_of_the_wrong_type_is_refused(name: str, run: Run) -> None:
    bodies = [b'{"name": ', b"[", b"", b"\xff\xfe"]
    if name != "echo":
        bodies += [b"null", b"[1, 2]", b"{}", json.dumps({"none": "such"}).encode()]

    for answer in run(name, *bodies)["answers"]:
        assert list(answer) == ["inputInvalid"]
