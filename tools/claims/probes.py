"""What measurements share: the command line and fresh interpreters as processes, folders that vanish at exit."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["interpret", "kgreason", "scratch"]


def scratch() -> Path:
    """A new folder that vanishes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="kgreason-claims-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def kgreason(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command as a user does.

    Args:
        arguments: what follows ``kgreason``.
        environment: variables to set for it.
        before: called in the new process before the command starts, to limit it.
    """
    return subprocess.run(
        [sys.executable, "-m", "kgreason", *map(str, arguments)],
        env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=600, preexec_fn=before,
    )  # fmt: skip


def interpret(code: str, environment: Mapping[str, str] | None = None) -> str:
    """Run Python code in a fresh interpreter and give what it wrote.

    Raises:
        RuntimeError: it failed; its last words are the message.
    """
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return done.stdout
