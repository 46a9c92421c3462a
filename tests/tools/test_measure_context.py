from __future__ import annotations

import pytest

from kgreason.engine import Reasoner
from kgreason.records import Question
from tools.measure_context import KEY, MEASURES, NEEDLE, truncated


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
    (name, ratio, _), (key, named, more) = MEASURES["needles"]("mini", str(data_dir), 2)
    assert (name, key) == (NEEDLE, KEY)
    assert ratio >= 0
    assert 0 <= named <= 100
    assert more["tokens"] > 3_500
