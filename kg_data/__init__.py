"""Data that comes with kgreason: relation table, default graph facts, lemmas, static token vectors."""

from importlib.resources import files
from pathlib import Path

__all__ = ["path"]


def path(name: str = "") -> Path:
    """Where a packaged file or folder lies.

    Args:
        name: its name inside the package, with forward slashes.

    Returns:
        The path; nothing is checked or opened.

    Example:
        >>> path("relations.toml").name
        'relations.toml'
    """
    return Path(str(files(__name__))).joinpath(*name.split("/"))
