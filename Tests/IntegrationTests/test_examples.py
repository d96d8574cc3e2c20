"""Each example function, deployed with its requirements, answers its sample."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from folders import EXAMPLES
from gateways import Gateway

NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/function.yaml"))
EMBED_TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def examples(gateway: Gateway) -> Gateway:
    """The shared gateway with all examples, deployed as a user would: by the command line."""
    folders = [str(EXAMPLES / name) for name in NAMES]
    lines = gateway.cli("deploy", *folders, "-o", "json").splitlines()
    assert [json.loads(line)["step"] for line in lines] == ["done"] * len(NAMES)
    return gateway


def sample(name: str) -> Path:
    (found,) = [
        path for path in (EXAMPLES / name).glob("sample.*") if path.name != "sample.expected.json"
    ]
    return found


def assert_alike(found: Any, wanted: Any, tolerance: float, path: str = "$") -> None:
    """Compares JSON values; numbers may differ a little, absolutely or relatively."""
    if isinstance(wanted, float | int) and not isinstance(wanted, bool):
        assert found == pytest.approx(wanted, rel=tolerance, abs=tolerance), path
    elif isinstance(wanted, dict):
        assert found.keys() == wanted.keys(), path
        for key, value in wanted.items():
            assert_alike(found[key], value, tolerance, f"{path}.{key}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), path
        for at, (one, other) in enumerate(zip(found, wanted, strict=True)):
            assert_alike(one, other, tolerance, f"{path}[{at}]")
    else:
        assert found == wanted, path


def test_there_are_examples() -> None:
    assert {"diabetes", "echo", "embed", "hello", "ocr"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.timeout(400)
def test_an_example_answers_its_sample(examples: Gateway, name: str) -> None:
    wanted = json.loads((EXAMPLES / name / "sample.expected.json").read_text())

    answer = examples.invoke(name, sample(name).read_bytes())

    assert answer.status == 200, answer
    assert_alike(answer.json(), wanted, tolerance=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_forked_from_its_zygote(examples: Gateway, name: str) -> None:
    assert examples.get(f"/v1/functions/{name}")["runtime"]["forkable"] is True


def test_embed_gives_the_reference_vectors(examples: Gateway) -> None:
    reference = json.loads((EXAMPLES / "embed/minilm_reference.json").read_text())

    answer = examples.invoke("embed", {"sentences": reference["inputs"]})

    assert answer.status == 200, answer
    for one, other in zip(answer.json()["vectors"], reference["embeddings"], strict=True):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) < EMBED_TOLERANCE


def test_ocr_reads_a_picture_sent_by_curl(examples: Gateway) -> None:
    picture = EXAMPLES / "ocr/sample.png"
    command = ["curl", "-sS", "--fail", "--data-binary", f"@{picture}"]

    ended = subprocess.run(
        [*command, f"{examples.url}/function/ocr"], capture_output=True, check=True
    )

    wanted = json.loads((EXAMPLES / "ocr/sample.expected.json").read_text())
    assert texts(json.loads(ended.stdout)) == texts(wanted)


def texts(value: Any) -> list[str]:
    """Every text that was read, in order."""
    if isinstance(value, dict):
        return [text for key in sorted(value) for text in texts(value[key])]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(
    ("argument", "value"),
    [("glucose", 9000), ("age", -1), ("bmi", 1000.5), ("pedigree", "much"), ("pregnant", None)],
)
def test_diabetes_refuses_what_no_patient_has(
    examples: Gateway, argument: str, value: object
) -> None:
    record = json.loads((EXAMPLES / "diabetes/sample.json").read_text()) | {argument: value}

    answer = examples.invoke("diabetes", record)

    assert answer.status == 400, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "inputInvalid"
    assert argument in answer.json()["detail"]


def test_a_new_function_deploys_and_answers(gateway: Gateway, tmp_path: Path) -> None:
    gateway.cli("new", "fresh", cwd=tmp_path)
    gateway.cli("deploy", "fresh", cwd=tmp_path)

    answered = gateway.cli("invoke", "fresh", "--file", "fresh/sample.json", cwd=tmp_path)

    wanted = json.loads((tmp_path / "fresh/sample.expected.json").read_text())
    assert json.loads(answered) == wanted
