from __future__ import annotations

import json

import pytest

from kgreason.errors import FormatError
from kgreason.tasks import entailment
from kgreason.tasks.files import each, table


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


def labelled(question):
    return question.options[question.answer]


def test_conjnli_begins_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "conj_dev.tsv"
    path.write_bytes('\ufeffPremise\tHypothesis\tLabel\n"Owls and bats" fly.\tOwls fly.\tentailment\n'.encode())
    (question,) = filter(None, each(table, entailment.conjnli)([path]))
    assert (question.text, question.hypothesis) == ('"Owls and bats" fly.', "Owls fly.")
    assert (labelled(question), question.id) == ("entailment", "conj_dev-2")
    path.write_text("Premise\tHypothesis\tLabel\nOwls fly.\tBats fly.\tneutral\nOwls fly.\tBats fly.\tmaybe\n")
    with pytest.raises(FormatError, match=r"conj_dev\.tsv, line 3: is not as published .*maybe"):
        list(each(table, entailment.conjnli)([path]))


def test_help_has_tildes_in_names():
    row = {"ori_sentence": "He left the living~room .", "new_sentence": "He left", "gold_label": "neutral"}
    (question,) = entailment.help_nli("and-2", row)
    assert (question.text, question.hypothesis, labelled(question)) == (
        "He left the living room .",
        "He left",
        "neutral",
    )


def test_ocnli_is_chinese_and_lacks_some_labels():
    row = {"sentence1": "外面下雨", "sentence2": "天晴", "label": "contradiction"}
    (question,) = filter(None, entailment.ocnli("dev-1", row))
    assert (question.language, labelled(question)) == ("zh", "contradiction")
    assert list(entailment.ocnli("dev-1", row | {"label": "-"})) == [None]


def test_explagraphs_brings_its_graph():
    row = {"belief": "Owls are good.", "argument": "Mice are a pest.", "stance": "support"}
    (question,) = entailment.explagraphs("dev-1", row | {"graph": "(owls; capable of; eating mice)(mice; is a; pest)"})
    assert question.facts == (("owls", "capable of", "eating mice"), ("mice", "is a", "pest"))
    assert (question.text, question.hypothesis) == ("Mice are a pest.", "Owls are good.")
    assert (question.options, labelled(question)) == (("entailment", "contradiction"), "entailment")
    with pytest.raises(ValueError, match="'rest' is no triple"):
        list(entailment.explagraphs("dev-1", row | {"graph": "(owls; is a; bird)rest"}))


@pytest.mark.parametrize(
    ("label", "name"),
    [("True", "entailment"), ("False", "contradiction"), ("Uncertain", "neutral"), ("Unknown", "neutral")],
)
def test_folio_judges_a_conclusion(label, name):
    row = {"premises": ["All owls fly. ", "Bo is an owl."], "conclusion": "Bo flies.", "label": label}
    (question,) = entailment.folio("dev-1", row)
    assert (question.text, question.hypothesis) == ("All owls fly. Bo is an owl.", "Bo flies.")
    assert labelled(question) == name


def test_statements_of_logic_lm_are_hypotheses():
    row = {
        "id": "p1",
        "context": "Bo is an owl.",
        "question": "Is the following statement true, false, or unknown? Bo is no owl.",
        "options": ["A) True", "B) False", "C) Unknown"],
        "answer": "B",
    }
    (question,) = entailment.proofwriter("dev-2", row)
    assert (question.text, question.hypothesis, question.id) == ("Bo is an owl.", "Bo is no owl.", "p1")
    assert (question.options, labelled(question)) == (entailment.THREE_WAY, "contradiction")
    (decided,) = entailment.prontoqa("dev-2", row | {"options": ["A) True", "B) False"]})
    assert (decided.options, labelled(decided)) == (("entailment", "contradiction"), "contradiction")
