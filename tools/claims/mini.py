"""Measurements of the shipped checkpoint: how fast it answers, how large it is, that without a graph it is all text."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from tools.claims.claim import Measured
from tools.claims.probes import interpret, kgreason

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph
    from kgreason.nn.batch import Item
    from kgreason.nn.model import ReasoningModel
    from kgreason.records import Question

__all__ = ["cold_seconds", "differing", "differing_bits", "megabytes", "warm_milliseconds"]

_TASKS = ("commonsenseqa", "lingnli", "sst2", "emobank")
_EACH = 16


def cold_seconds(checkpoint: str | Path = "mini", pairs: int = 3) -> Measured:
    """Seconds of ``ask`` in a new process above those of importing a BERT, each pair in the same run."""
    question = ("ask", "Where would you keep a penguin?", "--options", "zoo", "desert", "oven", "--model", checkpoint)

    def ask() -> float:
        start = perf_counter()
        done = kgreason(*question)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return perf_counter() - start

    def bert() -> float:
        start = perf_counter()
        interpret("from transformers import BertModel")
        return perf_counter() - start

    ask(), bert()  # the first use builds the graph and compiles kernels, and reads files from disk
    above = [-bert() + ask() for _ in range(pairs)]
    return Measured(statistics.median(above), f"median of {pairs} pairs, {min(above):.2f} to {max(above):.2f} s")


def warm_milliseconds(checkpoint: str | Path = "mini", count: int = 100) -> Measured:
    """Milliseconds of the library's ``ask`` with three options, everything loaded."""
    from kgreason.engine import Reasoner
    from kgreason.tasks import load

    reasoner = Reasoner.from_pretrained(checkpoint, device="cpu")
    times = []
    for question in load("commonsenseqa", "dev")[: count + 10]:
        start = perf_counter()
        reasoner.ask(question.text, question.options[:3])
        times.append(1000 * (perf_counter() - start))
    return Measured(statistics.median(times[10:]), f"median of {count} CommonsenseQA dev questions")


def megabytes(checkpoint: str | Path = "mini") -> Measured:
    """Size of a checkpoint's files."""
    from kgreason.nn.weights import find_checkpoint

    files = [path for path in find_checkpoint(checkpoint).rglob("*") if path.is_file()]
    return Measured(sum(path.stat().st_size for path in files) / 1e6, f"{len(files)} files")


def differing_bits() -> Measured:
    """Scores of questions of every kind that are not the text model's, bit for bit, where there is no trained K."""
    from kgreason.graph import KnowledgeGraph
    from kgreason.nn.model import ReasoningModel
    from kgreason.nn.weights import find_checkpoint
    from kgreason.tasks import load

    model = ReasoningModel.from_pretrained(find_checkpoint("mini"), device="cpu")
    questions = [question for name in _TASKS for question in load(name, "dev")[:_EACH]]
    wrong, scores = differing(model, questions, KnowledgeGraph.open("default"))
    return Measured(wrong, f"of {scores:,} scores of {len(questions)} questions: K without a graph, K untrained")


def differing(model: ReasoningModel, questions: Sequence[Question], graph: KnowledgeGraph) -> tuple[int, int]:
    """Differing scores, and all: those of a model without a graph and with an untrained K, beside its text model's."""
    from kgreason.nn.knowledge import KnowledgeConfig
    from kgreason.retrieval import Pairs

    k = model.settings.knowledge or KnowledgeConfig()
    text = _without_knowledge(model)
    untrained = text.with_knowledge(KnowledgeConfig(graph_width=k.graph_width, relations=k.relations)).eval()
    alone = list(Pairs(questions, None))
    read = list(Pairs(questions, graph, stored=False))
    expected = _bits(text, alone)
    arms = [_bits(model, alone), _bits(untrained, read)]
    return sum(_unlike(arm, expected) for arm in arms), len(arms) * len(expected)


def _without_knowledge(model: ReasoningModel) -> ReasoningModel:
    """The same weights without K."""
    from kgreason.nn.model import ReasoningModel

    text = ReasoningModel(model.settings, model.backbone)
    text.load_state_dict(model.own_state(), strict=False)
    text.knowledge = None
    return text.eval()


def _bits(model: ReasoningModel, items: Sequence[Item]) -> list[bytes]:
    """Every score and affect value of a model as its bytes."""
    from kgreason.nn.predict import predict

    found = predict(model, items)
    arrays = [array for each in found for array in (each.logits, each.affect) if array is not None]
    return [value.tobytes() for array in arrays for value in array]


def _unlike(found: list[bytes], expected: list[bytes]) -> int:
    return sum(a != b for a, b in zip(found, expected, strict=True))
