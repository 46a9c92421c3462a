"""The concepts that retrieval starts from, and their adjacency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kgreason.config import RetrievalConfig
from kgreason.records import ROLE_OPTION, ROLE_QUESTION, Grounding, Question
from kgreason.retrieval.edits import GraphView, Rows
from kgreason.retrieval.network import Network
from kgreason.retrieval.scratch import Scratch

__all__ = ["Seeds", "gold_nodes", "is_direct", "seed_rows"]


@dataclass(frozen=True, eq=False, slots=True)
class Seeds:
    """The concepts of a grounding: the best candidate of each mention first, then the next ones.

    Shapes:
        nodes [k] int32 (distinct), role [k] uint8, prior [k] float32, mentioned [2, m] int32 (mention, seed; sorted),
        of_options [2, j] int32 (option, seed; distinct and sorted).
    """

    nodes: npt.NDArray[np.int32]
    role: npt.NDArray[np.uint8]
    prior: npt.NDArray[np.float32]
    mentioned: npt.NDArray[np.int32]
    of_options: npt.NDArray[np.int32]

    @classmethod
    def of(cls, grounding: Grounding, view: GraphView) -> Seeds:
        """The seeds of a grounding in a view of the graph."""
        number: dict[int, int] = {}
        role: list[int] = []
        prior: list[float] = []
        mentioned: list[tuple[int, int]] = []
        pairs: set[tuple[int, int]] = set()
        ranked = sorted(
            (depth, m) for m, mention in enumerate(grounding.mentions) for depth in range(len(mention.candidates))
        )
        for depth, m in ranked:
            mention = grounding.mentions[m]
            candidate = mention.candidates[depth]
            node = candidate.node if candidate.node >= 0 else view.local(candidate.key)
            k = number.setdefault(node, len(number))
            if k == len(role):
                role.append(0)
                prior.append(0.0)
            role[k] |= ROLE_QUESTION if mention.option < 0 else ROLE_OPTION
            prior[k] = max(prior[k], candidate.prior)
            mentioned.append((m, k))
            if mention.option >= 0:
                pairs.add((mention.option, k))
        return cls(
            np.fromiter(number, np.int32, len(number)),
            np.array(role, np.uint8),
            np.array(prior, np.float32),
            _columns(sorted(mentioned)),
            _columns(sorted(pairs)),
        )

    def question_first(self) -> Seeds:
        """The same with the concepts of the question before those of options alone."""
        order = np.argsort((self.role & ROLE_QUESTION) == 0, kind="stable")
        number = np.argsort(order)
        mentioned, of_options = (
            _columns(sorted(zip(first.tolist(), number[seed].tolist(), strict=True)))
            for first, seed in (self.mentioned, self.of_options)
        )
        return Seeds(self.nodes[order], self.role[order], self.prior[order], mentioned, of_options)

    @property
    def is_question(self) -> npt.NDArray[np.bool_]:
        """Which are concepts of the question. Shape: [k]."""
        return (self.role & ROLE_QUESTION).astype(np.bool_)

    def __len__(self) -> int:
        return len(self.nodes)


def _columns(pairs: list[tuple[int, int]]) -> npt.NDArray[np.int32]:
    return np.ascontiguousarray(np.array(pairs, np.int32).reshape(-1, 2).T)


def gold_nodes(view: GraphView, question: Question, nodes: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    """Which nodes of a subgraph are right answers of an open question; concepts of the question may be.

    Shapes:
        nodes [n] (ids in the view) -> [k] (numbers in the subgraph, ascending)
    """
    if question.task != "open" or not question.gold:
        return np.empty(0, np.int32)
    right = [node for name in question.gold for node in view.namesakes(name)]
    return np.flatnonzero(np.isin(nodes, right)).astype(np.int32)


def is_direct(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Whether edges lie between a concept of the question and one of an option, by the roles of their ends."""
    crossing = (first & ROLE_QUESTION) * (second & ROLE_OPTION) | (first & ROLE_OPTION) * (second & ROLE_QUESTION)
    return np.not_equal(crossing, 0)


def seed_rows(view: GraphView, seeds: Seeds, config: RetrievalConfig, scratch: Scratch) -> Rows:
    """The adjacency of the seeds as far as paths of two steps between them walk it, see :func:`kernels.read_rows`.

    Without the edges that the configuration leaves out.
    """
    from kgreason.retrieval.kernels import read_rows  # numba is slow to import

    rows = Rows.empty(len(seeds), int(view.degrees(seeds.nodes).sum()))
    scratch.fit(view.num_nodes, 1)
    size = read_rows(seeds.nodes, Network.of(view, seeds.role, config), scratch.near, rows)
    rows = Rows(rows.ptr, rows.idx[:size], rows.code[:size], rows.weight[:size], rows.origin[:size])
    if not config.direct and len(seeds):
        order = np.argsort(seeds.nodes)
        place = np.minimum(np.searchsorted(seeds.nodes[order], rows.idx), len(seeds) - 1)
        other = order[place]
        role = np.where(seeds.nodes[other] == rows.idx, seeds.role[other], 0).astype(np.uint8)
        rows = rows.filter(~is_direct(seeds.role[rows.row_of()], role))
    return rows
