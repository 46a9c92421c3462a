from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason import storage
from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.graph.offensive import Rule, flagged
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever

BAD = ("woman", "IsA", "slut")
FACTS = (
    BAD, ("woman", "IsA", "person"), ("woman", "HasProperty", "not stupid"), ("mexican", "IsA", "bad person"),
    ("teenager", "HasProperty", "lazy"), ("girl", "UsedFor", "pleasure"), ("slut", "RelatedTo", "person"),
    ("sofa", "UsedFor", "pleasure"), ("dog", "HasProperty", "stupid"), ("old person", "HasProperty", "sick"),
    ("woman", "AtLocation", "office"), ("person", "AtLocation", "office"),
)  # fmt: skip


def triple(flag):
    return flag.edge.source, flag.edge.relation, flag.edge.target


def test_each_part_of_the_rule():
    found = {triple(flag): flag.why for flag in flagged(KnowledgeGraph.from_triples(FACTS))}
    assert found == {
        BAD: "term",
        ("mexican", "IsA", "bad person"): "valence",
        ("teenager", "HasProperty", "lazy"): "trait",
        ("girl", "UsedFor", "pleasure"): "use",
    }


@given(
    edges=st.lists(
        st.tuples(
            st.sampled_from(["woman", "most woman", "sofa", "jew"]),
            st.sampled_from(["IsA", "HasProperty", "CapableOf", "UsedFor", "AtLocation"]),
            st.sampled_from(["stupid", "person", "rude", "not rude", "sex", "slut", "sad"]),
        ),
        unique=True,
        min_size=1,
        max_size=13,
    )
)
def test_what_is_flagged_is_what_the_rule_says_of_labels(edges):
    rule = Rule.load()
    found = {triple(flag): flag.why for flag in flagged(KnowledgeGraph.from_triples(edges))}
    assert found == {edge: why for edge in edges if (why := rule.why(*edge))}


def test_denials_and_harm_done_to_a_group_are_no_insults():
    why = Rule.load().why
    assert why("woman", "HasProperty", "not stupid") is None
    assert why("old person", "HasProperty", "sick") is None
    assert why("woman", "AtLocation", "stupid") is None
    assert why("Every Jew", "IsA", "greedy") == "valence"


@pytest.mark.parametrize("config", [RetrievalConfig(), RetrievalConfig(wide=True)])
def test_hidden_edges_are_read_by_no_question_but_the_one_that_adds_them(config):
    graph = KnowledgeGraph.from_triples(FACTS)
    hidden = [triple(flag) for flag in flagged(graph)]
    without = KnowledgeGraph.from_triples(
        [fact for fact in FACTS if fact not in hidden], labels={name: "" for s, _, t in FACTS for name in (s, t)}
    )
    question = Question("Where is a woman?", ("slut", "office"))
    read = Retriever(graph, config, hidden=hidden)
    grounding = Grounder(graph).ground(question)
    kept = read.retrieve(grounding)
    assert edges(kept) == edges(Retriever(without, config).retrieve(Grounder(without).ground(question)))
    assert BAD not in edges(kept)
    assert BAD in edges(Retriever(graph, config).retrieve(grounding))
    assert BAD in edges(read.retrieve(grounding, add=[BAD]))
    told = Question(question.text, question.options, facts=(BAD,))
    assert BAD in edges(read.retrieve(Grounder(graph).ground(told)))


def edges(subgraph):
    size = subgraph.edge_index.shape[1] // 2
    source, target = subgraph.edge_index[:, :size].tolist()
    names = [subgraph.relations[code] for code in subgraph.edge_relation[:size].tolist()]
    return {(subgraph.keys[s], name, subgraph.keys[t]) for s, name, t in zip(source, names, target, strict=True)}


def test_two_hundred_edges_of_the_packaged_graph_were_read_one_by_one(default_graph):
    """All that is flagged, and the most unpleasant of what is not, with a reader's verdict: offensive.tsv."""
    with storage.open_text(Path(__file__).with_name("offensive.tsv")) as lines:
        _, *rows = [line.split("\t") for line in lines if line]
    assert len(rows) == 200
    listed = [row for row in rows if row[3] != "none"]
    assert {(*triple(flag), flag.why) for flag in flagged(default_graph)} == {tuple(row[:4]) for row in listed}
    right = sum(row[4] == "yes" for row in listed)
    assert right / len(listed) > 0.85
    assert right / sum(row[4] == "yes" for row in rows) > 0.8
