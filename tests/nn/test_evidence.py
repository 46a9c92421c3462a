from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from kgreason.config import RetrievalConfig
from kgreason.grounding import Grounder
from kgreason.nn import evidence
from kgreason.nn.evidence import parts, read
from kgreason.records import Edge, Question
from kgreason.retrieval import Retriever
from tests.formula import ENTAILMENT, KNOWLEDGE, make, scores

PARTS = {
    "counter": ["counter", "nodes"],
    "follower": ["follower", "nodes"],
    "both": ["counter", "follower"],
    "nodes": ["nodes"],
    "convolution": ["counter", "nodes"],
}
ASKED = Question("Where would you keep a penguin and a bird?", ("zoo", "antarctica", "oven", "cold"))


@pytest.fixture(scope="module")
def models(tiny_base):
    """A counter and a follower, each with a Bellman-Ford network, and the network with fusion alone."""
    kinds: dict[str, dict[str, Any]] = {
        "counter": {"fusion": False},
        "follower": {"paths": "follower", "steps": 3},
        "both": {"paths": "both", "nodes": False, "fusion": False},
        "nodes": {"paths": None},
        "convolution": {"fusion": False, "gnn": "GATv2Conv"},
    }
    return {name: make(tiny_base, knowledge=replace(KNOWLEDGE, **kind)) for name, kind in kinds.items()}


@pytest.fixture(scope="module")
def retriever(tiny_graph):
    return Retriever(tiny_graph, RetrievalConfig(best_paths=99))


def asked(model, retriever, question=ASKED):
    subgraph = retriever.retrieve(Grounder(retriever.graph).ground(question))
    return read(model, model.collator()([(question, subgraph)])), subgraph


@pytest.mark.parametrize("name", PARTS)
def test_the_model_reads_as_ever(models, retriever, name):
    model = models[name]
    reading, subgraph = asked(model, retriever)
    expected = scores(model, [(ASKED, subgraph)])
    torch.testing.assert_close(reading.scores.logits.detach(), expected.logits, atol=1e-6, rtol=1e-6)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(isinstance(part, evidence._Window | evidence._Weighted) for part in model.modules())


def unspoken(reading, option):
    """Share of an option's mass at nodes where no walker came that speaks for them: it has no path."""
    flow = reading.flow
    ends = reading.batch.option_node[1, reading.batch.option_node[0] == option].numpy()
    spoken = ((flow.mass[:, ends] > 0) & (flow.power[:, None] > 0)).any(0)
    return float(flow.met[ends][~spoken].sum() / max(flow.met[ends].sum(), 1e-8))


@pytest.mark.parametrize("name", PARTS)
def test_parts_add_up_to_what_the_graph_adds(models, retriever, name):
    reading, subgraph = asked(models[name], retriever)
    gate = float(reading.scores.gate.detach())
    assert gate > 0
    for option in range(len(ASKED.options)):
        found = parts(reading, retriever, subgraph, option, limit=10**6)
        total = float((reading.scores.logits - reading.scores.text)[option].detach())
        assert sum(part.score for part in found) == pytest.approx(total, abs=1e-5)
        assert [part.name for part in found] == PARTS[name]
        for part in found:
            told = sum(path.contribution for path in part.paths)
            assert told + part.remainder == pytest.approx(part.score, abs=1e-9)
            if part.name == "follower":
                assert part.remainder == pytest.approx(part.score * unspoken(reading, option), abs=1e-5)
                assert bool(part.paths) == (part.score != 0)
        for path in itertools.chain(*(part.paths for part in found)):
            ends = [{edge.source, edge.target} for edge in path.edges]
            assert ends[0] & {"penguin", "bird"}
            assert ASKED.options[option] in ends[-1]
            assert all(first & second for first, second in itertools.pairwise(ends))


def test_a_convolution_names_no_path(models, retriever):
    reading, subgraph = asked(models["convolution"], retriever)
    _, nodes = parts(reading, retriever, subgraph, 0)
    assert nodes.paths == ()
    assert nodes.remainder == nodes.score != 0


def test_a_counters_remainder_is_what_speaks_against(models, retriever):
    model = models["counter"]
    reading, subgraph = asked(model, retriever)
    assert reading.counted is not None
    for option in range(len(ASKED.options)):
        counter = parts(reading, retriever, subgraph, option, limit=10**6)[0]
        value = reading.counted[reading.batch.path_option == option]
        assert counter.remainder == pytest.approx(float(value.clamp(max=0).sum()), abs=1e-5)


def test_parts_name_edges_as_retrieval_does(models, retriever, facts):
    follower, subgraph = asked(models["follower"], retriever)
    known = {(s, r, t): w for s, r, t, w in facts}
    for option in range(len(ASKED.options)):
        told = {edge for path in retriever.paths(subgraph, option) for edge in path.edges}
        by_name = {(edge.source, edge.relation, edge.target): edge for edge in told}
        for part in parts(follower, retriever, subgraph, option, limit=10**6):
            for edge in (edge for path in part.paths for edge in path.edges):
                name = edge.source, edge.relation, edge.target
                assert known[name] == edge.weight
                assert by_name.get(name, edge) == edge
    cold = parts(follower, retriever, subgraph, 3, limit=10**6)
    symmetric = {edge for part in cold for path in part.paths for edge in path.edges if edge.relation == "Antonym"}
    assert {(edge.source, edge.target) for edge in symmetric} <= {("cold", "hot")}


