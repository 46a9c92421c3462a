"""What the five modules of the formula hand on: one frozen state, one writer a field.

``batch`` is read-only. M writes ``tokens`` and ``words``, K replaces the first and writes ``nodes``, ``mass``,
``flow``, ``paths`` and ``coverage``; E writes ``affect`` and ``mood``; C writes ``question``, ``option``, ``joint``,
``sentence`` and ``read``. A module that is switched off leaves None, and R runs with any subset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from torch import Tensor
from torch.utils import _pytree

from kgreason.nn.batch import GraphBatch, Of

__all__ = ["CognitiveState", "PathScores", "Scores"]


class PathScores(NamedTuple):
    """Additive contributions of typed paths: entry i adds ``value[i]`` to option ``option[i]``.

    Shapes:
        option [c] int64, type [c, 2] int64 (relation codes of the batch, second −1 for one step), value [c].
    """

    option: Tensor
    type: Tensor
    value: Tensor


@dataclass(frozen=True, eq=False)
class CognitiveState:
    """The state of a batch on its way through ``R(C(E(K(M(x)))))``.

    Shapes:
        tokens [s, l, d], words [s, l, w] (word embeddings of the tokens), nodes [n, g], mass [n] and flow [b] (path
        follower), paths (path counter), coverage [b] (share of the question's options that a path reaches), affect
        [b, a] in 0..1 (valence, arousal, dominance, intensity), mood [b, 3] (valence of concepts as they stand in the
        text, its strength and confidence; None unless E reads it), question [b, d], option [o, d] (None under joint
        reading), joint [o, d] (None under separate reading), sentence [s] (weight of each sequence of its question),
        read [o] (how far the context says an option; None where no question has a context).
    """

    batch: GraphBatch
    tokens: Tensor | None = None
    words: Tensor | None = None
    nodes: Tensor | None = None
    mass: Tensor | None = None
    flow: Tensor | None = None
    paths: PathScores | None = None
    coverage: Tensor | None = None
    affect: Tensor | None = None
    mood: Tensor | None = None
    question: Tensor | None = None
    option: Tensor | None = None
    joint: Tensor | None = None
    sentence: Tensor | None = None
    read: Tensor | None = None

    def write(self, **fields: Tensor | PathScores | None) -> Self:
        """A new state with some fields written."""
        return replace(self, **fields)  # type: ignore[arg-type]  # field types are checked by their readers


class Scores(NamedTuple):
    """What R returns: ``logits = text + gate · (paths + graph)`` per option.

    Shapes:
        logits [o], text [o], paths [o], graph [o] (node states), gate [b], affect [b, a] or None, features [b, f]
        (what the gate reads) or None, sentence [s] (weight of each sequence within its question) or None; of open
        questions, None without K: node [n] (log-probability that a node is the answer, −inf for nodes of other
        questions), answerable [b] in 0..1 (whether the graph holds an answer), doubts [b, f] (what that is read from);
        of the path follower, None without one: mass [n] (1 over each question's nodes), flow [b] ≤ 0 (log of the mass
        that found edges).
    """

    logits: Tensor
    text: Tensor
    paths: Tensor
    graph: Tensor
    gate: Tensor
    affect: Tensor | None
    features: Tensor | None
    sentence: Tensor | None
    node: Tensor | None = None
    answerable: Tensor | None = None
    doubts: Tensor | None = None
    mass: Tensor | None = None
    flow: Tensor | None = None

    def question(self, batch: GraphBatch, b: int) -> Scores:
        """The scores of one question of a batch."""
        kinds: dict[str, Of] = {"o": "options", "b": "questions", "s": "sequences", "n": "nodes"}
        rows = {kind: batch.rows(of, b) for kind, of in kinds.items()}
        parts = zip(self, "oooobbbsnbbnb", strict=True)
        return Scores(*(None if part is None else part[rows[kind]] for part, kind in parts))  # type: ignore[arg-type]  # parts keep their types


_pytree.register_dataclass(
    CognitiveState,
    field_names=[
        "batch", "tokens", "words", "nodes", "mass", "flow", "paths", "coverage",
        "affect", "mood", "question", "option", "joint", "sentence", "read",
    ],
    drop_field_names=[],
)  # fmt: skip
