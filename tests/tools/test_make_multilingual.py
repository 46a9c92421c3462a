from __future__ import annotations

import pytest

from tools.make_multilingual import REVIEWS, bare, evaluated, reviews


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "neg.txt").write_text("太差了！\n服务 很差，不去了\n一般\n\n" + "坏" * 3000 + "\n", encoding="utf-8")
    (tmp_path / "pos.txt").write_text("很好\n很 好。\n一般！\n房间很大\n", encoding="utf-8")
    return tmp_path


def test_each_review_once_and_none_that_is_judged_on(folder):
    kept = list(reviews(folder, {bare("服务很差,不去了。")}))
    assert {question.text: question.options[question.answer or 0] for question in kept} == {
        "太差了！": "负面",
        "很好": "正面",
        "房间很大": "正面",
    }
    assert len(kept) == 3
    assert {question.options for question in kept} == {("负面", "正面")}


@pytest.mark.data
def test_every_review_of_the_evaluation_sets_is_left_out(data_dir, tmp_path):
    judged = [(each.text, each.answer) for name in REVIEWS for each in evaluated(name, data_dir)]
    assert len(judged) > 19_000
    assert {label for _, label in judged} == {0, 1}
    for name, wanted in (("neg.txt", 0), ("pos.txt", 1)):
        texts = [" ".join(text.split()) for text, label in judged if label == wanted]
        (tmp_path / name).write_text("\n".join(f" {text}！" for text in texts), encoding="utf-8")
    assert not list(reviews(tmp_path, {bare(text) for text, _ in judged}))
