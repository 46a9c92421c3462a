"""How pleasant concepts are: valence from a lexicon, carried over the graph to concepts that it does not list.

The lexicon is that of VADER (Hutto & Gilbert 2014). What a word says counts for the concept that it names best. From
there valence spreads as labels do over a graph whose edges have signs: what it lists stays, any other concept is the
mean of its neighbours, each weighed by its edge and by how sure its own value is (Zhu & Ghahramani 2002, section 2.2,
with the signed mean of Kunegis et al. 2010, and a confidence that fades with every step).
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import kg_data
from kgreason import storage
from kgreason.graph.derive import LABEL_PRIOR
from kgreason.graph.schema import default_label, is_negated
from kgreason.language import normal_form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kgreason.graph.image import KnowledgeGraph

__all__ = ["ONE", "Valence", "lexicon"]

#: Valence and confidence are stored as small integers: this is 1.
ONE = 127
#: Steps that valence spreads, and how much surer a neighbour is than what is told from it.
_STEPS, _FADE = 5, 0.8
#: A word counts for a concept that it names at least as surely as an inflection does.
_NAMES = 0.8

_Values = npt.NDArray[np.int8]


@cache
def lexicon() -> Mapping[str, float]:
    """Valence of English words in −1..1.

    Example:
        >>> lexicon()["joy"] > 0.5, lexicon()["dread"] < -0.4, "table" in lexicon()
        (True, True, False)
    """
    with storage.open_text(kg_data.path("valence.tsv.gz")) as lines:
        rows = [line.split("\t") for line in lines]
    return {word: int(valence) / 1000 for word, valence in rows}


class Valence:
    """Valence of a graph's concepts, and how sure it is.

    An image may bring its own as the node column ``valence``; otherwise it is computed when it is first asked for.

    Args:
        graph: the graph.
        words: valence of words in −1..1, those of :func:`lexicon` if None.

    Example:
        >>> from kgreason.graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_triples([("glee", "Synonym", "joy"), ("gloom", "Antonym", "joy")])
        >>> glee, gloom = Valence(graph).of_nodes(np.array([graph.resolve("glee"), graph.resolve("gloom")]))
        >>> bool(glee[0] > 0 > gloom[0]), bool(glee[1] > 0)
        (True, True)
    """

    def __init__(self, graph: KnowledgeGraph, words: Mapping[str, float] | None = None) -> None:
        self.graph = graph
        self._words = words

    @property
    def words(self) -> Mapping[str, float]:
        """Valence of words."""
        return lexicon() if self._words is None else self._words

    def of_nodes(self, nodes: npt.NDArray[np.integer], own: Sequence[str] = ()) -> _Values:
        """Valence in −127..127 and confidence in 0..127.

        Args:
            nodes: ids; those after the graph's last are of ``own``.
            own: keys of concepts that a question alone knows.

        Shapes:
            nodes [k] -> [k, 2]
        """
        size = self.graph.num_nodes
        values = np.zeros((len(nodes), 2), np.int8)
        inside = nodes < size
        values[inside] = self.column[nodes[inside]]
        for place in np.flatnonzero(~inside).tolist():
            word = normal_form(default_label(own[int(nodes[place]) - size]))
            if word in self.words:
                values[place] = round(ONE * self.words[word]), ONE
        return values

    @cached_property
    def column(self) -> _Values:
        """Of all concepts. Shape: [n, 2]."""
        given = self.graph.column("valence") if self._words is None else None
        if given is not None:
            return given
        value, listed = _listed(self.graph, self.words)
        value, confidence = _spread(self.graph, value, listed)
        return np.rint(ONE * np.stack([value, confidence], axis=1)).astype(np.int8)


def _listed(graph: KnowledgeGraph, words: Mapping[str, float]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Valence of concepts that a word names, and which these are: by their label if it is listed, else by the mean."""
    said: dict[int, list[float]] = defaultdict(list)
    named: dict[int, float] = {}
    for word, valence in words.items():
        for node, prior in graph.surfaces.lookup(word)[:1]:
            if prior >= LABEL_PRIOR:
                named[node] = valence
            elif prior >= _NAMES:
                said[node].append(valence)
    value, listed = np.zeros(graph.num_nodes, np.float32), np.zeros(graph.num_nodes, np.bool_)
    for node in said.keys() | named.keys():
        value[node] = named[node] if node in named else sum(said[node]) / len(said[node])
        listed[node] = True
    return value, listed


def _spread(
    graph: KnowledgeGraph, value: npt.NDArray[np.float32], listed: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    from kgreason.graph.kernels import spread  # numba is slow to import

    pull = _pulls(graph.relations)
    strength = np.log1p(graph.weight.astype(np.float32))
    confidence = listed.astype(np.float32)
    for _ in range(_STEPS):
        value, confidence = spread(graph.ptr, graph.idx, graph.rel, strength, pull, value, confidence, listed, _FADE)
    return value, confidence


def _pulls(relations: Sequence[str]) -> npt.NDArray[np.float32]:
    """How far valence carries over along each relation code. Shape: [2r]."""
    table = tomllib.loads(kg_data.path("valence.toml").read_text(encoding="utf-8"))
    pulls = [table["relations"].get(name, 0.0 if is_negated(name) else table["other"]) for name in relations]
    return np.array([*pulls, *pulls], np.float32)
