"""The forward pass of all-MiniLM-L6-v2 (a BERT of 6 layers and 384 channels) in numpy.

Sentences are not padded to one length: their tokens lie behind one another in one matrix, which
every linear layer takes whole; only attention goes sentence by sentence.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tensorfile import TensorFile

Floats = NDArray[np.float32]
Span = tuple[int, int]

LAYERS = 6
CHANNELS = 384
HIDDEN = 1536
HEADS = 12
HEAD_CHANNELS = CHANNELS // HEADS
POSITIONS = 512
LAYER_NORM_EPSILON = np.float32(1e-12)
# Keeps the division by a vector's length defined.
LENGTH_MIN = np.float32(1e-9)

# Tokens that are computed at once. More is no faster on one core, and takes more memory: the
# widest matrix has HIDDEN floats for each, 1.5 MiB in all.
TOKENS_PER_PASS_MAX = 256


class Layer(NamedTuple):
    """Weights of one layer, as stored: outputs by inputs. Query, key and value are one matrix."""

    attention: Floats
    attention_bias: Floats
    mix: Floats
    mix_bias: Floats
    mix_scale: Floats
    mix_shift: Floats
    widen: Floats
    widen_bias: Floats
    narrow: Floats
    narrow_bias: Floats
    narrow_scale: Floats
    narrow_shift: Floats


LAYER_SIZE = 4 * CHANNELS * (CHANNELS + 1) + 2 * CHANNELS * HIDDEN + HIDDEN + 5 * CHANNELS
EMBEDDING_SIZE = (POSITIONS + 1 + 2) * CHANNELS


class Encoder:
    """Weights in memory, and the way through them.

    The word vectors, half of the file, stay in it and are mapped: a sentence needs few. All other
    weights lie in one allocation, large enough for the kernel's huge pages, so that a fork copies
    some twenty page table entries for them and a first inference after it faults on none.
    """

    def __init__(self, weights: Path) -> None:
        with TensorFile(weights, LAYERS * LAYER_SIZE + EMBEDDING_SIZE) as file:
            self.words = file.mapped("embeddings.word_embeddings.weight")
            self.positions = file.read("embeddings.position_embeddings.weight")
            self.positions += file.mapped("embeddings.token_type_embeddings.weight")[0]
            self.scale = file.read("embeddings.LayerNorm.weight")
            self.shift = file.read("embeddings.LayerNorm.bias")
            self.layers = [read_layer(file, f"encoder.layer.{i}") for i in range(LAYERS)]

    def encode(self, sequences: list[list[int]]) -> Floats:
        """Unit vectors, one row of 384 per sequence of token ids, each of 1 to 512 ids."""
        passes = [self.encode_pass(group) for group in groups(sequences)]
        return passes[0] if len(passes) == 1 else np.concatenate(passes)

    def encode_pass(self, sequences: list[list[int]]) -> Floats:
        ends = np.cumsum([len(sequence) for sequence in sequences])
        starts = np.concatenate([[0], ends[:-1]])
        spans = list(zip(starts.tolist(), ends.tolist(), strict=True))

        x: Floats = self.words[np.concatenate(sequences)]
        for start, end in spans:
            x[start:end] += self.positions[: end - start]
        normalise(x, self.scale, self.shift)
        for layer in self.layers:
            apply_layer(layer, x, spans)

        # The mean over a sentence's tokens, then length 1.
        means: Floats = np.add.reduceat(x, starts, axis=0)
        means /= (ends - starts)[:, None]
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), LENGTH_MIN)
        return means


def read_layer(file: TensorFile, name: str) -> Layer:
    """Weights of the layer of this name. Queries carry the scale of the attention scores."""
    inputs = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    attention = file.read(*[f"{part}.weight" for part in inputs])
    attention_bias = file.read(*[f"{part}.bias" for part in inputs])
    attention[:CHANNELS] *= np.float32(HEAD_CHANNELS**-0.5)
    attention_bias[:CHANNELS] *= np.float32(HEAD_CHANNELS**-0.5)
    return Layer(
        attention,
        attention_bias,
        file.read(f"{name}.attention.output.dense.weight"),
        file.read(f"{name}.attention.output.dense.bias"),
        file.read(f"{name}.attention.output.LayerNorm.weight"),
        file.read(f"{name}.attention.output.LayerNorm.bias"),
        file.read(f"{name}.intermediate.dense.weight"),
        file.read(f"{name}.intermediate.dense.bias"),
        file.read(f"{name}.output.dense.weight"),
        file.read(f"{name}.output.dense.bias"),
        file.read(f"{name}.output.LayerNorm.weight"),
        file.read(f"{name}.output.LayerNorm.bias"),
    )


def groups(sequences: list[list[int]]) -> Iterator[list[list[int]]]:
    """The sequences in order, in groups of at most TOKENS_PER_PASS_MAX tokens, or of one."""
    group: list[list[int]] = []
    tokens = 0
    for sequence in sequences:
        if group and tokens + len(sequence) > TOKENS_PER_PASS_MAX:
            yield group
            group, tokens = [], 0
        group.append(sequence)
        tokens += len(sequence)
    yield group


def apply_layer(layer: Layer, x: Floats, spans: list[Span]) -> None:
    """Attention and the two wide matrices, each added to x and normalised, in place."""
    mixed = attend(x @ layer.attention.T + layer.attention_bias, spans) @ layer.mix.T
    mixed += layer.mix_bias
    x += mixed
    normalise(x, layer.mix_scale, layer.mix_shift)

    wide = x @ layer.widen.T
    wide += layer.widen_bias
    gelu(wide)
    narrow = wide @ layer.narrow.T
    narrow += layer.narrow_bias
    x += narrow
    normalise(x, layer.narrow_scale, layer.narrow_shift)


def attend(projected: Floats, spans: list[Span]) -> Floats:
    """Every token's mean of its sentence's values, weighted by softmax of query times key."""
    result = np.empty((len(projected), CHANNELS), np.float32)
    for start, end in spans:
        parts = projected[start:end].reshape(-1, 3, HEADS, HEAD_CHANNELS)
        query, key, value = parts.transpose(1, 2, 0, 3)
        scores = query @ key.transpose(0, 2, 1)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = result[start:end].reshape(-1, HEADS, HEAD_CHANNELS)
        np.matmul(scores, value, out=mixed.transpose(1, 0, 2))
    return result


def normalise(x: Floats, scale: Floats, shift: Floats) -> None:
    """Layer normalisation, in place."""
    x -= x.mean(axis=-1, keepdims=True)
    variance = np.square(x).mean(axis=-1, keepdims=True)
    x /= np.sqrt(variance + LAYER_NORM_EPSILON)
    x *= scale
    x += shift


def gelu(x: Floats) -> None:
    """x times the normal distribution's share below x, in place.

    The error function is Abramowitz and Stegun's 7.1.26, right to 1.5e-7.
    """
    size = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911 * 0.5**0.5) * size)
    tail = t * np.float32(1.061405429)
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail += np.float32(coefficient)
        tail *= t
    np.square(size, out=t)
    t *= np.float32(-0.5)
    np.exp(t, out=t)
    tail *= t
    tail *= size
    tail *= np.float32(0.5)
    np.maximum(x, 0, out=x)
    x -= tail
