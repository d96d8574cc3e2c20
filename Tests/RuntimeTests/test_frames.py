"""Golden frames against the runtime's own encoding and decoding."""

import base64
import json
import re
import sys
from pathlib import Path

import pytest

from host import RUNTIME

sys.path.insert(0, str(RUNTIME))

from faas_runtime import frames
from faas_runtime.channel import Receiver

GOLDEN = Path(RUNTIME).parent / "golden"
PROTOCOL = (Path(RUNTIME).parent / "PROTOCOL.md").read_text()
FRAMES = json.loads((GOLDEN / "frames.json").read_text())["frames"]
VALID = [frame for frame in FRAMES if frame["valid"]]
KINDS = {1, 2, 16, 17, 18, 32, 33, 34, 35, 48, 49, 50, 51, 52, 53, 54}


def body_of(frame):
    if "bodyBase64" in frame:
        return base64.b64decode(frame["bodyBase64"])
    return frame["body"].encode()


@pytest.mark.parametrize("frame", VALID, ids=lambda frame: frame["name"])
def test_encoding_gives_the_golden_bytes(frame):
    encoded = frames.encode(
        frame["kind"],
        frame["stream"],
        flags=frame["flags"],
        value=frame["value"],
        meta=frames.encode_meta(frame["meta"]),
        body=body_of(frame),
    )

    assert encoded == (GOLDEN / frame["file"]).read_bytes()


@pytest.mark.parametrize("frame", VALID, ids=lambda frame: frame["name"])
def test_golden_bytes_decode_to_their_fields(frame):
    data = (GOLDEN / frame["file"]).read_bytes()

    length, kind, flags, meta_length, stream, value = frames.HEADER.unpack_from(data)
    payload = data[frames.HEADER_BYTES :]

    frames.check(length, flags, meta_length)
    assert [kind, flags, stream, value] == [
        frame[name] for name in ("kind", "flags", "stream", "value")
    ]
    assert list(frames.decode_meta(payload[:meta_length]).items()) == [
        tuple(pair) for pair in frame["meta"]
    ]
    assert payload[meta_length:] == body_of(frame)


def test_every_kind_has_a_golden_frame():
    assert {frame["kind"] for frame in VALID} == KINDS


def rows(name):
    """The rows of the tables of PROTOCOL.md for a frame, without their cells' margins."""
    return re.findall(rf"^\| (\d+) \| `{name}` \| (.*) \|$", PROTOCOL, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "codes"),
    [("loadFailed", frames.LOAD_FAILURES), ("error", frames.FAILURES)],
)
def test_the_codes_are_those_of_the_protocol(name, codes):
    [(_, fields)] = rows(name)

    listed = re.search("`:code`, one of ((`[A-Za-z]+`(, )?)+)", fields)[1]

    assert tuple(re.findall("`(.+?)`", listed)) == codes


def test_the_kinds_are_those_of_the_protocol():
    listed = re.findall(r"^\| (\d+) \| `([A-Za-z]+)` \|", PROTOCOL, re.MULTILINE)

    for number, name in listed:
        constant = re.sub("([A-Z])", r"_\1", name).upper()
        assert getattr(frames, constant) == int(number)
    assert {int(number) for number, _ in listed} == KINDS


@pytest.mark.parametrize(
    "name",
    [
        "unknownKind",
        "kindZero",
        "lengthOverLimit",
        "lengthMaximum",
        "metaOverLength",
        "unknownFlags",
    ],
)
def test_a_malformed_frame_is_refused(name):
    receiver = Receiver(streams=False)

    with pytest.raises(frames.ProtocolError):
        receiver.feed((GOLDEN / f"{name}.bin").read_bytes())


@pytest.mark.parametrize("name", ["truncatedHeader", "truncatedPayload"])
def test_the_beginning_of_a_frame_waits_for_its_rest(name):
    receiver = Receiver(streams=False)

    receiver.feed((GOLDEN / f"{name}.bin").read_bytes())

    assert not receiver.queue
    assert receiver.missing > 0


@pytest.mark.parametrize("size", [1, 3, 16, 17, 50])
def test_frames_cut_anywhere_are_put_together_again(size):
    data = b"".join(
        (GOLDEN / f"{name}.bin").read_bytes()
        for name in ("invoke", "invokeBegun", "body", "bodyEnd", "invokeEmpty")
    )
    receiver = Receiver(streams=False)

    for start in range(0, len(data), size):
        receiver.feed(data[start : start + size])

    assert [queued[0] for queued in receiver.queue] == [7, 8, 0xFFFFFFFF]
    assert receiver.queue[1][3] == b"\x00\x01\xfe\xff" + bytes(range(256))
