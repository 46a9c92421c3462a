"""Questions that their own texts settle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder, Rules, with_stated
from kgreason.records import ORIGINS, Question
from kgreason.retrieval import Retriever
from kgreason.tasks.stories import stories

STORY = "Anna is the mother of Ben. Ben is the father of Carl."
LABELS = ("entailment", "neutral", "contradiction")


def settled(question):
    return [question.options[proof.option] for proof in with_stated(question).proofs]


@pytest.mark.parametrize(
    ("text", "options", "answers"),
    [
        (f"{STORY} How is Anna related to Carl?", ("aunt", "grandmother"), ["grandmother"]),
        (f"{STORY} How is Carl related to Anna?", ("grandchild", "mother"), ["grandchild"]),
        (f"{STORY} How is Anna related to Dora?", ("aunt", "grandmother"), []),
        (f"{STORY} Who is the grandmother of Carl?", ("Ben", "Anna"), ["Anna"]),
        (f"{STORY} Who is Carl's father?", ("Ben", "Anna"), ["Ben"]),
        (f"{STORY} Is Anna the grandmother of Carl?", ("yes", "no"), ["yes"]),
        ("The red book is older than the blue book. The blue book is older than the green book. "
         "Is the green book older than the red book?", ("yes", "no"), ["no"]),
        ("Ann is taller than Bo. Bo is taller than Cy. Who is shorter than Bo?", ("Ann", "Cy"), ["Cy"]),
        ("Every cat is an animal. Tom is a cat. True or false? Tom is not an animal.", ("True", "False"), ["False"]),
    ],
)  # fmt: skip
def test_proofs(text, options, answers):
    assert settled(Question(text, options)) == answers


@pytest.mark.parametrize(
    ("hypothesis", "label"),
    [("Anna is the grandmother of Carl.", "entailment"), ("Anna is not the grandmother of Carl.", "contradiction")],
)
def test_entailment(hypothesis, label):
    assert settled(Question(STORY, LABELS, "entailment", hypothesis)) == [label]
    assert settled(Question("Anna met Carl.", LABELS, "entailment", hypothesis)) == []


def test_a_proof_names_the_sentences_it_rests_on():
    (proof,) = with_stated(Question(f"{STORY} How is Anna related to Carl?", ("aunt", "grandmother"))).proofs
    assert [(str(edge), edge.origin) for edge in proof.edges] == [
        ("Anna is the mother of Ben", "stated"),
        ("Ben is the father of Carl", "stated"),
        ("Anna is the grandmother of Carl", "rule"),
    ]


def test_edits_reach_what_is_derived():
    question = Question(f"{STORY} How is Anna related to Carl?", ("aunt", "grandmother"))
    assert with_stated(question, remove=[("Ben", "father of", "Carl")]).proofs == ()
    further = [("Carl", "father of", "Dan")]
    asked = Question(f"{STORY} How is Ben related to Dan?", ("uncle", "grandfather"))
    assert [proof.option for proof in with_stated(asked, add=further).proofs] == [1]


def test_facts_and_a_users_rules_count(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text('[[rule]]\nif = ["x mother of y", "y owns z"]\nthen = "x feeds z"\n')
    question = Question("Anna is the mother of Ben.", ("a", "b"), facts=(("Ben", "owns", "Rex"),))
    edges = with_stated(question, Rules.load(file)).edges
    assert ("Anna", "feeds", "Rex", "rule") in {(e.source, e.relation, e.target, e.origin) for e in edges}


@given(st.sampled_from(["Where would you find a penguin?", "Why do people sleep?", "A man is playing a guitar."]))
def test_a_text_that_states_nothing_leaves_a_question_as_it_is(text):
    question = Question(text, ("a", "b"))
    assert with_stated(question) is question


def test_edges_are_laid_over_the_graph_with_their_origin():
    graph = KnowledgeGraph.from_triples([("penguin", "IsA", "bird")])
    question = with_stated(Question(f"{STORY} Who likes Anna?", ("Carl", "penguin")))
    subgraph = Retriever(graph).retrieve(Grounder(graph).ground(question))
    found = {
        (subgraph.keys[source], subgraph.keys[target], ORIGINS[origin])
        for source, target, origin in zip(*subgraph.edge_index.tolist(), subgraph.edge_origin.tolist(), strict=True)
    }
    assert ("Anna", "Ben", "stated") in found
    assert ("Anna", "Carl", "rule") in found


@pytest.mark.parametrize("kind", ["family", "kinds", "order"])
@pytest.mark.parametrize("held_out", [False, True])
def test_stories_are_settled_rightly(kind, held_out):
    for question in stories(kind, 23, steps=range(2, 11), seed=5, held_out=held_out):
        assert [proof.option for proof in with_stated(question).proofs] == [question.answer]
