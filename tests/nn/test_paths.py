from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from kgreason.errors import ConfigError
from kgreason.nn.batch import TASKS, GraphBatch, RelationNames
from kgreason.nn.paths import RETURN, Followed, PathCounter, PathFollower
from kgreason.nn.segment import segment_sum
from tests import puzzles
from tests.cases import NAMES, WIDTH, random_batch, random_state, relation_names


def woken(module: torch.nn.Module) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape) * 0.5)


# The counter


def test_an_untrained_counter_adds_nothing():
    paths = PathCounter(NAMES)(random_batch(), relation_names())
    assert not paths.value.any()


def test_a_counter_adds_weight_times_log_count():
    torch.manual_seed(0)
    batch, counter = random_batch(), PathCounter(NAMES)
    woken(counter)
    paths = counter(batch, relation_names())
    for (first, second), count, value in zip(
        batch.path_type.tolist(), batch.path_value.tolist(), paths.value.tolist(), strict=True
    ):
        weight = float(counter.weight.detach()[first, second])  # −1, a path of one step, is the last column
        assert value == pytest.approx(weight * math.log1p(count), abs=1e-6)
    assert paths.option is batch.path_option


def test_a_counter_knows_relations_by_name():
    torch.manual_seed(0)
    batch, counter = random_batch(), PathCounter(NAMES)
    woken(counter)
    expected = counter(batch, relation_names()).value
    names = RelationNames(["Unmet", *reversed(NAMES)])
    renumbered = replace(batch, relation=torch.tensor([names.index(name) for name in NAMES]))
    torch.testing.assert_close(counter(renumbered, names).value, expected)


def test_an_unknown_relation_weighs_nothing():
    torch.manual_seed(0)
    counter = PathCounter(NAMES[:2])
    woken(counter)
    batch = random_batch()
    value = counter(batch, relation_names()).value
    known = (batch.path_type < 4).all(-1)
    assert value[known].all()
    assert not value[~known].any()
    assert not PathCounter([])(batch, relation_names()).value.any()


def test_each_label_of_an_entailment_has_weights_of_its_own():
    torch.manual_seed(0)
    batch, counter = random_batch(), PathCounter(NAMES, labels=True)
    woken(counter)
    assert counter.label is not None
    label = torch.arange(batch.num_options) % 4 - 1
    pairs = replace(batch, question_task=torch.full_like(batch.question_task, TASKS.index("entailment")))
    pairs = replace(pairs, option_label=label)
    value = counter(pairs, relation_names()).value.tolist()
    for option, (first, second), count, found in zip(
        batch.path_option.tolist(), batch.path_type.tolist(), batch.path_value.tolist(), value, strict=True
    ):
        weight = 0.0 if label[option] < 0 else float(counter.label.detach()[label[option], first, second])
        assert found == pytest.approx(weight * math.log1p(count), abs=1e-6)
    assert torch.equal(counter(batch, relation_names()).value, plain(counter)(batch, relation_names()).value)
    assert not plain(counter)(pairs, relation_names()).value.any()


def plain(counter: PathCounter) -> PathCounter:
    """The same without weights of labels."""
    without = PathCounter(counter.relations)
    without.weight = counter.weight
    return without


def test_rules_print_the_strongest_types():
    counter = PathCounter(["IsA", "AtLocation"])
    assert counter.rules(5) == []
    with torch.no_grad():
        counter.weight[2, 4] = 0.5
        counter.weight[1, 2] = -2.0
        counter.weight[3, 0] = 1.0
    assert counter.rules(2) == [
        (-2.0, ("IsA", True), ("AtLocation", False)),
        (1.0, ("AtLocation", True), ("IsA", False)),
    ]
    assert counter.rules(9)[2:] == [(0.5, ("AtLocation", False), None)]


def test_a_relation_is_named_once():
    with pytest.raises(ConfigError, match="relations names one twice: IsA, IsA"):
        PathCounter(["IsA", "IsA"])


# The follower


def follow(batch: GraphBatch, steps: int = 3, seed: int = 0, power: float | None = None) -> Followed:
    torch.manual_seed(seed)
    follower = PathFollower(WIDTH, steps, inner=11)
    woken(follower)
    if power is not None:
        with torch.no_grad():
            follower.power.weight.zero_()
            follower.power.bias.fill_(power)
    tokens = random_state(batch).tokens
    assert tokens is not None
    with torch.no_grad():
        followed = follower(batch, tokens)
    assert isinstance(followed, Followed)
    return followed


