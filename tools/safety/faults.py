"""Makes file calls fail, one at a time, and tells what is left of a graph that is being written meanwhile."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgreason import disk, storage
from kgreason.errors import KGReasonError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.manifest import CURRENT, LOCK, live_version, verify

__all__ = ["CALLS", "CODES", "Calls", "damages", "failing", "unsynced"]

CODES = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EINTR)
#: Of :mod:`kgreason.disk`; all that it can do to a file system.
CALLS = tuple(name for name in disk.__all__ if name not in ("reading", "writing"))


@dataclass(slots=True)
class Calls:
    """How many file calls were made."""

    count: int = 0


@contextmanager
def failing(number: int = 0, code: int = errno.ENOSPC) -> Iterator[Calls]:
    """Makes a file call fail while the block runs.

    Args:
        number: of the call, from 1; none fails if 0.
        code: the error.

    Yields:
        the count of the calls.
    """
    calls = Calls()

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            calls.count += 1
            if calls.count == number:
                raise OSError(code, os.strerror(code))
            return call(*arguments)

        return run

    whole = {name: getattr(disk, name) for name in CALLS}
    try:
        for name, call in whole.items():
            setattr(disk, name, wrapped(call))
        yield calls
    finally:
        for name, call in whole.items():
            setattr(disk, name, call)


@contextmanager
def unsynced() -> Iterator[None]:
    """Flushes nothing to the disk: that takes most of a small build's time, and only a power cut could tell."""
    sync = disk.sync
    disk.sync = lambda path: None
    try:
        yield
    finally:
        disk.sync = sync


def damages(
    image: Path, write: Callable[[], object], codes: Sequence[int] = CODES, *, every: int = 1
) -> Iterator[tuple[int, int, str]]:
    """Makes every file call of a writer fail in turn.

    Whatever fails, the writer has to say so with an error of ours that names a fix, or not to need the call; the image
    has to open as the version it was, or as the whole new one, without a finding, and nothing half-written may be left.

    Args:
        image: a graph; it is put back before each turn.
        write: makes another version of it the live one, the same each time.
        codes: errors to try for each call.
        every: only one in so many turns.

    Yields:
        number of the call, error, and what is wrong afterwards: empty if nothing is.
    """
    old = live_version(image)
    kept = {CURRENT, LOCK, old.name}
    with failing() as calls:
        write()
    new = live_version(image)
    turns = [(number, code) for number in range(1, calls.count + 1) for code in codes]
    for number, code in turns[::every]:
        storage.write_text(image / CURRENT, f"{old.name}\n")
        storage.remove(new)
        told = ""
        with failing(number, code):
            try:
                write()
            except KGReasonError as error:
                told = "" if error.fix else f"no fix is named: {error}"
            except OSError as error:
                told = f"{type(error).__name__}: {error}"
        yield number, code, told or _left(image, old, new, kept)


def _left(image: Path, old: Path, new: Path, kept: set[str]) -> str:
    """What is wrong with an image that is to be its old or its new version."""
    if found := verify(image):
        return found[0]
    if (path := KnowledgeGraph.open(image).path) not in (old, new):
        return f"{path} is live"
    if extra := {entry.name for entry in image.iterdir()} - kept - {new.name}:
        return f"{min(extra)} is left"
    return ""
