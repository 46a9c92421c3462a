from __future__ import annotations

from kgreason.graph import KnowledgeGraph
from kgreason.records import Question
from kgreason.tasks.changes import CHANGES
from kgreason.training.config import load_run
from tools.make_mini import RECIPES
from tools.measure_loop import CHANGED, PRACTICES, changed


def test_questions_are_changed_in_the_same_way_each_time_and_keep_their_answers():
    graph = KnowledgeGraph.from_triples([("film", "Synonym", "movie")])
    questions = [Question(f"a wonderful film {i}", ("negative", "positive"), "emotion", answer=i % 2) for i in range(7)]
    for name in CHANGED:
        found = changed(questions, name, graph)
        assert found == changed(questions, name, graph)
        assert [q.answer for q in found] == [q.answer for q in questions]
        assert all(one.text != two.text for one, two in zip(found, questions, strict=True)), name


def test_practices_are_keys_of_the_recipe():
    assert set(CHANGED) <= set(CHANGES)
    runs = {name: load_run(RECIPES / "robust.toml", settings) for name, settings in PRACTICES.items()}
    assert runs["plain"] == load_run(RECIPES / "robust.toml")
    assert len(set(map(str, runs.values()))) == len(PRACTICES)
