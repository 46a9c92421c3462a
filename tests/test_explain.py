from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from kgreason import explain as explaining
from kgreason.engine import Reasoner
from kgreason.errors import InputError
from kgreason.explain import Edit, Explanation, explain
from kgreason.records import Edge, Evidence, Path, Question
from tests.formula import ENTAILMENT, KNOWLEDGE, RELATIONS, make

ASKED = "Where would you keep a penguin?"
PLACES = ("oven", "zoo", "desert")
COUNTING = replace(KNOWLEDGE, nodes=False, fusion=False, relations=(*RELATIONS, "HasPrerequisite", "Desires"))


@pytest.fixture(scope="module")
def model(tiny_base):
    """A model that weighs every kind of path alike, and reads next to nothing from the text."""
    found = make(tiny_base, knowledge=COUNTING)
    assert found.knowledge is not None
    assert found.knowledge.counter is not None
    torch.nn.init.ones_(found.knowledge.counter.weight)
    found.logic.scale.data.fill_(-9.0)
    found.logic.gate.weight.zero_()
    found.logic.gate.weight[:, 0] = 1.0
    return found


@pytest.fixture(scope="module")
def reasoner(model, tiny_graph):
    return Reasoner(model, tiny_graph)


def triples(edges):
    return [(edge.source, edge.relation, edge.target) for edge in edges]


def test_an_answer_is_explained(reasoner):
    found = explain(reasoner, ASKED, PLACES)
    answer = reasoner.ask(ASKED, PLACES)
    assert replace(found.answer, trace={}) == replace(answer, trace={})
    assert found.answer.choice == "zoo"
    assert found.why == answer.options[0].evidence
    assert found.against == answer.options[1].text
    assert found.why_not == answer.options[1].evidence
    assert found.note == ""


def test_the_edit_is_proved_by_asking_again(reasoner):
    found = explain(reasoner, ASKED, PLACES)
    assert found.edit is not None
    assert found.edited is not None
    again = reasoner.ask(ASKED, PLACES, add=triples(found.edit.add), remove=triples(found.edit.remove))
    assert again.choice == found.edited.choice != found.answer.choice
    assert 0 < found.tried <= 64


def test_no_smaller_edit_of_these_edges_turns_the_answer(reasoner):
    found = explain(reasoner, ASKED, PLACES)
    assert found.edit is not None
    if len(found.edit) > 1:
        for edge in {edge for path in found.why.paths for edge in path.edges}:
            assert reasoner.ask(ASKED, PLACES, remove=triples([edge])).choice == "zoo"
        for edge in found.missing:
            assert reasoner.ask(ASKED, PLACES, add=triples([edge])).choice == "zoo"


def test_an_edit_of_two_edges_is_found_where_one_is_not_enough(reasoner, monkeypatch):
    one = explain(reasoner, ASKED, PLACES, against="desert")
    assert one.edit is not None
    assert one.edited is not None
    assert one.edited.choice == "desert"
    assert len(one.edit) > 1
    monkeypatch.setattr(explaining, "SIZES", (1,))
    none = explain(reasoner, ASKED, PLACES, against="desert")
    assert none.edit is None
    assert none.edited is None
    assert "no edit of up to 1 of the edges named leads to desert" in none.note


def test_missing_is_what_others_have(reasoner, tiny_graph):
    found = explain(reasoner, ASKED, PLACES, against="desert")
    assert ("penguin", "AtLocation", "desert") in triples(found.missing)
    assert next(edge for edge in found.missing if edge.source == "penguin").text == "penguin is found at desert"
    subgraph = reasoner.subgraph(Question(ASKED, PLACES))
    said = {
        (subgraph.keys[s], subgraph.relations[c], subgraph.keys[t])
        for s, t, c in zip(*subgraph.edge_index.tolist(), subgraph.edge_relation.tolist(), strict=True)
        if c < len(subgraph.relations)
    }
    assert not said & set(triples(found.missing))
    assert all("desert" in (edge.source, edge.target) for edge in found.missing)


def test_an_option_that_the_graph_does_not_know_can_be_given_edges(reasoner):
    found = explain(reasoner, ASKED, ("zoo", "zorblax"), against="zorblax")
    assert ("penguin", "AtLocation", "zorblax") in triples(found.missing)
    assert found.edited is None or found.edited.choice == "zorblax"


def test_edits_hold_throughout(reasoner):
    added = ("penguin", "AtLocation", "oven")
    found = explain(reasoner, ASKED, PLACES, add=[added], remove=[("penguin", "AtLocation", "zoo")])
    before = reasoner.ask(ASKED, PLACES, add=[added], remove=[("penguin", "AtLocation", "zoo")])
    assert replace(found.answer, trace={}) == replace(before, trace={})
    if found.edit is not None:
        assert added not in triples(found.edit.remove)


def test_asks_are_capped(reasoner):
    for limit in (0, 1, 3):
        found = explain(reasoner, ASKED, PLACES, against="desert", limit=limit)
        assert found.edit is None
        assert found.tried == limit
        assert f"({limit} tried)" in found.note


