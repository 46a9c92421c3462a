"""What an exported model keeps, and how fast it is.

    python -m tools.measure_export [--model NAME] [--layers N] [--data FOLDER] [--record]

1,221 dev questions of CommonsenseQA with the packaged graph, retrieved beforehand, 16 a batch, on one thread. The model
in torch, its export, its export in eight bits and one of so many layers answer each batch in turn; time is that of the
processor. Which layers are left out is chosen on 400 training questions.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kgreason.export.graphs import export_model
from kgreason.export.prune import prune
from kgreason.export.runtime import TEXT, ExportedModel
from kgreason.graph import KnowledgeGraph
from kgreason.metrics import paired_bootstrap
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.weights import find_checkpoint
from kgreason.retrieval import Pairs
from kgreason.tasks import load
from tools import results

__all__ = ["CHANGE", "PARITY", "PRUNED_CHANGE", "PRUNED_SPEED", "SPEED"]

PARITY = "export, largest difference of a score"
SPEED = "export, questions a second in eight bits, against torch"
CHANGE = "export, accuracy in eight bits - torch"
PRUNED_SPEED = "export, questions a second with fewer layers, against all"
PRUNED_CHANGE = "export, accuracy with fewer layers - all"
BATCH, CHOOSING = 16, 400

Floats = npt.NDArray[np.float32]
Scorer = Callable[[Sequence[Item]], Floats]


def scorers(model: ReasoningModel, pruned: ReasoningModel, folder: Path) -> dict[str, Scorer]:
    """The model itself, its two exports, and one of the model with fewer layers."""
    collate = model.collator()

    @torch.inference_mode()
    def by_torch(items: Sequence[Item]) -> Floats:
        return np.asarray(model(collate(items)).logits.numpy())

    def by_onnx(exported: ExportedModel) -> Scorer:
        return lambda items: exported.scores(items)["logits"]

    found: dict[str, Scorer] = {"torch": by_torch}
    for name, whole, int8 in (("float", model, False), ("int8", model, True), ("pruned", pruned, False)):
        export_model(whole, folder / name, int8=int8)
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

    def change(form: str, other: str) -> tuple[float, dict[str, Any]]:
        found = paired_bootstrap(right[form], right[other])
        return 100 * found.difference, {"ci95": [100 * found.low, 100 * found.high], **told}

    return {
        PARITY: (float(np.abs(scores["float"] - scores["torch"]).max()), {"n": len(items)}),
        SPEED: (seconds["torch"] / seconds["int8"], told),
        CHANGE: change("int8", "torch"),
        PRUNED_SPEED: (seconds["float"] / seconds["pruned"], told),
        PRUNED_CHANGE: change("pruned", "float"),
    }


def main() -> None:
    """Measure, print, and record where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini", help="a checkpoint's folder or the name of a shipped one")
    parser.add_argument("--layers", type=int, default=5, help="of the form with fewer of them")
    parser.add_argument("--data", type=Path, help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    graph, folder = KnowledgeGraph.open("default"), find_checkpoint(arguments.model)
    model, pruned = (ReasoningModel.from_pretrained(folder, device="cpu") for _ in range(2))
    choosing = load("commonsenseqa", "train", data=arguments.data)[:CHOOSING]
    removed = prune(pruned, arguments.layers, list(Pairs(choosing, graph, stored=False)))
    items: list[Item] = list(Pairs(load("commonsenseqa", "dev", data=arguments.data), graph, stored=False))
    with tempfile.TemporaryDirectory() as place:
        forms = scorers(model, pruned, Path(place))
        sizes = {name: (Path(place) / name / TEXT).stat().st_size for name in forms if name != "torch"}
        command = f"python -m tools.measure_export --model {arguments.model} --layers {arguments.layers} --record"
        for name, (value, more) in figures(items, forms, sizes).items():
            more |= {"removed": [layer for layer, _ in removed]}
            results.tell(f"{arguments.model}, {name}", value, record=arguments.record, command=command, **more)


if __name__ == "__main__":
    main()
