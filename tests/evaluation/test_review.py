from __future__ import annotations

import json

import pytest

from kgreason.audit import question_digest
from kgreason.engine import Reasoner
from kgreason.errors import FormatError, InputError
from kgreason.evaluation.review import Answered, Verdict, answered, read_log, weakest, write_review
from kgreason.graph.readers import read
from kgreason.records import Question
from kgreason.tasks import read_samples
from tests.models import moods, opened, places, tiny_model

WHERE = Question("Where is a penguin?", ("zoo", "oven"))


@pytest.fixture(scope="module")
def model(tiny_base):
    return opened(tiny_model(tiny_base))


def test_a_log_with_texts_gives_the_answers_that_asking_anew_gives(model, tiny_graph, tmp_path):
    questions = [*places(3), *moods(2)]
    asked = Reasoner(model, tiny_graph, audit=tmp_path / "log", audit_text=True)
    expected = answered(asked, [*questions, Question("Oh!", ("joy", "fear"), "emotion", multi_label=True)])
    asked.ask(questions[0].text, questions[0].options)
    asked.ask(questions[0].text, questions[0].options, add=[("bird", "AtLocation", "oven")])
    found = read_log(tmp_path / "log")
    assert [one.digest for one in found] == [one.digest for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one.choice, one.flags, set(one.edges)) == (other.choice, other.flags, set(other.edges))
        assert one.confidence == pytest.approx(other.confidence)


def test_a_log_without_texts_is_refused(model, tmp_path):
    Reasoner(model, None, audit=tmp_path / "log").ask("Where?", ["a", "b"])
    with pytest.raises(InputError, match=r"not what was asked.*--audit-text"):
        read_log(tmp_path / "log")
    (tmp_path / "bad").write_text(json.dumps({"asked": {"text": 7, "language": "en"}, "task": "choice"}))
    with pytest.raises(FormatError, match="none of an audit log"):
        read_log(tmp_path / "bad")


def test_the_weakest_come_first_and_flagged_ones_are_shown_whatever_they_are():
    sure = Answered(WHERE, "zoo", 0.9)
    weak, weaker = (Answered(Question(text, ("a", "b")), "a", p) for text, p in (("One?", 0.5), ("Two?", 0.4)))
    odd = Answered(Question("Odd?", ("a", "b")), "a", 0.99, ("turned",))
    assert weakest([sure, odd, weak, weaker]) == [weaker, weak, odd]
    assert weakest([sure, odd, weak, weaker], 0) == [odd]


def test_verdicts_become_samples_and_edits(tmp_path):
    open_one = Question("Who swims?", task="open")
    found = [Answered(WHERE, "oven", 0.5), Answered(open_one, "a cat", 0.2)]
    wrong, right = ("penguin", "AtLocation", 'an "oven"\t!'), ("penguin", "AtLocation", "zoo")
    verdicts = [
        Verdict(question_digest(WHERE), "oven"),
        Verdict(question_digest(WHERE), "zoo", add=(right,), remove=(wrong,)),
        Verdict(question_digest(open_one), "penguin"),
        Verdict("another", "zoo"),
    ]
    assert [Verdict.from_dict(json.loads(json.dumps(each.to_dict()))) for each in verdicts] == verdicts
    done = write_review(tmp_path, found, verdicts)
    assert done == {"samples": 2, "added": 1, "removed": 1, "unknown": 1}
    first, second = read_samples(tmp_path / "samples.jsonl")
    assert (first.text, first.answer, second.gold) == (WHERE.text, 0, ("penguin",))
    for name, edge in (("add", right), ("remove", wrong)):
        assert [row[:3] for chunk in read(tmp_path / f"{name}.jsonl") for row in chunk.rows()] == [edge]


def test_verdicts_that_cannot_be_are_named(tmp_path):
    found = [Answered(WHERE, "oven", 0.5)]
    with pytest.raises(InputError, match="names the option 'moon'"):
        write_review(tmp_path, found, [Verdict(found[0].digest, "moon")])
    assert not list(tmp_path.iterdir())
    for row in (
        {},
        {"question": "a", "answer": 1},
        {"question": "a", "add": [["a", "b"]]},
        {"question": "a", "add": 1},
    ):
        with pytest.raises(InputError, match="verdict"):
            Verdict.from_dict(row)


def test_of_two_verdicts_on_an_edge_the_last_counts(tmp_path):
    edge, other = ("a", "IsA", "b"), Answered(Question("Who?", ("a", "b")), "a", 0.5)
    found = [Answered(WHERE, "oven", 0.5), other]
    verdicts = [Verdict(found[0].digest, remove=(edge,)), Verdict(other.digest, add=(edge,))]
    assert write_review(tmp_path / "a", found, verdicts) == {"samples": 0, "added": 1, "removed": 0, "unknown": 0}
    assert write_review(tmp_path / "b", found, verdicts[::-1])["removed"] == 1


def test_an_empty_answer_is_refused():
    with pytest.raises(InputError, match="answer ' '"):
        Verdict.from_dict({"question": "a", "answer": " "})


def test_what_is_taken_back_leaves_no_file(tmp_path):
    one = Answered(WHERE, "zoo", 0.9)
    edge = ("penguin", "AtLocation", "zoo")
    said = Verdict(one.digest, "zoo", add=(edge,))
    assert write_review(tmp_path, [one], [said]) == {"samples": 1, "added": 1, "removed": 0, "unknown": 0}
    write_review(tmp_path, [one], [said, Verdict(one.digest, None)])
    assert list(tmp_path.iterdir()) == []
