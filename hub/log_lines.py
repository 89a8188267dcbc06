"""What the service writes to standard error: lines for people, or one JSON object a line for programs (`hub run --log json`).

Neither carries what an exception says: a fault of ours may quote a title, a name or a password that it met. Its type and where it was raised are enough.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import IO, Any, Final

FRAMES_MAX: Final = 40


class Form(StrEnum):
    """How lines look."""

    TEXT = "text"
    JSON = "json"


def _frames(raised: TracebackType | None) -> list[str]:
    """Where it was raised, the innermost last: file, line and function, never a value."""
    frames = traceback.extract_tb(raised)[-FRAMES_MAX:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]


class TextLines(logging.Formatter):
    """`LEVEL message`, and where a fault was raised."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name that logging calls
        """Type and frames."""
        kind, _, raised = ei
        return f"{kind.__name__ if kind else 'fault'} in " + " < ".join(reversed(_frames(raised)))


class JsonLines(logging.Formatter):
    """One object a line: time (UTC, RFC 3339), level, logger, text; of a fault its type and frames."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said: dict[str, Any] = {
            "time": time,
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            kind, _, raised = record.exc_info
            said |= {"fault": kind.__name__ if kind else "", "frames": _frames(raised)}
        return json.dumps(said, ensure_ascii=False)


def begin(form: Form, stream: IO[str] | None = None) -> None:
    """Send the program's lines there from now on, from INFO on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form is Form.JSON else TextLines("%(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
