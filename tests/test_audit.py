from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import torch

from kgreason import journal
from kgreason.audit import AuditLog, flags, model_digest, question_digest
from kgreason.engine import Reasoner
from kgreason.records import Answer, Option, Question
from tests.models import opened, tiny_model

WHERE = "Where would you keep a penguin that knows Georgia?"
PLACES = ("zoo", "desert", "oven")
QUESTION = Question(WHERE, PLACES)


@pytest.fixture(scope="module")
def model(tiny_base):
    return opened(tiny_model(tiny_base))


def reasoner(model, graph, path, **more):
    return Reasoner(model, graph, audit=path, **more)


def test_a_line_an_answer(model, tiny_graph, tmp_path):
    asked = reasoner(model, tiny_graph, tmp_path / "log")
    answer = asked.ask(WHERE, PLACES)
    asked.ask(WHERE, PLACES, add=[("penguin", "AtLocation", "oven")])
    asked.entails("A penguin swims.", "It is wet.")
    asked.emotion("What a joy.")
    rows, broken = journal.read(tmp_path / "log")
    assert broken == 0
    assert [row["task"] for row in rows] == ["choice", "choice", "entailment", "emotion"]
    first, edited, *_ = rows
    assert first["question"] == edited["question"] == question_digest(QUESTION)
    assert (first["edits"], edited["edits"]) == (0, 1)
    assert (first["index"], first["options"]) == (answer.index, 3)
    assert first["confidence"] == answer.confidence
    assert first["margin"] == pytest.approx(answer.options[0].probability - answer.options[1].probability)
    assert first["gate"] == answer.gate
    assert first["paths"] == len(answer.evidence.paths) > 0
    assert first["graph"] == tiny_graph.digest
    assert {row["model"] for row in rows} == {model_digest(model)}
    assert abs((datetime.now(UTC) - datetime.fromisoformat(first["time"])).total_seconds()) < 600


def test_no_word_of_what_was_asked_or_answered_is_logged(model, tiny_graph, tmp_path):
    asked = reasoner(model, tiny_graph, tmp_path / "log")
    context = "Nobody in Batumi ever saw one."
    asked.ask(WHERE, PLACES, context=context, facts=[("penguin", "Desires", "freedom")])
    asked.entails("A penguin swims.", "It is wet.")
    asked.emotion("What a joy this is.")
    written = (tmp_path / "log").read_text().lower()
    texts = (WHERE, *PLACES, context, "penguin Desires freedom", "A penguin swims. It is wet.", "What a joy this is.")
    words = {word.lower() for text in texts for word in re.findall(r"\w+", text)}
    assert not words & set(re.findall(r"[^\W_]+", written))
    assert not [word for word in words if len(word) > 2 and word in written.replace("paths", "")]


def test_text_is_logged_where_it_is_wanted(model, tiny_graph, tmp_path):
    answer = reasoner(model, tiny_graph, tmp_path / "log", audit_text=True).ask(WHERE, PLACES)
    ((row,), _) = journal.read(tmp_path / "log")
    assert row["asked"] == {"text": WHERE, "options": list(PLACES), "language": "en"}
    assert row["choice"] == answer.choice
    assert ["penguin", "AtLocation", "zoo"] in row["edges"]


def test_threads_share_a_log(model, tmp_path):
    asked = reasoner(model, None, tmp_path / "log")
    threads = [threading.Thread(target=lambda: [asked.ask(WHERE, PLACES) for _ in range(3)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows, broken = journal.read(tmp_path / "log")
    assert (len(rows), broken) == (12, 0)


def test_digests_tell_questions_and_models_apart(model, tiny_base):
    others = [replace(QUESTION, text="Where?"), replace(QUESTION, options=PLACES[::-1]), replace(QUESTION, context="x")]
    assert len({question_digest(question) for question in (QUESTION, *others)}) == 4
    assert question_digest(replace(QUESTION, id="a", answer=1)) == question_digest(QUESTION)
    first, second = tiny_model(tiny_base), tiny_model(tiny_base)
    assert model_digest(first) == model_digest(second)
    with torch.no_grad():
        next(second.parameters()).view(-1)[0] += 1
    assert model_digest(first) != model_digest(second)


def test_an_explanation_is_one_answer_however_many_edits_it_tries(model, tiny_graph, tmp_path):
    reasoner(model, tiny_graph, tmp_path / "log").explain(QUESTION)
    assert len(journal.read(tmp_path / "log")[0]) == 1


def test_flags():
    def answer(*text_scores, **more):
        options = tuple(Option(i, str(i), 0.5, 0.0, score, 0.0) for i, score in enumerate(text_scores))
        return Answer("0", 0, 0.5, options, **more)

    assert flags(answer(1.0, 0.0)) == flags(answer(1.0, 1.0)) == []
    assert flags(answer(0.0, 1.0)) == ["turned"]
    assert flags(answer(abstained=True)) == ["abstained"]


def test_a_log_stays_within_its_bounds(model, tmp_path):
    log = AuditLog(tmp_path / "log", model, None, limit=600)
    for _ in range(5):
        log.answered(QUESTION, Answer("zoo", 0, 0.5, ()))
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == ["log", "log.1"]
    assert all(path.stat().st_size <= 600 for path in tmp_path.iterdir())
