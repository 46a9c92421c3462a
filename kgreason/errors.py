"""One tree of errors. Each says what is wrong, with the value, what is allowed, and the fix.

Everything a user can cause derives from :class:`KGReasonError`; the command line prints it without a
traceback and exits with 2. Any other exception is a fault of ours and exits with 1.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "CheckpointError",
    "ConfigError",
    "FormatError",
    "GraphImageError",
    "InputError",
    "KGReasonError",
    "LimitError",
    "StorageError",
]


class KGReasonError(Exception):
    """Base of all errors that name a value and a fix.

    Args:
        message: what is wrong, naming the value.
        fix: what to do about it, one sentence in the imperative; may be empty.

    Example:
        >>> str(InputError("options has 1 entry", fix="Give 2 to 64 options."))
        'options has 1 entry. Give 2 to 64 options.'
    """

    code = "error"

    def __init__(self, message: str, *, fix: str = "") -> None:
        self.message = message.rstrip(".")
        self.fix = fix
        super().__init__(f"{self.message}. {fix}" if fix else self.message)


class InputError(KGReasonError):
    """A question, option, context or argument that cannot be answered."""

    code = "input"


class LimitError(InputError):
    """Input larger or deeper than a stated limit."""

    code = "limit"


class ConfigError(KGReasonError):
    """A configuration key or value that does not exist or is not allowed."""

    code = "config"


class FormatError(KGReasonError):
    """A file that cannot be read as what it should be; names file and, where there is one, line.

    Args:
        path: the file.
        message: what is wrong.
        line: 1-based line number, if the file has lines.
        fix: what to do about it.
    """

    code = "format"

    def __init__(self, path: str | Path, message: str, *, line: int | None = None, fix: str = "") -> None:
        self.path = str(path)
        self.line = line
        where = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(f"{where}: {message}", fix=fix)


class GraphImageError(KGReasonError):
    """A graph image that is missing, truncated, altered or of a newer format."""

    code = "image"


class CheckpointError(KGReasonError):
    """A model folder that is incomplete, altered, not finite or made for another base."""

    code = "checkpoint"


class StorageError(KGReasonError):
    """A file that cannot be written or a path that may not be used."""

    code = "storage"
