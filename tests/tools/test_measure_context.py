from __future__ import annotations

import pytest

from kgreason.engine import Reasoner
from kgreason.language.sentences import sentences
from kgreason.records import Question
from kgreason.tasks.needles import needles
from tools.measure_context import KEY, LONG_WORDS, MEASURES, NEEDLE, SHORT_WORDS, _filler, truncated


def test_a_beginning_is_what_one_sequence_holds():
    reasoner = Reasoner.from_pretrained("mini", graph=None, device="cpu")
    context = " ".join(f"The lamp number {i} is in the hall." for i in range(200))
    cut = truncated(reasoner, Question("Where is it?", ("hall", "barn"), context=context))
    assert cut.context is not None
    assert context.startswith(cut.context)
    assert 100 < len(reasoner.model.backbone.tokenizer(cut.context)["input_ids"]) <= 130


@pytest.mark.data
@pytest.mark.slow
def test_needles_are_measured(data_dir):
    (name, ratio, _), (key, named, more) = MEASURES["needles"]("mini", str(data_dir), 7)
    assert (name, key) == (NEEDLE, KEY)
    assert ratio > 70
    assert named > 70
    assert more["tokens"] > 3_500


@pytest.mark.data
def test_every_needle_is_a_sentence_of_its_own(data_dir):
    filler = _filler(str(data_dir))
    for words in (SHORT_WORDS, LONG_WORDS):
        for question in needles(29, filler, words=words, seed=1, held_out=True):
            assert question.extra["sentence"] in sentences(question.context or "")
