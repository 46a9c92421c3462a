"""What K costs: beside a training step of the text model, and beside QA-GNN's message passing on the same questions.

    python -m tools.bench.cost [--record]

CPU time of one core on CommonsenseQA questions with the packaged graph at default sizes, forward and backward, median
of a few batches. QA-GNN's branch is as published, five layers of width 200 and one graph an option; that it reads
our retrieval, with fewer nodes a graph than the 200 of its own, is to its advantage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from kgreason.bench.arms import ARMS, Budget
from kgreason.bench.baselines import (
    CONTEXT_CODES,
    PlainRelationalAttention,
    RelationalAttention,
    RelationalGNN,
    option_graphs,
)
from kgreason.graph import KnowledgeGraph
from kgreason.nn.batch import Item
from kgreason.nn.knowledge import KnowledgeConfig
from kgreason.nn.model import ModelConfig, ReasoningModel
from kgreason.nn.state import CognitiveState
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.tasks import load
from kgreason.training.losses import losses
from tools import results

__all__ = ["SHARE", "TIMES", "Costs", "measure"]

SHARE = "K share of a training step"
TIMES = "QA-GNN plain over K"
#: Questions a batch where QA-GNN runs: in its plain form an edge keeps some 30 kB for the backward pass.
FEW = 4
WIDTH = 200
Step = Callable[[Sequence[Item]], float]


@dataclass(frozen=True)
class Costs:
    """CPU milliseconds a question.

    Args:
        text: a training step of the text model.
        relations: encoding the texts of relations, once a step where M is tuned with K, else once a run.
        parts: the same as ``text`` of K alone, by its form, on relation states that are there.
        few: of K's forms in the small batches in which QA-GNN runs.
        plain: QA-GNN's message passing as published.
        factored: the same function in its factored form.
    """

    text: float
    relations: float
    parts: dict[str, float]
    few: dict[str, float]
    plain: float
    factored: float

    @property
    def share(self) -> float:
        """Of the dearest form of K, in percent of a training step of the text model."""
        return 100 * max(self.parts.values()) / self.text

    @property
    def times(self) -> float:
        """CPU of QA-GNN over that of K's dearest form, on the same batches."""
        return self.plain / max(self.few.values())


def measure(questions: Sequence[Question], graph: KnowledgeGraph, budget: Budget, *, few: int = FEW) -> Costs:
    """Measure all of it on one core.

    Args:
        questions: cut into batches, the first of which warms up.
        graph: the graph.
        budget: says base and batch size.
        few: questions a batch where QA-GNN runs.
    """
    items = Pairs(questions, graph, stored=False)[:]
    whole = [items[i : i + budget.batch_size] for i in range(0, len(items), budget.batch_size)]
    small = [batch[:few] for batch in whole]
    negated = dict(zip(graph.relations, graph.is_negated, strict=True))
    relations = tuple(name for name in graph.relations if not negated[name])
    forms = {name: form.knowledge or {} for name, form in ARMS["T+K"].forms.items()}
    steps = {
        name: _graph_step(_model(budget, KnowledgeConfig(**{**knowledge, "relations": relations})))
        for name, knowledge in forms.items()
    }
    text = _model(budget)
    return Costs(
        text=_milliseconds(_text_step(text), whole),
        relations=_milliseconds(_relation_step(_model(budget, KnowledgeConfig(relations=relations))), whole),
        parts={name: _milliseconds(step, whole) for name, step in steps.items()},
        few={name: _milliseconds(step, small) for name, step in steps.items()},
        plain=_milliseconds(_gnn_step(text, graph, PlainRelationalAttention), small),
        factored=_milliseconds(_gnn_step(text, graph, RelationalAttention), small),
    )


def _milliseconds(step: Step, batches: Sequence[Sequence[Item]]) -> float:
    step(batches[0])
    return median(1000 * step(batch) / len(batch) for batch in batches[1:])


def _model(budget: Budget, knowledge: KnowledgeConfig | None = None) -> ReasoningModel:
    torch.manual_seed(0)
    config = ModelConfig(budget.base, max_length=budget.max_length, lora=None, knowledge=knowledge, emotion=False)
    model = ReasoningModel.create(config).train()
    model.backbone.autocast = torch.bfloat16 if budget.bf16 else None
    return model


