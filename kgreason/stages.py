"""The stages that a question passes, one after another: what its texts state, what is retrieved, scores, evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

import torch

from kgreason.config import RetrievalConfig
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder, Rules, with_stated
from kgreason.grounding.unknown import Meaning
from kgreason.nn import evidence
from kgreason.nn.logic import PROOF
from kgreason.nn.model import ReasoningModel
from kgreason.nn.state import Scores
from kgreason.records import Evidence, Path, Question, Subgraph, Triple
from kgreason.retrieval import Retriever, facts_graph, worded

__all__ = ["Read", "Stages", "on_cpu"]


@dataclass(frozen=True, eq=False)
class Read:
    """One question on its way: what was retrieved and how long it took."""

    question: Question
    subgraph: Subgraph | None
    add: tuple[Triple, ...]
    remove: tuple[Triple, ...]
    trace: dict[str, float]


@dataclass(frozen=True, eq=False)
class Stages:
    """What :class:`kgreason.engine.Reasoner` puts together.

    Args:
        model: a trained model, in evaluation mode.
        graph: the graph, or None for the text alone.
        config: of the retrieval.
        index: of the graph.
        stated: whether edges that a question's texts state are read.
        rules: what follows from them; the packaged rules if None.
        hidden: edges of the graph that no question reads.
    """

    model: ReasoningModel
    graph: KnowledgeGraph | None
    config: RetrievalConfig | None = None
    index: Meaning | None = None
    stated: bool = True
    rules: Rules | None = None
    hidden: tuple[Triple, ...] = ()

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

    @torch.inference_mode()
    def score(self, reads: Sequence[Read], trace: dict[str, float]) -> Scores:
        """Questions scored in one step, without what evidence is drawn from."""
        start = perf_counter()
        batch = self.model.collator()([(read.question, read.subgraph) for read in reads]).to(self.model.device)
        scores = on_cpu(self.model(batch))
        trace["model_ms"] = 1000 * (perf_counter() - start)
        return scores

    def readings(self, reads: Sequence[Read]) -> list[evidence.Reading]:
        """Questions scored in one step, and of each what its evidence is drawn from."""
        if not reads:
            return []
        start = perf_counter()
        batch = self.model.collator()([(read.question, read.subgraph) for read in reads]).to(self.model.device)
        reading = evidence.read(self.model, batch)
        readings = [reading] if len(reads) == 1 else [reading.question(b) for b in range(len(reads))]
        for read in reads:
            read.trace["model_ms"] = 1000 * (perf_counter() - start)
        return readings

    def evidence(self, read: Read, reading: evidence.Reading | None, options: Sequence[int]) -> list[Evidence]:
        """Best paths of some options or answers."""
        proven = [_proof_paths(read.question, option) for option in options]
        if read.subgraph is None or not len(read.subgraph):
            return [Evidence(paths) for paths in proven]
        start = perf_counter()
        found = [
            evidence.evidence(reading, self.retriever, read.subgraph, option, add=read.add, remove=read.remove)
            for option in options
        ]
        graph, grounding = self.retriever.graph, read.subgraph.grounding
        found = [Evidence(worded(each.paths, graph, grounding)) for each in found]
        read.trace["evidence_ms"] = 1000 * (perf_counter() - start)
        return [Evidence((*paths, *each.paths)) for paths, each in zip(proven, found, strict=True)]


def on_cpu(scores: Scores) -> Scores:
    """Scores without gradient, where numpy can read them."""
    return Scores(*(None if part is None else part.detach().cpu() for part in scores))  # type: ignore[arg-type]  # parts keep their types


def _proof_paths(question: Question, option: int) -> tuple[Path, ...]:
    """What the question's own texts prove an option by."""
    return tuple(Path(each.edges, PROOF * each.weight) for each in question.proofs if each.option == option)
