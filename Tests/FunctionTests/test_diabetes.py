"""The trained network: what it was trained on, how good it is, what it refuses."""

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import FUNCTIONS, Run, environment

FOLDER = FUNCTIONS / "diabetes"
STORED = json.loads((FOLDER / "weights.json").read_text())
WEIGHTS_BYTES_MAX = 100_000
PATIENT = json.loads((FOLDER / "sample.json").read_text())


def patients() -> list[dict[str, str]]:
    with (FOLDER / "data" / "pima.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def body(patient: dict[str, str]) -> bytes:
    """A row of the data set as the function takes it."""
    values: dict[str, Any] = {name: float(patient[name]) for name in STORED["columns"]}
    values["pedigree"] = values.pop("diabetes")
    for name in ("pregnant", "age"):
        values[name] = int(values[name])
    return json.dumps(values).encode()


def held_out() -> list[dict[str, str]]:
    everyone = patients()
    return [everyone[row] for row in STORED["heldOut"]["rows"]]


def test_the_sample_is_a_patient_that_training_never_saw() -> None:
    assert PATIENT in [json.loads(body(patient)) for patient in held_out()]


def test_weights_are_small() -> None:
    assert (FOLDER / "weights.json").stat().st_size < WEIGHTS_BYTES_MAX


def test_it_is_as_accurate_on_held_out_patients_as_stated(run: Run) -> None:
    everyone = held_out()
    answers = run("diabetes", *map(body, everyone))["answers"]

    right = [
        answer["result"]["diabetic"] == (patient["test"] == "1")
        for answer, patient in zip(answers, everyone, strict=True)
    ]
    accuracy = sum(right) / len(right)
    assert accuracy == pytest.approx(STORED["heldOut"]["accuracy"], abs=1e-4)
    assert accuracy >= 0.75
    assert f"{accuracy:.3f}" in (FOLDER / "README.md").read_text()


def test_training_again_gives_the_same_answers(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "diabetes"
    shutil.copytree(FOLDER, folder)
    (folder / "weights.json").unlink()

    command = [sys.executable, str(folder / "train.py")]
    variables = environment(folder, folder / "train-requirements.txt")
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)

    bodies = [body(patient) for patient in patients()]
    before, after = run(FOLDER, *bodies)["answers"], run(folder, *bodies)["answers"]
    for left, right in zip(before, after, strict=True):
        assert right["result"]["probability"] == pytest.approx(
            left["result"]["probability"], abs=1e-3
        )
    printed = re.search(r"held-out accuracy +([0-9.]+)", ended.stdout)
    assert printed and float(printed[1]) == round(STORED["heldOut"]["accuracy"], 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pregnant", -1),
        ("pregnant", 26),
        ("pregnant", 1.5),
        ("glucose", -1),
        ("glucose", 601),
        ("glucose", 3),
        ("glucose", "high"),
        ("diastolic", 201),
        ("diastolic", 12),
        ("triceps", 121),
        ("triceps", 1),
        ("insulin", 2001),
        ("insulin", 0.5),
        ("bmi", 101),
        ("bmi", 4),
        ("pedigree", -0.1),
        ("pedigree", 5.1),
        ("age", 20),
        ("age", 121),
        ("age", None),
    ],
)
def test_what_no_patient_can_have_is_refused(name: str, value: Any, run: Run) -> None:
    (answer,) = run("diabetes", json.dumps(PATIENT | {name: value}).encode())["answers"]

    assert name in answer["inputInvalid"]


def test_zero_is_allowed_where_it_means_not_measured(run: Run) -> None:
    gaps = ["glucose", "diastolic", "triceps", "insulin", "bmi"]
    (answer,) = run("diabetes", json.dumps(PATIENT | dict.fromkeys(gaps, 0)).encode())["answers"]

    assert answer["result"]["imputed"] == gaps
    assert 0 < answer["result"]["probability"] < 1
