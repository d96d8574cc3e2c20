"""A picture in, the lines of text on it out, each with its place and how sure the model is."""

import io

import cv2
import numpy as np
from faas import InputError
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from rapidocr_onnxruntime import RapidOCR

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
PIXELS_MAX = 25_000_000
# Longer side by shorter: thinner strips have no pixels left once they are scaled down.
ASPECT_MAX = 40
# Longer side that the model sees: bounds an inference to 650 MiB and some seconds.
SIDE_PIXELS_MAX = 1600


class Line(Struct):
    """One piece of text. Its box is the corners, clockwise from the upper left, in pixels."""

    text: str
    confidence: float
    box: list[tuple[int, int]]


class Page(Struct):
    """The text from top to bottom, and the size of the picture that the boxes refer to."""

    width: int
    height: int
    lines: list[Line]


def load() -> RapidOCR:
    # One thread in each library: a fork keeps only the thread it is made in, and would wait for
    # the others for ever.
    cv2.setNumThreads(1)
    model = RapidOCR(
        intra_op_num_threads=1,
        inter_op_num_threads=1,
        max_side_len=SIDE_PIXELS_MAX,
        det_limit_type="max",
    )
    # What a first inference sets up once is set up here, where all instances share it.
    model(np.full((64, 64, 3), 255, np.uint8))
    return model


def predict(model: RapidOCR, image: bytes) -> Page:
    pixels = decode(image)
    found, _ = model(pixels)
    lines = [Line(text, round(sure, 4), corners(box)) for box, text, sure in found or []]
    height, width = pixels.shape[:2]
    return Page(width, height, lines)


def decode(image: bytes) -> NDArray[np.uint8]:
    """Pixels as the model takes them: blue, green, red. Raises InputError if it is no picture."""
    try:
        with Image.open(io.BytesIO(image), formats=FORMATS) as opened:
            check_size(opened.width, opened.height)
            pixels = np.asarray(flatten(ImageOps.exif_transpose(opened)))
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"the body is not a picture in one of {', '.join(FORMATS)}") from None
    except Exception as error:
        # A broken picture makes its decoder raise anything: OSError, SyntaxError, struct.error.
        raise InputError(f"the picture is broken: {error}") from None
    return np.ascontiguousarray(pixels[:, :, ::-1])


def check_size(width: int, height: int) -> None:
    """Raises InputError for a picture that would take too much memory, or is too thin to read."""
    if width * height > PIXELS_MAX:
        raise InputError(f"the picture is {width} x {height}; at most {PIXELS_MAX} pixels are read")
    if max(width, height) > ASPECT_MAX * min(width, height):
        raise InputError(f"the picture is {width} x {height}: too thin to hold text")


def flatten(image: Image.Image) -> Image.Image:
    """Red, green and blue only: what is transparent becomes white, as on paper."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


def corners(box: list[list[float]]) -> list[tuple[int, int]]:
    return [(round(x), round(y)) for x, y in box]
