from __future__ import annotations

import re
import runpy
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kgreason.cli import main

ROOT = Path(__file__).parents[3]

Run = Callable[[str], str]


def transcript(example: str) -> Iterator[tuple[str, str]]:
    """Commands of an example's README, each with what it is said to write: indented lines after one of ``$``."""
    text = (ROOT / "docs" / "examples" / example / "README.md").read_text(encoding="utf-8")
    indented = re.sub(r"\\\n\s*", "", "\n".join(line[4:] for line in text.splitlines() if line.startswith("    ")))
    for part in re.split(r"^\$ ", indented, flags=re.MULTILINE)[1:]:
        command, _, told = part.partition("\n")
        yield command, told


def plain(text: str) -> str:
    """A text as one line."""
    return " ".join(text.split())


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command as in a checkout, but what it makes is kept apart; gives what it writes to standard output."""
    for folder in ("docs", "kg_data"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)

    def call(command: str) -> str:
        program, *arguments = shlex.split(command)
        monkeypatch.setattr(sys, "argv", arguments)
        capsys.readouterr()
        if program == "kgreason":
            with pytest.raises(SystemExit) as leaving:
                main(arguments)
            assert leaving.value.code == 0, capsys.readouterr().err
        else:
            assert program == "python"
            runpy.run_path(arguments[0], run_name="__main__")
        return capsys.readouterr().out

    return call
