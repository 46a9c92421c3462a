"""Bad input through the real command line: exit code 2, value and fix named, nothing half-written."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kgreason import storage
from tools.claims.claim import Measured
from tools.claims.probes import kgreason, scratch

__all__ = ["CASES", "Case", "misses", "told"]

HEADER = "source\trelation\ttarget\n"
GOOD = "penguin\tAtLocation\tzoo\n"


@dataclass(frozen=True, slots=True)
class Case:
    """One mistake.

    Args:
        name: the mistake in words.
        arguments: the command, given the case's folder; the graph goes to ``g`` in it.
        says: what the complaint has to name; ``{folder}`` stands for the case's folder.
        arrange: makes what the command reads.
        environment: variables of the command.
        before: limits the command's process.
    """

    name: str
    arguments: Callable[[Path], list[str | Path]]
    says: tuple[str, ...]
    arrange: Callable[[Path], None] = lambda folder: None
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] | None = None


def _file(name: str, content: str | bytes) -> Callable[[Path], None]:
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: storage.write_bytes(folder / name, data)


def _build(name: str, *options: str) -> Callable[[Path], list[str | Path]]:
    return lambda folder: ["graph", "build", folder / name, "-o", folder / "g", *options]


def _retrieve(question: str, options: list[str]) -> Callable[[Path], list[str | Path]]:
    asked = [part for option in options for part in ("--options", option)]
    return lambda folder: ["retrieve", question, *asked, "--graph", folder / "sound"]


def _sound(folder: Path) -> Path:
    """A small sound image; its version's folder."""
    from kgreason.graph import readers
    from kgreason.graph.build import build

    _file("sound.tsv", HEADER + GOOD)(folder)
    return build(readers.read(folder / "sound.tsv"), folder / "sound")


def _truncated(folder: Path) -> None:
    file = _sound(folder) / "idx.npy"
    storage.write_bytes(file, storage.read_limited(file, 2**20)[:-1])


def _newer(folder: Path) -> None:
    manifest = _sound(folder) / "manifest.json"
    storage.write_text(manifest, storage.canonical_json({**json.loads(manifest.read_text()), "format": 99}))


