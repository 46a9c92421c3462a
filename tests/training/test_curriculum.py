from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import CheckpointError, ConfigError
from kgreason.nn.knowledge import KnowledgeConfig
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.training.curriculum import competence, hops, initial_losses, length, sample_loss
from kgreason.training.losses import losses
from tests.models import KNOWLEDGE, moods, places, tiny_model


@given(start=st.floats(0, 1), steps=st.integers(2, 97))
def test_competence_grows_from_its_start_to_all(start, steps):
    found = competence(np.linspace(0, 1, steps), start)
    assert found[0] == pytest.approx(start)
    assert found[-1] == pytest.approx(1)
    assert (np.diff(found) >= -1e-12).all()


def test_hops_are_read_as_the_data_annotates_them():
    question = Question("Who is it?")
    assert hops(replace(question, extra={"hop": 3})) == 3
    assert hops(replace(question, extra={"steps": 2})) == 2
    with pytest.raises(ConfigError, match="has none annotated") as caught:
        hops(question)
    assert "length or loss" in caught.value.fix


def test_length_counts_every_text():
    assert length(Question("abc", hypothesis="de", context="f")) == 6


@pytest.mark.parametrize(
    "question",
    [
        *places(2),
        moods(1)[0],
        Question("a bright film", ("joy", "fear", "anger"), "emotion", answers=(0, 2), multi_label=True),
        Question("a dull film", (), "emotion", vad=(0.2, 0.5, 0.4)),
        Question("Where is a penguin?", task="open", gold=("zoo", "antarctica")),
        Question("Where is it?", ("here", "there")),
    ],
)
def test_a_samples_loss_is_that_of_training(tiny_base, tiny_graph, home, question):
    model = tiny_model(tiny_base, knowledge=KnowledgeConfig(**{**vars(KNOWLEDGE), "paths": "follower"}))
    items = list(Pairs([question], tiny_graph, stored=False))
    batch = model.collator()(items)
    with torch.no_grad():
        found = losses(model(batch), batch)
    expected = float(found.answer + found.open + found.affect)
    assert sample_loss(question, predict(model, items)[0]) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_an_open_question_without_its_answer_is_hardest(tiny_base, tiny_graph, home):
    model = tiny_model(tiny_base, knowledge=KnowledgeConfig(**{**vars(KNOWLEDGE), "paths": "follower"}))
    lost = Question("Where is a penguin?", task="open", gold=("nowhere",))
    assert sample_loss(lost, predict(model, list(Pairs([lost], tiny_graph, stored=False)))[0]) == 20
    assert sample_loss(lost, predict(model, [(lost, None)])[0]) == 20


def test_losses_are_kept_for_a_resumed_run(tiny_base, tmp_path):
    tasks = {"a": [(q, None) for q in moods(5)], "b": [(q, None) for q in places(3)]}
    first = initial_losses(tiny_model(tiny_base, knowledge=None), tasks, tmp_path)
    assert {name: len(found) for name, found in first.items()} == {"a": 5, "b": 3}
    other = tiny_model(tiny_base, knowledge=None)
    torch.nn.init.zeros_(other.logic.scale)
    kept = initial_losses(other, tasks, tmp_path, resume=True)
    assert all(np.array_equal(kept[name], first[name]) for name in tasks)
    assert not np.array_equal(initial_losses(other, tasks, tmp_path)["a"], first["a"])
    with pytest.raises(CheckpointError, match="8 losses of 5 samples"):
        initial_losses(other, {"a": tasks["a"]}, tmp_path, resume=True)
