"""The transformer: equal to the reference, and shared between the instances of one zygote."""

import json
import math
from typing import Any

from conftest import FUNCTIONS, Run

REFERENCE = json.loads((FUNCTIONS / "embed" / "minilm_reference.json").read_text())
REFERENCE_TOLERANCE = 1e-4
INSTANCES = 32
PRIVATE_BYTES_MAX = 10 << 20


def body(sentences: Any) -> bytes:
    return json.dumps({"sentences": sentences}).encode()


def distance(left: list[float], right: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(left, right, strict=True))


def test_vectors_equal_the_reference(run: Run) -> None:
    (answer,) = run("embed", body(REFERENCE["inputs"]))["answers"]

    vectors = answer["result"]["vectors"]
    for vector, wanted in zip(vectors, REFERENCE["embeddings"], strict=True):
        assert distance(vector, wanted) <= REFERENCE_TOLERANCE


def test_a_sentence_has_the_same_vector_alone_and_in_company(run: Run) -> None:
    company = ["word " * length for length in (1, 200, 17, 90, 255, 3)] * 12
    sentences = [*company[:40], REFERENCE["inputs"][0], *company[40:]]
    (answer,) = run("embed", body(sentences))["answers"]

    assert len(answer["result"]["vectors"]) == len(sentences)
    assert distance(answer["result"]["vectors"][40], REFERENCE["embeddings"][0]) <= 1e-4
    for vector in answer["result"]["vectors"]:
        assert math.isclose(math.hypot(*vector), 1, abs_tol=1e-4)


def test_a_long_sentence_is_read_up_to_the_limit(run: Run) -> None:
    long = ["word " * 300, "word " * 1000, " ", "\x00"]
    (answer,) = run("embed", body(long))["answers"]

    assert answer["result"]["tokens"] == [256, 256, 2, 2]
    assert distance(*answer["result"]["vectors"][:2]) == 0


def test_too_many_too_long_and_no_sentences_are_refused(run: Run) -> None:
    wrong = [[], [""], ["a"] * 257, ["a" * 8193], "a", [1], None]
    answers = run("embed", *map(body, wrong))["answers"]

    for answer in answers:
        assert "sentences" in answer["inputInvalid"]


def test_thirty_two_instances_share_the_weights_of_one_zygote(run: Run) -> None:
    report = run("embed", body(["A short sentence."]), forks=INSTANCES)

    assert len(report["answers"]) == INSTANCES
    for answer in report["answers"]:
        assert answer["result"]["tokens"] == [6]
        assert answer["privateBytes"] < PRIVATE_BYTES_MAX
