"""The stages that a question passes, one after another: those before any model, then scores and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import torch

from kgreason.front import Front, Read, proof_paths
from kgreason.nn import evidence
from kgreason.nn.model import ReasoningModel
from kgreason.nn.state import Scores
from kgreason.records import Evidence
from kgreason.retrieval import worded

__all__ = ["Stages", "on_cpu"]


@dataclass(frozen=True, eq=False)
class Stages(Front):
    """What :class:`kgreason.engine.Reasoner` puts together; the stages before the model are those of any reasoner.

    Args:
        model: a trained model, in evaluation mode.
    """

    model: ReasoningModel = field(kw_only=True)

    @torch.inference_mode()
    def score(self, reads: Sequence[Read], trace: dict[str, float]) -> Scores:
        """Questions scored in one step, without what evidence is drawn from."""
        start = perf_counter()
        batch = self.model.collator()([(read.question, read.subgraph) for read in reads]).to(self.model.device)
        scores = on_cpu(self.model(batch))
        trace["model_ms"] = 1000 * (perf_counter() - start)
        return scores

    def readings(self, reads: Sequence[Read]) -> list[evidence.Reading]:
        """Questions scored in one step, and of each what its evidence is drawn from."""
        if not reads:
            return []
        start = perf_counter()
        batch = self.model.collator()([(read.question, read.subgraph) for read in reads]).to(self.model.device)
        reading = evidence.read(self.model, batch)
        readings = [reading] if len(reads) == 1 else [reading.question(b) for b in range(len(reads))]
        for read in reads:
            read.trace["model_ms"] = 1000 * (perf_counter() - start)
        return readings

    def evidence(self, read: Read, reading: evidence.Reading, options: Sequence[int]) -> list[Evidence]:
        """Best paths of some options or answers."""
        proven = [proof_paths(read.question, option) for option in options]
        if read.subgraph is None or not len(read.subgraph):
            return [Evidence(paths) for paths in proven]
        start = perf_counter()
        found = [
            evidence.evidence(reading, self.retriever, read.subgraph, option, add=read.add, remove=read.remove)
            for option in options
        ]
        graph, grounding = self.retriever.graph, read.subgraph.grounding
        found = [Evidence(worded(each.paths, graph, grounding)) for each in found]
        read.trace["evidence_ms"] = 1000 * (perf_counter() - start)
        return [Evidence((*paths, *each.paths)) for paths, each in zip(proven, found, strict=True)]


def on_cpu(scores: Scores) -> Scores:
    """Scores without gradient, where numpy can read them."""
    return Scores(*(None if part is None else part.detach().cpu() for part in scores))  # type: ignore[arg-type]  # parts keep their types
