"""One tree of errors. Each says what is wrong, with the value, what is allowed, and the fix.

Everything a user can cause derives from :class:`KGReasonError`; the command line prints it without a
traceback and exits with 2. Any other exception is a fault of ours and exits with 1.
"""

from __future__ import annotations

import errno
from pathlib import Path

__all__ = [
    "CheckpointError",
    "ConfigError",
    "DownloadError",
    "FormatError",
    "GraphImageError",
    "InputError",
    "KGReasonError",
    "LimitError",
    "StorageError",
    "UnsupportedError",
    "advice",
]

_ADVICE = {
    errno.ENOSPC: ("the disk is full", "Free space there, or name another place."),
    errno.EDQUOT: ("the disk quota is used up", "Free space there, or name another place."),
    errno.EROFS: ("the file system is read-only", "Name a place that can be written."),
    errno.EACCES: ("permission is denied", "Change the permissions, or name another place."),
    errno.EPERM: ("it is not permitted", "Change the permissions, or name another place."),
    errno.ENOENT: ("there is no such file or directory", "Check the path."),
    errno.EISDIR: ("it is a directory", "Name a file."),
    errno.ENOTDIR: ("a part of the path is a file", "Check the path."),
}


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


class UnsupportedError(InputError):
    """A question of a kind that this model was not made for."""

    code = "unsupported"


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


class DownloadError(KGReasonError):
    """A file that could not be fetched, or that is not the one it should be."""

    code = "download"


def advice(error: OSError) -> tuple[str, str]:
    """What an error of the system means, and the fix.

    Example:
        >>> advice(FileNotFoundError(errno.ENOENT, "No such file or directory"))
        ('there is no such file or directory', 'Check the path.')
    """
    return _ADVICE.get(error.errno or 0, (error.strerror or str(error), "Check the disk and the path."))
