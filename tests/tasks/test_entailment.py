from __future__ import annotations

import json

from kgreason.tasks import entailment


def test_lingnli_leaves_a_gap_for_a_row_without_a_gold_label(tmp_path):
    path = tmp_path / "val_base_round1.jsonl"
    row = {"premise": "A bird sings.", "hypothesis": "An animal\nsings.", "pairID": "7e"}
    labels = [{"label": "entailment"}, {"label": "-"}, {}, {"label": "contradiction"}]
    path.write_text("".join(f"{json.dumps(row | label)}\n" for label in labels))
    found = list(entailment.lingnli([path]))
    assert [question is None for question in found] == [False, True, True, False]
    first, last = filter(None, found)
    assert (first.hypothesis, first.answer, last.answer) == ("An animal sings.", 0, 2)
    assert first.options == ("entailment", "neutral", "contradiction")
    assert (first.id, last.id) == ("val_base_round1-0", "val_base_round1-3")


def test_snli(tmp_path):
    (tmp_path / "a.tsv").write_text('premise\thypothesis\tlabel\nA "bird.\tA fish.\t2\nA bird.\tA thing.\t-1\n')
    first, second = entailment.snli([tmp_path / "a.tsv"])
    assert second is None
    assert first is not None
    assert (first.text, first.hypothesis, first.answer) == ('A "bird.', "A fish.", 2)


def test_sick(tmp_path):
    (tmp_path / "a.txt").write_text(
        "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n6\tA bird\tA fish\t3.3\tNEUTRAL\n"
    )
    (question,) = entailment.sick([tmp_path / "a.txt"])
    assert (question.text, question.hypothesis, question.answer, question.id) == ("A bird", "A fish", 1, "6")


def test_rte_is_two_way(tmp_path):
    (tmp_path / "train.tsv").write_text("index\tlabel\tsentence1\tsentence2\n0\t1\tA bird.\tA fish.\n")
    (question,) = entailment.rte([tmp_path / "train.tsv"])
    assert (question.options, question.answer) == (("entailment", "not_entailment"), 1)
    assert question.id == "train-0"
