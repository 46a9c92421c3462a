from __future__ import annotations

import json

import pytest

from kgreason.errors import FormatError
from kgreason.tasks import choice


def write(path, *rows):
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def lettered(answer="B", name="q1", **question):
    choices = [{"label": letter, "text": text} for letter, text in zip("ABC", ("zoo", " nest ", "sea"), strict=True)]
    return {
        "id": name,
        "answerKey": answer,
        "question": {"stem": "Where  do birds sleep?", "choices": choices, **question},
    }


def test_lettered(tmp_path):
    path = write(tmp_path / "a.jsonl", lettered(), {k: v for k, v in lettered(name="q2").items() if k != "answerKey"})
    known, unknown = choice.lettered([path])
    assert (known.text, known.options, known.answer, known.id) == (
        "Where do birds sleep?",
        ("zoo", "nest", "sea"),
        1,
        "q1",
    )
    assert unknown.answer is None


def test_a_letter_of_no_choice_is_refused(tmp_path):
    with pytest.raises(FormatError, match="line 1: answerKey 'E' is not among A, B, C"):
        list(choice.lettered([write(tmp_path / "a.jsonl", lettered("E"))]))


def test_commonsenseqa_keeps_its_concept_and_splits_by_list(tmp_path):
    rows = [lettered(name=name, question_concept="bird") for name in ("q1", "q2", "q3")]
    path = write(tmp_path / "a.jsonl", *rows)
    (tmp_path / "ids.txt").write_text("q3\nq1\n")
    files = [path, tmp_path / "ids.txt"]
    assert [question.id for question in choice.commonsenseqa_inhouse(files, listed=True)] == ["q1", "q3"]
    (test,) = choice.commonsenseqa_inhouse(files, listed=False)
    assert (test.id, test.extra) == ("q2", {"question_concept": "bird"})


def test_arc(tmp_path):
    path = tmp_path / "easy.json"
    text = (
        "Please choose the correct answer to the question: Which is a bird?\n\n"
        "Answer1: a bat Answer2: a penguin, or Answer3: a bee\n\nAnswer format: answer1/answer2/answer3"
    )
    path.write_text(json.dumps([{"instruction": text, "answer": "answer2"}], indent=4))
    (question,) = choice.arc([path])
    assert (question.text, question.options) == ("Which is a bird?", ("a bat", "a penguin, or", "a bee"))
    assert (question.answer, question.id) == (1, "easy-0")
    path.write_text(json.dumps([{"instruction": "Which is a bird?", "answer": "answer2"}]))
    with pytest.raises(FormatError, match="line 1: is not of the form"):
        list(choice.arc([path]))


def test_socialiqa_and_piqa_have_their_labels_in_a_file_of_their_own(tmp_path):
    row = {"context": "Jan slept.", "question": "Why?", "answerA": "tired", "answerB": "awake", "answerC": "late"}
    goal = {"goal": "Boil water", "sol1": "Use a pan", "sol2": "Use a hat"}
    for name, number in (("one.lst", "3\n"), ("zero.lst", "0\n")):
        (tmp_path / name).write_text(number)
    (social,) = choice.socialiqa([write(tmp_path / "dev.jsonl", row), tmp_path / "one.lst"])
    assert (social.text, social.options, social.answer) == ("Jan slept. Why?", ("tired", "awake", "late"), 2)
    (physical,) = choice.piqa([write(tmp_path / "valid.jsonl", goal), tmp_path / "zero.lst"])
    assert (physical.text, physical.options, physical.answer) == ("Boil water", ("Use a pan", "Use a hat"), 0)


def test_ecare_asks_in_words(tmp_path):
    row = {"index": "dev-0", "premise": "It rained.", "hypothesis1": "Wet.", "hypothesis2": "Dry.", "label": 0}
    effect, cause = choice.ecare([write(tmp_path / "a", row | {"ask-for": "effect"}, row | {"ask-for": "cause"})])
    assert effect.text == "It rained. What happened as a result?"
    assert cause.text == "It rained. What was the cause of this?"
    assert (cause.options, cause.answer, cause.id) == (("Wet.", "Dry."), 0, "dev-0")


def test_strategyqa():
    row = {"id": "dev-1", "sent1": "Can owls  swim?", "ending0": "yes", "ending1": "no", "label": 1}
    (question,) = choice.strategyqa("dev-1", row)
    assert (question.text, question.options, question.answer, question.id) == (
        "Can owls swim?",
        ("yes", "no"),
        1,
        "dev-1",
    )


def test_a_translation_is_divided_as_its_original(tmp_path):
    rows = [lettered(name=name, question_concept="鸟") for name in ("q1", "q2")]
    for row in rows:
        row["question"]["choice"] = row["question"].pop("choices")
    (tmp_path / "ids.txt").write_text("q2\n")
    files = [write(tmp_path / "a.jsonl", *rows), tmp_path / "ids.txt"]
    (question,) = choice.commonsenseqa_inhouse(files, listed=True, language="zh")
    assert (question.id, question.language, right(question)) == ("q2", "zh", "nest")


def comve(number):
    return {
        "Correct Statement": f"He drinks milk {number}.",
        "Incorrect Statement": f"He drinks  stone {number}.",
        "Right Reason1": f"Stone {number} is hard.",
        "Confusing Reason1": f"Stone {number} is grey.",
        "Confusing Reason2": f"Milk {number} is white.",
    }


def right(question):
    return question.options[question.answer]


def test_comve_is_shuffled_for_its_files_name_the_right_option_first():
    places = set()
    for number in range(31):
        row = comve(number)
        which, why = filter(None, (*choice.comve_validation("dev-2", row), *choice.comve_explanation("dev-2", row)))
        assert right(which) == f"He drinks stone {number}."
        assert right(why) == row["Right Reason1"]
        assert why.text == f"He drinks stone {number}. Why is this against common sense?"
        places |= {("which", which.answer), ("why", why.answer)}
    assert len(places) == 5


def test_comve_rows_with_one_statement_twice_have_no_answer():
    assert list(choice.comve_validation("dev-2", comve(1) | {"Correct Statement": "He drinks stone 1."})) == [None]
    (two,) = filter(None, choice.comve_explanation("dev-2", comve(1) | {"Confusing Reason2": " "}))
    assert sorted(two.options) == ["Stone 1 is grey.", "Stone 1 is hard."]