def by_paths(batch: GraphBatch, followed: Followed, question: int, walker: int) -> dict[int, float]:
    """Mass at each node by walking all relation paths one by one, without numbers in between."""
    edges = defaultdict(list)
    for (source, target), relation in zip(batch.edge_index.T.tolist(), batch.edge_relation.tolist(), strict=True):
        edges[source].append((target, relation))
    starts = {
        node: float(batch.node_prior[node])
        for node in range(batch.num_nodes)
        if batch.node_question[node] == question and followed.walker[node] == walker
    }
    share = followed.relation[question, walker].tolist()
    reached: dict[int, float] = defaultdict(float)

    def walk(node: int, step: int, weight: float, moved: bool) -> None:
        if step == len(share):
            reached[node] += weight * moved
            return
        walk(node, step + 1, weight * share[step][-1], moved)
        for target, relation in edges[node]:
            entered = RETURN if batch.node_role[target] & 1 else 1.0
            walk(target, step + 1, weight * share[step][relation] * entered, True)

    for node, prior in starts.items():
        walk(node, 0, prior, False)
    total = sum(reached.values())
    return {node: weight / total for node, weight in reached.items()}


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_mass_is_a_sum_over_relation_paths(steps: int):
    batch = random_batch(nodes=(7, 5, 11))
    # One mention a question: both its concepts share a walker.
    batch = replace(batch, token_node=torch.stack([*batch.token_node[:1], torch.ones_like(batch.token_node[1]),
                                                   batch.token_node[2]]))  # fmt: skip
    followed = follow(batch, steps, power=20.0)
    assert followed.walker.max() == 0
    torch.testing.assert_close(followed.weight, torch.ones(3, 1))
    for question in range(3):
        expected = by_paths(batch, followed, question, 0)
        for node in (batch.node_question == question).nonzero().flatten().tolist():
            assert float(followed.mass[node]) == pytest.approx(expected.get(node, 0.0), abs=1e-5)


def test_walkers_meet_by_product():
    batch = random_batch(seed=4, nodes=(7, 11), options=(2, 3))
    followed = follow(batch)
    assert followed.walker.max() == 1
    for question in (0, 1):
        walkers = [by_paths(batch, followed, question, w) for w in (0, 1)]
        power = followed.weight[question].tolist()
        assert all(0 < abs(p) <= 1 for p in power)
        nodes = (batch.node_question == question).nonzero().flatten().tolist()
        product = {
            node: math.prod((walker.get(node, 0.0) + 1e-8) ** p for walker, p in zip(walkers, power, strict=True))
            for node in nodes
            if any(node in walker for walker in walkers)
        }
        for node in nodes:
            expected = product.get(node, 0.0) / sum(product.values())
            assert float(followed.mass[node]) == pytest.approx(expected, abs=1e-5)


def test_mass_is_a_distribution_where_a_question_has_a_concept():
    batch = random_batch(nodes=(7, 5, 0, 11), options=(2, 3, 2, 2))
    batch = replace(batch, node_role=torch.where(batch.node_question == 1, 2, batch.node_role))
    followed = follow(batch)
    total = segment_sum(followed.mass, batch.node_question, 4)
    torch.testing.assert_close(total, torch.tensor([1.0, 0.0, 0.0, 1.0]), atol=1e-5, rtol=0)
    assert (followed.mass >= 0).all()
    assert not followed.weight[1:3].any()


def test_only_relations_that_the_graph_knows_are_followed():
    batch = random_batch()
    batch = replace(batch, question_code=batch.question_code[:, batch.question_code[0] * 3 != batch.question_code[1]])
    followed = follow(batch)
    torch.testing.assert_close(followed.relation.sum(-1), torch.ones(followed.relation.shape[:-1]))
    for question in range(3):
        known = {*range(2 * len(NAMES) + 1)} - {3 * question}
        assert set(followed.relation[question].amax((0, 1)).nonzero().flatten().tolist()) == known


def test_what_a_walker_reaches_can_be_excluded():
    batch = random_batch(seed=4, nodes=(7, 11), options=(2, 3))
    wanted = follow(batch, power=20.0)
    excluding = follow(batch, power=-20.0)
    torch.testing.assert_close(wanted.weight, -excluding.weight)
    reached = wanted.mass > 0
    for question in (0, 1):
        rows = reached & (batch.node_question == question)
        assert wanted.mass[rows].argsort().tolist() == excluding.mass[rows].argsort(descending=True).tolist()


