"""Words of other languages for the concepts of a graph whose names are English.

They lie beside a graph and not in it: its digest, its arrays and what English texts find in it stay as they are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from kgreason import storage
from kgreason.errors import FormatError
from kgreason.graph.surfaces import Surfaces
from kgreason.language import normal_form
from kgreason.language.cedict import dictionary, read_senses

if TYPE_CHECKING:
    from kgreason.graph.image import KnowledgeGraph

__all__ = ["TRANSLATION_PRIOR", "Translations", "translations"]

#: What a concept's name in another language is worth beside its own label.
TRANSLATION_PRIOR = 0.5
#: Changes when the rules by which words find concepts do.
_RULES = 1
_FILES = ("slots", "offsets", "data", "ptr", "node", "prior")


@dataclass(frozen=True, eq=False, slots=True)
class Translations:
    """Chinese words of a graph's concepts, n nodes.

    Args:
        surfaces: words in both scripts to concepts.
        name: the form that names each node best, −1 where none does.

    Shapes:
        name [n] int32.
    """

    surfaces: Surfaces
    name: npt.NDArray[np.int32]

    def label(self, node: int) -> str | None:
        """What a concept is called, if anything."""
        form = int(self.name[node]) if 0 <= node < len(self.name) else -1
        return self.surfaces.form(form) if form >= 0 else None


_HELD: WeakKeyDictionary[KnowledgeGraph, dict[str, Translations]] = WeakKeyDictionary()


def translations(graph: KnowledgeGraph, language: str) -> Translations | None:
    """The words of a language for the concepts of a graph, made at first use; those of an image are kept in the cache.

    Args:
        graph: the graph.
        language: BCP-47 primary tag.

    Returns:
        None for a language without a dictionary, and for a graph without concepts.

    Raises:
        InputError: the dictionary is not installed.
    """
    if language != "zh" or not graph.num_nodes:
        return None
    held = _HELD.setdefault(graph, {})
    if language not in held:
        held[language] = _open(graph, language)
    return held[language]


def _open(graph: KnowledgeGraph, language: str) -> Translations:
    source = dictionary()
    if graph.path is None:
        return _make(graph, source)
    name = f"{graph.manifest['digest']}-{storage.digest(source)[:16]}-{_RULES}"
    folder = storage.cache_home() / "translations" / language / name
    if (kept := _read(folder)) is not None:
        return kept
    made = _make(graph, source)

    def write(target: Path) -> None:
        for file in _FILES:
            storage.save_npy(target / f"{file}.npy", getattr(made.surfaces, file))
        storage.save_npy(target / "name.npy", made.name)

    storage.publish(folder, write, replace=True)
    return made


def _read(folder: Path) -> Translations | None:
    """What was kept; None if nothing was, or if it is damaged."""
    if not storage.is_directory(folder):
        return None
    try:
        arrays = (storage.load_npy(folder / f"{file}.npy") for file in _FILES)
        return Translations(Surfaces(*arrays), storage.load_npy(folder / "name.npy"))
    except FormatError:
        return None


def _make(graph: KnowledgeGraph, source: Path) -> Translations:
    import polars as pl

    from kgreason.graph.derive import surface_table

    senses = list(read_senses(source))
    parts = _parts({sense.simplified for sense in senses})
    rows: list[tuple[str, int, float]] = []
    named: dict[int, tuple[float, int, int, str]] = {}
    for place, sense in enumerate(senses):
        others = parts[sense.simplified]
        usual = _usual(sense.simplified, others)
        for node, prior in graph.lookup(sense.english):
            worth = sense.weight * prior
            rows.extend((form, node, TRANSLATION_PRIOR * worth) for form in {sense.simplified, sense.traditional})
            rank = (-(worth**4) * usual, -others, place, normal_form(sense.simplified))
            named[node] = min(named.get(node, rank), rank)
    schema = {"form": pl.String, "node": pl.Int32, "prior": pl.Float32}
    surfaces = surface_table(pl.DataFrame(rows, schema=schema, orient="row"))
    name = np.full(graph.num_nodes, -1, np.int32)
    for node, (*_, word) in named.items():
        name[node] = surfaces.index(word)
    return Translations(surfaces, name)


def _parts(words: Set[str]) -> Counter[str]:
    """Of how many words each text of one to four characters is a part, itself among them if it is one."""
    return Counter(
        word[start:end]
        for word in words
        for start in range(len(word))
        for end in range(start + 1, min(start + 5, len(word) + 1))
    )


def _usual(word: str, others: int) -> float:
    """How usual a word is for what it means: dictionaries do not say, but usual words are parts of many others.

    A single character is a part of most words that it stands in without being one, so that this says little of it.
    """
    return math.log2(min(1 + others, 16)) if len(word) > 1 else 1.9
