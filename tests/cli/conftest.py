from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kgreason.cli import main
from tests.models import opened, tiny_model


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command in this process."""

    def call(*arguments: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as leaving:
            main([str(argument) for argument in arguments])
        code = leaving.value.code
        shown = capsys.readouterr()
        return Outcome(code if isinstance(code, int) else 1, shown.out, shown.err)

    return call


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory, facts: tuple[tuple[str, str, str, float], ...]) -> Path:
    """The tiny graph as an image on disk, built by the command."""
    folder = tmp_path_factory.mktemp("graphs")
    table = folder / "facts.tsv"
    lines = ["source\trelation\ttarget\tweight", *("\t".join(map(str, fact)) for fact in facts)]
    table.write_text("\n".join(lines) + "\n")
    with pytest.raises(SystemExit) as leaving:
        main(["graph", "build", str(table), "-o", str(folder / "tiny"), "--quiet"])
    assert leaving.value.code == 0
    return folder / "tiny"


@pytest.fixture(scope="session")
def checkpoint(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose graph has a say."""
    folder = tmp_path_factory.mktemp("checkpoints") / "open"
    opened(tiny_model(tiny_base)).save_pretrained(folder)
    return folder
