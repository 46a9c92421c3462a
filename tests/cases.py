"""What every part of a kind owes, as abstract test cases: subclass one and say how the part is made."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import pytest
import torch
from torch import Tensor, nn

from kgreason.nn.batch import VECTOR_WIDTH, GraphBatch, RelationNames
from kgreason.nn.state import CognitiveState, PathScores

NAMES = ("AtLocation", "HasA", "IsA", "UsedFor", "near")
WIDTH = 24

#: Which tensors of a batch run over questions, options, sequences, nodes, edges and path counts, and in which axis.
ROWS = {
    "questions": ("labels", "vad", "question_task", "multi_label", "question_given"),
    "options": ("target", "option_question", "option_proof"),
    "sequences": ("sequence_text", "sequence_question", "sequence_option", "sequence_joint"),
    "nodes": (
        "node_question",
        "node_role",
        "node_vector",
        "node_prior",
        "node_relevance",
        "node_gold",
        "node_valence",
        "node_rare",
    ),
    "paths": ("path_option", "path_type", "path_value"),
}
COLUMNS = {"edges": ("edge_index",), "links": ("option_node",), "mentions": ("token_node",)}
EDGE_ROWS = ("edge_relation", "edge_weight")

#: Which rows of a state stand for what.
WRITTEN = {
    "tokens": "sequences", "sentence": "sequences", "nodes": "nodes", "mass": "nodes", "coverage": "questions",
    "affect": "questions", "mood": "questions", "flow": "questions", "question": "questions", "option": "options",
    "joint": "options",
}  # fmt: skip


def random_batch(
    seed: int = 0, nodes: tuple[int, ...] = (7, 5, 11), options: tuple[int, ...] = (2, 3, 2)
) -> GraphBatch:
    """A batch of random questions, each with its options and its subgraph; a question with 0 nodes has no graph."""
    random = torch.Generator().manual_seed(seed)

    def draw(high: int, *shape: int) -> Tensor:
        return torch.randint(high, shape, generator=random)

    b, o, n, length = len(nodes), sum(options), sum(nodes), 7
    option_question = torch.repeat_interleave(torch.arange(b), torch.tensor(options))
    sequence_option = torch.cat([torch.full((b,), -1), torch.arange(o)])
    sequence_question = torch.cat([torch.arange(b), option_question])
    filled = 3 + draw(length - 2, b + o)
    node_question = torch.repeat_interleave(torch.arange(b), torch.tensor(nodes))
    first = torch.tensor(nodes).cumsum(0) - torch.tensor(nodes)
    ends = [first[q] + draw(size, 2, 3 * size) for q, size in enumerate(nodes) if size]
    edge_index = torch.cat([torch.cat([e, e.flip(0)], 1) for e in ends], 1) if ends else torch.zeros(2, 0).long()
    forward = [2 * draw(len(NAMES), e.shape[1]) for e in ends]
    codes = torch.cat([torch.cat([f, f + 1]) for f in forward]) if ends else torch.zeros(0).long()
    linked = [i for i in range(o) if nodes[int(option_question[i])]]
    targets = [first[q] + draw(nodes[q], 1) for q in (int(option_question[i]) for i in linked)]
    option_node = torch.stack([torch.tensor(linked), torch.cat(targets)]) if linked else torch.zeros(2, 0).long()
    role = torch.zeros(n, dtype=torch.int64)
    role[option_node[1]] |= 2
    seeds = torch.cat([first[q] + torch.arange(2) for q, size in enumerate(nodes) if size] or [torch.zeros(0).long()])
    role[seeds] |= 1
    of_seed = node_question[seeds]
    mentions = torch.stack([of_seed, torch.arange(len(seeds)) % 2 + 1, seeds])
    of_option = torch.stack([b + option_node[0], torch.ones_like(option_node[0]), option_node[1]])
    path_option = torch.tensor([i for i in linked[:-1] for _ in range(3)], dtype=torch.int64)
    path_type = draw(2 * len(NAMES), len(path_option), 2)
    path_type[::3, 1] = -1
    return GraphBatch(
        labels=torch.zeros(b, dtype=torch.int64),
        target=torch.full((o,), torch.nan),
        vad=torch.full((b, 3), torch.nan),
        input_ids=draw(31, b + o, length),
        attention_mask=(torch.arange(length) < filled.unsqueeze(1)).long(),
        token_type_ids=torch.zeros(b + o, length, dtype=torch.int64),
        sequence_text=torch.arange(b + o),
        sequence_question=sequence_question,
        sequence_option=sequence_option,
        sequence_joint=torch.zeros(b + o, dtype=torch.bool),
        option_question=option_question,
        option_label=torch.full((o,), -1),
        option_proof=torch.zeros(o),
        question_task=torch.zeros(b, dtype=torch.int64),
        multi_label=torch.zeros(b, dtype=torch.bool),
        question_given=torch.zeros(b, dtype=torch.bool),
        question_code=torch.cartesian_prod(torch.arange(b), torch.arange(2 * len(NAMES))).T,
        node_question=node_question,
        node_role=role,
        node_vector=(draw(255, n, VECTOR_WIDTH) - 127).to(torch.int8),
        node_prior=torch.rand(n, generator=random),
        node_relevance=torch.rand(n, generator=random),
        node_gold=torch.rand(n, generator=random) < 0.3,
        edge_index=edge_index,
        edge_relation=codes,
        edge_weight=torch.ones(len(codes)),
        option_node=option_node,
        token_node=torch.cat([mentions, of_option], 1),
        path_option=path_option,
        path_type=path_type,
        path_value=torch.rand(len(path_option), generator=random) * 5,
        relation=torch.arange(len(NAMES)),
        relation_state=torch.randn(2 * len(NAMES), WIDTH, generator=random),
        node_valence=torch.rand(n, 2, generator=random) * torch.tensor([2.0, 1.0]) - torch.tensor([1.0, 0.0]),
        node_rare=torch.rand(n, generator=random) < 0.5,
    )


def random_state(batch: GraphBatch, seed: int = 0) -> CognitiveState:
    """A state as M leaves it: random tokens, zero at padding."""
    random = torch.Generator().manual_seed(seed + 1)
    mask = batch.attention_mask[batch.sequence_text].unsqueeze(-1)
    tokens = torch.randn(*mask.shape[:2], WIDTH, generator=random) * mask
    return CognitiveState(batch, tokens=tokens)


@dataclass(frozen=True)
class Order:
    """New places for what a batch holds: ``order.nodes[i]`` is the old place of the new node i."""

    questions: Tensor
    options: Tensor
    sequences: Tensor
    nodes: Tensor
    edges: Tensor
    paths: Tensor

    @classmethod
    def of(cls, batch: GraphBatch, seed: int, *kinds: str) -> Order:
        """A random order of some kinds; options, sequences and nodes stay packed by question."""
        random = torch.Generator().manual_seed(seed)

        def order(kind: str, size: int) -> Tensor:
            return torch.randperm(size, generator=random) if kind in kinds else torch.arange(size)

        questions = order("questions", batch.num_questions)

        def packed(kind: str, of: Tensor) -> Tensor:
            rows = order(kind, len(of))
            return rows[_inverse(questions)[of[rows]].argsort(stable=True)]

        return cls(
            questions,
            packed("options", batch.option_question),
            order("sequences", len(batch.sequence_text)),
            packed("nodes", batch.node_question),
            order("edges", len(batch.edge_relation)),
            order("paths", len(batch.path_option)),
        )


def reorder(state: CognitiveState, order: Order) -> CognitiveState:
    """The same questions, nodes and edges in another order."""
    batch = state.batch
    changed: dict[str, Tensor] = {}
    for kind, names in ROWS.items():
        changed |= {name: getattr(batch, name)[getattr(order, kind)] for name in names}
    changed |= {name: getattr(batch, name)[order.edges] for name in EDGE_ROWS}
    question, option, node = _inverse(order.questions), _inverse(order.options), _inverse(order.nodes)
    for name in ("sequence_question", "option_question", "node_question"):
        changed[name] = question[changed[name]]
    of_option = changed["sequence_option"]
    changed["sequence_option"] = torch.where(of_option < 0, of_option, option[of_option])
    changed["path_option"] = option[changed["path_option"]]
    changed["question_code"] = torch.stack([question[batch.question_code[0]], batch.question_code[1]])
    changed["edge_index"] = node[batch.edge_index[:, order.edges]]
    changed["option_node"] = torch.stack([option[batch.option_node[0]], node[batch.option_node[1]]])
    sequence, token, mentioned = batch.token_node
    changed["token_node"] = torch.stack([_inverse(order.sequences)[sequence], token, node[mentioned]])
    values = {f.name: getattr(state, f.name) for f in fields(state)}
    for name, kind in WRITTEN.items():
        if values[name] is not None:
            values[name] = values[name][getattr(order, kind)]
    if state.paths is not None:
        reached, types, added = (rows[order.paths] for rows in state.paths)
        values["paths"] = PathScores(option[reached], types, added)
    return replace(state, **{**values, "batch": replace(batch, **changed)})


def without_graph(batch: GraphBatch) -> GraphBatch:
    """The same questions, none with a graph."""
    gone: dict[str, Tensor] = {}
    for kind in ("nodes", "paths"):
        gone |= {name: getattr(batch, name)[:0] for name in ROWS[kind]}
    gone |= {name: getattr(batch, name)[:0] for name in EDGE_ROWS}
    gone |= {name: getattr(batch, name)[:, :0] for names in COLUMNS.values() for name in names}
    return replace(batch, **gone, relation=batch.relation[:0], relation_state=batch.relation_state[:0, :0])


def _inverse(order: Tensor) -> Tensor:
    return torch.empty_like(order).scatter(0, order, torch.arange(len(order)))


class ModuleCase:
    """A module of the formula, ``CognitiveState -> CognitiveState``.

    ``make`` gives the module, ``writes`` names the fields that it writes (``paths`` are compared where there are any);
    ``state`` may be extended with what modules before it write.
    """

    writes: tuple[str, ...]
    tolerance = 1e-5

    def make(self) -> nn.Module:
        raise NotImplementedError

    def state(self, batch: GraphBatch) -> CognitiveState:
        return random_state(batch)

    def run(self, state: CognitiveState) -> CognitiveState:
        torch.manual_seed(0)
        module = self.make().eval()
        _wake(module)
        result = module(state)
        assert isinstance(result, CognitiveState)
        return result

    @pytest.mark.parametrize("nodes", [(7, 5, 11), (7, 0, 11), (2, 3, 2)])
    def test_shapes(self, nodes: tuple[int, ...]) -> None:
        batch = random_batch(nodes=nodes)
        result = self.run(self.state(batch))
        sizes = {
            "sequences": len(batch.sequence_text),
            "nodes": batch.num_nodes,
            "questions": batch.num_questions,
            "options": batch.num_options,
        }
        for name in self.writes:
            value = getattr(result, name)
            assert len(value) == sizes[WRITTEN[name]], name
            assert value.isfinite().all(), name
        assert result.batch is batch

    @pytest.mark.parametrize("kinds", [("nodes",), ("edges", "paths"), ("options",), ("questions", "sequences")])
    def test_order_changes_nothing(self, kinds: tuple[str, ...]) -> None:
        state = self.state(random_batch())
        order = Order.of(state.batch, 3, *kinds)
        self._same(self.run(reorder(state, order)), reorder(self.run(state), order))

    def test_questions_do_not_see_one_another(self) -> None:
        whole = self.state(random_batch())
        edited = whole.batch
        in_last = edited.node_question == edited.num_questions - 1
        edited = replace(edited, node_vector=edited.node_vector * ~in_last.unsqueeze(-1))
        first, second = self.run(whole), self.run(replace(whole, batch=edited))
        keep = {
            "questions": slice(0, edited.num_questions - 1),
            "options": edited.option_question < edited.num_questions - 1,
            "sequences": edited.sequence_question < edited.num_questions - 1,
            "nodes": ~in_last,
        }
        for name in self.writes:
            rows = keep[WRITTEN[name]]
            torch.testing.assert_close(getattr(first, name)[rows], getattr(second, name)[rows])

    def test_without_a_graph(self) -> None:
        batch = without_graph(random_batch())
        result = self.run(self.state(batch))
        for name in set(self.writes) - {"nodes", "mass"}:
            assert getattr(result, name).isfinite().all(), name

    def test_gradients_are_finite(self) -> None:
        for nodes in ((7, 5, 11), (7, 0, 11)):
            module = self.make()
            _wake(module)
            result = module(self.state(random_batch(nodes=nodes)))
            values = [getattr(result, name) for name in self.writes]
            total = sum((value * value.detach()).sum() for value in values if value.requires_grad)
            if isinstance(total, Tensor):
                total.backward()
            assert all(p.grad is None or p.grad.isfinite().all() for p in module.parameters())

    def test_state_survives_a_copy(self) -> None:
        torch.manual_seed(0)
        module = self.make().eval()
        _wake(module)
        torch.manual_seed(1)
        other = self.make().eval()
        other.load_state_dict(module.state_dict())
        state = self.state(random_batch())
        self._same(module(state), other(state))

    def _same(self, first: CognitiveState, second: CognitiveState) -> None:
        for name in self.writes:
            one, two = getattr(first, name), getattr(second, name)
            torch.testing.assert_close(one, two, atol=self.tolerance, rtol=self.tolerance, msg=name)
        if first.paths is not None:
            assert second.paths is not None
            torch.testing.assert_close(_total(first.paths), _total(second.paths))


def _total(paths: PathScores) -> Tensor:
    return torch.zeros(64).index_add(0, paths.option, paths.value)


def _wake(module: nn.Module) -> None:
    """Move all weights off their starting point, so that gates which start closed hide nothing."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.1)


def relation_names() -> RelationNames:
    """The names that the codes of :func:`random_batch` refer to."""
    return RelationNames(NAMES)