def _text_step(model: ReasoningModel) -> Step:
    """As a benchmark trains its text model: forward, backward, and AdamW on all but the word embeddings."""
    model.backbone.model.get_input_embeddings().weight.requires_grad_(False)  # type: ignore[operator]  # of transformers
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.0)
    collate = model.collator()

    def step(items: Sequence[Item]) -> float:
        batch = collate([(question, None) for question, _ in items])
        start = process_time()
        torch.autograd.backward(losses(model(batch), batch).total)
        optimizer.step()
        optimizer.zero_grad()
        return process_time() - start

    return step


def _graph_step(model: ReasoningModel) -> Step:
    """K and R's scores on token states that want their gradient, as where M is tuned too."""
    assert model.knowledge is not None
    knowledge, collate = model.knowledge, model.collator()
    parameters = [*knowledge.parameters(), *model.logic.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=0.0)

    def step(items: Sequence[Item]) -> float:
        batch = collate(items)
        with torch.no_grad():
            tokens = model.backbone(CognitiveState(batch)).tokens
        batch = batch.with_relations(*model.backbone.relation_states(model.relations.of(batch)))
        start = process_time()
        state = CognitiveState(batch, tokens=tokens.detach().requires_grad_())
        scores = model.logic(model.context(knowledge(state)))
        torch.autograd.backward(losses(scores, batch).total)
        optimizer.step()
        optimizer.zero_grad()
        return process_time() - start

    return step


def _relation_step(model: ReasoningModel) -> Step:
    collate = model.collator()

    def step(items: Sequence[Item]) -> float:
        batch = collate(items)
        start = process_time()
        model.backbone.relation_states(model.relations.of(batch))
        return process_time() - start

    return step


def _gnn_step(text: ReasoningModel, graph: KnowledgeGraph, layer: type[RelationalAttention]) -> Step:
    """Five layers over one graph an option; node states stand in for a frozen table of concepts."""
    collate, codes = text.collator(), 2 * len(graph.relations)
    torch.manual_seed(0)
    gnn = RelationalGNN(codes + CONTEXT_CODES, WIDTH, layer=layer).train()
    optimizer = torch.optim.AdamW(gnn.parameters(), lr=0.0)

    def step(items: Sequence[Item]) -> float:
        batch = collate(items)
        graphs = option_graphs(batch, batch.edge_relation, codes)
        nodes, score = torch.randn(len(graphs.type), WIDTH), torch.randn(len(graphs.type))
        start = process_time()
        out = gnn(nodes, graphs.edge_index, graphs.code, graphs.type, score)
        torch.autograd.backward(out[graphs.context].sum())
        optimizer.step()
        optimizer.zero_grad()
        return process_time() - start

    return step


def _table(found: Costs) -> Table:
    shown = Table("what", "ms a question", "of a training step", title="CPU of one core")
    for column in shown.columns[1:]:
        column.justify = "right"
    shown.add_row("text model, a training step", f"{found.text:.1f}", "100 %")
    for name, each in found.parts.items():
        shown.add_row(f"K, {name}", f"{each:.2f}", f"{100 * each / found.text:.0f} %")
    relations = f"{100 * found.relations / found.text:.0f} %"
    shown.add_row("relation texts, where M is tuned with K", f"{found.relations:.2f}", relations)
    shown.add_section()
    for name, each in found.few.items():
        shown.add_row(f"K, {name}, batches of {FEW}", f"{each:.2f}", f"{100 * each / found.text:.0f} %")
    for name, each in (("as published", found.plain), ("factored", found.factored)):
        shown.add_row(f"QA-GNN's branch, {name}", f"{each:.1f}", f"{100 * each / found.text:.0f} %")
    return shown


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--batches", type=int, default=3, help="measured, after one to warm up")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    budget = Budget(device="cpu")
    questions = load("commonsenseqa", "dev", data=arguments.data)[: budget.batch_size * (arguments.batches + 1)]
    found = measure(questions, KnowledgeGraph.open("default"), budget)
    Console().print(_table(found))
    sys.stdout.write(f"{SHARE}: {found.share:.1f} %\n{TIMES}: {found.times:.1f} times\n")
    if arguments.record:
        command = "python -m tools.bench.cost --record"
        parts, few = ({k: round(v, 3) for k, v in each.items()} for each in (found.parts, found.few))
        of_step: dict[str, Any] = {"text_ms": found.text, "relations_ms": found.relations, "parts_ms": parts}
        of_gnn: dict[str, Any] = {"plain_ms": found.plain, "factored_ms": found.factored, "parts_ms": few}
        results.append(SHARE, round(found.share, 2), command=command, **of_step)
        results.append(TIMES, round(found.times, 1), command=command, **of_gnn)


if __name__ == "__main__":
    main()
