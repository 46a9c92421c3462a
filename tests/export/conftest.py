from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kgreason.cli import main
from kgreason.nn.model import ReasoningModel
from tests.formula import KNOWLEDGE, make


@pytest.fixture(scope="session")
def checkpoint(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose weights all say something."""
    knowledge = replace(KNOWLEDGE, paths="both", fusion=False, max_nodes=40, steps=1)
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    make(tiny_base, knowledge=knowledge, valence=True).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def model(checkpoint: Path) -> ReasoningModel:
    return ReasoningModel.from_pretrained(checkpoint, device="cpu")


@pytest.fixture(scope="session")
def exported(checkpoint: Path) -> Path:
    """The tiny model as the command writes it."""
    folder = checkpoint.with_name("onnx")
    with pytest.raises(SystemExit) as leaving:
        main(["export", str(checkpoint), "-o", str(folder), "--quiet", "--json"])
    assert not leaving.value.code
    return folder
