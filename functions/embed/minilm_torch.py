"""The same forward pass as minilm.py on a GPU, in PyTorch.

Here sentences are padded to the longest of a pass: a GPU is quicker with one large product that
includes some waste than with many small ones.
"""

from typing import Any

import numpy as np
import torch
from minilm import CHANNELS, HEAD_CHANNELS, HEADS, LAYER_NORM_EPSILON, Encoder, Floats, Layer
from torch.nn import functional

SEQUENCES_PER_PASS_MAX = 64


class TorchEncoder:
    """The encoder's weights on a device, and the way through them there."""

    def __init__(self, encoder: Encoder, device: str) -> None:
        self.device = torch.device(device)
        self.words = self.moved(encoder.words)
        self.positions = self.moved(encoder.positions)
        self.scale, self.shift = self.moved(encoder.scale), self.moved(encoder.shift)
        self.layers = [Layer(*map(self.moved, layer)) for layer in encoder.layers]

    def moved(self, weights: Floats) -> Any:
        # torch.tensor copies, so that nothing on the device depends on the memory of the zygote.
        return torch.tensor(weights, device=self.device)

    def encode(self, sequences: list[list[int]]) -> Floats:
        """Unit vectors, one row of 384 per sequence of token ids."""
        # By length, so that a pass pads little; the rows go back to the order they came in.
        order = sorted(range(len(sequences)), key=lambda row: len(sequences[row]))
        result = np.empty((len(sequences), CHANNELS), np.float32)
        for start in range(0, len(order), SEQUENCES_PER_PASS_MAX):
            rows = order[start : start + SEQUENCES_PER_PASS_MAX]
            result[rows] = self.encode_pass([sequences[row] for row in rows])
        return result

    def encode_pass(self, sequences: list[list[int]]) -> Floats:
        longest = max(map(len, sequences))
        ids = np.zeros((len(sequences), longest), np.int64)
        mask = np.zeros((len(sequences), longest), np.bool_)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = True

        with torch.inference_mode():
            present = torch.from_numpy(mask).to(self.device)
            x = self.words[torch.from_numpy(ids).to(self.device)] + self.positions[:longest]
            x = normalise(x, self.scale, self.shift)
            for layer in self.layers:
                x = apply_layer(layer, x, present[:, None, None, :])
            weights = present.unsqueeze(-1).to(x.dtype)
            means = (x * weights).sum(dim=1) / weights.sum(dim=1)
            vectors: Floats = functional.normalize(means, dim=1).cpu().numpy()
        return vectors


def apply_layer(layer: Layer, x: Any, present: Any) -> Any:
    """One layer for a padded batch; `present` is false where a key is padding."""
    rows, longest, _ = x.shape
    projected = functional.linear(x, layer.attention, layer.attention_bias)
    parts = projected.view(rows, longest, 3, HEADS, HEAD_CHANNELS).permute(2, 0, 3, 1, 4)
    # The queries carry their scale already.
    mixed = functional.scaled_dot_product_attention(*parts, attn_mask=present, scale=1.0)
    mixed = mixed.transpose(1, 2).reshape(rows, longest, CHANNELS)
    x = x + functional.linear(mixed, layer.mix, layer.mix_bias)
    x = normalise(x, layer.mix_scale, layer.mix_shift)
    wide = functional.gelu(functional.linear(x, layer.widen, layer.widen_bias))
    x = x + functional.linear(wide, layer.narrow, layer.narrow_bias)
    return normalise(x, layer.narrow_scale, layer.narrow_shift)


def normalise(x: Any, scale: Any, shift: Any) -> Any:
    return functional.layer_norm(x, (CHANNELS,), scale, shift, float(LAYER_NORM_EPSILON))
