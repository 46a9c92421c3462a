"""Questions that only the graph can answer: random graphs, and an answer two named relations away from a concept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kgreason.nn.batch import VECTOR_WIDTH, GraphBatch
from tests.cases import random_batch

RELATIONS, WIDTH, NODES, OPTIONS, LENGTH = 7, 32, 29, 5, 6
_LEXICON = torch.randn(2 * RELATIONS, WIDTH, generator=torch.Generator().manual_seed(11))
_PLACES = torch.randn(LENGTH, WIDTH, generator=torch.Generator().manual_seed(13))


def puzzles(size: int, seed: int, *, crossing: bool = False) -> tuple[GraphBatch, Tensor]:
    """A batch of puzzles and its token states.

    One concept and two relations to follow from it, or, if crossing, two concepts with a relation each and an answer
    that both lead to. Wrong options are as far away as the right one, by other relations. A token names a relation
    by its vector and knows its place; a mention says where it stands and, in part, what stands beside it.
    """
    random = np.random.default_rng(seed)
    made = [_crossing(random) if crossing else _chain(random) for _ in range(size)]
    edges = torch.tensor(np.stack([made_[0] for made_ in made]))  # [b, 3, e]
    e = edges.shape[-1]
    shift = (torch.arange(size) * NODES).view(-1, 1)
    source, relation, target = edges.unbind(1)
    node_question = torch.repeat_interleave(torch.arange(size), NODES)
    seeds = torch.tensor([seeds for _, seeds, _, _ in made]) + shift
    options = torch.tensor([options for _, _, _, options in made]) + shift
    asked = torch.tensor([asked for _, _, asked, _ in made])
    role = torch.zeros(size * NODES, dtype=torch.int64)
    role[options.flatten()] |= 2
    role[seeds.flatten()] |= 1
    tokens = _tokens(asked, crossing, torch.Generator().manual_seed(seed))
    count = seeds.shape[1]
    batch = replace(
        random_batch(nodes=(0,) * size, options=(OPTIONS,) * size),
        input_ids=torch.zeros(size, LENGTH, dtype=torch.int64),
        attention_mask=torch.ones(size, LENGTH, dtype=torch.int64),
        token_type_ids=torch.zeros(size, LENGTH, dtype=torch.int64),
        sequence_text=torch.arange(size),
        sequence_question=torch.arange(size),
        sequence_option=torch.full((size,), -1),
        sequence_joint=torch.zeros(size, dtype=torch.bool),
        question_code=torch.cartesian_prod(torch.arange(size), torch.arange(len(_LEXICON))).T,
        node_question=node_question,
        node_role=role,
        node_vector=torch.zeros(size * NODES, VECTOR_WIDTH, dtype=torch.int8),
        node_prior=torch.ones(size * NODES),
        node_relevance=torch.zeros(size * NODES),
        node_gold=torch.zeros(size * NODES, dtype=torch.bool),
        node_valence=torch.zeros(size * NODES, 2),
        node_rare=torch.zeros(size * NODES, dtype=torch.bool),
        edge_index=torch.stack([(source + shift).flatten(), (target + shift).flatten()]),
        edge_relation=relation.flatten(),
        edge_weight=torch.ones(size * e),
        option_node=torch.stack([torch.arange(size * OPTIONS), options.flatten()]),
        token_node=torch.stack(
            [
                torch.repeat_interleave(torch.arange(size), count),
                torch.tensor([0, 3][:count]).repeat(size),
                seeds.flatten(),
            ]
        ),
        relation=torch.arange(len(_LEXICON) // 2),
        relation_state=_LEXICON,
    )
    return batch, tokens


def _tokens(asked: Tensor, crossing: bool, random: torch.Generator) -> Tensor:
    tokens = torch.randn(len(asked), LENGTH, WIDTH, generator=random) * 0.3 + _PLACES
    for k, place in enumerate((1, 4)):
        tokens[:, place] += _LEXICON[asked[:, k]]
        if crossing:
            tokens[:, place - 1] += 0.5 * _LEXICON[asked[:, k]]
    return tokens


def _graph(random: np.random.Generator) -> np.ndarray:
    forward = 3 * NODES
    source, target = random.integers(NODES, size=(2, forward))
    relation = 2 * random.integers(RELATIONS, size=forward)
    return np.stack([np.r_[source, target], np.r_[relation, relation + 1], np.r_[target, source]])


def _after(edges: np.ndarray, concepts: set[int], relation: int | None = None) -> set[int]:
    """Where an edge leads to, of one relation or of any."""
    source, kind, target = edges
    follows = np.isin(source, list(concepts)) & (True if relation is None else kind == relation)
    return set(target[follows].tolist())


def _step(edges: np.ndarray, concept: int, random: np.random.Generator) -> tuple[int, int]:
    """An edge from a concept: its relation, and where it leads to."""
    source, kind, target = edges
    edge = random.choice(np.append(np.flatnonzero(source == concept), 0))
    return int(kind[edge]), int(target[edge])


def _chain(random: np.random.Generator) -> tuple[np.ndarray, list[int], list[int], list[int]]:
    while True:
        edges = _graph(random)
        seed = int(random.integers(NODES))
        first, between = _step(edges, seed, random)
        second, _ = _step(edges, between, random)
        right = _after(edges, _after(edges, {seed}, first) - {seed}, second) - {seed}
        wrong = _after(edges, _after(edges, {seed})) - right - {seed}
        if right and len(wrong) >= OPTIONS - 1:
            others = random.choice(sorted(wrong), OPTIONS - 1, replace=False).tolist()
            return edges, [seed], [first, second], [int(random.choice(sorted(right))), *others]


def _crossing(random: np.random.Generator) -> tuple[np.ndarray, list[int], list[int], list[int]]:
    while True:
        edges = _graph(random)
        one, two = random.choice(NODES, 2, replace=False).tolist()
        answer, half, *others = (int(x) for x in random.choice(NODES, OPTIONS, replace=False))
        if {one, two} & {answer, half, *others}:
            continue
        first, second, third = random.choice(RELATIONS, 3, replace=False).tolist()
        both = [(one, first, answer), (two, second, answer), (one, first, half), (two, third, half)]
        both += [(one, third, o) for o in others] + [(two, second, o) for o in others]
        added = np.array([(s, 2 * r, t) for s, r, t in both]).T
        back = np.array([(t, 2 * r + 1, s) for s, r, t in both]).T
        edges = np.concatenate([edges, added, back], axis=1)
        right = _after(edges, {one}, 2 * first) & _after(edges, {two}, 2 * second)
        if right.isdisjoint({half, *others}):
            return edges, [one, two], [2 * first, 2 * second], [answer, half, *others]
