from __future__ import annotations

from functools import partial

import pytest

from kgreason.tasks import emotion
from kgreason.tasks.files import each, table


def named(question):
    """The right labels."""
    return [question.options[index] for index in question.answers or (question.answer,)]


def test_sst2(tmp_path):
    (tmp_path / "dev.tsv").write_text('sentence\tlabel\na " joy \t1\ndull\t0\n')
    joy, dull = emotion.sst2([tmp_path / "dev.tsv"])
    assert (joy.text, joy.answer, joy.id) == ('a " joy', 1, "dev-0")
    assert (dull.answer, dull.options) == (0, ("negative", "positive"))


@pytest.fixture
def goemotions(tmp_path):
    names = [name for members in emotion.EKMAN.values() for name in members]
    (tmp_path / "labels.txt").write_text("\n".join(names))
    indices = [names.index(name) for name in ("joy", "pride", "fear")]
    (tmp_path / "dev.tsv").write_text(f'Oh "my\t{",".join(map(str, indices))}\ta1\n')
    return [tmp_path / "dev.tsv", tmp_path / "labels.txt"]


def test_goemotions_has_28_labels_or_seven(goemotions):
    (full,) = emotion.goemotions(goemotions)
    assert len(full.options) == 28
    assert named(full) == ["joy", "pride", "fear"]
    (few,) = emotion.goemotions_ekman(goemotions)
    assert few.options == ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
    assert named(few) == ["fear", "joy"]
    assert full.multi_label
    assert few.multi_label
    assert (few.text, few.id) == ('Oh "my', "a1")


@pytest.mark.data
def test_the_groups_are_those_of_the_published_files(data_dir):
    folder = data_dir / "goemotions"
    assert tuple((folder / "ekman_labels.txt").read_text().split()) == emotion.EKMAN_LABELS
    labels = (folder / "labels.txt").read_text().split()
    assert sorted(labels) == sorted(name for members in emotion.EKMAN.values() for name in members)


def test_emobank_brings_one_to_five_to_the_unit(tmp_path):
    (tmp_path / "e.csv").write_text('id,split,V,A,D,text\na,dev,1.0,3.0,5.0,"Oh, ""no"""\nb,train,2.0,3.0,3.0,x\n')
    (question,) = emotion.emobank([tmp_path / "e.csv"], split="dev")
    assert (question.text, question.vad, question.options) == ('Oh, "no"', (0.0, 0.5, 1.0), ())
    assert question.id == "a"


def test_isear_mends_what_its_file_breaks(tmp_path):
    (tmp_path / "i.csv").write_text('joy,"When I  \nmet her.",\nguit,I lied.,\nfear,"The end, ",I thought\n')
    joy, guilt, fear = emotion.isear([tmp_path / "i.csv"])
    assert (joy.text, named(joy), named(guilt)) == ("When I met her.", ["joy"], ["guilt"])
    assert fear.text == "The end, ,I thought"


def test_emocontext_is_three_turns():
    row = {"id": "7", "turn1": "I won ", "turn2": "oh  great", "turn3": "😀", "label": "happy"}
    (question,) = emotion.emocontext("train-9", row)
    assert (question.text, named(question), question.id) == ("I won\noh great\n😀", ["happy"], "train-9")


def reviews(path, split):
    return each(table, partial(emotion.review_zh, split=split))([path])


def test_chinese_reviews_are_divided_by_their_text(tmp_path):
    path = tmp_path / "hotel.csv"
    texts = [f'房间{number}, ""好""' for number in range(97)]
    path.write_text("label,review\n" + "".join(f'1,"{text}"\n0,"{text} "\n' for text in texts))
    splits = ("train", "dev", "test")
    parts = {split: list(filter(None, reviews(path, split))) for split in splits}
    assert sum(map(len, parts.values())) == 2 * len(texts)
    known = [{question.text for question in part} for part in parts.values()]
    assert [2 * len(part) for part in known] == [len(part) for part in parts.values()]
    assert len(set.union(*known)) == len(texts)
    assert all(2 <= len(known[place]) <= 20 for place in (1, 2))
    first = parts["train"][0]
    assert (named(first), first.language, first.text[-3:]) == (["正面"], "zh", '"好"')


def test_a_review_without_a_text_has_no_gold_label(tmp_path):
    (tmp_path / "hotel.csv").write_text("label,review\n1, \n")
    found = [list(reviews(tmp_path / "hotel.csv", split)) for split in ("train", "dev", "test")]
    assert sorted(found) == [[], [], [None]]
