from __future__ import annotations

import json
import logging

import pytest

from kgreason.errors import FormatError, InputError, LimitError
from kgreason.tasks import ADAPTERS, adapter, load, names, validate

#: Questions of each split as published, less rows without a gold label.
COUNTS = {
    "arc-challenge": {"train": 1119, "test": 1172},
    "arc-easy": {"train": 2251},
    "arlsat": {"train": 1585, "dev": 231, "test": 230},
    "boardgameqa-depth1": {"train": 1000, "dev": 500, "test": 1000},
    "boardgameqa-depth2": {"train": 1000, "dev": 500, "test": 1000},
    "c3-zh": {"train": 11869, "dev": 3816},
    "chnsenticorp-htl-zh": {"train": 6222, "dev": 752, "test": 791},
    "clutrr-23": {"dev": 2020, "test": 1129},
    "clutrr-234": {"dev": 3008, "test": 1042},
    "commonsenseqa": {"train": 8500, "dev": 1221, "test": 1241},
    "commonsenseqa-zh": {"train": 8500, "dev": 1221, "test": 1241},
    "comve-explanation": {"train": 10000, "dev": 1000, "test": 1000},
    "comve-validation": {"train": 9995, "dev": 1000, "test": 1000},
    "conjnli": {"train": 15000, "dev": 623},
    "ecare": {"train": 14928, "dev": 2132},
    "emobank": {"train": 8062, "dev": 1000, "test": 1000},
    "emocontext": {"train": 30160, "test": 5509},
    "explagraphs": {"train": 2368, "dev": 398},
    "folio": {"train": 1004, "dev": 204},
    "goemotions": {"train": 43410, "dev": 5426, "test": 5427},
    "goemotions-full": {"train": 43410, "dev": 5426, "test": 5427},
    "help-nli": {"train": 6514},
    "isear": {"train": 7516},
    "leval-coursera": {"test": 87},
    "leval-quality": {"test": 202},
    "leval-scifi": {"test": 64},
    "lingnli": {"train": 44983, "dev": 7371},
    "logicaldeduction": {"train": 1200, "dev": 300},
    "logiqa": {"dev": 651},
    "logiqa-zh": {"dev": 651, "test": 651},
    "metaqa-1hop": {"train": 6368, "dev": 734, "test": 9947, "wordings": 2888},
    "metaqa-2hop": {"train": 9270, "dev": 1096, "test": 14872, "wordings": 3708},
    "metaqa-3hop": {"train": 9442, "dev": 1052, "test": 14274, "wordings": 2803},
    "nlpcc2016-kbqa-zh": {"train": 14608, "test": 9870},
    "ocnli-zh": {"train": 9985, "dev": 2950},
    "openbookqa": {"train": 4957, "dev": 500, "test": 500},
    "pathquestion-2hop": {"train": 1257, "dev": 267, "test": 384},
    "pathquestion-3hop": {"train": 3470, "dev": 464, "test": 1264},
    "pathquestion-large-2hop": {"train": 1102, "dev": 282, "test": 210},
    "pathquestion-large-3hop": {"train": 730, "dev": 156, "test": 145},
    "piqa": {"dev": 1838},
    "prontoqa": {"dev": 500},
    "proofwriter": {"train": 3000, "dev": 600, "test": 600},
    "rte": {"train": 2490, "dev": 277},
    "sick": {"train": 4500, "dev": 500, "test": 4927},
    "snli-dev": {"dev": 9842},
    "socialiqa": {"train": 33410, "dev": 1954},
    "sst2": {"train": 60614, "dev": 6735, "test": 872},
    "strategyqa": {"train": 1603, "dev": 687},
    "waimai10k-zh": {"train": 9653, "dev": 1186, "test": 1148},
}
#: Sets that hold a text longer than one of its kind may be: a way to a goal, a review, an option twice, an answer.
TOO_LONG = {"piqa", "chnsenticorp-htl-zh", "logiqa", "logiqa-zh", "nlpcc2016-kbqa-zh"}


def test_the_table_is_in_order_and_complete():
    assert names() == tuple(sorted(ADAPTERS)) == tuple(COUNTS)
    for name, entry in ADAPTERS.items():
        assert entry.name == name
        assert set(entry.splits) == set(COUNTS[name])
        assert entry.licence
        free = not any(word in entry.licence for word in ("research", "NC", "GPL", "no licence", "not stated"))
        assert entry.trainable == free


def test_near_names_are_given():
    with pytest.raises(InputError, match=r"'comonsenseqa' is neither .* Known are: commonsenseqa"):
        adapter("comonsenseqa")
    with pytest.raises(InputError, match="Known are: arc-challenge, arc-easy, arlsat"):
        load("zzz", "dev")


@pytest.mark.parametrize("split", [None, "valid"])
def test_splits_are_given(split):
    with pytest.raises(InputError, match=r"openbookqa has no split .* Its splits are: train, dev, test"):
        load("openbookqa", split)


def test_the_folder_looked_in_is_named(tmp_path):
    with pytest.raises(InputError, match=rf"dev\.jsonl .* is not in {tmp_path}/openbookqa.*KGREASON_DATA"):
        load("openbookqa", "dev", data=tmp_path)


def test_a_file_is_read_without_a_split(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"task": "open", "question": "Who?"}\n')
    assert load(path) == load(str(path))
    with pytest.raises(InputError, match="split 'dev' is given for the file"):
        load(path, "dev")


def test_rows_without_a_gold_label_are_counted(tmp_path, caplog):
    (tmp_path / "lingnli").mkdir()
    row = {"premise": "A bird.", "hypothesis": "An animal."}
    (tmp_path / "lingnli" / "val_x.jsonl").write_text(
        "".join(f"{json.dumps(row | {'label': label})}\n" for label in ("neutral", "-", "-"))
    )
    with caplog.at_level(logging.INFO, "kgreason"):
        assert len(load("lingnli", "dev", data=tmp_path)) == 1
    assert "lingnli dev: 2 rows without a gold label" in caplog.text


@pytest.mark.parametrize("row", ['{"id": "a"}', '{"id": "a", "question": {"stem": 3, "choices": []}}', "[]", "x"])
def test_a_file_of_another_form_is_refused(tmp_path, row):
    (tmp_path / "openbookqa").mkdir()
    (tmp_path / "openbookqa" / "dev.jsonl").write_text(f"{row}\n")
    with pytest.raises(FormatError, match=r"openbookqa/dev\.jsonl"):
        load("openbookqa", "dev", data=tmp_path)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTS)
def test_published_sets_are_read_whole(name, data_dir):
    for split, count in COUNTS[name].items():
        found = load(name, split, data=data_dir)
        assert len(found) == count
        assert len({question.id for question in found}) == count
        assert all(
            question.answer is not None or question.answers or question.vad or question.gold for question in found
        )
        too_long = 0
        for question in found:
            try:
                validate(question)
            except LimitError:
                too_long += 1
        assert too_long <= (name in TOO_LONG)
