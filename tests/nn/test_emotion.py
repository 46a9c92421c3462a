from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from kgreason.nn.batch import GraphBatch
from kgreason.nn.emotion import Emotion, ValenceAttention
from kgreason.nn.state import CognitiveState
from kgreason.records import ROLE_QUESTION
from tests.cases import WIDTH, ModuleCase, random_batch, random_state, without_graph

G = 8


def state_with_nodes(batch: GraphBatch) -> CognitiveState:
    """As K leaves it."""
    nodes = torch.randn(batch.num_nodes, G, generator=torch.Generator().manual_seed(2))
    return replace(random_state(batch), nodes=nodes)


class TestEmotion(ModuleCase):
    writes = ("affect",)

    def make(self) -> nn.Module:
        return Emotion(WIDTH, G)

    def state(self, batch: GraphBatch) -> CognitiveState:
        return state_with_nodes(batch)


def trained() -> Emotion:
    torch.manual_seed(0)
    emotion = Emotion(WIDTH, G)
    nn.init.normal_(emotion.concepts.weight)
    return emotion


def test_untrained_concepts_change_no_bit():
    state = state_with_nodes(random_batch())
    emotion = Emotion(WIDTH, G)
    assert torch.equal(emotion(state).affect, emotion(replace(state, nodes=None)).affect)


def test_without_a_graph_trained_concepts_change_no_bit():
    emotion = trained()
    some = state_with_nodes(random_batch(nodes=(7, 0, 11)))
    none = replace(some, nodes=None, batch=without_graph(some.batch))
    found, text = emotion(some).affect, emotion(none).affect
    assert torch.equal(found[1], text[1])
    assert not torch.equal(found[0], text[0])


def test_only_concepts_of_the_question_count():
    emotion = trained()
    state: Any = state_with_nodes(random_batch())
    asked = (state.batch.node_role & ROLE_QUESTION) > 0
    other = replace(state, nodes=torch.where(asked.unsqueeze(-1), state.nodes, 9.0))
    assert torch.equal(emotion(state).affect, emotion(other).affect)


def test_affect_lies_within_its_bounds():
    affect = trained()(state_with_nodes(random_batch())).affect
    assert affect.shape == (3, 4)
    assert ((affect >= 0) & (affect <= 1)).all()


def test_intensity_is_the_distance_from_neutral():
    emotion = trained()
    with torch.no_grad():
        emotion.out.weight.zero_()
        emotion.out.bias.zero_()
    state = state_with_nodes(random_batch())
    assert emotion(state).affect[0].tolist() == [0.5, 0.5, 0.5, 0.0]
    with torch.no_grad():
        emotion.out.bias.fill_(50.0)
    torch.testing.assert_close(emotion(state).affect[0], torch.ones(4))


class TestEmotionWithValence(ModuleCase):
    writes = ("affect", "mood")

    def make(self) -> nn.Module:
        return Emotion(WIDTH, G, valence=True)

    def state(self, batch: GraphBatch) -> CognitiveState:
        return state_with_nodes(batch)


def test_mood_is_a_weighed_sum_over_the_concepts_whose_words_are_rare():
    concepts, batch = ValenceAttention(), random_batch(nodes=(7, 0, 11))
    nn.init.normal_(concepts.weight)
    expected, whole = torch.zeros(batch.num_questions, 3), torch.ones(batch.num_questions)
    own = {node for s, _, node in batch.token_node.T.tolist() if batch.sequence_option[s] < 0}
    rare = [node for node in sorted(own) if batch.node_rare[node]]
    assert 0 < len(rare) < len(own)
    for node in rare:
        valence, confidence = batch.node_valence[node].tolist()
        facts = torch.tensor([abs(valence), confidence, float(batch.node_relevance[node])])
        share = (facts @ concepts.weight.detach()).exp()
        question = batch.node_question[node]
        expected[question] += share * torch.tensor([valence, abs(valence), confidence])
        whole[question] += share
    found = concepts(batch)
    torch.testing.assert_close(found.detach(), expected / whole.unsqueeze(-1))
    assert not found[1].any()
