"""Function folders and the bundles made of them."""

import io
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "functions"
OURS = Path(__file__).resolve().parents[1] / "functions"

Files = dict[str, str | bytes]

IGNORED = {"__pycache__", ".ruff_cache", ".mypy_cache"}


def function(name: str, handler: str, manifest: str = "", **files: str | bytes) -> Files:
    """A folder's files; `manifest` is what `function.yaml` has besides name and memory."""
    memory = "" if "memory:" in manifest else "limits: { memory: 64Mi }\n"
    made: Files = {
        "function.yaml": f"name: {name}\n{memory}{manifest}",
        "handler.py": handler,
    }
    return made | {key.replace("__", "."): value for key, value in files.items()}


def read_folder(folder: Path) -> Files:
    """The files of a function folder on disk."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not IGNORED.intersection(path.relative_to(folder).parts)
    }


def pack(files: Files) -> bytes:
    """A bundle of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def pack_entries(*entries: tarfile.TarInfo, files: Files | None = None) -> bytes:
    """A bundle of these files with entries of any kind after them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in (files or {}).items():
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for entry in entries:
            archive.addfile(entry, io.BytesIO(b"\0" * entry.size) if entry.isreg() else None)
    return buffer.getvalue()
