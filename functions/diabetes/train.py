"""Trains the network that handler.py serves, on data/pima.csv, and writes weights.json.

    python3 train.py            prints held-out accuracy and AUC, writes weights.json
    python3 train.py --out FILE writes there instead

Needs numpy (train-requirements.txt); the handler needs nothing. Every draw is seeded, so a second
run gives the same network up to the rounding of the machine's linear algebra.
"""

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
# Columns of the data set, in the order in which the network takes them.
COLUMNS = ("pregnant", "glucose", "diastolic", "triceps", "insulin", "bmi", "diabetes", "age")
# A zero in these means "not measured", and is replaced by the training median.
ZERO_IS_MISSING = ("glucose", "diastolic", "triceps", "insulin", "bmi")

SPLIT_SEED = 20
HELD_OUT_SHARE = 0.2
INITIAL_SEED = 0
# Chosen by cross-validation within the training rows, never by the held-out ones.
HIDDEN_UNITS = 8
EPOCHS = 100
LEARNING_RATE = 0.01
WEIGHT_DECAY = 0.1
FOLDS = 5

Floats = NDArray[np.float64]
Network = dict[str, Floats]


def read_records(path: Path) -> tuple[Floats, Floats]:
    """The eight measurements and the outcome (1 = diabetes) of each patient, in file order."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    inputs = np.array([[float(row[name]) for name in COLUMNS] for row in rows])
    return inputs, np.array([float(row["test"]) for row in rows])


def stratified_folds(outcomes: Floats, parts: int, seed: int) -> list[NDArray[np.int64]]:
    """Splits the row numbers into `parts` groups with the same share of each outcome."""
    generator = np.random.default_rng(seed)
    groups: list[list[int]] = [[] for _ in range(parts)]
    for outcome in (0.0, 1.0):
        for place, row in enumerate(generator.permutation(np.flatnonzero(outcomes == outcome))):
            groups[place % parts].append(int(row))
    return [np.array(sorted(group), dtype=np.int64) for group in groups]


def statistics(inputs: Floats) -> dict[str, Floats]:
    """Medians of what was measured, then mean and standard deviation after imputing them."""
    missing = missing_mask(inputs)
    medians = np.nanmedian(np.where(missing, np.nan, inputs), axis=0)
    filled = np.where(missing, medians, inputs)
    return {"medians": medians, "mean": filled.mean(axis=0), "std": filled.std(axis=0)}


def missing_mask(inputs: Floats) -> NDArray[np.bool_]:
    """True where a zero stands for a measurement that was not taken."""
    mask: NDArray[np.bool_] = (inputs == 0) & [name in ZERO_IS_MISSING for name in COLUMNS]
    return mask


def standardise(inputs: Floats, stats: dict[str, Floats]) -> Floats:
    """Inputs as the network takes them: gaps filled, mean 0, deviation 1."""
    filled = np.where(missing_mask(inputs), stats["medians"], inputs)
    return np.asarray((filled - stats["mean"]) / stats["std"])


def forward(network: Network, inputs: Floats) -> tuple[Floats, Floats]:
    """Activations of the hidden layer, and the probability of diabetes for each row."""
    hidden = np.tanh(inputs @ network["w1"] + network["b1"])
    return hidden, 1 / (1 + np.exp(-(hidden @ network["w2"] + network["b2"])))


def fit(inputs: Floats, outcomes: Floats) -> Network:
    """A network, by full-batch Adam with decoupled weight decay on the mean cross-entropy."""
    generator = np.random.default_rng(INITIAL_SEED)
    width = inputs.shape[1]
    network = {
        "w1": generator.normal(0, width**-0.5, (width, HIDDEN_UNITS)),
        "b1": np.zeros(HIDDEN_UNITS),
        "w2": generator.normal(0, HIDDEN_UNITS**-0.5, HIDDEN_UNITS),
        "b2": np.zeros(()),
    }
    first = {name: np.zeros_like(value) for name, value in network.items()}
    second = {name: np.zeros_like(value) for name, value in network.items()}
    for step in range(1, EPOCHS + 1):
        for name, gradient in gradients(network, inputs, outcomes).items():
            first[name] = 0.9 * first[name] + 0.1 * gradient
            second[name] = 0.999 * second[name] + 0.001 * gradient**2
            slope = first[name] / (1 - 0.9**step)
            scale = np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8
            decay = WEIGHT_DECAY * network[name] if name.startswith("w") else 0.0
            network[name] = network[name] - LEARNING_RATE * (slope / scale + decay)
    return network


def gradients(network: Network, inputs: Floats, outcomes: Floats) -> Network:
    """Slopes of the mean cross-entropy, by parameter."""
    hidden, probabilities = forward(network, inputs)
    error = (probabilities - outcomes) / len(outcomes)
    back = np.outer(error, network["w2"]) * (1 - hidden**2)
    return {
        "w1": inputs.T @ back,
        "b1": back.sum(axis=0),
        "w2": hidden.T @ error,
        "b2": error.sum(),
    }


def accuracy(probabilities: Floats, outcomes: Floats) -> float:
    """Share of patients on the right side of one half."""
    return float(np.mean((probabilities >= 0.5) == (outcomes == 1)))


def area_under_curve(probabilities: Floats, outcomes: Floats) -> float:
    """Chance that a patient with diabetes is given a higher probability than one without."""
    higher = probabilities[outcomes == 1][:, None] - probabilities[outcomes == 0][None, :]
    return float(np.mean((higher > 0) + 0.5 * (higher == 0)))


def cross_validate(inputs: Floats, outcomes: Floats) -> float:
    """Accuracy over folds of the training rows: what the constants were chosen by."""
    scores = []
    for fold in stratified_folds(outcomes, FOLDS, SPLIT_SEED + 1):
        rest = np.setdiff1d(np.arange(len(outcomes)), fold)
        stats = statistics(inputs[rest])
        network = fit(standardise(inputs[rest], stats), outcomes[rest])
        _, answers = forward(network, standardise(inputs[fold], stats))
        scores.append(accuracy(answers, outcomes[fold]))
    return float(np.mean(scores))


def train(path: Path) -> dict[str, Any]:
    """Everything that weights.json holds: network, statistics, and how well it does."""
    inputs, outcomes = read_records(path)
    parts = stratified_folds(outcomes, round(1 / HELD_OUT_SHARE), SPLIT_SEED)
    held_out, training = parts[0], np.sort(np.concatenate(parts[1:]))
    stats = statistics(inputs[training])
    network = fit(standardise(inputs[training], stats), outcomes[training])
    _, answers = forward(network, standardise(inputs[held_out], stats))
    return {
        "columns": COLUMNS,
        "zeroIsMissing": ZERO_IS_MISSING,
        "statistics": {name: rounded(values) for name, values in stats.items()},
        "network": {name: rounded(values) for name, values in network.items()},
        "heldOut": {
            "rows": held_out.tolist(),
            "accuracy": round(accuracy(answers, outcomes[held_out]), 4),
            "areaUnderCurve": round(area_under_curve(answers, outcomes[held_out]), 4),
            "majorityAccuracy": round(float(np.mean(outcomes[held_out] == 0)), 4),
        },
        "crossValidatedAccuracy": round(cross_validate(inputs[training], outcomes[training]), 4),
    }


def rounded(values: Floats) -> Any:
    """Plain numbers with six decimals, so that the file is small and its diffs are readable."""
    return np.round(values, 6).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the diabetes network.")
    parser.add_argument("--data", type=Path, default=FOLDER / "data" / "pima.csv")
    parser.add_argument("--out", type=Path, default=FOLDER / "weights.json")
    options = parser.parse_args()

    result = train(options.data)
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    held_out = result["heldOut"]
    print(f"held-out patients     {len(held_out['rows'])}")
    print(f"held-out accuracy     {held_out['accuracy']:.3f}")
    print(f"held-out AUC          {held_out['areaUnderCurve']:.3f}")
    print(f"always 'no diabetes'  {held_out['majorityAccuracy']:.3f}")
    print(f"cross-validated accuracy in training {result['crossValidatedAccuracy']:.3f}")


if __name__ == "__main__":
    main()
