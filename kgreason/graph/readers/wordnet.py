"""WordNet's database files, the folder with ``data.noun`` and its like, described in wndb(5WN).

Words of one meaning are synonyms of its first word. A meaning that is a kind, a manner or an instance of another is so
under each of its words; other pointers join the words that they name, or the first ones. The meaning folds into
the word, as in ConceptNet, and is kept as the sense (``n/wn/animal``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgreason import storage
from kgreason.errors import FormatError
from kgreason.graph.readers.common import Options, Row, chunks, concept_key, relation_name, spoken
from kgreason.graph.schema import WEIGHT_UNIT, default_label

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FILES", "LICENCE", "POINTERS", "Pointer", "Synset", "fits", "parse", "pointer_relation", "read"]

LICENCE = "WordNet"
FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}

#: Names of the lexicographer files by number, lexnames(5WN).
LEXNAMES = (
    "all pert all Tops act animal artifact attribute body cognition communication event feeling food group location "
    "motive object person phenomenon plant possession process quantity relation shape state substance time body change "
    "cognition communication competition consumption contact creation emotion motion perception possession social "
    "stative weather ppl"
)

#: Pointers read in this direction; their converses in the database say the same.
POINTERS = {"@", "@i", "#p", "#m", "%s", "!", "&", "*", ">", "+", "=", "\\", "<", "^", "$", ";c", ";r", ";u"}

_Key = tuple[str, str]
"""Part of speech and offset of a synset."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """A relation to another synset; ``source`` and ``target`` number words from 1, 0 stands for the whole synset."""

    symbol: str
    synset: _Key
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Synset:
    """Words of one meaning, with spaces and original case, its lexicographer file and its pointers."""

    pos: str
    words: tuple[str, ...]
    lexname: str
    pointers: tuple[Pointer, ...]
    gloss: str


def fits(folder: Path) -> bool:
    """Whether a folder is WordNet's."""
    return storage.size(folder / "data.noun") is not None


def read(
    folder: Path, options: Options
) -> tuple[Iterator[pl.DataFrame], pl.DataFrame | None, None, tuple[Mapping[str, Any], ...]]:
    """Assertion chunks, labels and sources of a folder; there are no aliases.

    Raises:
        FormatError: a file is missing or malformed, or a pointer leads nowhere.
    """
    if not fits(folder):
        raise FormatError(folder, "it holds no data.noun", fix="Name WordNet's folder of database files.")
    heads: dict[_Key, tuple[tuple[str, ...], str]] = {}
    for _, offset, synset in _synsets(folder):
        heads[synset.pos, offset] = synset.words, f"{synset.pos}/wn/{synset.lexname}"
    digest = storage.digest_bytes(*(storage.digest(folder / f"data.{name}").encode() for name in FILES.values()))
    source = {"name": folder.name, "reader": "wordnet", "digest": digest, "licence": LICENCE}
    return _chunks(folder, heads, options), _labels(heads, options), None, (source,)


def _chunks(
    folder: Path, heads: Mapping[_Key, tuple[tuple[str, ...], str]], options: Options
) -> Iterator[pl.DataFrame]:
    for pos, name in FILES.items():
        path = folder / f"data.{name}"
        synsets = ((number, synset) for number, _, synset in _synsets(folder, pos))
        yield from chunks(path, synsets, lambda synset: _rows(synset, heads), options)


