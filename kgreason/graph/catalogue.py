"""Graphs that others publish: where they lie, on what terms, and how to fetch them (``kg_data/graphs.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import kg_data
from kgreason import guards, storage
from kgreason.download import Patience, download
from kgreason.errors import InputError

__all__ = ["Entry", "RemoteFile", "catalogue", "entry", "fetch"]

_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a graph.

    Args:
        url: where it lies.
        bytes: its size, or None where that is not known.
        sha256: its digest, or nothing; then it is compared with what was first fetched.
        members: what is taken out of it, if it is a zip archive.
    """

    url: str
    bytes: int | None = None
    sha256: str = ""
    members: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last part of its address."""
        return PurePosixPath(urlsplit(self.url).path).name


@dataclass(frozen=True, slots=True)
class Entry:
    """A graph of the catalogue.

    Args:
        name: what it is called here.
        title: what it calls itself.
        about: what it holds.
        licence: its terms.
        page: where to read about it.
        reader: how its files are read.
        files: what it consists of.
    """

    name: str
    title: str
    about: str
    licence: str
    page: str
    reader: str
    files: tuple[RemoteFile, ...]

    @property
    def bytes(self) -> int | None:
        """What is fetched, or None where the size of a file is not known."""
        sizes = [file.bytes for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)


@cache
def catalogue() -> Mapping[str, Entry]:
    """All graphs by their names.

    Example:
        >>> catalogue()["wordnet-3.0"].licence
        'WordNet'
    """
    text = storage.read_limited(kg_data.path("graphs.toml"), _BYTES).decode()
    return {name: _entry(name, values) for name, values in tomllib.loads(text).items()}


def _entry(name: str, values: Mapping[str, Any]) -> Entry:
    files = tuple(RemoteFile(**{**file, "members": tuple(file.get("members", ()))}) for file in values["files"])
    return Entry(**{**values, "name": name, "files": files})


def entry(name: str) -> Entry:
    """The graph of a name.

    Raises:
        InputError: there is none.
    """
    if name not in catalogue():
        raise InputError(f"the catalogue has no graph {name!r}", fix=f"Choose one of {', '.join(catalogue())}.")
    return catalogue()[name]


def fetch(
    graph: Entry,
    folder: str | Path,
    *,
    patience: Patience | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Path]:
    """Fetches the files of a graph into a folder; those that are there already are only checked.

    Args:
        graph: what to fetch.
        folder: where the files go, and what is taken out of archives.
        patience: how long servers are waited for.
        progress: called with (stage, bytes done, all bytes).

    Returns:
        what :func:`kgreason.graph.readers.read` takes: files, or the folder of a reader of folders.

    Raises:
        DownloadError: a file cannot be fetched, or is not the one that it should be.
        FormatError: an archive does not hold what it should, or unpacks beyond the limits.
        StorageError: a file cannot be written.
    """
    from kgreason.graph.readers import FOLDERS

    folder = Path(folder)
    report = progress or (lambda stage, done, total: None)
    sources: list[Path] = []
    for file in graph.files:
        path = folder / file.name
        told = partial(report, f"fetch {file.name}")
        download(file.url, path, sha256=file.sha256, size=file.bytes, patience=patience, progress=told)
        sources += guards.unzip(path, file.members, folder) if file.members else [path]
    return [folder] if graph.reader in FOLDERS else sources
