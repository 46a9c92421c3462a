"""The relation paths behind a path follower's mass and a Bellman-Ford network's messages, best first."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from kgreason.nn.batch import GraphBatch
from kgreason.nn.paths import EPSILON, RETURN, Followed
from kgreason.records import ROLE_QUESTION

__all__ = ["Flow", "Walk", "message_walks"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Beginnings of paths that one search follows at most; beyond, what it found so far stands.
SEARCHED = 2000


class Walk(NamedTuple):
    """Edges of a batch (columns of ``edge_index``) in the order they are walked, and what the walk adds."""

    edges: tuple[int, ...]
    value: float


class Flow:
    """The follower's walkers in float64, without the numbers that normalise each step.

    Args:
        batch: one question.
        followed: by the follower.

    Shapes:
        share [w, steps, r + 1], stays [w, steps + 1, steps + 1] (share that stays from one step to a later one), came
        [w, steps + 1, n] (mass that enters a node by each step, or starts there), mass [w, n] (after the last step),
        met [n] (the walkers' product), power [w].
    """

    def __init__(self, batch: GraphBatch, followed: Followed) -> None:
        self.code = batch.edge_relation.cpu().numpy()
        self.into = _Into(batch.edge_index, np.arange(len(self.code)), batch.num_nodes)
        self.met = followed.mass.double().cpu().numpy()
        self.power = followed.weight[0].double().cpu().numpy()
        self.share = followed.relation[0].double().cpu().numpy()
        walkers, steps, _ = self.share.shape
        self.stays = np.stack([_staying(share[:, -1]) for share in self.share]) if walkers else np.zeros((0, 1, 1))
        prior = batch.node_prior.double().clamp(min=EPSILON).cpu().numpy()
        here = followed.walker.cpu().numpy() == np.arange(walkers)[:, None]
        self.entered = np.where((batch.node_role & ROLE_QUESTION > 0).cpu().numpy(), RETURN, 1.0)
        self.came = np.zeros((walkers, steps + 1, batch.num_nodes))
        self.came[:, 0] = here * prior
        home, self.mass = self.came[:, 0].copy(), np.zeros((walkers, batch.num_nodes))
        for walker in range(walkers):
            for step, share in enumerate(self.share[walker]):
                passed = (home + self.mass)[walker, self.into.source] * share[self.code]
                self.came[walker, step + 1] = np.bincount(self.into.target, passed, batch.num_nodes) * self.entered
                home[walker] *= share[-1]
                self.mass[walker] = self.came[walker, step + 1] + self.mass[walker] * share[-1]

    def walks(self, ends: Ints, limit: int) -> list[Walk]:
        """The paths on which most of the mass came to some nodes; the values of all paths sum to 1.

        The mass is shared among its paths so: nodes in proportion to their mass; at a node the walkers that reached
        it and speak for it in proportion to their powers, which are the elasticities of their product; within a
        walker its paths in proportion to the products of their steps' shares. Steps that stay are left out: a path's
        value is that of all ways to walk it with the steps there are. Mass where no such walker came has no path.

        Args:
            ends: the nodes.
            limit: how many paths.

        Returns:
            Best first; exactly the best unless the search had to follow more than :data:`SEARCHED` beginnings.
        """
        begun: list[_Begun] = []
        whole = max(self.met[ends].sum(), EPSILON)
        for node in ends.tolist():
            speaks = np.maximum(self.power, 0.0) * (self.mass[:, node] > 0)
            for walker in np.flatnonzero(speaks * self.met[node]).tolist():
                value = self.met[node] / whole * speaks[walker] / speaks.sum()
                after = value / self.mass[walker, node] * self.stays[walker, :, -1]
                begun.append(_Begun(value, (), node, after, walker))
        return _best_first(begun, self._grow, limit)

    def _grow(self, end: _Begun) -> _Grown:
        came, into = self.came[end.walker], self.into[end.node]
        source = self.into.source[into]
        moved = self.share[end.walker][:, self.code[into]] * end.after[1:, None] * self.entered[end.node]
        after = np.zeros((len(into), len(end.after)))
        after[:, :-1] = (self.stays[end.walker, :-1, :-1] @ moved).T
        value = came[0, source] * after[:, 0]
        return _Grown(into, source, after, value, (came[1:, source].T * after[:, 1:]).sum(1))


def message_walks(batch: GraphBatch, edges: Tensor, gradient: Tensor, ends: Ints, limit: int) -> list[Walk]:
    """The paths from concepts of the question along which a Bellman-Ford network's messages raised a score most.

    As NBFNet is read (Zhu et al. 2021, section 4.4): the importance of an edge at an iteration is the gradient of the
    score with respect to a weight of one on its message, that of a path the sum over its edges, each at a later
    iteration than the one before. It is the first-order loss of score were the path's messages left out.

    Args:
        batch: one question.
        edges: which of its edges messages passed over, ascending.
        gradient: importance of each of them at each iteration.
        ends: the nodes that paths lead to.
        limit: how many paths.

    Returns:
        Paths without a node twice, best first; those of no importance or a negative one are left out.

    Shapes:
        edges [e'], gradient [steps, e'], ends [k].
    """
    starts = (batch.node_role & ROLE_QUESTION > 0).cpu().numpy()
    starts[ends] = False
    messages = _Messages(batch, edges, gradient, starts)
    never = np.zeros(len(gradient) + 1)
    begun = [_Begun(float(messages.reach[:, node].max()), (), node, never, 0) for node in ends.tolist()]
    return _best_first([start for start in begun if start.bound > 0], messages.grow, limit)


class _Begun(NamedTuple):
    """The end of a path, from ``node`` on.

    Shapes:
        after [steps + 1]: what it is worth when the walker has come to ``node`` by each number of steps.
    """

    bound: float
    edges: tuple[int, ...]
    node: int
    after: Floats
    walker: int


class _Grown(NamedTuple):
    """One edge more before the end of a path, for each edge into its node.

    Shapes:
        edge [k], node [k], after [k, steps + 1], value [k] (of the whole path, if it starts there), bound [k] (on
        every path that goes on).
    """

    edge: Ints
    node: Ints
    after: Floats
    value: Floats
    bound: Floats


def _best_first(begun: Sequence[_Begun], grow: Callable[[_Begun], _Grown], limit: int) -> list[Walk]:
    """The best paths of positive value, from their ends, most promising end first."""
    order = itertools.count()
    frontier = [(-start.bound, next(order), start) for start in begun]
    heapq.heapify(frontier)
    best: list[tuple[float, int, tuple[int, ...]]] = []
    for _ in range(SEARCHED):
        least = best[0][0] if len(best) == limit else 0.0
        if not frontier or -frontier[0][0] <= least:
            break
        end = heapq.heappop(frontier)[2]
        grown = grow(end)
        for i in np.flatnonzero(grown.value > least).tolist():
            entry = float(grown.value[i]), -next(order), (int(grown.edge[i]), *end.edges)
            (heapq.heappush if len(best) < limit else heapq.heappushpop)(best, entry)
        least = best[0][0] if len(best) == limit else 0.0
        for i in np.flatnonzero(grown.bound > least).tolist():
            bound, edges = float(grown.bound[i]), (int(grown.edge[i]), *end.edges)
            longer = _Begun(bound, edges, int(grown.node[i]), grown.after[i], end.walker)
            heapq.heappush(frontier, (-bound, next(order), longer))
    return [Walk(edges, value) for value, _, edges in sorted(best, reverse=True)]


class _Into:
    """Edges of one question by the node they lead to."""

    def __init__(self, edge_index: Tensor, edges: Ints, nodes: int) -> None:
        self.source, target = edge_index.cpu().numpy()[:, edges]
        self.target, self.edges = target, edges
        self._order = np.argsort(target, kind="stable")
        self._bounds = np.searchsorted(target[self._order], np.arange(nodes + 1))

    def __getitem__(self, node: int) -> Ints:
        return self._order[self._bounds[node] : self._bounds[node + 1]]


def _staying(stay: Floats) -> Floats:
    """Share that stays in place from after i steps to after j. Shapes: [steps] -> [steps + 1, steps + 1]."""
    size = len(stay) + 1
    return np.array([[stay[i:j].prod() if j >= i else 0.0 for j in range(size)] for i in range(size)])


class _Messages:
    """Importances of a Bellman-Ford network's messages.

    Shapes:
        importance [steps, e'], reach [steps + 1, n] (best sum on the way from a start by each number of iterations).
    """

    def __init__(self, batch: GraphBatch, edges: Tensor, gradient: Tensor, starts: npt.NDArray[np.bool_]) -> None:
        self.importance = gradient.double().cpu().numpy()
        self.into = _Into(batch.edge_index, edges.cpu().numpy(), batch.num_nodes)
        self.starts = starts
        reach = [np.where(starts, 0.0, -np.inf)]
        for importance in self.importance:
            after = reach[-1].copy()
            np.maximum.at(after, self.into.target, reach[-1][self.into.source] + importance)
            reach.append(after)
        self.reach = np.stack(reach)

    def grow(self, end: _Begun) -> _Grown:
        """Each edge stands at an iteration before that of the next one; no node is visited twice."""
        into = self.into[end.node]
        source = self.into.source[into]
        fresh = source != end.node
        for row in np.searchsorted(self.into.edges, np.array(end.edges, np.int64)):
            fresh &= source != self.into.target[row]
        into, source = into[fresh], source[fresh]
        at = self.importance[:, into] + end.after[1:, None]
        after = np.full((len(into), len(end.after)), -np.inf)
        after[:, :-1] = np.maximum.accumulate(at[::-1])[::-1].T
        value = np.where(self.starts[source], after[:, 0], -np.inf)
        return _Grown(self.into.edges[into], source, after, value, (self.reach[:, source].T + after).max(1))
