"""Entailments that hang together: rules over their labels, the questions that they tie together, what breaking costs.

Li, Gupta, Mehta and Srikumar 2019, "A Logic-Driven Framework for Consistency of Neural Models", sections 3 and 4: rules
in product logic, so that one of equal truth costs the difference of two log-probabilities, and one of implication as
much as the premises are surer than the conclusion. Negation of the hypothesis is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from kgreason.language.negation import negated
from kgreason.nn.batch import GraphBatch
from kgreason.nn.segment import segment_log_softmax
from kgreason.records import Question
from kgreason.tasks.entailment import THREE_WAY

__all__ = ["KINDS", "consistency_loss", "linked", "tied", "violated"]

#: Rules: a hypothesis against its negation, premise and hypothesis turned round, a chain of two entailments.
KINDS = ("negation", "symmetry", "transitivity")
_ENTAILED, _, _CONTRADICTED = range(len(THREE_WAY))
_NEGATION, _SYMMETRY, _TRANSITIVITY = range(len(KINDS))
#: Log-probability below which nothing is surer yet.
_LEAST = -20.0


def tied(kind: str, question: Question) -> list[Question]:
    """The questions whose labels a rule ties to that of another one, without labels of their own.

    Args:
        kind: one of :data:`KINDS`.
        question: an entailment; one of a chain names in ``extra["beyond"]`` what its hypothesis entails.
    """
    bare = replace(question, answer=None)
    hypothesis = question.hypothesis or ""
    if kind == "negation":
        return [replace(bare, hypothesis=negated(hypothesis))]
    if kind == "symmetry":
        return [replace(bare, text=hypothesis, hypothesis=question.text)]
    beyond = str(question.extra["beyond"])
    return [replace(bare, text=hypothesis, hypothesis=beyond), replace(bare, hypothesis=beyond)]


def linked(questions: Sequence[Question], start: int | None = None) -> tuple[list[Question], Tensor]:
    """The questions that rules tie to those of a batch, one rule for each entailment of three labels.

    Chains follow the rule of chains; others take turns between the two rules there are for them.

    Args:
        questions: of the batch.
        start: place of what is added to it; right behind the questions if not given.

    Returns:
        What to add to the batch, and which questions are tied.

    Shapes:
        links [4, k] int64: rule, question, and the one or two tied to it (−1: none) by their places in the batch.
    """
    more: list[Question] = []
    links: list[tuple[int, int, int, int]] = []
    for place, question in enumerate(questions):
        if question.task != "entailment" or question.options != THREE_WAY or question.language != "en":
            continue
        kind = _TRANSITIVITY if "beyond" in question.extra else (_NEGATION, _SYMMETRY)[len(links) % 2]
        others = tied(KINDS[kind], question)
        at = (len(questions) if start is None else start) + len(more)
        links.append((kind, place, at, at + 1 if len(others) > 1 else -1))
        more += others
    return more, torch.tensor(links, dtype=torch.int64).reshape(-1, 4).T


def consistency_loss(logits: Tensor, batch: GraphBatch, links: Tensor) -> Tensor:
    """Mean of what broken rules cost. Shapes: logits [o], links [4, k] -> []."""
    if not links.shape[1]:
        return logits.new_zeros(())
    log_p = segment_log_softmax(logits, batch.option_question, batch.num_questions).clamp(min=_LEAST)
    first = torch.searchsorted(batch.option_question, torch.arange(batch.num_questions, device=logits.device))

    def of(kind: int, column: int, label: int) -> Tensor:
        return log_p[first[links[column, links[0] == kind]] + label]

    yes, no = _ENTAILED, _CONTRADICTED
    turned = (of(_NEGATION, 1, yes) - of(_NEGATION, 2, no)).abs() + (of(_NEGATION, 1, no) - of(_NEGATION, 2, yes)).abs()
    both = (of(_SYMMETRY, 1, no) - of(_SYMMETRY, 2, no)).abs()
    premises = of(_TRANSITIVITY, 1, yes) + of(_TRANSITIVITY, 2, yes)
    chained = (premises - of(_TRANSITIVITY, 3, yes)).relu()
    return (turned.sum() + both.sum() + chained.sum()) / links.shape[1]


def violated(kind: str, labels: Sequence[int]) -> bool:
    """Whether the labels of a question and of those tied to it break the rule.

    Example:
        >>> violated("negation", [0, 2]), violated("symmetry", [2, 1]), violated("transitivity", [0, 0, 1])
        (False, True, True)
    """
    if kind == "negation":
        turned = {_ENTAILED: _CONTRADICTED, _CONTRADICTED: _ENTAILED}
        return turned.get(labels[0], labels[0]) != labels[1]
    if kind == "symmetry":
        return (labels[0] == _CONTRADICTED) != (labels[1] == _CONTRADICTED)
    return labels[0] == labels[1] == _ENTAILED != labels[2]
