from __future__ import annotations

import torch

from kgreason.nn.predict import predict
from kgreason.retrieval import Pairs
from tests.models import opened, places, tiny_model
from tools.claims.answers import _differing, without_knowledge


def test_the_text_model_within_is_what_is_left_without_a_graph(tiny_base, tiny_graph, home):
    model, questions = opened(tiny_model(tiny_base)), places(13)
    bare = without_knowledge(model)
    assert bare.knowledge is None
    assert _differing(predict(model, Pairs(questions)), predict(bare, Pairs(questions))) == 0
    assert _differing(predict(model, Pairs(questions, tiny_graph)), predict(bare, Pairs(questions))) == 13


def test_one_bit_is_a_difference(tiny_base):
    model = tiny_model(tiny_base, knowledge=None)
    before = predict(model, Pairs(places(3)))
    with torch.no_grad():
        scale = model.logic.scale
        scale.copy_(torch.nextafter(scale, scale + 1))
    assert _differing(before, predict(model, Pairs(places(3)))) > 0
