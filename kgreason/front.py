"""The stages before any model: what a question's texts state, its concepts, its subgraph, and paths between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter

from kgreason.config import RetrievalConfig
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder, Rules, with_stated
from kgreason.grounding.unknown import Meaning
from kgreason.nn.packing import PROOF
from kgreason.records import Evidence, Path, Question, Subgraph, Triple
from kgreason.retrieval import Retriever, facts_graph, worded

__all__ = ["Front", "Read", "proof_paths"]


@dataclass(frozen=True, eq=False)
class Read:
    """One question on its way: what was retrieved and how long it took."""

    question: Question
    subgraph: Subgraph | None
    add: tuple[Triple, ...]
    remove: tuple[Triple, ...]
    trace: dict[str, float]


@dataclass(frozen=True, eq=False)
class Front:
    """What every reasoner does before its model, whatever that is.

    Args:
        graph: the graph, or None for the text alone.
        config: of the retrieval.
        index: of the graph.
        stated: whether edges that a question's texts state are read.
        rules: what follows from them; the packaged rules if None.
        hidden: edges of the graph that no question reads.

    Raises:
        InputError: an index without a graph.

    Example:
        >>> front = Front(KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo")]))
        >>> read = front.read(Question("Where is a penguin?", ("zoo", "oven")))
        >>> [[str(path) for path in each.paths] for each in front.connections(read, range(2))]
        [['penguin is found at zoo'], []]
    """

    graph: KnowledgeGraph | None
    config: RetrievalConfig | None = None
    index: Meaning | None = None
    stated: bool = True
    rules: Rules | None = None
    hidden: tuple[Triple, ...] = ()

    def __post_init__(self) -> None:
        if self.index is not None and self.graph is None:
            raise InputError("an index was given, but there is no graph", fix="Open a graph, or leave it out.")

    @cached_property
    def grounder(self) -> Grounder:
        """Of the graph; without one, what a question brings is the graph."""
        if self.graph is None:
            return Grounder(facts_graph(), self.config)
        return Grounder(self.graph, self.config, index=self.index)

    @cached_property
    def retriever(self) -> Retriever:
        """Of the same."""
        if self.graph is None:
            return Retriever(facts_graph(), self.config)
        return Retriever(self.graph, self.config, hidden=self.hidden)

    def with_stated(self, question: Question, add: Sequence[Triple], remove: Sequence[Triple]) -> Question:
        """The question with what its texts state, and what follows from that."""
        return with_stated(question, self.rules, add=add, remove=remove) if self.stated else question

    def read(self, question: Question, add: tuple[Triple, ...] = (), remove: tuple[Triple, ...] = ()) -> Read:
        """Ground a question and retrieve its evidence.

        Raises:
            InputError: edits without a graph, or an edge to remove that is not there.
        """
        trace: dict[str, float] = {"ground_ms": 0.0, "retrieve_ms": 0.0, "nodes": 0, "edges": 0}
        if self.graph is None and not (question.facts or question.edges):
            if add or remove:
                raise InputError("edits were given, but there is no graph", fix="Open a graph, or leave them out.")
            return Read(question, None, add, remove, trace)
        start = perf_counter()
        grounding = self.grounder.ground(question, add=add)
        grounded = perf_counter()
        subgraph = self.retriever.retrieve(grounding, add=add, remove=remove)
        trace["ground_ms"] = 1000 * (grounded - start)
        trace["retrieve_ms"] = 1000 * (perf_counter() - grounded)
        trace["nodes"], trace["edges"] = len(subgraph), subgraph.edge_index.shape[1]
        return Read(question, subgraph, add, remove, trace)

    def connections(self, read: Read, options: Sequence[int]) -> list[Evidence]:
        """Of some options of a closed question, what proves each and the paths that say most by themselves.

        What a model makes of a path is not known here: its contribution is 0.
        """
        found = [Evidence(proof_paths(read.question, option)) for option in options]
        if read.subgraph is None or not len(read.subgraph):
            return found
        start = perf_counter()
        one_end = read.question.task == "entailment"  # the paths of all its labels end at the hypothesis
        told: dict[int, tuple[Path, ...]] = {}
        for end in {0} if one_end else set(options):
            paths = self.retriever.paths(read.subgraph, end, add=read.add, remove=read.remove)
            alone = [replace(path, contribution=0.0) for path in paths]
            told[end] = worded(alone, self.retriever.graph, read.subgraph.grounding)
        read.trace["evidence_ms"] = 1000 * (perf_counter() - start)
        return [
            Evidence((*proven.paths, *told[0 if one_end else option]))
            for proven, option in zip(found, options, strict=True)
        ]


def proof_paths(question: Question, option: int) -> tuple[Path, ...]:
    """What the question's own texts prove an option by."""
    return tuple(Path(each.edges, PROOF * each.weight) for each in question.proofs if each.option == option)
