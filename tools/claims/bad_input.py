"""Bad input through the real command line: exit code 2, value and fix named, nothing half-written."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
