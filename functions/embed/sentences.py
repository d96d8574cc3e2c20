"""From text to vectors: the tokenizer in front of whichever encoder computes."""

from pathlib import Path
from typing import Protocol

from minilm import Encoder, Floats
from tokenizers import Tokenizer

# What the model was trained with; the rest of a longer sentence is left out.
TOKENS_PER_SENTENCE_MAX = 256


class TokenEncoder(Protocol):
    """Computes unit vectors, one per sequence of token ids, in the same order."""

    def encode(self, sequences: list[list[int]]) -> Floats: ...


class SentenceEncoder:
    """A tokenizer, the weights it belongs to, and what computes with them."""

    def __init__(self, tokenizer_file: Path, encoder: Encoder) -> None:
        self.tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(TOKENS_PER_SENTENCE_MAX)
        self.encoder = encoder
        self.device_encoder: TokenEncoder = encoder

    def on(self, device_encoder: TokenEncoder) -> "SentenceEncoder":
        """The same model, computed by another encoder from now on."""
        self.device_encoder = device_encoder
        return self

    def encode(self, sentences: list[str]) -> tuple[Floats, list[int]]:
        """Unit vectors, one row per sentence, and each sentence's length in tokens."""
        # One by one: the library's own batches use threads, which do not survive a fork.
        sequences = [self.tokenizer.encode(sentence).ids for sentence in sentences]
        vectors = self.device_encoder.encode(sequences)
        return vectors, [len(sequence) for sequence in sequences]