def test_gradients_are_those_of_leaving_messages_out(models, retriever):
    """At the last iteration a message enters its node's state once: a small change of it changes the score so."""
    model = models["counter"]
    reading, subgraph = asked(model, retriever)
    gnn = model.knowledge.nodes.gnn
    score = reading.scores.graph[0]
    (gradient,) = torch.autograd.grad(score, reading.weight)
    edge = int(gradient[-1].abs().argmax())
    step = 1e-2

    class Changed(evidence._Weighted):
        def forward(self, graph):
            weight = torch.ones(len(gnn.steps), graph.edge_index.shape[1])
            weight[-1, edge] += step
            return gnn(replace(graph, edge_weight=weight))

    nodes = evidence._with(model.knowledge.nodes, gnn=Changed(gnn))
    changed = scores(evidence._with(model, knowledge=evidence._with(model.knowledge, nodes=nodes)), [(ASKED, subgraph)])
    assert float(changed.graph[0] - score.detach()) / step == pytest.approx(float(gradient[-1, edge]), rel=0.05)


def test_messages_that_pass_over_some_nodes_alone(tiny_base, retriever):
    model = make(tiny_base, knowledge=replace(KNOWLEDGE, fusion=False, max_nodes=5))
    reading, subgraph = asked(model, retriever)
    assert reading.edges is not None
    assert reading.weight is not None
    assert reading.weight.shape[1] == len(reading.edges) < subgraph.edge_index.shape[1]
    torch.testing.assert_close(
        reading.scores.logits.detach(), scores(model, [(ASKED, subgraph)]).logits, atol=1e-6, rtol=1e-6
    )
    assert len(np.unique(subgraph.edge_index[:, reading.edges.numpy()])) <= 5


def test_evidence_adds_what_a_path_adds_in_every_part(models, retriever):
    reading, subgraph = asked(models["counter"], retriever)
    for option in range(len(ASKED.options)):
        found = evidence.evidence(reading, retriever, subgraph, option)
        added: dict[tuple[Edge, ...], float] = defaultdict(float)
        for part in parts(reading, retriever, subgraph, option, limit=10**6):
            for path in part.paths:
                added[path.edges] += path.contribution
        assert {path.edges: path.contribution for path in found.paths} == pytest.approx(dict(added))
        told = [path.contribution for path in found.paths]
        assert told == sorted(told, reverse=True)
        assert evidence.evidence(reading, retriever, subgraph, option, limit=2).paths[:1] == found.paths[:1]


@pytest.mark.parametrize("name", PARTS)
def test_questions_read_together_have_the_evidence_of_each_alone(models, retriever, name):
    others = (
        Question("What is hot and in a kitchen?", ("an oven", "antarctica")),
        Question("Qui vult?", ("xyzzy", "plugh")),
    )
    alone = [asked(models[name], retriever, question) for question in (*others, ASKED)]
    items = [(subgraph.question, subgraph) for _, subgraph in alone]
    together = read(models[name], models[name].collator()(items))
    for b, (reading, subgraph) in enumerate(alone):
        for option in range(len(subgraph.question.options)):
            found, expected = (
                evidence.evidence(each, retriever, subgraph, option).paths for each in (together.question(b), reading)
            )
            told = {path.edges: path.contribution for path in found}
            assert told == pytest.approx({path.edges: path.contribution for path in expected}, rel=1e-5, abs=1e-5)


def test_edits_are_evidence(models, retriever):
    added = ("penguin", "AtLocation", "oven")
    for name in ("counter", "follower"):
        subgraph = retriever.retrieve(Grounder(retriever.graph).ground(ASKED), add=[added])
        reading = read(models[name], models[name].collator()([(ASKED, subgraph)]))
        found = evidence.evidence(reading, retriever, subgraph, 2, add=[added])
        given = {edge for path in found.paths for edge in path.edges if edge.origin == "given"}
        assert {(edge.source, edge.relation, edge.target) for edge in given} == {added}


def test_answers_of_an_open_question(models, retriever):
    question = Question("Where is a penguin?", task="open")
    for name in ("follower", "both"):
        reading, subgraph = asked(models[name], retriever, question)
        log_p = reading.scores.node
        for node in log_p.detach().argsort(descending=True)[:5].tolist():
            found = parts(reading, retriever, subgraph, node, limit=10**6)
            assert [part.name for part in found] == ["follower", "nodes"]
            assert sum(part.score for part in found) == pytest.approx(float(log_p[node].detach()), abs=1e-5)
            assert found[0].remainder == pytest.approx(0, abs=1e-5)
            told = evidence.evidence(reading, retriever, subgraph, node)
            for path in told.paths:
                assert "penguin" in {path.edges[0].source, path.edges[0].target}
                assert subgraph.keys[node] in {path.edges[-1].source, path.edges[-1].target}


def test_where_the_graph_adds_nothing_paths_are_told_by_strength(tiny_base, models, retriever):
    pair = Question("A penguin is a bird.", ENTAILMENT, "entailment", "It can swim in water.")
    for model, question in ((make(tiny_base), ASKED), (models["counter"], pair)):
        reading, subgraph = asked(model, retriever, question)
        found = evidence.evidence(reading, retriever, subgraph, 0)
        assert found.paths
        assert [p.edges for p in found.paths] == [p.edges for p in retriever.paths(subgraph, 0)]
        assert all(path.contribution == 0 for path in found.paths)


def test_no_concept(models, retriever):
    reading, subgraph = asked(models["counter"], retriever, Question("Qui vult florbn?", ("xyzzy", "plugh")))
    assert evidence.evidence(reading, retriever, subgraph, 0).paths == ()
