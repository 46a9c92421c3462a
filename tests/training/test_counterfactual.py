"""Twins of questions, what it costs that they are answered otherwise, and what training against it gains."""

from __future__ import annotations

from dataclasses import replace

import torch

from kgreason.evaluation.bias import question_gaps
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.counterfactual import mirrored, twin_loss
from kgreason.training.run import TaskData, build_model, train
from tests.models import SENTIMENT, places, tiny_config, tiny_model

MAN = Question("Where does the man go?", ("zoo", "kitchen"), answer=1, vad=(0.1, 0.2, 0.3), extra={"note": 1})
WOMAN = "Where does the woman go?"


def test_twins_are_bare_and_read_what_their_question_reads(tiny_graph, home):
    pairs = Pairs([*places(2), MAN], tiny_graph, stored=False)
    own = replace(MAN, facts=(("man", "AtLocation", "zoo"),))
    items = [*pairs, (MAN, None), (own, None), (replace(MAN, task="emotion", multi_label=True), None)]
    more, places_of = mirrored(items, 10, pairs.anew)
    assert places_of.tolist() == [[2, 3], [10, 11]]
    assert [question.text for question, _ in more] == [WOMAN, WOMAN]
    assert all((q.answer, q.vad, q.extra, q.options) == (None, None, {}, MAN.options) for q, _ in more)
    assert [subgraph is None for _, subgraph in more] == [False, True]
    nothing, none = mirrored(items[:2], 2, pairs.anew)
    assert (nothing, tuple(none.shape)) == ([], (2, 0))


def test_twins_of_several_groups_take_turns():
    question = Question("Where does the German go?", ("zoo", "kitchen"))
    more, _ = mirrored([(question, None)] * 3, 3, Pairs([]).anew)
    assert len({twin.text for twin, _ in more}) == 3


def test_the_loss_is_the_symmetric_divergence(tiny_base):
    batch = tiny_model(tiny_base).collator()(
        [(replace(MAN, options=o), None) for o in (("a", "b"), ("c",), ("a", "b"))]
    )
    logits = torch.tensor([1.0, -1.0, 9.0, 0.5, 0.25])
    p, q = logits[:2].softmax(0), logits[3:].softmax(0)
    wanted = (p * (p / q).log()).sum() + (q * (q / p).log()).sum()
    torch.testing.assert_close(twin_loss(logits, batch, torch.tensor([[0], [2]])), wanted)
    assert twin_loss(logits, batch, torch.zeros(2, 0, dtype=torch.int64)) == 0


def test_gaps_shrink_where_they_cost(tiny_base, tmp_path):
    """Samples in which men are well and women are not."""
    people = (("woman", "girl", "wife"), ("man", "boy", "husband"))
    questions = [
        Question(f"The {people[mood][i % 3]} number {i} is here.", SENTIMENT, "emotion", answer=mood)
        for i in range(6) for mood in (0, 1)
    ]  # fmt: skip
    data = {"moods": TaskData(Pairs(questions), [], Pairs(questions[:4]))}
    run = RunConfig(
        "", {"moods": TaskConfig("moods.csv")}, model=replace(tiny_config(tiny_base, knowledge=None), lora=None),
        device="cpu", bf16=False, epochs=1, steps_per_epoch=40, batch_size=8, learning_rate=2e-3, head_rate=2e-3,
    )  # fmt: skip
    gaps = []
    for weight in (0.0, 1.0):
        own = replace(run, output=str(tmp_path / str(weight)), bias=weight)
        model = train(own, build_model(own), data)
        pairs = question_gaps(model, questions, None, least=5)["axes"]["gender"]["pairs"]
        gaps.append(max(abs(pair["difference"]) for pair in pairs.values()))
    assert gaps[0] > 0.5
    assert gaps[1] < 0.25 * gaps[0]
