"""Whether the evidence named is what made the model choose."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.metrics import wilson_interval
from kgreason.nn.batch import Item
from kgreason.nn.evidence import evidence, parts, read
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.records import Candidate, Edge, Evidence, Grounding, Question, Subgraph, Triple
from kgreason.retrieval import Pairs, Retriever

__all__ = ["faithfulness"]

#: Edges named for one question at most.
NAMED = 5
Progress = Callable[[str, int, int], None]


def faithfulness(
    model: ReasoningModel,
    questions: Sequence[Question],
    graph: KnowledgeGraph,
    *,
    config: RetrievalConfig | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """How the edges named as evidence bear on the choices that the graph changed.

    The questions are those of which the model chooses another option with the graph than without; the edges those of
    the best paths of that option, 5 at most. Comprehensiveness and sufficiency are meant as by ERASER (DeYoung et al.
    2020, section 4): what is lost without the evidence, here against as many other edges at the same option, drawn at
    random, and what is left with nothing else. Every edited graph is retrieved from again. A choice for which no edge
    is named counts as a failure of both.

    Args:
        model: a trained model.
        questions: with options; their truth is not read.
        graph: the graph.
        config: of the retrieval.
        seed: of the other edges.
        progress: called with (stage, done, total).

    Returns:
        questions; n, those whose choice the graph changed; edges, the mean number named; comprehensiveness (share of n
        where deleting the named edges lowers the option's score more than deleting the others) and sufficiency (share
        of n where the named edges alone keep the choice), each with a ci95 beside it, None without such a question;
        error, the largest difference between what the graph adds to the option and the sum of its parts' paths and
        remainders.
    """
    asked = [question for question in questions if question.options]
    tell = progress or (lambda stage, done, total: None)
    items = Pairs(asked, graph, config, progress)
    with_graph = predict(model, items, progress=lambda *done: tell("score", *done))
    bare: list[Item] = [(question, None) for question in asked]  # not even a question's own facts
    without = predict(model, bare, progress=lambda *done: tell("score without the graph", *done))
    chosen = [int(prediction.logits.argmax()) for prediction in with_graph]
    changed = [i for i, prediction in enumerate(without) if prediction.logits.argmax() != chosen[i]]
    edits = _Edits(model, graph, config, seed)
    cases = []
    for done, i in enumerate(changed):
        cases.append(edits.case(items[i], chosen[i]))
        tell("edit the graph", done + 1, len(changed))

    def logits(kind: str) -> list[np.ndarray]:
        edited = [getattr(case, kind) for case in cases]
        return [found.logits for found in predict(model, edited, progress=lambda *done: tell(f"score {kind}", *done))]

    named, others, alone = (logits(kind) for kind in ("without_named", "without_others", "named_alone"))
    rows = range(len(cases))
    more = sum(bool(cases[k].named) and named[k][chosen[i]] < others[k][chosen[i]] for k, i in enumerate(changed))
    kept = sum(bool(cases[k].named) and int(alone[k].argmax()) == chosen[changed[k]] for k in rows)
    return {
        "questions": len(asked),
        "n": len(cases),
        "edges": float(np.mean([len(case.named) for case in cases])) if cases else 0.0,
        "comprehensiveness": more / len(cases) if cases else None,
        "comprehensiveness_ci95": list(wilson_interval(more, len(cases))) if cases else None,
        "sufficiency": kept / len(cases) if cases else None,
        "sufficiency_ci95": list(wilson_interval(kept, len(cases))) if cases else None,
        "error": max((case.error for case in cases), default=0.0),
    }


@dataclass(frozen=True, eq=False, slots=True)
class _Case:
    """A question with its graph edited in three ways."""

    named: tuple[Edge, ...]
    without_named: Item
    without_others: Item
    named_alone: Item
    error: float


class _Edits:
    """Makes the edits of a question."""

    def __init__(self, model: ReasoningModel, graph: KnowledgeGraph, config: RetrievalConfig | None, seed: int) -> None:
        self.model = model
        self.grounder, self.retriever = Grounder(graph, config), Retriever(graph, config)
        self.random = np.random.default_rng(seed)

    def case(self, item: Item, option: int) -> _Case:
        """The edits of one question for its chosen option."""
        question, subgraph = item
        assert subgraph is not None
        reading = read(self.model, self.model.collator()([item]).to(self.model.device))
        added = float((reading.scores.logits - reading.scores.text)[option].detach())
        told = 0.0
        for part in parts(reading, self.retriever, subgraph, option, limit=NAMED):
            told += sum(path.contribution for path in part.paths) + part.remainder
        named = _named(evidence(reading, self.retriever, subgraph, option))
        others = self._others(subgraph, option, named)
        return _Case(
            named=named,
            without_named=(question, self._without(subgraph, (edge.triple for edge in named))),
            without_others=(question, self._without(subgraph, others)),
            named_alone=(question, self._alone(subgraph, named)),
            error=abs(told - added),
        )

    def _without(self, subgraph: Subgraph, triples: Iterable[Triple]) -> Subgraph:
        return self.retriever.retrieve(subgraph.grounding, remove=tuple(triples))

    def _others(self, subgraph: Subgraph, option: int, named: Sequence[Edge]) -> list[Triple]:
        """As many edges that are not named: of those at the option, and where there are too few, of the others."""
        taken = {edge.triple for edge in named}
        size = subgraph.edge_index.shape[1] // 2
        source, target = (np.isin(ends[:size], _nodes(subgraph, option)) for ends in subgraph.edge_index)
        at_option = source | target
        order = self.random.permutation(size)
        order = np.concatenate([order[at_option[order]], order[~at_option[order]]])
        free = (triple for triple in (_own(subgraph, edge) for edge in order.tolist()) if triple not in taken)
        return list(itertools.islice(free, len(named)))

    def _alone(self, subgraph: Subgraph, named: Sequence[Edge]) -> Subgraph:
        """The subgraph of the same concepts in a graph of the named edges alone."""
        label = dict(zip(subgraph.keys, subgraph.labels, strict=True))
        whole = self.retriever.graph
        ends = {key for edge in named for key in (edge.source, edge.target)}
        labels = {key: label[key] if key in label else whole.label(whole.resolve(key)) for key in sorted(ends)}
        small = KnowledgeGraph.from_triples([(*edge.triple, edge.weight) for edge in named], labels=labels)
        mentions = tuple(
            replace(mention, candidates=tuple(_moved(candidate, small) for candidate in mention.candidates))
            for mention in subgraph.grounding.mentions
        )
        question = replace(subgraph.question, facts=())
        return Retriever(small, self.retriever.config).retrieve(Grounding(question, mentions))


def _named(found: Evidence) -> tuple[Edge, ...]:
    """The edges of the best paths, as many whole paths as fit."""
    named: dict[Edge, None] = {}
    for path in found.paths:
        if path.contribution > 0 and len(more := {**named, **dict.fromkeys(path.edges)}) <= NAMED:
            named = more
    return tuple(named)


def _moved(candidate: Candidate, graph: KnowledgeGraph) -> Candidate:
    """A candidate as another graph knows it; one that it does not know is a concept of the question alone."""
    node = graph.find(candidate.key)
    return replace(candidate, node=-1 if node is None else node)


def _nodes(subgraph: Subgraph, option: int) -> npt.NDArray[np.int32]:
    return subgraph.option_node[1, subgraph.option_node[0] == option]


def _own(subgraph: Subgraph, edge: int) -> Triple:
    """An edge of the first half of a subgraph, all of which are walked forward."""
    source, target = subgraph.edge_index[:, edge].tolist()
    return subgraph.keys[source], subgraph.relations[subgraph.edge_relation[edge]], subgraph.keys[target]
