"""Which reader a file is for, judged by its name's ending where that is unmistakable, else by its first lines."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from kgreason import guards, storage
from kgreason.errors import FormatError
from kgreason.graph.readers import atomic, cn100k, conceptnet4, conceptnet5, facts, prolog, senticnet, tables, wordnet
from kgreason.graph.readers.common import NAMES, NEEDED

__all__ = ["sniff"]

_ENDINGS = {
    ".graphml": "graphml", ".jsonld": "jsonld", ".nt": "ntriples", ".nq": "ntriples", ".owl": "rdfxml",
    ".parquet": "parquet", ".rdf": "rdfxml", ".trig": "turtle", ".ttl": "turtle",
}  # fmt: skip
#: Formats that are known by one line of theirs.
_LINES = {
    "conceptnet5": conceptnet5.fits,
    "conceptnet4": conceptnet4.fits,
    "atomic": atomic.fits,
    "senticnet": senticnet.fits,
    "cn100k": cn100k.fits,
}
_HEAD_BYTES = 1 << 16
_HEAD_LINES = 10_000
_N_TRIPLES = re.compile(r"(<[^<>\s]+>|_:\S+)\s*<[^<>\s]+>\s*[<_\"]")
_TURTLE = re.compile(r"@?(prefix|base)\s", re.IGNORECASE)
_JSON_LD = re.compile(r'"@(context|graph|id|type)"\s*:')


def sniff(path: str | Path) -> str:
    """The reader for a file or a directory.

    Raises:
        FormatError: it is missing or empty, or no reader fits.
    """
    path = Path(path)
    if storage.is_directory(path):
        return _folder(path)
    ending = Path(path.name.removesuffix(".gz")).suffix.lower()
    head = b""
    with guards.open_binary(path) as handle:
        while len(head) < _HEAD_BYTES and (more := handle.read(_HEAD_BYTES)):
            head += more
    if not head.strip():
        raise FormatError(path, "it is empty", fix="Check the file.")
    if head.startswith(b"PK\x03\x04") or head[257:262] == b"ustar":
        raise FormatError(path, "it is an archive of files", fix="Unpack it, and name the file that is wanted.")
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if head.startswith(b"PAR1"):
        return "parquet"
    with storage.open_text(path) as lines:
        first = next((line for line in lines if line.strip()), "")
        rest = list(islice(lines, _HEAD_LINES))
    reader = _document(head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n"), first) or _rows(path, first, rest)
    if reader is None:
        from kgreason.graph.readers import READERS

        raise FormatError(path, "no reader fits its first line", line=1, fix=f"Name a reader: {', '.join(READERS)}.")
    return reader


def _folder(path: Path) -> str:
    if facts.is_image(path) or storage.size(path / facts.ASSERTIONS) is not None:
        return "facts"
    if wordnet.fits(path):
        return "wordnet"
    raise FormatError(path, f"it holds no {facts.ASSERTIONS}", fix="Name a file, a graph or a facts directory.")


def _document(head: str, first: str) -> str | None:
    """The reader of a document, which has a form of its own and no lines."""
    if head.startswith("<") and not _N_TRIPLES.match(head):
        return "graphml" if "<graphml" in head else "rdfxml" if ":RDF" in head or "<RDF" in head else None
    if head.startswith(("{", "[")):
        return "jsonld" if _JSON_LD.search(head) else "jsonl" if head.startswith("{") else None
    spoken = next((line for line in head.split("\n") if line.strip() and not line.startswith("#")), "")
    if _N_TRIPLES.match(spoken):
        return "ntriples"
    return "turtle" if _TURTLE.match(spoken) and not first.startswith("prefix,") else None


def _rows(path: Path, first: str, rest: list[str]) -> str | None:
    """The reader of a file of lines."""
    for reader, fits in _LINES.items():
        if fits(first):
            return reader
    mark = tables.column_mark(path, first)
    if mark and _recurs(mark, first, rest):
        return "triples"
    if any(sign in first for sign in "\t|"):
        return "table"
    if prolog.fits(first):
        return "prolog"
    return "table" if "," in first else None


def _recurs(mark: str, first: str, rest: list[str]) -> bool:
    """Whether a first line of three or four columns is a triple: its relation occurs again, as no header does."""
    cells = first.split(mark)
    if len(cells) not in (3, 4) or all(set(NAMES[column]) & {cell.strip() for cell in cells} for column in NEEDED):
        return False
    return any(line.count(mark) in (2, 3) and line.split(mark)[1] == cells[1] for line in rest)
