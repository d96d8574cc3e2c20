"""What handlers print and log, per invocation.

`sys.stdout` and `sys.stderr` are replaced by writers that collect text for the invocation at work.
What goes past Python, to file descriptors 1 and 2 (C libraries, os.write, subprocesses), lands in
an unlinked file that is looked at after each invocation.
"""

from __future__ import annotations

import io
import os
import sys

from . import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LOAD_LOG_BYTES_MAX = 64 * 1024
"""Bytes of output kept of a load."""
FRAME_TEXT_BYTES_MAX = 1024 * 1024
"""Bytes of text in one `log` frame."""


class Output:
    """What one invocation has printed and not yet sent, under a limit in bytes."""

    __slots__ = ("left", "limit", "lost", "pieces")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left = limit
        self.lost = 0
        self.pieces: list[tuple[str, str]] = []

    def add(self, level: str, text: str) -> None:
        """Keeps `text`, or as much of it as the limit leaves room for."""
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if size > self.left:
            if not self.left:
                self.lost += size
                return
            kept = text[: self.left].encode("utf-8", "replace")[: self.left]
            self.lost += size - len(kept)
            self.left = 0
            if kept:
                self.pieces.append((level, kept.decode("utf-8", "ignore")))
            return
        self.left -= size
        self.pieces.append((level, text))

    def end_line(self) -> None:
        """Ends a line that is open, before what comes from elsewhere."""
        if self.pieces and not self.pieces[-1][1].endswith("\n"):
            self.pieces.append((self.pieces[-1][0], "\n"))

    def reset(self) -> None:
        """Begins anew, for the next invocation."""
        self.left = self.limit
        self.lost = 0
        self.pieces = []

    def take(self, *, final: bool) -> list[tuple[str, str]]:
        """Whole lines by level, in their order; if `final`, the rest too and what was dropped."""
        pieces, self.pieces = self.pieces, []
        groups: list[tuple[str, list[str]]] = []
        for level, text in pieces:
            if groups and groups[-1][0] == level:
                groups[-1][1].append(text)
            else:
                groups.append((level, [text]))
        taken = [(level, "".join(texts)) for level, texts in groups]
        if not final:
            return self._hold_last_line(taken)
        if self.lost:
            note = f"{self.lost} bytes of output were dropped: the limit is {self.limit} bytes"
            taken.append(("warning", note))
            self.lost = 0
        return [
            (level, text if text[-1:] == "\n" else text + "\n") for level, text in taken if text
        ]

    def _hold_last_line(self, taken: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if taken:
            level, text = taken[-1]
            whole, newline, rest = text.rpartition("\n")
            taken[-1] = (level, whole + newline)
            if rest:
                self.pieces.insert(0, (level, rest))
        return [
            (level, text if text[-1:] == "\n" else text + "\n") for level, text in taken if text
        ]

    def frames(self, stream: int, *, final: bool = True) -> list[bytes]:
        """`log` frames of what there is to send."""
        encoded = []
        for level, text in self.take(final=final):
            meta = b":level: " + level.encode()
            body = text.encode("utf-8", "replace")
            for start in range(0, len(body), FRAME_TEXT_BYTES_MAX):
                part = body[start : start + FRAME_TEXT_BYTES_MAX]
                encoded.append(frames.encode(frames.LOG, stream, meta=meta, body=part))
        return encoded


class LineWriter(io.TextIOBase):
    """Stands for sys.stdout or sys.stderr."""

    def __init__(self, capture: Capture, level: str, descriptor: int) -> None:
        self._capture = capture
        self._level = level
        self._descriptor = descriptor
        self.buffer = ByteWriter(self)

    encoding = "utf-8"
    errors = "replace"

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        capture = self._capture
        output = capture.output if capture.find is None else capture.find()
        if capture.direct:
            os.write(self._descriptor, text.encode("utf-8", "replace"))
        elif not output.left:
            output.lost += len(text)
        elif text:
            output.add(self._level, text)
            if capture.live is not None and text[-1] == "\n":
                capture.live(False)
        return len(text)

    def flush(self) -> None:
        if self._capture.live is not None:
            self._capture.live(True)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def reconfigure(self, **_: Any) -> None:
        """Nothing to change: lines go out as UTF-8."""


class ByteWriter(io.RawIOBase):
    """Stands for sys.stdout.buffer."""

    def __init__(self, text: LineWriter) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._text.fileno()

    def write(self, data: Any, /) -> int:
        self._text.write(bytes(data).decode("utf-8", "replace"))
        return len(data)


class Capture:
    """The collecting of all output of this process."""

    def __init__(self) -> None:
        self.output = Output(LOAD_LOG_BYTES_MAX)
        """Where output goes, unless `find` knows better."""
        self.find: Callable[[], Output] | None = None
        self.live: Callable[[bool], None] | None = None
        """Sends lines while the invocation is still at work; called with whether it must be now."""
        self.direct = False
        """Whether text goes to the file: in processes that the handler forks, and only there."""
        self.file = -1
        self.file_at_start = os.dup(2)
        """The descriptor that was stderr at the start, for what the runtime itself has to say."""
        os.set_inheritable(self.file_at_start, False)

    def install(self) -> None:
        """Replaces the process's output, of Python and below it."""
        sys.stdout = LineWriter(self, "stdout", 1)
        sys.stderr = LineWriter(self, "stderr", 2)
        self.open_file()
        os.register_at_fork(after_in_child=self._leave)

    def _leave(self) -> None:
        """A process that was forked by the handler has no socket to send text to."""
        self.direct = True
        self.live = None

    def open_file(self) -> None:
        """Gives this process, the zygote or an instance, its own file at descriptors 1 and 2."""
        self.direct = False
        if self.file >= 0:
            os.close(self.file)
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        try:
            self.file = os.open("/tmp", flags | os.O_TMPFILE, 0o600)
        except OSError:  # No /tmp, or a file system without unnamed files.
            self.file = os.memfd_create("output")
            import fcntl

            fcntl.fcntl(self.file, fcntl.F_SETFL, os.O_APPEND)
        os.dup2(self.file, 1, True)
        os.dup2(self.file, 2, True)

    def drain_file(self, output: Output) -> None:
        """Moves what was written below Python to `output`; call it if the file is not empty."""
        size = os.fstat(self.file).st_size
        data = os.pread(self.file, min(size, output.left + 1), 0)
        os.ftruncate(self.file, 0)
        if data:
            output.end_line()
            output.add("stdout", data.decode("utf-8", "replace"))
            output.lost += size - len(data)

    def load_log(self) -> str:
        """All output since the start, as text; nothing of it is kept."""
        self.drain_file(self.output)
        text = "".join([text for _, text in self.output.take(final=True)])
        self.output.reset()
        return text.encode("utf-8", "replace").decode()  # As the frames of `log` have it.

    def own(self, text: str) -> None:
        """Says something to the host's log of this sandbox, not to the function's."""
        try:
            os.write(self.file_at_start, text.encode("utf-8", "replace"))
        except OSError:
            pass

    def adopt_logging(self) -> None:
        """Lets records of `logging` carry their level, if the handler has imported it.

        Handlers that write to our stderr or stdout are replaced, and where the root has none, ours
        takes the place of logging's last resort, so that a later basicConfig() still works.
        """
        logging = sys.modules.get("logging")
        if logging is None:
            return
        from .records import RecordHandler

        logging.lastResort = RecordHandler(self)  # type: ignore[attr-defined]
        root = logging.getLogger()
        for index, handler in enumerate(root.handlers):
            if isinstance(getattr(handler, "stream", None), LineWriter):
                ours = RecordHandler(self)
                ours.setFormatter(handler.formatter)
                ours.setLevel(handler.level)
                root.handlers[index] = ours
