"""Reads tensors out of a safetensors file, into one allocation or mapped in place.

The format: eight bytes that say how long the JSON header is, the header, which gives each tensor's
type, shape and place, and the numbers.
"""

import json
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES_MAX = 1 << 20
FLOAT_BYTES = 4


class TensorFile:
    """An open file of float32 tensors. What was read or mapped outlives it."""

    def __init__(self, path: Path, floats_max: int) -> None:
        """Opens the file, and sets space aside for reading `floats_max` numbers."""
        self.file = path.open("rb")
        header_bytes = int.from_bytes(self.file.read(8), "little")
        if header_bytes > HEADER_BYTES_MAX:
            raise ValueError(f"{path} is no safetensors file: its header has {header_bytes} bytes")
        self.header: dict[str, Any] = json.loads(self.file.read(header_bytes))
        self.start = 8 + header_bytes
        self.map = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)
        self.space = np.empty(floats_max, np.float32)
        self.used = 0

    def __enter__(self) -> "TensorFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def mapped(self, name: str) -> NDArray[np.float32]:
        """The tensor as it lies in the file: read-only, in memory only where it is used."""
        first, last, shape = self.place(name)
        count = (last - first) // FLOAT_BYTES
        return np.frombuffer(self.map, np.float32, count, first).reshape(shape)

    def read(self, *names: str) -> NDArray[np.float32]:
        """A copy of the tensors, one below the other. Raises ValueError if the space is used up."""
        begin = self.used
        shape: list[int] = []
        for name in names:
            first, last, shape = self.place(name)
            part = self.space[self.used : self.used + (last - first) // FLOAT_BYTES]
            if os.preadv(self.file.fileno(), [part.data], first) != last - first:
                raise ValueError(f"{self.file.name} ends within {name}, or has more than expected")
            self.used += part.size
        return self.space[begin : self.used].reshape(-1, *shape[1:])

    def place(self, name: str) -> tuple[int, int, list[int]]:
        """First byte, byte after the last, and shape."""
        entry = self.header[name]
        if entry["dtype"] != "F32":
            raise ValueError(f"{name} is {entry['dtype']}, not F32")
        first, last = entry["data_offsets"]
        return self.start + first, self.start + last, entry["shape"]
