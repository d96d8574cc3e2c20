"""Records of the module logging as log lines with a level. Imported only if the handler logs."""

from __future__ import annotations

import logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .capture import Capture


class RecordHandler(logging.Handler):
    """Passes records on to the invocation at work."""

    def __init__(self, capture: Capture) -> None:
        super().__init__()
        self._capture = capture

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
        except Exception:
            self.handleError(record)
            return
        output = self._capture.output if self._capture.find is None else self._capture.find()
        output.add(level(record.levelno), text + "\n")
        if self._capture.live is not None:
            self._capture.live(False)


def level(number: int) -> str:
    """The protocol's word for a level of logging."""
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"
