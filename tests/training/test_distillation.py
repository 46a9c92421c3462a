"""Learning from other models: what they say of samples, and what it costs to say otherwise."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

from kgreason import storage
from kgreason.errors import CheckpointError
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.tasks.changes import reordered
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.distillation import (
    PROBABILITIES,
    count_taught,
    distillation_loss,
    taught,
    teachers_say,
    with_lesson,
)
from kgreason.training.practices import DistillConfig
from kgreason.training.run import TaskData, build_model, train
from tests.models import moods, places, reviewer, tiny_config, tiny_model

SEVERAL = Question("a bright film", ("joy", "fear", "anger"), "emotion", answers=(0,), multi_label=True)
OPEN = Question("Where is a penguin?", task="open", gold=("zoo",))


@pytest.fixture(scope="module")
def models(tiny_base):
    """One that knows moods, and one that knows nothing."""
    return reviewer(tiny_base, moods(24)), tiny_model(tiny_base, knowledge=None)


@pytest.fixture(scope="module")
def teachers(models, tmp_path_factory):
    """The same as checkpoints."""
    folders = [tmp_path_factory.mktemp("teachers") / name for name in ("knows", "blank")]
    for model, folder in zip(models, folders, strict=True):
        model.save_pretrained(folder)
    return DistillConfig(tuple(map(str, folders)), temperature=3.0)


def test_teachers_say_the_mean_of_their_probabilities_and_say_it_once(models, teachers, tmp_path):
    tasks = {"a": [(q, None) for q in [*places(3), *moods(2), OPEN]], "b": [(SEVERAL, None)], "c": []}
    told = []
    found = teachers_say(
        teachers, tasks, tmp_path, device=torch.device("cpu"), progress=lambda *step: told.append(step)
    )
    for name, squash in (("a", lambda x: x.softmax(-1)), ("b", torch.sigmoid)):
        predictions = [predict(model, tasks[name]) for model in models]
        for said, *each in zip(found[name], *predictions, strict=True):
            wanted = torch.stack([squash(torch.tensor(one.logits).double() / 3) for one in each]).mean(0)
            np.testing.assert_allclose(said, wanted, atol=1e-5)
    assert [len(said) for said in found["a"]] == [2] * 5 + [0]
    assert found["c"] == []
    assert {stage for stage, *_ in told} == {"ask teacher 1", "ask teacher 2"}
    nobody = replace(teachers, teachers=("no such folder",))
    again = teachers_say(nobody, tasks, tmp_path, device=torch.device("cpu"), resume=True)
    np.testing.assert_array_equal(np.concatenate(again["a"]), np.concatenate(found["a"]))
    storage.save_npy(tmp_path / PROBABILITIES, np.zeros(3))
    with pytest.raises(CheckpointError, match="holds 3 probabilities of 13"):
        teachers_say(nobody, tasks, tmp_path, device=torch.device("cpu"), resume=True)


def test_a_lesson_follows_its_options_and_leaves_facts_alone():
    question = Question("Where?", ("zoo", "oven", "nest"), answer=0)
    turned = reordered(question, Random(0))
    assert turned.options != question.options
    said = np.array([0.5, 0.375, 0.125])
    lesson = taught([OPEN, with_lesson(turned, question.options, said), question])
    told = dict(zip(turned.options, lesson.tolist()[:3], strict=True))
    assert told == {"zoo": 0.5, "oven": 0.375, "nest": 0.125}
    assert lesson[3:].isnan().all()
    own = replace(question, facts=(("penguin", "AtLocation", "zoo"),))
    assert with_lesson(own, own.options, said) is own


def test_the_loss_is_the_divergence_at_the_temperature(tiny_base):
    questions = [*places(2), SEVERAL, *places(1)]
    said = [np.array([0.7, 0.3]), np.array([0.2, 0.8]), np.array([0.9, 0.5, 0.1])]
    lesson = taught([with_lesson(q, q.options, p) for q, p in zip(questions[:3], said, strict=True)])
    batch = tiny_model(tiny_base).collator()([(question, None) for question in questions])  # one more than is taught
    logits = torch.randn(9, generator=torch.Generator().manual_seed(0))
    assert count_taught(batch, lesson) == 3
    wanted = torch.zeros(())
    for start, p in ((0, said[0]), (2, said[1])):
        wanted += nn.functional.kl_div((logits[start : start + 2] / 2).log_softmax(0), torch.tensor(p), reduction="sum")
    yes, right = (logits[4:7] / 2).sigmoid().double(), torch.tensor(said[2])
    wanted = wanted + (right * (right / yes).log() + (1 - right) * ((1 - right) / (1 - yes)).log()).sum()
    torch.testing.assert_close(distillation_loss(logits, batch, lesson, 2.0).double(), 4 * wanted.double() / 3)
    nothing = taught(questions)
    assert distillation_loss(logits, batch, nothing, 2.0) == 0 == count_taught(batch, nothing)


def test_a_model_learns_from_its_teacher_what_no_label_says(tiny_base, teachers, tmp_path):
    questions = moods(24)
    data = {"moods": TaskData(Pairs([replace(each, answer=None) for each in questions]), [], Pairs(moods(6)))}
    run = RunConfig(
        str(tmp_path / "run"), {"moods": TaskConfig("moods.csv")},
        model=replace(tiny_config(tiny_base, knowledge=None), lora=None), device="cpu", bf16=False,
        epochs=1, steps_per_epoch=30, batch_size=8, learning_rate=3e-3, head_rate=3e-3,
        distill=replace(teachers, teachers=teachers.teachers[:1]),
    )  # fmt: skip
    right = []
    for model in (build_model(run), train(run, build_model(run), data)):
        found = predict(model, Pairs(questions))
        right.append(np.mean([each.logits.argmax() == q.answer for q, each in zip(questions, found, strict=True)]))
    assert right[0] < 0.7
    assert right[1] == 1
