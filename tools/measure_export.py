"""What an exported model keeps, and how fast it is.

    python -m tools.measure_export [--model NAME] [--data FOLDER] [--record]

1,221 dev questions of CommonsenseQA with the packaged graph, retrieved beforehand, 16 a batch, on one thread. The model
in torch, its export and its export in eight bits answer each batch in turn; time is that of the processor.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kgreason.export.graphs import export_model
from kgreason.export.runtime import TEXT, ExportedModel
from kgreason.graph import KnowledgeGraph
from kgreason.metrics import paired_bootstrap
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.weights import find_checkpoint
from kgreason.retrieval import Pairs
from kgreason.tasks import load
from tools import results

__all__ = ["CHANGE", "PARITY", "SPEED"]

PARITY = "export, largest difference of a score"
SPEED = "export, questions a second in eight bits, against torch"
CHANGE = "export, accuracy in eight bits - torch"
BATCH = 16

Floats = npt.NDArray[np.float32]
Scorer = Callable[[Sequence[Item]], Floats]


def scorers(model: ReasoningModel, folder: Path) -> dict[str, Scorer]:
    """The model itself and its two exports."""
    collate = model.collator()

    @torch.inference_mode()
    def by_torch(items: Sequence[Item]) -> Floats:
        return np.asarray(model(collate(items)).logits.numpy())

    def by_onnx(exported: ExportedModel) -> Scorer:
        return lambda items: exported.scores(items)["logits"]

    found: dict[str, Scorer] = {"torch": by_torch}
    for name, int8 in (("float", False), ("int8", True)):
        export_model(model, folder / name, int8=int8)
        found[name] = by_onnx(ExportedModel(folder / name, threads=1))
    return found


def measured(items: Sequence[Item], forms: dict[str, Scorer]) -> tuple[dict[str, Floats], dict[str, float]]:
    """Scores of all options, and seconds of the processor, of each form."""
    for form in forms.values():
        form(items[:BATCH])  # what is made once is made before
    scores: dict[str, list[Floats]] = {name: [] for name in forms}
    seconds = dict.fromkeys(forms, 0.0)
    for start in range(0, len(items), BATCH):
        for name, form in forms.items():
            begun = process_time()
            scores[name].append(form(items[start : start + BATCH]))
            seconds[name] += process_time() - begun
    return {name: np.concatenate(parts) for name, parts in scores.items()}, seconds


def figures(items: Sequence[Item], forms: dict[str, Scorer], sizes: dict[str, int]) -> dict[str, tuple[float, Any]]:
    """What is recorded, by name."""
    scores, seconds = measured(items, forms)
    ends = np.cumsum([len(question.options) for question, _ in items])[:-1]
    right = {
        name: np.array([part.argmax() == q.answer for part, (q, _) in zip(np.split(found, ends), items, strict=True)])
        for name, found in scores.items()
    }
    told = {
        "n": len(items),
        "accuracy": {name: 100 * float(each.mean()) for name, each in right.items()},
        "per_second": {name: len(items) / each for name, each in seconds.items()},
        "bytes": sizes,
    }
    change = paired_bootstrap(right["int8"], right["torch"])
    ends95 = [100 * change.low, 100 * change.high]
    return {
        PARITY: (float(np.abs(scores["float"] - scores["torch"]).max()), {"n": len(items)}),
        SPEED: (seconds["torch"] / seconds["int8"], told),
        CHANGE: (100 * change.difference, {"ci95": ends95, **told}),
    }


def main() -> None:
    """Measure, print, and record where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini", help="a checkpoint's folder or the name of a shipped one")
    parser.add_argument("--data", type=Path, help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = ReasoningModel.from_pretrained(find_checkpoint(arguments.model), device="cpu")
    questions = load("commonsenseqa", "dev", data=arguments.data)
    items: list[Item] = list(Pairs(questions, KnowledgeGraph.open("default"), stored=False))
    with tempfile.TemporaryDirectory() as folder:
        forms = scorers(model, Path(folder))
        sizes = {name: (Path(folder) / name / TEXT).stat().st_size for name in forms if name != "torch"}
        for name, (value, more) in figures(items, forms, sizes).items():
            sys.stdout.write(f"{arguments.model}, {name}: {value} {more}\n")
            if arguments.record:
                command = f"python -m tools.measure_export --model {arguments.model} --record"
                results.append(f"{arguments.model}, {name}", value, command=command, **more)


if __name__ == "__main__":
    main()
