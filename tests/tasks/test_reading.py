from __future__ import annotations

import json

import pytest

from kgreason.errors import FormatError
from kgreason.tasks import load, reading, validate
from kgreason.tasks.files import each


def right(question):
    return question.options[question.answer]


def test_logic_lm_has_options_behind_letters():
    row = {
        "id": "q7",
        "context": "Three birds.\nThe owl is first.",
        "question": "Which is  true?",
        "options": ["A) The owl is last.", "B) The owl (a bird) is first."],
        "answer": "B",
    }
    (question,) = reading.logic_lm("dev-2", row)
    assert (question.text, question.context) == ("Which is true?", "Three birds.\nThe owl is first.")
    assert (right(question), question.id) == ("The owl (a bird) is first.", "dev-2")


@pytest.mark.parametrize(("label", "answer"), [("proved", "yes"), ("disproved", "no"), ("unknown", "unknown")])
def test_boardgameqa_is_answered_in_words(label, answer):
    example = (
        "A few players are playing a boardgame. The owl sees the hare. "
        "Based on the game state and the rules and preferences, does the owl win?"
    )
    (question,) = reading.boardgameqa("dev-1", {"example": example, "label": label})
    assert (question.text, right(question)) == ("Does the owl win?", answer)
    assert question.context == "A few players are playing a boardgame. The owl sees the hare."
    with pytest.raises(ValueError, match="no question begins with"):
        list(reading.boardgameqa("dev-1", {"example": "Does the owl win?", "label": label}))


def story(relation, genders="Ann:female,Bo:male,Cy:male"):
    return {
        "context": f"Story: [Ann] saw her son [Bo] \nand\n his son [Cy].\nGender: {genders}\n",
        "target_text": relation,
    }


def test_clutrr_asks_what_the_last_is_to_the_first():
    (question,) = filter(None, reading.clutrr("test-1", story("grandson")))
    assert question.text == "How is Cy related to Ann?"
    assert question.context == "[Ann] saw her son [Bo] and his son [Cy]."
    assert (right(question), len(question.options)) == ("grandson", 18)
    assert question.facts[:2] == (("Ann", "HasProperty", "female"), ("Bo", "HasProperty", "male"))
    assert question.extra == {"steps": 2}
    assert list(reading.clutrr("test-1", story("niece"))) == [None]
    with pytest.raises(ValueError, match="not of the form"):
        list(reading.clutrr("test-1", {"context": "Story: Ann.", "target_text": "son"}))


@pytest.mark.data
@pytest.mark.parametrize("name", ["clutrr-23", "clutrr-234"])
def test_relations_of_clutrr_are_all_of_kinship(data_dir, name):
    told = {right(question) for question in load(name, "dev", data=data_dir)}
    assert told == set(reading.KINSHIP)


def test_c3_has_several_questions_a_passage():
    asked = [
        {"question": "他们在谈论什么?", "choice": ["旅行", "工作"], "answer": "工作"},
        {"question": "谁?", "choice": ["男", "女", "狗"], "answer": "男"},
    ]
    first, second = reading.c3("c3-d-dev-2", [["男：好。", "女：不好。"], asked, "47-275"])
    assert (first.context, first.language, right(first)) == ("男：好。\n女：不好。", "zh", "工作")
    assert (first.id, second.id) == ("c3-d-dev-47-275-0", "c3-d-dev-47-275-1")


def logiqa(tmp_path, *options, key="b"):
    path = tmp_path / "Eval.txt"
    path.write_text("\n".join(["", key, "Birds fly.", "Which follows?", *options, ""]))
    (question,) = each(reading.logiqa_items, reading.logiqa)([path])
    return question


def test_logiqa_goes_by_letter(tmp_path):
    question = logiqa(tmp_path, "A.Owls fly.", "B．Bats fly.", "C、All fly.", "d No bats.")
    assert (question.text, question.context, question.id) == ("Which follows?", "Birds fly.", "Eval-2")
    assert question.options == ("Owls fly.", "Bats fly.", "All fly.", "No bats.")
    assert right(question) == "Bats fly."
    assert right(logiqa(tmp_path, "A.one", "C.three", "B.two", "D.four")) == "two"


def test_logiqa_goes_by_place_where_letters_have_moved_into_the_sentences(tmp_path):
    question = logiqa(tmp_path, "A.Owls fly.", "In the B.S city bats fly.", "A bat flies.", "D.Bats fly.", key="c")
    assert question.options == ("Owls fly.", "In the B.S city bats fly.", "A bat flies.", "Bats fly.")
    assert right(question) == "A bat flies."


def test_a_cut_item_of_logiqa_is_refused(tmp_path):
    (tmp_path / "logiqa").mkdir()
    whole = "\na\nBirds fly.\nWhich?\nA.x\nB.y\nC.z\nD.w\n"
    (tmp_path / "logiqa" / "Eval.txt").write_text(f"{whole}\nb\nBirds fly.\nWhich?\nA.x\n")
    with pytest.raises(FormatError, match=r"Eval\.txt, line 10: is not as published"):
        load("logiqa", "dev", data=tmp_path)


def leval(instructions, outputs):
    return {"input": "A long\nstory.", "instructions": instructions, "outputs": outputs}


def test_quality_and_coursera_have_their_options_in_one_text():
    asked = "Why (so) late?\n\n (A) Snow. \n (B) A (B) road.\n (C) It slept.\n (D) None"
    (question,) = filter(None, reading.quality("quality-1", leval([asked], ["(B) A (B) road."])))
    assert (question.text, question.context, question.id) == ("Why (so) late?", "A long\nstory.", "quality-1-0")
    assert question.options == ("Snow.", "A (B) road.", "It slept.", "None")
    assert right(question) == "A (B) road."
    asked = "Question 12. Which is a bird?\nA. owl\nB. bat\nC. vitamin B.\nD. fly"
    one, several = reading.coursera("coursera-1", leval([asked, asked], ["C", "AC"]))
    assert one is not None
    assert several is None
    assert (one.text, right(one)) == ("Which is a bird?", "vitamin B.")


def test_science_fiction_knows_its_world_from_ours():
    tail = " Answer this question based on the world described in the document."
    asked = [f"1.\tOwls talk, True or False?{tail}", "Question2: Owls fly."]
    talk, fly = reading.sci_fi("sci_fi-1", leval(asked, ["True [fact: False]", "False [fact: True]"]))
    assert (talk.text, right(talk), talk.extra) == ("Owls talk", "true", {"fact": False})
    assert (fly.text, right(fly), fly.extra) == ("Owls fly.", "false", {"fact": True})
    with pytest.raises(ValueError, match="Maybe"):
        list(reading.sci_fi("sci_fi-1", leval(asked, ["Maybe", "True [fact: True]"])))


def test_long_contexts_may_be(tmp_path):
    (tmp_path / "leval-long").mkdir()
    row = leval(["1. Owls talk, True or False?"], ["True [fact: False]"]) | {"input": "Owls. " * 40_000}
    (tmp_path / "leval-long" / "sci_fi.jsonl").write_text(json.dumps(row))
    (question,) = load("leval-scifi", "test", data=tmp_path)
    assert validate(question).context == row["input"]
