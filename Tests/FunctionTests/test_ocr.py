"""Pictures of all sorts, read or refused."""

import struct
import zlib

from conftest import Run, expected, sample


def blank(width: int, height: int) -> bytes:
    """A white picture of one bit per pixel, as PNG."""
    rows = zlib.compress((b"\0" + b"\xff" * ((width + 7) // 8)) * height)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def test_every_word_of_the_receipt_is_read_in_order() -> None:
    text = [line["text"] for line in expected("ocr")["lines"]]

    assert text[:5] == ["NORRSKEN", "Receipt 20417", "2024-05-17", "Filter coffee", "32.00"]
    assert text[11:13] == ["TOTAL", "173.50"]


def test_a_picture_without_text_has_no_lines(run: Run) -> None:
    for answer in run("ocr", blank(200, 100), blank(1, 1), blank(640, 16))["answers"]:
        assert answer["result"]["lines"] == []


def test_what_is_no_picture_is_refused(run: Run) -> None:
    picture = sample("ocr")
    broken = [b"", b"text", picture[:9000], picture[:30], picture[:8] + b"\0" * 500]

    for answer in run("ocr", *broken)["answers"]:
        assert "picture" in answer["inputInvalid"]


def test_a_picture_that_is_too_large_or_too_thin_is_refused(run: Run) -> None:
    large, thin = run("ocr", blank(6000, 6000), blank(8, 900))["answers"]

    assert "at most 25000000 pixels" in large["inputInvalid"]
    assert "too thin" in thin["inputInvalid"]
