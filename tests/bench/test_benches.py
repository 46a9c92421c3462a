from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kgreason.bench.benches import BENCHES, bench, set_aside, sibling_folds, tenth
from kgreason.errors import InputError
from kgreason.records import Question
from tests.bench.conftest import TINY


def test_folds_of_official_splits(tiny_graph):
    pool = TINY.pool(tiny_graph)
    assert len(pool.questions) == 89
    assert [len(part) for part in (pool.folds["test"].train, pool.folds["test"].test)] == [37, 29]
    assert pool.folds["dev"].train.tolist() == pool.folds["test"].train.tolist()
    assert (pool.folds["dev"].model, pool.folds["test"].model) == ("dev", "dev")  # one model for both
    assert TINY.folds == ("test",)


def test_scored_questions_lie_cluster_by_cluster(tiny_graph):
    concept = ["zoo", "nest", "zoo", "sea", "nest"]
    asked = [Question(f"{i}?", ("a", "b"), answer=0, extra={"question_concept": c}) for i, c in enumerate(concept)]
    made = replace(TINY, load=lambda data, graph: [asked[:1], asked[:1], asked])
    pool = made.pool(tiny_graph)
    found = [pool.questions[row].extra["question_concept"] for row in pool.folds["test"].test]
    assert found == ["nest", "nest", "sea", "zoo", "zoo"]


def test_sibling_folds_part_no_siblings():
    siblings = np.random.default_rng(1).integers(0, 41, 211)
    parts = sibling_folds(np.repeat([0, 1], [150, 61]), siblings)
    assert sorted(np.concatenate([parts[str(k)][1] for k in range(5)]).tolist()) == list(range(211))
    for train, test in (parts[str(k)] for k in range(5)):
        assert not set(siblings[train]) & set(siblings[test])
        assert len(train) + len(test) == 211
    assert parts["in-house"][1].tolist() == list(range(150, 211))


def test_a_tenth_tunes_where_there_is_no_third_split():
    split, siblings = np.repeat([0, 1], [211, 31]), np.arange(242) // 2
    parts = tenth(split, siblings)
    train, aside = parts["tenth"]
    assert sorted([*train, *aside]) == parts["test"][0].tolist() == list(range(211))
    assert 0 < len(aside) < 60
    assert not set(siblings[train]) & set(siblings[aside])


def test_a_share_keeps_groups_together():
    groups = np.repeat(np.arange(101), 3)
    chosen = set_aside(groups)
    assert chosen.reshape(-1, 3).all(1).sum() == chosen.reshape(-1, 3).any(1).sum() > 0


def test_a_limit_draws_the_same_questions_each_time(tiny_graph):
    first, again = TINY.pool(tiny_graph, limit=41), TINY.pool(tiny_graph, limit=41)
    assert len(first.questions) == 41
    assert [q.id for q in first.questions] == [q.id for q in again.questions]


def test_too_few_questions_are_refused(tiny_graph):
    with pytest.raises(InputError, match="fold dev of tiny has"):
        TINY.pool(tiny_graph, limit=1)


def test_a_name_stands_for_all_that_begin_so():
    assert [each.name for each in bench("pathquestion")] == ["pathquestion-2hop", "pathquestion-3hop"]
    assert [each.name for each in bench("csqa")] == ["csqa"]


def test_an_unknown_benchmark_is_named():
    with pytest.raises(InputError, match="there is no benchmark 'squad'"):
        bench("squad")


@pytest.mark.data
def test_commonsenseqa_has_ten_thousand_labelled_questions(data_dir, tiny_graph):
    pool = BENCHES["csqa"].pool(tiny_graph, data_dir)
    assert len(pool.questions) == 10_962
    assert sum(len(pool.folds[str(k)].test) for k in range(5)) == 10_962
    assert len(pool.folds["in-house"].test) == 1_241


@pytest.mark.data
def test_open_questions_have_a_graph_of_their_own(data_dir):
    for name, tests in (("metaqa", {"dev", "1", "2", "3"}), ("pathquestion-2hop", {"dev", "test"})):
        found = BENCHES[name]
        assert found.graph is not None
        graph = found.graph(data_dir)
        pool = found.pool(graph, data_dir, limit=4001)
        assert tests <= set(pool.folds)
        assert {fold.model for fold in pool.folds.values()} == {"dev"}
        assert all(question.gold for question in pool.questions)