def test_the_same_each_time(reasoner):
    first, second = (explain(reasoner, ASKED, PLACES) for _ in range(2))
    assert str(first) == str(second)
    assert first.edit == second.edit


def test_it_is_told_in_sentences(reasoner):
    text = str(explain(reasoner, ASKED, PLACES, against="desert"))
    assert text.startswith("The answer is zoo (")
    assert "Why zoo: penguin is found at zoo (+" in text
    assert "Why not desert:" in text
    assert "Nothing says that" in text
    assert "The smallest edit found that turns the answer: with" in text
    assert all(line.endswith(".") for line in text.splitlines())


def test_an_edit_in_words():
    penguin = Edge("penguin", "AtLocation", "zoo", 1.0, text="penguin is found at zoo")
    oven = Edge("penguin", "AtLocation", "oven", 1.0, "given", "penguin is found at oven")
    edit = Edit(add=(oven,), remove=(penguin,))
    assert str(edit) == "without “penguin is found at zoo” and with “penguin is found at oven”"
    assert len(edit) == 2


def test_few_paths_are_told_in_words(reasoner):
    found = explain(reasoner, ASKED, PLACES)
    path = Path((Edge("a", "IsA", "b", 1.0, text="a is a kind of b"),), 0.004)
    best = replace(found.answer.options[0], evidence=Evidence((path,) * 5))
    many = replace(
        found, answer=replace(found.answer, options=(best, *found.answer.options[1:]), evidence=best.evidence)
    )
    assert str(many).count("a is a kind of b (+0.00)") == 3
    assert "; and 2 more." in str(many)


def test_json(reasoner):
    found = explain(reasoner, ASKED, PLACES)
    assert found.edited is not None
    values = json.loads(json.dumps(found.to_dict()))
    assert values["answer"]["choice"] == "zoo"
    assert values["edited"]["choice"] == found.edited.choice
    assert values["edit"].keys() == {"add", "remove"}
    assert values["text"] == str(found)
    assert values["why"]["paths"] == values["answer"]["evidence"]["paths"]


def test_entailment(reasoner, tiny_base, tiny_graph):
    pair = Question("A penguin is a bird.", ENTAILMENT, "entailment", "It can swim in water.")
    plain = explain(reasoner, pair)
    assert plain.edit is None
    assert plain.tried == 0
    assert plain.note == "the graph adds nothing to the scores, so that no edit can turn the answer"
    assert "the same holds for it" in str(plain)
    reading = explain(Reasoner(make(tiny_base, knowledge=KNOWLEDGE), tiny_graph), pair, limit=5)
    assert reading.tried == 5 or reading.edit is not None
    assert reading.missing == ()


def test_without_a_graph_or_a_path(model, reasoner):
    found = explain(Reasoner(model, None), ASKED, PLACES)
    assert found.edit is None
    assert found.note == "there is no graph to edit"
    nothing = explain(reasoner, "Qui vult florbn?", ("xyzzy", "plugh"))
    assert "the graph adds nothing" in nothing.note
    assert "no path of the graph speaks for it" in str(nothing)


def test_paths_that_speak_against_every_option(tiny_base, tiny_graph):
    against = make(tiny_base, knowledge=COUNTING)
    assert against.knowledge is not None
    assert against.knowledge.counter is not None
    torch.nn.init.constant_(against.knowledge.counter.weight, -1.0)
    found = explain(Reasoner(against, tiny_graph), ASKED, PLACES)
    assert found.note == "no path of the graph speaks for an option, so that there is no edge to edit"


@pytest.mark.parametrize(
    ("against", "message"),
    [("zoo", "against is 'zoo', which is the answer"), ("moon", "'moon', which is none of the options")],
)
def test_what_it_is_against_is_another_option(reasoner, against, message):
    with pytest.raises(InputError, match=message) as raised:
        explain(reasoner, ASKED, PLACES, against=against)
    assert "oven or desert" in raised.value.fix or "desert or oven" in raised.value.fix


def test_an_explanation_is_frozen(reasoner):
    found = explain(reasoner, ASKED, PLACES)
    assert isinstance(found, Explanation)
    with pytest.raises(AttributeError):
        found.tried = 3  # type: ignore[misc]  # this is what is tested


@pytest.fixture(scope="module")
def follower(tiny_base, tiny_graph):
    """A model that follows relations."""
    found = make(tiny_base, knowledge=replace(KNOWLEDGE, paths="follower", nodes=False, fusion=False))
    return Reasoner(found, tiny_graph)


def test_an_open_question(follower):
    asked = Question("Where is a penguin?", task="open")
    found = explain(follower, asked)
    assert found.why.paths
    assert found.against == found.answer.options[1].text
    assert found.edit is not None
    assert found.edited is not None
    again = follower.answer(asked, add=triples(found.edit.add), remove=triples(found.edit.remove))
    assert again.choice == found.edited.choice != found.answer.choice
    assert str(found).startswith(f"The answer is {found.answer.choice} (")