def test_flow_is_low_where_nothing_of_what_is_asked_is_there():
    batch = random_batch()
    full = follow(batch, power=20.0)
    kept = batch.node_question[batch.edge_index[0]] != 1
    without = replace(batch, edge_index=batch.edge_index[:, kept], edge_relation=batch.edge_relation[kept])
    lost = follow(without, power=20.0)
    assert (full.flow <= 0).all()
    assert lost.flow[1] < full.flow[1] - 10
    torch.testing.assert_close(lost.flow[[0, 2]], full.flow[[0, 2]])


def test_steps_choose_apart_from_the_start():
    torch.manual_seed(0)
    batch = random_batch()
    tokens = random_state(batch).tokens
    assert tokens is not None
    relation = PathFollower(WIDTH, 3, inner=11)(batch, tokens).relation.detach()
    for one, two in ((0, 1), (0, 2), (1, 2)):
        assert (relation[:, :, one] - relation[:, :, two]).abs().amax() > 0.01


def test_no_concept_and_no_edge():
    batch = random_batch()
    no_concept = follow(replace(batch, node_role=batch.node_role & 2))
    assert not no_concept.mass.any()
    bare = replace(batch, edge_index=batch.edge_index[:, :0], edge_relation=batch.edge_relation[:0])
    assert not follow(bare).mass.any()  # mass that cannot leave its concept says nothing
    assert follow(bare).mass.isfinite().all()


def test_extreme_weights_keep_gradients_finite():
    torch.manual_seed(0)
    batch, follower = random_batch(), PathFollower(WIDTH, 3, inner=11)
    tokens = random_state(batch).tokens
    with torch.no_grad():
        for parameter in follower.parameters():
            parameter.mul_(1e3)
    mass = follower(batch, tokens).mass
    (-(mass + 1e-6).log()).sum().backward()
    assert mass.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in follower.parameters())


# What it learns


def train(follower: nn.Module, *, crossing: bool, batches: int = 60) -> float:
    """Accuracy on new graphs after one pass over ``batches`` of 64 puzzles."""

    def scores(batch: GraphBatch, tokens: Tensor) -> Tensor:
        option, node = batch.option_node
        mass = segment_sum(follower(batch, tokens).mass[node], option, batch.num_options)
        return (mass + 1e-6).log().view(-1, puzzles.OPTIONS)

    optimizer = torch.optim.AdamW(follower.parameters(), lr=5e-3)
    for seed in range(batches):
        found = scores(*puzzles.puzzles(64, seed, crossing=crossing))
        loss = functional.cross_entropy(found, torch.zeros(64, dtype=torch.int64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return float((scores(*puzzles.puzzles(300, 10**6, crossing=crossing)).argmax(-1) == 0).float().mean())


def test_words_are_read_beside_states():
    torch.manual_seed(0)
    batch = random_batch()
    tokens = random_state(batch).tokens
    assert tokens is not None
    follower = PathFollower(WIDTH, 3, inner=11, words=5)
    words = torch.randn(*tokens.shape[:2], 5)
    named = torch.randn(len(batch.relation_state), 5)

    def followed(share: float) -> Tensor:
        relations = batch.with_relations(batch.relation_state, share * named)
        return follower(relations, tokens, share * words).relation.detach()

    torch.testing.assert_close(followed(0.0), follower(batch, tokens).relation.detach())
    assert (followed(1.0) - followed(0.0)).abs().amax() > 0.01


@pytest.mark.slow
def test_a_follower_learns_from_words_alone():
    torch.manual_seed(0)
    follower = PathFollower(puzzles.WIDTH, 2, inner=32, words=puzzles.WIDTH)

    class Reader(nn.Module):
        def forward(self, batch: GraphBatch, tokens: Tensor) -> Followed:
            bare = batch.with_relations(torch.zeros_like(batch.relation_state), batch.relation_state)
            followed: Followed = follower(bare, torch.zeros_like(tokens), tokens)
            return followed

        def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
            return follower.parameters(recurse)

    assert train(Reader(), crossing=False) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("crossing", [False, True])
def test_a_follower_learns_what_a_question_asks_for(crossing: bool):
    torch.manual_seed(0)
    assert train(PathFollower(puzzles.WIDTH, 2, inner=32), crossing=crossing) > 0.95  # chance is 0.2
