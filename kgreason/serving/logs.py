"""Logs: a line of JSON each, of what happened; of what was said only where that is asked for."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

__all__ = ["FIELDS", "Lines", "Redacted", "fault", "log_to"]

#: What a line may hold beside its message.
FIELDS = ("route", "status", "milliseconds", "items", "key", "graph", "fault", "reason", "texts", "worker")


def fault(error: BaseException) -> str:
    """What is logged of an error that nobody foresaw: its class and where it arose, and none of its words.

    Example:
        >>> fault(ValueError("my secret"))
        'ValueError'
    """
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    name = type(error).__name__
    return name if at is None else f"{name} at {Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}"


class Redacted(logging.Filter):
    """Takes out what could quote a request: arguments of messages, texts of exceptions, stacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, without them."""
        if record.exc_info and record.exc_info[1] is not None:
            record.__dict__.setdefault("fault", fault(record.exc_info[1]))
        record.args, record.exc_info, record.exc_text, record.stack_info = (), None, None, None
        return True


class Lines(logging.Formatter):
    """A record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, message and the fields that are known."""
        about = {name: record.__dict__[name] for name in FIELDS if record.__dict__.get(name) is not None}
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": time, "level": record.levelname.lower(), "message": str(record.msg), **about})


def log_to(stream: TextIO) -> None:
    """Sends what the service and its server log to a stream, as lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    handler.addFilter(Redacted())
    for name in ("kgreason.serving", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == "kgreason.serving" else logging.WARNING)
