"""Measurements of answering: how long the first and the next answers take, and what is left when the graph is off."""

from __future__ import annotations

import statistics
from dataclasses import replace
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING

from tools.claims.claim import Measured
from tools.claims.probes import interpret, kgreason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kgreason.nn.model import ReasoningModel
    from kgreason.nn.predict import Prediction
    from kgreason.records import Question

__all__ = ["cold_seconds", "unequal_logits", "warm_milliseconds"]

MODEL = "mini"
QUESTIONS = 100
RUNS = 3


def cold_seconds() -> Measured:
    """Seconds of ``kgreason ask`` above those of importing BertModel; runs of both in turn."""

    def timed_import() -> float:
        start = perf_counter()
        interpret("from transformers import BertModel")
        return perf_counter() - start

    def timed_ask() -> float:
        start = perf_counter()
        done = kgreason("ask", "Where would you keep a penguin?", "--options", "zoo", "desert", "oven", "-m", MODEL)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return perf_counter() - start

    timed_ask(), timed_import()  # the first ones build the graph and compile the kernels
    pairs = [(timed_import(), timed_ask()) for _ in range(RUNS)]
    imported, asked = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Measured(asked - imported, f"{asked:.2f} s to {imported:.2f} s, medians of {RUNS} runs in turn")


@cache
def _questions() -> Sequence[Question]:
    from kgreason.tasks import load

    return load("commonsenseqa", "dev")[:QUESTIONS]


def warm_milliseconds() -> Measured:
    """Milliseconds of an answer among three options, everything warm."""
    from kgreason.engine import Reasoner

    reasoner = Reasoner.from_pretrained(MODEL)
    questions = [(question.text, question.options[:3]) for question in _questions()]
    for text, options in questions[:20]:
        reasoner.ask(text, options)
    times = []
    for text, options in questions:
        start = perf_counter()
        reasoner.ask(text, options)
        times.append(1000 * (perf_counter() - start))
    return Measured(statistics.median(times), f"median of {len(times)} CommonsenseQA dev questions")


def unequal_logits() -> Measured:
    """Questions whose logits are not those of the text model bit for bit: the graph switched off, or K untrained."""
    from kgreason.engine import find_checkpoint
    from kgreason.graph import KnowledgeGraph
    from kgreason.nn.knowledge import KnowledgeConfig
    from kgreason.nn.model import ModelConfig, ReasoningModel
    from kgreason.nn.predict import predict
    from kgreason.retrieval import Pairs

    questions = _questions()
    bare, grounded = Pairs(questions), Pairs(questions, KnowledgeGraph.open("default"), stored=False)
    trained = ReasoningModel.from_pretrained(find_checkpoint(MODEL))
    switched_off = _differing(predict(trained, bare), predict(without_knowledge(trained), bare))
    text = ReasoningModel.create(ModelConfig(lora=None)).eval()
    relations = tuple(grounded[0][1].relations) if grounded[0][1] is not None else ()
    untrained = text.with_knowledge(KnowledgeConfig(width=text.backbone.width, relations=relations))
    never_trained = _differing(predict(untrained, grounded), predict(text, bare))
    how = f"{switched_off} of {len(questions)} with the graph off, {never_trained} with an untrained K on the graph"
    return Measured(switched_off + never_trained, how)


def without_knowledge(model: ReasoningModel) -> ReasoningModel:
    """The same weights in a model that has no K."""
    bare = type(model)(replace(model.settings, knowledge=None), model.backbone)
    own = model.logic.state_dict()
    bare.logic = type(model.logic)(model.backbone.width, model.logic.node_question.out_features)
    bare.logic.load_state_dict(own)
    bare.context.load_state_dict(model.context.state_dict())
    bare.emotion = model.emotion
    return bare.eval()


def _differing(first: Sequence[Prediction], second: Sequence[Prediction]) -> int:
    return sum(a.logits.tobytes() != b.logits.tobytes() for a, b in zip(first, second, strict=True))
