"""Bundles that could do harm, or are none: refused, with nothing left on the disk."""

import gzip
import io
import tarfile
from collections.abc import Iterator

import pytest
from folders import function, pack, pack_entries
from gateways import Gateway
from waiting import until

HANDLER = "def predict(name: str) -> str:\n    return name\n"
FILES = function("hostile", HANDLER)


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0
) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    made.linkname = link
    made.size = size
    made.devmajor, made.devminor = 1, 3
    return made


HOSTILE = {
    "a path that climbs out": pack_entries(entry("../out"), files=FILES),
    "a path that climbs out later": pack_entries(entry("a/../../out"), files=FILES),
    "an absolute path": pack_entries(entry("/tmp/faas-hostile"), files=FILES),
    "a character device": pack_entries(entry("null", tarfile.CHRTYPE), files=FILES),
    "a block device": pack_entries(entry("disk", tarfile.BLKTYPE), files=FILES),
    "a fifo": pack_entries(entry("fifo", tarfile.FIFOTYPE), files=FILES),
    "a hard link": pack_entries(entry("hard", tarfile.LNKTYPE, "handler.py"), files=FILES),
    "a link to an absolute path": pack_entries(
        entry("passwd", tarfile.SYMTYPE, "/etc/passwd"), files=FILES
    ),
    "a link that climbs out": pack_entries(entry("up", tarfile.SYMTYPE, "../x"), files=FILES),
    "a file written through a link": pack_entries(
        entry("here", tarfile.SYMTYPE, "."), entry("here/x"), files=FILES
    ),
    "a name that comes twice": pack_entries(entry("handler.py"), files=FILES),
    "not an archive": b"this is no archive at all" * 100,
    "nothing": b"",
    "an archive without entries": pack_entries(),
    "an archive that ends early": pack(FILES)[:1000],
    "no manifest": pack({"handler.py": HANDLER}),
    "garbage after the end": pack(FILES) + b"x" * 20_000,
    "compressed": gzip.compress(pack(FILES)),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_bad_bundle_is_refused_and_leaves_nothing(gateway: Gateway, kind: str) -> None:
    bundles = set((gateway.data / "bundles").iterdir())

    deploy = gateway.put("hostile", HOSTILE[kind])

    assert deploy.status == 400, deploy
    assert deploy.content_type == "application/problem+json"
    assert deploy.code in ("bundleInvalid", "manifestInvalid")
    assert set((gateway.data / "bundles").iterdir()) == bundles
    assert list((gateway.data / "incoming").iterdir()) == []
    assert gateway.request("GET", "/v1/functions/hostile").status == 404


def test_too_many_files_are_refused(gateway: Gateway) -> None:
    deploy = gateway.put("hostile", pack(FILES | {f"f{n}": "" for n in range(10_001)}))

    assert deploy.status in (400, 413), deploy
    assert list((gateway.data / "incoming").iterdir()) == []


def test_a_bundle_cut_off_by_its_client_leaves_nothing(gateway: Gateway) -> None:
    with gateway.raw() as connection:
        head = "PUT /v1/functions/hostile HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
        connection.send(head.encode() + b"x" * 50_000)

    until(lambda: not list((gateway.data / "incoming").iterdir()), "the received part is gone")


def test_a_handler_with_a_missing_handler_file_is_refused(gateway: Gateway) -> None:
    deploy = gateway.put("hostile", pack({"function.yaml": "name: hostile\n"}))

    assert deploy.code in ("bundleInvalid", "moduleNotFound"), deploy


def test_a_bundle_may_be_sent_in_chunks(gateway: Gateway) -> None:
    bundle = pack(function("chunked-in", HANDLER))

    def pieces() -> Iterator[bytes]:
        reader = io.BytesIO(bundle)
        while piece := reader.read(700):
            yield piece

    answer = gateway.request("PUT", "/v1/functions/chunked-in", pieces())

    assert answer.status == 200
    assert b'"done"' in answer.body
    assert gateway.invoke("chunked-in", {"name": "a"}).json() == "a"
