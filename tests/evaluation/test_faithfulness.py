from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from kgreason.engine import Reasoner
from kgreason.evaluation.faithfulness import NAMED, _Edits, faithfulness
from kgreason.grounding import Grounder
from kgreason.nn.predict import predict
from kgreason.records import Edge, Question
from kgreason.retrieval import Pairs
from tests.formula import KNOWLEDGE, RELATIONS, make

COUNTING = replace(KNOWLEDGE, nodes=False, fusion=False, relations=RELATIONS)
QUESTIONS = [
    Question(f"{start} {concept}?", options, answer=0)
    for start in ("Where would you keep a", "What has to do with a", "Tell me of the")
    for concept, options in (
        ("penguin", ("oven", "zoo", "desert")),
        ("penguin", ("zoo", "kitchen", "house")),
        ("bird", ("nest", "oven", "africa")),
        ("oven", ("zoo", "kitchen", "city")),
        ("desert", ("hot", "wing")),
        ("zoo", ("city", "oven", "africa", "wet")),
    )
]


@pytest.fixture(scope="module")
def model(tiny_base):
    """A model whose counter decides."""
    found = make(tiny_base, knowledge=COUNTING)
    assert found.knowledge is not None
    assert found.knowledge.counter is not None
    torch.nn.init.ones_(found.knowledge.counter.weight)
    found.logic.gate.weight.zero_()
    found.logic.gate.weight[:, 0] = 3.0
    return found


@pytest.fixture(scope="module")
def figures(model, tiny_graph):
    return faithfulness(model, QUESTIONS, tiny_graph)


def item(graph, question):
    return Pairs([question], graph, stored=False)[0]


def test_changed_choices_are_those_that_differ_without_the_graph(figures, model, tiny_graph):
    on, off = Reasoner(model, tiny_graph), Reasoner(model, None)
    changed = [q for q in QUESTIONS if on.answer(q).choice != off.answer(q).choice]
    assert figures["questions"] == len(QUESTIONS)
    assert figures["n"] == len(changed) > 2


def test_a_counter_is_faithful(figures):
    """It is nothing but paths, and few options here have more than five edges."""
    assert figures["comprehensiveness"] > 0.8
    assert figures["sufficiency"] > 0.8
    for name in ("comprehensiveness", "sufficiency"):
        low, high = figures[f"{name}_ci95"]
        assert 0 <= low < figures[name] <= high <= 1
    assert 0 < figures["edges"] <= NAMED
    assert figures["error"] < 1e-5


def test_the_seed_alone_is_left_to_chance(figures, model, tiny_graph):
    assert faithfulness(model, QUESTIONS, tiny_graph) == figures
    stages = []
    other = faithfulness(model, QUESTIONS, tiny_graph, seed=5, progress=lambda *report: stages.append(report[0]))
    assert other["n"] == figures["n"]
    assert other["sufficiency"] == figures["sufficiency"]
    assert {"score", "score without the graph", "edit the graph", "score named_alone"} <= set(stages)


def test_named_edges_are_gone_or_alone(model, tiny_graph):
    question = QUESTIONS[0]
    case = _Edits(model, tiny_graph, None, 0).case(item(tiny_graph, question), 1)
    named = {(edge.source, edge.relation, edge.target) for edge in case.named}
    assert ("penguin", "AtLocation", "zoo") in named

    def said(subgraph):
        edges = zip(*subgraph.edge_index.tolist(), subgraph.edge_relation.tolist(), strict=True)
        keys, names = subgraph.keys, subgraph.relations
        return {(keys[s], names[c], keys[t]) for s, t, c in edges if c < len(names)}

    whole = said(item(tiny_graph, question)[1])
    assert named <= whole
    assert said(case.without_named[1]) & whole == whole - named
    assert said(case.named_alone[1]) == named
    gone = whole - said(case.without_others[1])
    assert len(gone) == min(len(named), len(whole) - len(named))
    assert not gone & named
    asked = Reasoner(model, tiny_graph).answer(question, remove=sorted(named))
    (score,) = predict(model, [case.without_named])
    np.testing.assert_allclose([o.score for o in sorted(asked.options, key=lambda o: o.index)], score.logits, atol=1e-5)


def test_named_edges_alone_are_all_there_is(model, tiny_graph):
    """Kept alone, all edges of a graph are that graph."""
    question = QUESTIONS[0]
    pair = item(tiny_graph, question)
    keys, names = tiny_graph.key, tiny_graph.relations
    every = tuple(
        Edge(keys(s), names[tiny_graph.rel[e]], keys(int(tiny_graph.idx[e])), float(tiny_graph.weight[e]))
        for s in range(tiny_graph.num_nodes)
        for e in range(tiny_graph.ptr[s], tiny_graph.ptr[s + 1])
        if tiny_graph.rel[e] < len(names) and not (names[tiny_graph.rel[e]] == "Antonym" and keys(s) == "hot")
    )
    alone = _Edits(model, tiny_graph, None, 0)._alone(pair[1], every)
    first, second = predict(model, [pair, (question, alone)])
    np.testing.assert_allclose(first.logits, second.logits, atol=1e-5)
    assert [m.surface for m in alone.grounding.mentions] == [
        m.surface for m in Grounder(tiny_graph).ground(question).mentions
    ]


def test_no_choice_is_changed(tiny_base, tiny_graph):
    closed = make(tiny_base, awake=False, knowledge=COUNTING)
    found = faithfulness(closed, QUESTIONS, tiny_graph)
    assert found["n"] == 0
    assert found["comprehensiveness"] is found["comprehensiveness_ci95"] is found["sufficiency"] is None
    assert found["error"] == 0


def test_a_choice_without_named_edges_is_a_failure(tiny_base, tiny_graph):
    """Paths that speak against options change choices too, and name nothing."""
    against = make(tiny_base, knowledge=COUNTING)
    assert against.knowledge is not None
    assert against.knowledge.counter is not None
    torch.nn.init.constant_(against.knowledge.counter.weight, -1.0)
    against.logic.gate.weight[:, 0] = 3.0
    found = faithfulness(against, QUESTIONS, tiny_graph)
    assert found["n"] > 0
    assert found["edges"] == found["comprehensiveness"] == found["sufficiency"] == 0


def test_questions_of_other_kinds_are_left_out(model, tiny_graph):
    assert faithfulness(model, [Question("Where?", task="open")], tiny_graph)["questions"] == 0
