"""The chance that a patient has diabetes, by a small neural network that train.py trained."""

import json
import math
from operator import mul
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from faas import InputError
from msgspec import Meta, Struct

# Least plausible value of a measurement that may be 0 for "not measured".
MEASURED_MIN = {"glucose": 20, "diastolic": 20, "triceps": 2, "insulin": 1, "bmi": 8}

Count = Annotated[int, Meta(ge=0, le=25)]
Glucose = Annotated[float, Meta(ge=0, le=600, description="mg/dl after 2 h; 0: not measured")]
Pressure = Annotated[float, Meta(ge=0, le=200, description="mm Hg; 0: not measured")]
Skinfold = Annotated[float, Meta(ge=0, le=120, description="mm; 0: not measured")]
Insulin = Annotated[float, Meta(ge=0, le=2000, description="mu U/ml after 2 h; 0: not measured")]
BodyMassIndex = Annotated[float, Meta(ge=0, le=100, description="kg/m2; 0: not measured")]
Pedigree = Annotated[float, Meta(ge=0, le=5, description="diabetes among relatives")]
Age = Annotated[int, Meta(ge=21, le=120, description="years; the study has nobody under 21")]


class Network(NamedTuple):
    """Weights that take raw measurements: the scaling is folded into the hidden layer."""

    columns: list[str]
    medians: dict[str, float]
    hidden: list[tuple[list[float], float]]
    output: list[float]
    output_bias: float


class Diagnosis(Struct):
    """What the network makes of one patient."""

    probability: float
    diabetic: bool
    imputed: list[str]


def load() -> Network:
    stored = json.loads((Path(__file__).parent / "weights.json").read_text())
    columns, zero_is_missing = stored["columns"], stored["zeroIsMissing"]
    statistics, network = stored["statistics"], stored["network"]
    medians = dict(zip(columns, statistics["medians"], strict=True))
    return Network(
        columns=columns,
        medians={name: medians[name] for name in zero_is_missing},
        hidden=folded(network, statistics),
        output=network["w2"],
        output_bias=network["b2"],
    )


def folded(network: dict[str, Any], statistics: Any) -> list[tuple[list[float], float]]:
    """Each hidden unit's weights and bias, for inputs that are not standardised."""
    units = []
    for weights, bias in zip(zip(*network["w1"], strict=True), network["b1"], strict=True):
        raw = [weight / std for weight, std in zip(weights, statistics["std"], strict=True)]
        shift = sum(weight * mean for weight, mean in zip(raw, statistics["mean"], strict=True))
        units.append((raw, bias - shift))
    return units


def predict(
    model: Network,
    pregnant: Count,
    glucose: Glucose,
    diastolic: Pressure,
    triceps: Skinfold,
    insulin: Insulin,
    bmi: BodyMassIndex,
    pedigree: Pedigree,
    age: Age,
) -> Diagnosis:
    measured = {
        "pregnant": float(pregnant),
        "glucose": glucose,
        "diastolic": diastolic,
        "triceps": triceps,
        "insulin": insulin,
        "bmi": bmi,
        "diabetes": pedigree,
        "age": float(age),
    }
    imputed = [name for name in model.medians if measured[name] == 0]
    for name, least in MEASURED_MIN.items():
        if 0 < measured[name] < least:
            raise InputError(f"{name} is {measured[name]}: 0 (not measured) or at least {least}")
    for name in imputed:
        measured[name] = model.medians[name]

    probability = evaluate(model, [measured[name] for name in model.columns])
    return Diagnosis(round(probability, 4), probability >= 0.5, imputed)


def evaluate(model: Network, inputs: list[float]) -> float:
    """The network itself: eight inputs, eight hidden units, one probability."""
    total = model.output_bias
    for (weights, bias), out in zip(model.hidden, model.output, strict=True):
        total += out * math.tanh(sum(map(mul, weights, inputs), bias))
    return 1 / (1 + math.exp(-total))
