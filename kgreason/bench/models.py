"""Trains the models of a benchmark's rows, and keeps of each what it has learned and what it cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time

from safetensors.torch import save

from kgreason import storage
from kgreason.bench.arms import Form, build
from kgreason.bench.benches import Ints, set_aside
from kgreason.errors import ConfigError, FormatError
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.weights import read_tensors
from kgreason.records import Question
from kgreason.retrieval import questions_of
from kgreason.retrieval.lazy import Lazy
from kgreason.training.config import RunConfig
from kgreason.training.run import TaskData, check_output, train

__all__ = ["Rows", "cost", "finished", "learn", "recall"]

_WHOLE, _PART, _SETTINGS, _COST = "model/config.json", "part.safetensors", "part.json", "cost.json"


class Rows(Lazy[Item]):
    """Some items of many, read when they are asked for.

    Args:
        items: all of them.
        rows: which, in order. Shape: [n].
    """

    def __init__(self, items: Sequence[Item], rows: Ints) -> None:
        self.items = items
        self.rows = rows

    @property
    def questions(self) -> Sequence[Question]:
        """The questions alone; reading items may retrieve their subgraphs."""
        every = questions_of(self.items)
        return [every[int(row)] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def make(self, i: int) -> Item:
        """One item."""
        return self.items[int(self.rows[i])]


def finished(folder: Path) -> bool:
    """Whether a run's folder holds what it has learned."""
    return (folder / _WHOLE).is_file() or (folder / _PART).is_file()


def learn(
    run: RunConfig,
    form: Form,
    items: Sequence[Item],
    rows: Ints,
    siblings: Ints,
    progress: Callable[[str, int, int], None],
) -> None:
    """Train a model, or go on where an earlier call was broken off; its folder then holds what :func:`recall` reads.

    Args:
        run: the run.
        form: of the arm.
        items: of the benchmark.
        rows: those to train on; a tenth of them, siblings together, is held out to fit gate and temperature.
        siblings: group of each item.
        progress: called with (stage, done, total).
    """
    folder = Path(run.output)
    aside = set_aside(siblings[rows])
    if aside.all() or not aside.any():
        aside = rows == rows[0]
    kept, held_out = Rows(items, rows[~aside]), Rows(items, rows[aside])
    data = {name: TaskData(kept, held_out, held_out) for name in run.tasks}
    with _spending(folder):
        resume = _resumable(run)
        model = train(run, build(run, form), data, resume=resume, progress=progress)
        if form.knowledge is not None and not form.tuned:
            _keep_part(model, folder)
            storage.remove(folder / "model")
    for checkpoint in folder.glob("checkpoint-*"):
        storage.remove(checkpoint)


def recall(run: RunConfig, form: Form) -> ReasoningModel:
    """The model that a finished run has trained."""
    folder = Path(run.output)
    if form.knowledge is None or form.tuned:
        return ReasoningModel.from_pretrained(folder / "model", device=run.device)
    model = build(run, form)
    tensors = read_tensors(folder / _PART)
    if sorted(tensors) != sorted(_learned(model)):
        raise FormatError(folder / _PART, "it is of another model", fix="Delete the folder, and run the row again.")
    model.load_state_dict(tensors, strict=False)
    fitted: dict[str, dict[str, float]] = storage.read_json(folder / _SETTINGS)
    model.settings.temperature.update(fitted["temperature"])
    model.settings.threshold.update(fitted["threshold"])
    return model.eval()


def cost(folder: Path) -> tuple[float, float]:
    """Seconds, and seconds of all cores, that a run has taken so far."""
    path = folder / _COST
    if not path.is_file():
        return 0.0, 0.0
    seconds, core_seconds = storage.read_json(path)
    return float(seconds), float(core_seconds)


@contextmanager
def _spending(folder: Path) -> Iterator[None]:
    """Adds what the block takes to the cost of a run, also where it is broken off."""
    before, start, cores = cost(folder), perf_counter(), process_time()
    try:
        yield
    finally:
        storage.write_json(folder / _COST, [before[0] + perf_counter() - start, before[1] + process_time() - cores])


def _resumable(run: RunConfig) -> bool:
    """Whether there is a checkpoint to go on from; what was broken off before the first is cleared away."""
    try:
        check_output(run, resume=True)
    except ConfigError:
        for name in ("model", *(path.name for path in Path(run.output).glob("checkpoint-*"))):
            storage.remove(Path(run.output) / name)
        return False
    return True


def _learned(model: ReasoningModel) -> list[str]:
    """Names of the tensors that a frozen text model does not fix."""
    fixed = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    return [name for name in model.own_state() if name not in fixed]


def _keep_part(model: ReasoningModel, folder: Path) -> None:
    """What was trained and fitted on top of the text model, which the run's ``init`` holds already."""
    state = model.own_state()
    settings = model.settings
    storage.write_json(folder / _SETTINGS, {"temperature": settings.temperature, "threshold": settings.threshold})
    storage.write_bytes(folder / _PART, save({name: state[name] for name in _learned(model)}))
