from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import kg_data
from kgreason.errors import ConfigError, InputError
from kgreason.nn.batch import GraphBatch, RelationNames
from kgreason.nn.knowledge import Knowledge, KnowledgeConfig, coverage
from kgreason.nn.state import CognitiveState
from tests import puzzles
from tests.cases import NAMES, WIDTH, ModuleCase, random_batch, random_state, relation_names, without_graph

G = 8
SMALL: dict[str, Any] = {"width": WIDTH, "graph_width": G, "heads": 2, "relations": NAMES}


def small(**settings: Any) -> Knowledge:
    return Knowledge(KnowledgeConfig(**{**SMALL, **settings}), relation_names())


class TestCounterOnly(ModuleCase):
    writes = ("coverage",)

    def make(self) -> nn.Module:
        return small(nodes=False, fusion=False)


class TestFollowerOnly(ModuleCase):
    writes = ("coverage", "mass")

    def make(self) -> nn.Module:
        return small(paths="follower", nodes=False, fusion=False)


class TestNodesOnly(ModuleCase):
    writes = ("coverage", "nodes")

    def make(self) -> nn.Module:
        return small(paths=None, fusion=False)


class TestWhole(ModuleCase):
    writes = ("coverage", "mass", "nodes", "tokens")

    def make(self) -> nn.Module:
        return small(paths="follower", blocks=2)


class TestWholeNarrowed(ModuleCase):
    writes = ("coverage", "nodes", "tokens")

    def make(self) -> nn.Module:
        return small(max_nodes=4)


class TestConvolution(ModuleCase):
    writes = ("coverage", "nodes", "tokens")

    def make(self) -> nn.Module:
        return small(gnn="RGCNConv")


@pytest.mark.parametrize("paths", ["counter", "follower", None])
@pytest.mark.parametrize("gnn", ["bellman-ford", "GATv2Conv"])
def test_untrained_k_is_the_text_model_bit_for_bit(paths: Any, gnn: str):
    state = random_state(random_batch())
    after = small(paths=paths, gnn=gnn)(state)
    assert state.tokens is not None
    assert after.tokens is not state.tokens
    assert torch.equal(after.tokens, state.tokens)


@pytest.mark.parametrize("nodes", [(0, 0, 0), (7, 0, 11)])
def test_without_a_graph_trained_k_is_the_text_model_bit_for_bit(nodes: tuple[int, ...]):
    batch = random_batch(nodes=nodes)
    knowledge = small(paths="follower")
    with torch.no_grad():
        for parameter in knowledge.parameters():
            parameter.add_(0.3)
    state = random_state(batch)
    assert state.tokens is not None
    after = knowledge(state)
    for q, size in enumerate(nodes):
        rows = batch.sequence_question == q
        assert torch.equal(after.tokens[rows], state.tokens[rows]) == (size == 0)


def test_without_any_node_nothing_but_coverage_is_written():
    state = random_state(without_graph(random_batch()))
    after = small(paths="follower")(state)
    assert after.tokens is state.tokens
    assert after.nodes is None
    assert after.mass is None
    assert after.coverage.tolist() == [0, 0, 0]


def test_parts_that_are_off_write_nothing():
    state = random_state(random_batch())
    off = small(paths=None, nodes=False, fusion=False)
    assert not list(off.parameters())
    after = off(state)
    assert (after.paths, after.mass, after.nodes) == (None, None, None)
    assert after.tokens is state.tokens
    counted = small(nodes=False, fusion=False)(replace(state, tokens=None))
    assert counted.paths is not None


def test_coverage_is_the_share_of_options_that_a_path_reaches():
    batch = replace(random_batch(options=(2, 3, 0)), path_option=torch.tensor([0, 0, 2, 3, 4]))
    assert coverage(batch).tolist() == [0.5, 1.0, 0.0]


def test_an_option_that_mass_comes_to_is_reached_too():
    batch = random_batch(options=(2, 3, 0))
    batch = replace(
        batch, path_option=batch.path_option[:0], path_type=batch.path_type[:0], path_value=batch.path_value[:0]
    )
    assert coverage(batch).tolist() == [0, 0, 0]
    option, node = batch.option_node
    mass = torch.zeros(batch.num_nodes)
    mass[node[option == 0]] = 0.5
    mass[node[option == 3]] = 1e-9  # less than counts as reached
    assert coverage(batch, mass).tolist() == [0.5, 0, 0]
    assert small(paths="follower")(random_state(batch)).coverage.max() > 0


def test_nodes_left_out_are_zero_and_those_with_mass_stay():
    batch = random_batch(nodes=(11, 3, 7))
    batch = replace(batch, node_role=batch.node_role & 1)
    for knowledge, value in ((small(max_nodes=5), "relevance"), (small(max_nodes=5, paths="follower"), "mass")):
        state = knowledge(random_state(batch))
        weight = batch.node_relevance if value == "relevance" else state.mass
        score = weight + 10.0 * (batch.node_role & 1)
        for question, size in enumerate((11, 3, 7)):
            rows = (batch.node_question == question).nonzero().flatten()
            kept = rows[score[rows].topk(min(size, 5)).indices]
            full = state.nodes[rows].any(-1).nonzero().flatten()
            assert rows[full].tolist() == sorted(kept.tolist())


