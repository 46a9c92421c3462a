from __future__ import annotations

from random import Random

from kgreason.evaluation.robustness import MOST_NOISE, noisy
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever

QUESTION = Question("Where would somebody keep a penguin in winter?", ("zoo", "oven", "zoo"), answer=1)


def test_noise_leads_edges_elsewhere(tiny_graph):
    retriever = Retriever(tiny_graph)
    before = retriever.retrieve(Grounder(tiny_graph).ground(QUESTION))
    after = noisy(before, Random(1), retriever)

    def said(subgraph):
        edges = zip(*subgraph.edge_index.tolist(), subgraph.edge_relation.tolist(), strict=True)
        names, keys = subgraph.relations, subgraph.keys
        return {(keys[s], names[c], keys[t]) for s, t, c in edges if c < len(names)}

    gone, come = said(before) - said(after), said(after) - said(before)
    assert 0 < len(gone) <= MOST_NOISE
    assert {edge[:2] for edge in come} <= {edge[:2] for edge in gone}
    assert len(come) <= len(gone)
    empty = retriever.retrieve(Grounder(tiny_graph).ground(Question("Hm?")))
    assert noisy(empty, Random(1), retriever) is empty