def _rows(synset: Synset, heads: Mapping[_Key, tuple[tuple[str, ...], str]]) -> Iterator[Row]:
    sense = f"{synset.pos}/wn/{synset.lexname}"
    for word in synset.words[1:]:
        yield from _row(word, "Synonym", synset.words[0], sense, sense)
    for pointer in synset.pointers:
        if pointer.symbol not in POINTERS:
            continue
        if pointer.synset not in heads:
            raise ValueError(f"its pointer {pointer.symbol} {pointer.synset[1]} leads nowhere")
        others, other_sense = heads[pointer.synset]
        if max(pointer.source - 1, 0) >= len(synset.words) or max(pointer.target - 1, 0) >= len(others):
            raise ValueError(f"its pointer {pointer.symbol} {pointer.synset[1]} names a word that is not there")
        relation = pointer_relation(pointer.symbol, synset.pos)
        source, target = synset.words[max(pointer.source - 1, 0)], others[max(pointer.target - 1, 0)]
        # derivation is stated both ways: the longer word is taken to come from the shorter
        if pointer.symbol == "+" and (len(source), source) < (len(target), target):
            continue
        for word in synset.words if relation in ("IsA", "MannerOf", "InstanceOf") else (source,):
            yield from _row(word, relation, target, sense, other_sense)


def _row(source: str, relation: str, target: str, *senses: str) -> Iterator[Row]:
    """The row, unless both words are one concept."""
    ends = concept_key(source), concept_key(target)
    if ends[0] != ends[1]:
        yield ends[0], relation, ends[1], WEIGHT_UNIT, "wordnet", LICENCE, "\t".join(senses), ""


@cache
def pointer_relation(symbol: str, pos: str) -> str:
    """The relation of a pointer; some symbols mean other things from another part of speech."""
    for name in (f"wn:{symbol}", f"wn:{symbol}{pos}"):
        if (relation := relation_name(name)) != name:
            return relation
    raise FormatError("relations.toml", f"no relation has the alias wn:{symbol}{pos}")


def _labels(heads: Mapping[_Key, tuple[tuple[str, ...], str]], options: Options) -> pl.DataFrame | None:
    """Words that are written otherwise than their keys: names, mostly; the spelling that is first in byte order."""
    import polars as pl

    spelled: dict[str, set[str]] = {}
    for words, _ in heads.values():
        for word in words:
            spelled.setdefault(concept_key(word), set()).add(word)
    rows = [
        (key, min(forms)) for key, forms in spelled.items() if default_label(key) not in forms and spoken(key, options)
    ]
    return pl.DataFrame(rows, schema={"key": pl.String, "label": pl.String}, orient="row") if rows else None


def _synsets(folder: Path, pos: str | None = None) -> Iterator[tuple[int, str, Synset]]:
    """Line number, offset and synset of all files, or of one."""
    for kind in FILES if pos is None else (pos,):
        path = folder / f"data.{FILES[kind]}"
        with storage.open_text(path) as lines:
            for number, line in enumerate(lines, 1):
                if line.startswith("  ") or not line.strip():  # the licence
                    continue
                try:
                    yield number, *parse(kind, line)
                except (ValueError, IndexError) as error:
                    what = f"{line[:80]!r} is no synset"
                    raise FormatError(path, what, line=number, fix="Fetch the file again.") from error


def parse(pos: str, line: str) -> tuple[str, Synset]:
    """Offset and synset of a line.

    Raises:
        ValueError, IndexError: it is none.
    """
    data, _, gloss = line.partition(" | ")
    fields = data.split()
    count = int(fields[3], 16)
    words = tuple(_word(fields[4 + 2 * i]) for i in range(count))
    at = 4 + 2 * count
    pointers = []
    for i in range(int(fields[at])):
        symbol, offset, target_pos, ends = fields[at + 1 + 4 * i : at + 5 + 4 * i]
        pointers.append(Pointer(symbol, (target_pos, offset), int(ends[:2], 16), int(ends[2:], 16)))
    if not words:
        raise ValueError("it has no word")
    return fields[0], Synset(pos, words, _lexnames()[int(fields[1])], tuple(pointers), gloss.strip())


@cache
def _lexnames() -> list[str]:
    return LEXNAMES.split()


@cache
def _word(raw: str) -> str:
    """A word as written in a data file, without the mark of an adjective's position."""
    return re.sub(r"\((?:a|p|ip)\)$", "", raw).replace("_", " ")