def _small_files_only() -> None:
    """As on a full disk, writing fails midway: no file may grow over 4 KiB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@cache
def _checkpoint() -> Path:
    """A sound checkpoint on the packaged base."""
    from kgreason.nn.lora import LoraSettings
    from kgreason.nn.model import ModelConfig, ReasoningModel

    folder = scratch() / "model"
    ReasoningModel.create(ModelConfig(lora=LoraSettings(rank=1, alpha=1))).save_pretrained(folder)
    return folder


def _spoilt(spoil: Callable[[Path], None]) -> Callable[[Path], None]:
    """A copy of the sound checkpoint with a mistake made in it."""

    def arrange(folder: Path) -> None:
        shutil.copytree(_checkpoint(), folder / "model")
        spoil(folder / "model")

    return arrange


def _not_finite(model: Path) -> None:
    from safetensors.torch import load_file, save

    tensors = load_file(model / "model.safetensors")
    tensors["logic.scale"].fill_(float("nan"))
    storage.write_bytes(model / "model.safetensors", save(tensors))


def _halved(model: Path) -> None:
    weights = storage.read_limited(model / "model.safetensors", 2**30)
    storage.write_bytes(model / "model.safetensors", weights[: len(weights) // 2])


def _configured(**values: Any) -> Callable[[Path], None]:
    def spoil(model: Path) -> None:
        config = storage.read_json(model / "config.json")
        storage.write_json(model / "config.json", {**config, **values})

    return spoil


def _ask(folder: Path) -> list[str | Path]:
    options = ["--options", "zoo", "oven", "--graph", "none"]
    return ["ask", "Where is a penguin?", *options, "--model", folder / "model"]


MANY = HEADER + "".join(f"concept {i}\tRelatedTo\tconcept {i + 1}\n" for i in range(3001))
LONG = "Where would you keep a penguin? " * 300

CASES = (
    Case("missing file", _build("none.tsv"), ("{folder}/none.tsv", "no such file")),
    Case("empty file", _build("a.tsv"), ("{folder}/a.tsv", "empty"), _file("a.tsv", "")),
    Case("malformed line", _build("a.tsv"), ("a.tsv, line 3", "2 columns instead of 3"),
         _file("a.tsv", HEADER + GOOD + "penguin\tAtLocation\n")),
    Case("malformed JSON line", _build("a.jsonl"), ("a.jsonl, line 2",),
         _file("a.jsonl", '{"source": "a", "relation": "r", "target": "b"}\n{"source": \n')),
    Case("unknown relation column", _build("a.tsv", "--columns", "relation=predicate"), ("'predicate'", "relation"),
         _file("a.tsv", HEADER + GOOD)),
    Case("unknown reader", _build("a.tsv", "--reader", "excel"), ("'excel'", "conceptnet5"),
         _file("a.tsv", HEADER + GOOD)),
    Case("wrong encoding", _build("a.tsv"), ("a.tsv, line 3", "0xe9 is not UTF-8"),
         _file("a.tsv", (HEADER + GOOD + "café\tIsA\tplace\n").encode("latin-1"))),
    Case("binary junk", _build("a.tsv"), ("{folder}/a.tsv",), _file("a.tsv", bytes(range(256)) * 64)),
    Case("0 options", lambda folder: ["retrieve", "Where?", "--graph", folder / "sound", "--options"],
         ("--options",)),
    Case("1 option", _retrieve("Where is a penguin?", ["zoo"]), ("1 entry", "2 to 64")),
    Case("65 options", _retrieve("Where is a penguin?", [f"place {i}" for i in range(65)]), ("65 entries", "2 to 64")),
    Case("question over 8 KiB", _retrieve(LONG, ["zoo", "oven"]), ("9,600 bytes", "8,192", "context")),
    Case("truncated image", _retrieve("Where is a penguin?", ["zoo", "oven"]), ("idx.npy", "Build the graph again"),
         _truncated),
    Case("image of a newer format", _retrieve("Where is a penguin?", ["zoo", "oven"]), ("format 99", "Upgrade"),
         _newer),
    Case("read-only cache", lambda folder: ["graph", "info"], ("/sys/kgreason", "permitted"),
         environment={"KGREASON_HOME": "/sys/kgreason"}),
    Case("disk full during build", _build("a.tsv"), ("{folder}/g", "cannot be written"), _file("a.tsv", MANY),
         before=_small_files_only),
    Case("NaN in a checkpoint", _ask, ("model.safetensors", "logic.scale", "not finite", "Take the checkpoint again"),
         _spoilt(_not_finite)),
    Case("checkpoint of another base", _ask, ("another all-MiniLM-L6-v2", "0" * 12, "Install the base"),
         _spoilt(_configured(base_digest="0" * 64))),
    Case("truncated checkpoint", _ask, ("{folder}/model/model.safetensors", "cannot be read"), _spoilt(_halved)),
    Case("checkpoint of a newer format", _ask, ("format 99", "Upgrade"), _spoilt(_configured(format=99))),
)  # fmt: skip


def told(case: Case) -> str:
    """What is wrong with how a case is answered; empty if nothing is."""
    folder = scratch()
    case.arrange(folder)
    before = set(folder.rglob("*"))
    done = kgreason(*case.arguments(folder), environment=case.environment, before=case.before)
    message, _, fix = done.stderr.strip().rpartition("\n")
    missing = [part for each in case.says if (part := each.format(folder=folder)) not in done.stderr]
    left = sorted(str(path.relative_to(folder)) for path in set(folder.rglob("*")) - before if path.is_file())
    faults = (
        (done.returncode != 2, f"exit code {done.returncode}: {done.stderr[-200:]}"),
        (bool(done.stdout), "prints a result"),
        (not (message and fix), "names no fix"),
        (bool(missing), f"does not say {missing}"),
        (bool(left), f"leaves {left}"),
    )
    return next((f"{case.name}: {what}" for fault, what in faults if fault), "")


def misses(cases: tuple[Case, ...] = CASES) -> Measured:
    """How many mistakes are not told as they should be."""
    found = [fault for case in cases if (fault := told(case))]
    return Measured(len(found), "; ".join(found) or f"{len(cases)} cases")
