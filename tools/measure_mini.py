"""Measure a checkpoint on the dev sets, with the graph and without, and write the rows down.

    python -m tools.measure_mini --data FOLDER

A row is named by the checkpoint's folder; with ``--limit`` the figures are a trial's and only shown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kg_data
from kgreason.evaluation import evaluate
from kgreason.graph import KnowledgeGraph
from kgreason.nn.batch import TASKS
from kgreason.nn.model import ReasoningModel
from kgreason.tasks import adapter, load
from tools import results

__all__ = ["FIGURES", "reads_graph", "row"]

#: Set -> what its figure is called in the book, and in what ``evaluate`` finds.
FIGURES: Mapping[str, tuple[str, str]] = {
    "commonsenseqa": ("CommonsenseQA dev", "accuracy"),
    "openbookqa": ("OpenBookQA dev", "accuracy"),
    "sst2": ("SST-2 dev", "accuracy"),
    "goemotions": ("Ekman macro-F1 dev", "macro_f1"),
    "emobank": ("EmoBank Pearson dev", "pearson"),
    "lingnli": ("LingNLI dev", "accuracy"),
    "goemotions-full": ("GoEmotions-28 macro-F1 dev", "macro_f1"),
    "rte": ("RTE dev", "accuracy"),
    "sick": ("SICK dev", "accuracy"),
    "snli-dev": ("SNLI dev", "accuracy"),
    "conjnli": ("ConjNLI dev", "accuracy"),
}


def reads_graph(model: ReasoningModel, task: str) -> bool:
    """Whether a graph can change an answer to a kind of task; where it cannot, nothing need be retrieved."""
    k = model.knowledge
    if k is None:
        return False
    feels = task == "emotion" and k.nodes is not None and model.emotion is not None
    return (
        len(k.fusion) > 0
        or bool(model.logic.gate.fitted[TASKS.index(task)])
        or (feels and model.emotion is not None and bool(model.emotion.concepts.weight.any()))
    )


def row(found: Mapping[str, Any], figure: str, *, graph: bool) -> dict[str, Any]:
    """What the book keeps of an evaluation: the figure and that of the text alone in percent, interval, n, seconds.

    Example:
        >>> text = {"accuracy": 0.5, "seconds": 1.0}
        >>> row({"accuracy": 0.75, "ci95": [0.5, 1.0], "n": 4, "seconds": 2.0, "text": text}, "accuracy", graph=True)
        {'value': 75.0, 'text': 50.0, 'ci95': [50.0, 100.0], 'n': 4, 'seconds': 3.0, 'graph': True}
    """
    seconds = found["text"]["seconds"] + (found["seconds"] if graph else 0.0)
    return {
        "value": _percent(found[figure]),
        "text": _percent(found["text"][figure]),
        "ci95": [_percent(end) for end in found["ci95"]],
        "n": found["n"],
        "seconds": round(seconds, 1),
        "graph": graph,
    }


def _percent(share: float) -> float:
    return round(100 * share, 2)


def main() -> None:
    """Measure set after set; each row is written as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=kg_data.path("checkpoints/mini"))
    parser.add_argument("--data", help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--only", choices=FIGURES, action="append", help="a set; all by default")
    parser.add_argument("--limit", type=int, default=None, help="the first so many questions of each set: a trial")
    arguments = parser.parse_args()
    shipped = arguments.model.resolve() == kg_data.path("checkpoints/mini").resolve()
    command = "python -m tools.measure_mini" + ("" if shipped else f" --model {arguments.model}")
    model = ReasoningModel.from_pretrained(arguments.model, device="cpu")
    opened: KnowledgeGraph | None = None
    for name in arguments.only or FIGURES:
        called, figure = FIGURES[name]
        graph = reads_graph(model, adapter(name).task)
        if graph and opened is None:
            opened = KnowledgeGraph.open("default")
        questions = load(name, "dev", data=arguments.data)[: arguments.limit]
        found = row(evaluate(model, questions, opened if graph else None, name=name), figure, graph=graph)
        claim = f"{arguments.model.name} {called}"
        if arguments.limit is None:
            results.append(claim, found.pop("value"), command=command, autocast="float32", **found)
            found = results.latest(claim) or {}
        sys.stderr.write(f"{claim}: {found}\n")


if __name__ == "__main__":
    main()
