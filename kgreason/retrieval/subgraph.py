"""From concepts to evidence: the subgraph of a question, and the typed paths that lead to its options."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kgreason.config import RetrievalConfig
from kgreason.graph.valence import Valence
from kgreason.records import Grounding, Path, Subgraph, Triple
from kgreason.retrieval.denial import standing
from kgreason.retrieval.edits import GraphView, Rows
from kgreason.retrieval.hidden import Hidden
from kgreason.retrieval.names import Names
from kgreason.retrieval.network import Network, Room
from kgreason.retrieval.paths import Links, count_types
from kgreason.retrieval.relevance import Relevance
from kgreason.retrieval.scratch import Scratch
from kgreason.retrieval.seeds import Seeds, gold_nodes, seed_rows
from kgreason.retrieval.wide import is_wide, read_wide
from kgreason.retrieval.wording import readable

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["Retriever"]

#: Questions that a thread remembers between their retrieval and their paths.
KEPT = 32


@dataclass(slots=True)
class _Asked:
    """A grounding and its edits, and what both read of the graph.

    ``gone`` is what they remove together with what is hidden.
    """

    grounding: Grounding
    add: tuple[Triple, ...]
    remove: tuple[Triple, ...]
    gone: tuple[Triple, ...]
    view: GraphView
    seeds: Seeds
    rows: Rows
    text: npt.NDArray[np.int8]
    links: Links | None = None  #: made where paths are asked for


class _Last(threading.local):
    """What a thread has asked last, of all questions of a step that it answers together."""

    def __init__(self) -> None:
        self.asked: deque[_Asked] = deque(maxlen=KEPT)


class Retriever:
    """Retrieves the evidence of a question: one subgraph for all its options, and the typed paths to each of them.

    Kept are the concepts of the question and its options, then the nodes on paths of two steps between any two of
    them: those that touch most concepts first, then by relevance to the question, by the weight of the edges to the
    concepts, and by degree. Open questions are read wide, see :mod:`kgreason.retrieval.wide`. Paths are counted over
    the whole graph. The result depends on graph, configuration and grounding alone; threads may share a retriever.

    Args:
        graph: the graph.
        config: sizes, and what takes part.
        hidden: edges that no question reads, unless it states or adds them; see :mod:`kgreason.graph.offensive`.

    Example:
        >>> from kgreason.graph import KnowledgeGraph
        >>> from kgreason.grounding import Grounder
        >>> from kgreason.records import Question
        >>> graph = KnowledgeGraph.from_triples([("penguin", "IsA", "bird"), ("bird", "AtLocation", "zoo")])
        >>> question = Question("Where is a penguin kept?", ("zoo", "desert"))
        >>> retriever = Retriever(graph)
        >>> subgraph = retriever.retrieve(Grounder(graph).ground(question))
        >>> tuple(subgraph.keys)
        ('penguin', 'zoo', 'bird')
        >>> [str(path) for path in retriever.paths(subgraph, option=0)]
        ['penguin is a kind of bird; bird is found at zoo']
    """

    def __init__(
        self, graph: KnowledgeGraph, config: RetrievalConfig | None = None, *, hidden: Sequence[Triple] = ()
    ) -> None:
        self.graph = graph
        self._hidden = Hidden(graph, hidden) if hidden else None
        self.config = config or RetrievalConfig()
        self.relevance = Relevance(graph)
        self.valence = Valence(graph)
        self._scratch = Scratch()
        self._last = _Last()

    def retrieve(self, grounding: Grounding, *, add: Sequence[Triple] = (), remove: Sequence[Triple] = ()) -> Subgraph:
        """The subgraph of a grounding; without concepts it is empty.

        Args:
            grounding: concepts of a question and its options. Concepts that only ``add`` names take part in the
                question where the grounding was made with them (``Grounder.ground(question, add=...)``).
            add: edges to add for this question: keys or labels, and relation names.
            remove: edges to hide.

        Returns:
            The same as from a graph built with the edits. An edge and its mate in the other direction are entries
            ``i`` and ``i + e / 2``.

        Raises:
            InputError: ``remove`` names what is not there.
        """
        asked = self._ask(grounding, tuple(add), tuple(remove))
        found = self._retrieve(asked)
        while more := [edge for edge in self._within(found) if edge not in asked.gone]:
            asked = self._ask(grounding, tuple(add), (*asked.gone, *more))
            found = self._retrieve(asked)
        return found

    def _within(self, subgraph: Subgraph) -> tuple[Triple, ...]:
        return self._hidden.within(subgraph.nodes, subgraph.grounding) if self._hidden else ()

    def _retrieve(self, asked: _Asked) -> Subgraph:
        grounding, view, seeds, rows, text = asked.grounding, asked.view, asked.seeds, asked.rows, asked.text
        own = self.relevance.of_names(view.names)
        types = count_types(view, seeds, rows, self._scratch)
        if is_wide(self.graph, grounding.question, self.config):
            seeds = seeds.question_first()
            nodes, edges = read_wide(view, seeds, self.config, self._scratch)
        else:
            nodes = self._choose(view, seeds, rows, text, own)
            edges = self._edges(view, nodes, _fitted(seeds.role, len(nodes)))
        mentioned = _among(seeds.mentioned, len(nodes))
        return Subgraph(
            grounding=grounding,
            keys=Names(nodes, view.key),
            labels=Names(nodes, view.label),
            relations=view.relations,
            nodes=np.where(nodes < self.graph.num_nodes, nodes, np.int64(-1)),
            role=_fitted(seeds.role, len(nodes)),
            prior=_fitted(seeds.prior, len(nodes)),
            relevance=self.relevance.cosine(nodes, own, text),
            vectors=self.relevance.of_nodes(nodes, own),
            **edges,
            option_node=_among(seeds.of_options, len(nodes)),
            **types,
            mention_node=mentioned,
            gold=gold_nodes(view, grounding.question, nodes),
            valence=standing(self.valence, grounding, nodes, view.names, mentioned),
        )

    def paths(
        self,
        subgraph: Subgraph,
        option: int,
        type_weights: Mapping[tuple[int, int], float] | None = None,
        *,
        limit: int | None = None,
        add: Sequence[Triple] = (),
        remove: Sequence[Triple] = (),
    ) -> tuple[Path, ...]:
        """The best paths from a concept of the question to a concept of an option, over the whole graph.

        Args:
            subgraph: what :meth:`retrieve` gave.
            option: which option.
            type_weights: what each path type (relation codes of the subgraph, second −1 for one step) contributes to
                the option's score, shared among the type's paths by their values. Without it paths are ranked by
                weights, degree of the middle node and its relevance.
            limit: how many; ``best_paths`` of the configuration if None.
            add: the edits of the retrieval.
            remove: the edits of the retrieval.

        Returns:
            Paths, strongest first; those that contribute nothing, or speak against the option, are left out.
        """
        asked = self._ask(subgraph.grounding, tuple(add), tuple(remove))
        if asked.links is None:
            asked.links = Links(asked.view, asked.seeds, asked.rows, self.relevance, asked.text, self._scratch)
        return asked.links.best(option, self.config.best_paths if limit is None else limit, type_weights)

    def _ask(self, grounding: Grounding, add: tuple[Triple, ...], remove: tuple[Triple, ...]) -> _Asked:
        """What a grounding reads of the graph; kept, since retrieval and the paths of all options ask for the same."""
        for held in reversed(self._last.asked):
            if held.grounding is grounding and (held.add, held.remove) == (add, remove):
                return held
        hidden = self._hidden.at(grounding) if self._hidden else ()  # every path runs over a concept asked about
        gone = tuple(dict.fromkeys((*hidden, *remove)))
        view = GraphView(self.graph, grounding, add, gone)
        seeds = Seeds.of(grounding, view)
        rows = seed_rows(view, seeds, self.config, self._scratch)
        text = self.relevance.of_text(readable(self.graph, grounding))
        self._last.asked.append(_Asked(grounding, add, remove, gone, view, seeds, rows, text))
        return self._last.asked[-1]

    def _choose(
        self, view: GraphView, seeds: Seeds, rows: Rows, text: npt.NDArray[np.int8], own: npt.NDArray[np.int8]
    ) -> npt.NDArray[np.int32]:
        """The seeds, then the best of the nodes between them. Shape: [n]."""
        from kgreason.retrieval.kernels import touched_by  # numba is slow to import

        room = self.config.max_nodes - len(seeds)
        if room <= 0:
            return seeds.nodes[: self.config.max_nodes]
        scratch = self._scratch
        scratch.fit(view.num_nodes, len(rows.idx))
        size = touched_by(seeds.nodes, rows, scratch.lists.place, scratch.node, scratch.touches, scratch.strength)
        nodes, touches, strength = scratch.node[:size], scratch.touches[:size], scratch.strength[:size]
        if size > room:  # only nodes that may still be chosen need a relevance
            contending = np.flatnonzero(touches >= np.partition(touches, size - room)[size - room])
            nodes, touches, strength = nodes[contending], touches[contending], strength[contending]
        near = self.relevance.cosine(nodes, own, text)
        order = np.lexsort((view.ranks(nodes), -strength, -near, -touches))[:room]
        return np.concatenate([seeds.nodes, nodes[order]])

    def _edges(
        self, view: GraphView, nodes: npt.NDArray[np.int32], role: npt.NDArray[np.uint8]
    ) -> dict[str, npt.NDArray[Any]]:
        """All edges between the nodes, the best ones where there are too many; then their mates."""
        from kgreason.retrieval.kernels import arrange, induce  # numba is slow to import

        scratch, net = self._scratch, Network.of(view, role, self.config)
        scratch.fit(view.num_nodes, 1)
        while (found := induce(nodes, net, scratch.lists.place, scratch.edges)) > len(scratch.edges.source):
            scratch.edges = Room.of(2 * found)
        room = self.config.max_edges // 2
        if found > room:
            place = _places(view.ranks(nodes))
            turns = place, place, view.name_ranks
        else:
            place = _places(nodes)
            turn = place + len(nodes) * np.isin(nodes, view.patched) if len(view.patched) else place
            turns = turn, place, np.arange(len(view.relations))
        index, relation, weight, origin = arrange(scratch.edges, found, room, turns, role, view.inverse)
        return {"edge_index": index, "edge_relation": relation, "edge_weight": weight, "edge_origin": origin}


def _places(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Where each value comes when they are sorted. Shapes: [n] -> [n]."""
    places = np.empty(len(values), np.int64)
    places[np.argsort(values)] = np.arange(len(values))
    return places


def _among(pairs: npt.NDArray[np.int32], size: int) -> npt.NDArray[np.int32]:
    """The pairs whose second is one of the first nodes. Shapes: [2, k] -> [2, j]."""
    return pairs[:, pairs[1] < size]


def _fitted(values: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """The first values, then zeros. Shape: [size]."""
    fitted = np.zeros(size, values.dtype)
    fitted[: len(values)] = values[:size]
    return fitted
