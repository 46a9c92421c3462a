from __future__ import annotations

import pytest
import torch

from kgreason.records import Question
from kgreason.stages import Stages, on_cpu
from tests.models import opened, tiny_model

ASKED = Question("Where would you keep a penguin?", ("oven", "zoo"))
OTHER = Question("What can a bird do?", ("fly", "bake bread", "swim"))


@pytest.fixture(scope="module")
def stages(tiny_base, tiny_graph):
    return Stages(tiny_graph, model=opened(tiny_model(tiny_base)))


def test_scores_with_and_without_evidence_are_the_same(stages):
    reads = [stages.read(question) for question in (ASKED, OTHER)]
    together = stages.score(reads, {}).logits
    apart = torch.cat([on_cpu(reading.scores).logits for reading in stages.readings(reads)])
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=1e-5)
    assert stages.readings([]) == []
