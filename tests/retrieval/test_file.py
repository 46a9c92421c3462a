from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.config import RetrievalConfig
from kgreason.graph.valence import Valence
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever, SubgraphFile
from kgreason.retrieval.file import _pack, _unpack
from kgreason.retrieval.relevance import Relevance
from tests.retrieval.oracle import build, questions, triples

ASKED = [
    Question("Where would you keep a cold penguin?", ("zoo", "desert", "oven"), answer=0),
    Question("", ()),
    Question(
        "Is a zorblax kept at the zoo?",
        ("yes, a zorblax", "penguin house"),
        facts=(("Zorblax", "LivesNear", "penguin"), ("penguin", "AtLocation", "zoo")),
    ),
    Question(
        "What lives near the zorblax?",
        task="open",
        gold=("Penguin", "nothing"),
        facts=(("Zorblax", "LivesNear", "penguin"),),
        extra={"topic": "zorblax"},
    ),
    Question("Birds fly.", ("entailment", "neutral"), task="entailment", hypothesis="A bird has wings."),
]


def same(a, b):
    for field in dataclasses.fields(a):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, np.ndarray):
            assert x.dtype == y.dtype, field.name
            assert np.array_equal(x, y), field.name
        else:
            assert x == y, field.name


def test_what_is_read_is_what_was_retrieved(tiny_graph, tmp_path):
    file = SubgraphFile(tiny_graph, ASKED, home=tmp_path)
    assert len(file) == len(ASKED)
    for question, subgraph in zip(ASKED, file, strict=True):
        same(subgraph, Retriever(tiny_graph).retrieve(Grounder(tiny_graph).ground(question)))
        assert subgraph.question is question
    same(file[-1], file[4])
    assert [len(part) for part in file[1:3]] == [len(file[1]), len(file[2])]
    with pytest.raises(IndexError):
        file[len(ASKED)]


@given(triples, questions, st.sampled_from(ASKED))
def test_any_subgraph_survives_packing(facts, question, other):
    graph = build(facts)
    for asked in (question, other):
        subgraph = Retriever(graph).retrieve(Grounder(graph).ground(asked))
        packed = _pack(subgraph, len(graph.relations))
        same(_unpack(packed, Relevance(graph), Valence(graph), asked), subgraph)


def test_no_questions_and_no_concepts(tiny_graph, tmp_path):
    assert len(SubgraphFile(tiny_graph, [], home=tmp_path)) == 0
    assert len(SubgraphFile(tiny_graph, [Question("?")], home=tmp_path)[0]) == 0


def test_it_is_computed_once(tiny_graph, tmp_path):
    seen = []
    first = SubgraphFile(tiny_graph, ASKED, home=tmp_path, progress=lambda *report: seen.append(report))
    assert seen[-1] == ("retrieve", 5, 5)
    seen.clear()
    second = SubgraphFile(tiny_graph, ASKED, home=tmp_path, progress=lambda *report: seen.append(report))
    assert second.path == first.path
    assert not seen


def test_answers_do_not_matter_but_graph_questions_and_configuration_do(tiny_graph, tmp_path):
    path = SubgraphFile(tiny_graph, ASKED, home=tmp_path).path
    solved = [dataclasses.replace(question, answer=1, id="x") for question in ASKED]
    assert SubgraphFile(tiny_graph, solved, home=tmp_path).path == path
    about = [dataclasses.replace(question, extra={}) for question in ASKED]
    right = [dataclasses.replace(question, gold=question.gold[:1]) for question in ASKED]
    others = {
        SubgraphFile(tiny_graph, about, home=tmp_path).path,
        SubgraphFile(tiny_graph, right, home=tmp_path).path,
        SubgraphFile(tiny_graph, ASKED[::-1], home=tmp_path).path,
        SubgraphFile(tiny_graph, ASKED, RetrievalConfig(max_nodes=7), home=tmp_path).path,
        SubgraphFile(build([("zoo", "IsA", "penguin")]), ASKED, home=tmp_path).path,
    }
    assert len(others | {path}) == 6


def test_the_cache_is_the_users(tiny_graph, home):
    assert SubgraphFile(tiny_graph, ASKED).path.parent == home / "subgraphs"


def test_a_failure_leaves_nothing_behind(tiny_graph, tmp_path):
    from kgreason.errors import InputError

    with pytest.raises(InputError, match="'tlh'"):
        SubgraphFile(tiny_graph, [Question("?", language="tlh")], home=tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock"]


def test_threads_read_and_write_the_same(tiny_graph, tmp_path):
    many = [dataclasses.replace(ASKED[i % 5], id=str(i)) for i in range(331)]
    alone = SubgraphFile(tiny_graph, many, home=tmp_path / "a", threads=1)
    together = SubgraphFile(tiny_graph, many, home=tmp_path / "b", threads=3)
    for name in ("node", "text", "path_value", "ptr"):
        a, b = ((file.path / f"{name}.npy").read_bytes() for file in (alone, together))
        assert a == b
    with ThreadPoolExecutor(3) as pool:
        assert [len(s) for s in pool.map(together.__getitem__, range(331))] == [len(s) for s in alone]