def test_a_limit_that_nothing_reaches_changes_nothing():
    state = random_state(random_batch())
    torch.manual_seed(0)
    tight = small(max_nodes=11)
    torch.manual_seed(0)
    loose = small(max_nodes=200)
    assert torch.equal(tight(state).nodes, loose(state).nodes)


def test_fuse_is_for_any_model():
    batch = random_batch()
    tokens = random_state(batch).tokens
    assert tokens is not None
    knowledge = Knowledge.for_backbone(WIDTH, gnn="GATv2Conv", graph_width=G, heads=2, relations=NAMES)
    batch = batch.with_relations(torch.randn(2 * len(NAMES), WIDTH))
    assert torch.equal(knowledge.fuse(tokens, batch), tokens)
    with torch.no_grad():
        for parameter in knowledge.fusion.parameters():
            parameter.add_(0.3)
    assert not torch.equal(knowledge.fuse(tokens, batch), tokens)


def test_a_convolution_of_ones_own():
    class Sum(nn.Module):
        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return torch.zeros_like(x).index_add(0, edge_index[1], x[edge_index[0]])

    knowledge = Knowledge.for_backbone(WIDTH, gnn=Sum(), graph_width=G, heads=2, relations=NAMES)
    assert knowledge(random_state(random_batch())).nodes.shape[-1] == G


def test_the_guide_joins_k_to_another_model():
    guide = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "guide" / "own_model_and_gnn.py"))
    before, untrained, trained = guide["example"]()
    assert torch.equal(before, untrained)
    assert trained.shape == before.shape
    assert not torch.equal(before, trained)


@pytest.mark.parametrize("states", [torch.zeros(0, 0), torch.zeros(4, WIDTH), torch.zeros(10, WIDTH + 1)])
def test_missing_relation_states_are_named(states: Tensor):
    state = random_state(random_batch().with_relations(states))
    with pytest.raises(InputError, match=rf"relation_state has shape \({states.shape[0]}, {states.shape[1]}\)"):
        small()(state)


def test_names_of_another_collator_are_named():
    with pytest.raises(InputError, match=r"the batch has relation 4, K knows 1 relation names"):
        Knowledge(KnowledgeConfig(**SMALL), RelationNames(["IsA"]))(random_state(random_batch()))


def test_names_that_were_met_later_need_no_states_yet():
    """A collator may name relations of the next batch before this one is run."""
    knowledge = small()
    knowledge.names.index("Later")
    assert isinstance(knowledge(random_state(random_batch())), CognitiveState)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 0}, "width is 0"),
        ({"steps": -1}, "steps is -1"),
        ({"paths": "counters"}, "paths is 'counters'"),
        ({"nodes": False}, "fusion is on, but nodes is off"),
        ({"heads": 3}, "heads is 3"),
        ({"gnn": "NoConv"}, "gnn is 'NoConv'"),
        ({"gnn": "RGCNConv", "relations": ()}, "no relation is named"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        small(**settings)


def test_config_survives_json():
    config = KnowledgeConfig(paths="follower", relations=("IsA", "HasA"), gnn="GCNConv")
    assert KnowledgeConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_k_is_small():
    relations = tuple(f"r{i}" for i in range(45))
    shipped = KnowledgeConfig.from_json(
        json.loads(kg_data.path("checkpoints/mini/config.json").read_text())["knowledge"]
    )
    for config, most in ((KnowledgeConfig(relations=relations), 410_000), (shipped, 500_000)):
        assert sum(weight.numel() for weight in Knowledge(config).parameters()) < most


def test_k_runs_in_mixed_precision():
    state = random_state(random_batch())
    knowledge = small(paths="follower")
    with torch.autocast("cpu", torch.bfloat16):
        after = knowledge(state)
    (after.tokens.square().sum() + after.nodes.float().square().sum() + after.mass.square().sum()).backward()
    assert after.mass.dtype == torch.float32
    assert all(p.grad is None or p.grad.isfinite().all() for p in knowledge.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("crossing", [False, True])
def test_bellman_ford_learns_what_a_question_asks_for(crossing: bool):
    torch.manual_seed(0)
    config = KnowledgeConfig(width=puzzles.WIDTH, graph_width=32, paths=None, fusion=False)
    names = RelationNames([f"r{i}" for i in range(puzzles.RELATIONS)])
    knowledge, out = Knowledge(config, names), nn.Linear(32, 1)

    def scores(batch: GraphBatch, tokens: Tensor) -> Tensor:
        nodes = knowledge(CognitiveState(batch, tokens=tokens)).nodes
        found: Tensor = out(nodes[batch.option_node[1]]).view(-1, puzzles.OPTIONS)
        return found

    parameters = [*knowledge.parameters(), *out.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=3e-3)
    for step in range(250):
        found = scores(*puzzles.puzzles(64, step % 100, crossing=crossing))
        loss = functional.cross_entropy(found, torch.zeros(64, dtype=torch.int64))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
    with torch.no_grad():
        right = scores(*puzzles.puzzles(300, 10**6, crossing=crossing)).argmax(-1) == 0
    assert right.float().mean() > 0.75  # chance is 0.2
