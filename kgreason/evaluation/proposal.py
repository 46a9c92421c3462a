"""The next training run, drawn up from a weakness: samples that show it, beside what was trained on before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from random import Random

from kgreason import storage
from kgreason.evaluation.augmentation import form, label, label_shares, make
from kgreason.evaluation.diagnosis import LEAST
from kgreason.evaluation.findings import Slice
from kgreason.evaluation.phenomena import phenomena
from kgreason.graph import KnowledgeGraph
from kgreason.records import Question
from kgreason.retrieval import questions_of
from kgreason.tasks import write_samples
from kgreason.training.config import RunConfig, TaskConfig, to_toml
from kgreason.training.run import load_data

__all__ = ["Proposal", "Proposer", "text_of", "training_pool", "write_proposal"]

#: What the weak samples are called among the tasks of a run, and their share of the batches.
WEAK, SHARE = "weak", 1 / 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """A run that is to cure a weakness.

    Args:
        weakness: what it is to cure.
        run: the user's run with one more task, the weak samples.
        samples: what that task trains on.
        dev: the samples in which the weakness was found, for the dev report.
        pooled: how many of the samples are from the run's own training data.
        made: how many were made.
        how: those were made, or why none were.
    """

    weakness: Slice
    run: RunConfig
    samples: tuple[Question, ...]
    dev: tuple[Question, ...]
    pooled: int
    made: int
    how: str


def text_of(question: Question) -> str:
    """All that a sample says, by which equal samples are known; case and white space do not matter.

    Example:
        >>> text_of(Question("A  bird?", context="Birds sing."))
        'a bird? birds sing.'
    """
    return " ".join(f"{question.text} {question.hypothesis or ''} {question.context or ''}".casefold().split())


def training_pool(run: RunConfig, data: str | Path | None = None) -> dict[str, Sequence[Question]]:
    """What a run may train on, by task, past its limits too; what it holds out stays out.

    Args:
        run: its configuration.
        data: the folder of data sets; KGREASON_DATA if not given.
    """
    whole = {name: replace(task, limit=0, own_facts=False) for name, task in run.tasks.items()}
    found = load_data(replace(run, tasks=whole), lambda questions: [(question, None) for question in questions], data)
    return {name: questions_of(task.train) for name, task in found.items()}


@dataclass(frozen=True, eq=False)
class Proposer:
    """Draws up runs; equal arguments give equal proposals.

    Args:
        pool: of :func:`training_pool`.
        without: texts (:func:`text_of`) that are not to be trained on, since they are measured on.
        graph: that samples may be made from.
        number: of weak samples at most.
        seed: of the drawing.
    """

    pool: Mapping[str, Sequence[Question]]
    without: Collection[str] = ()
    graph: KnowledgeGraph | None = None
    number: int = 2000
    seed: int = 0

    def first(
        self,
        slices: Sequence[Slice],
        files: Mapping[str, Sequence[Question]],
        run: RunConfig,
        folder: str | Path,
        *,
        skip: Collection[tuple[str, str]] = (),
    ) -> tuple[Proposal | None, tuple[str, ...]]:
        """The proposal for the weakest phenomenon that is surely weak and for which there are samples.

        Args:
            slices: of a diagnosis, the weakest first.
            files: the questions that were diagnosed, by the names in them.
            run: the user's run.
            folder: where the proposal is to be written.
            skip: files and phenomena that are passed over.

        Returns:
            The proposal, or None, and what is to be said of it and of those passed over.
        """
        notes: list[str] = []
        for weakness in slices:
            file, name = weakness.file, weakness.phenomenon
            if weakness.ends[1] >= 0:
                break
            if (file, name) in skip:
                continue
            examples = [each for each in files[file] if name in phenomena(each)]
            proposal = self.propose(weakness, examples, run, folder)
            drawn = f"{proposal.pooled} samples drawn, {proposal.made} made ({proposal.how})"
            notes.append(f"{name} in {file}: {drawn}")
            if len(proposal.samples) >= LEAST:
                return proposal, tuple(notes)
            notes[-1] += f"; fewer than {LEAST} are too few"
        return None, tuple(notes)

    def propose(self, weakness: Slice, examples: Sequence[Question], run: RunConfig, folder: str | Path) -> Proposal:
        """The run that is to cure a weakness.

        Half of the samples are made where they can be (:func:`kgreason.evaluation.augmentation.make`); the others are
        drawn from the pool, of the weak samples' form and showing the phenomenon. Labels are as frequent in both as in
        the weak samples, so that no label becomes likelier than it is.

        Args:
            weakness: a slice of a diagnosis.
            examples: the samples of that slice.
            run: the user's run, whose tasks keep what the model can do.
            folder: where the proposal is to be written.

        Returns:
            The proposal; it holds no sample where none are found and none can be made.
        """
        name, seen = weakness.phenomenon, set(self.without)
        of = Counter(map(form, examples)).most_common(1)[0][0]
        like = [question for question in examples if form(question) == of]
        alike = [(task, each) for task, questions in self.pool.items() for each in questions if form(each) == of]
        made, how = make(name, like, [q for _, q in alike], self.number // 2, graph=self.graph, seed=self.seed)
        made = _unseen(made, seen)
        Random(f"propose {self.seed}").shuffle(alike)
        room = {each: ceil((self.number - len(made)) * share) for each, share in label_shares(like).items()}
        pooled: list[Question] = []
        for task, question in alike:
            if len(made) + len(pooled) >= self.number or not any(room.values()):
                break
            if room.get(label(question)) and name in phenomena(question):
                extra = {**question.extra, "from": f"{task} {question.id}".strip()}
                drawn = _unseen([replace(question, extra=extra)], seen)
                room[label(question)] -= len(drawn)
                pooled += drawn
        samples = tuple(replace(each, id=f"{WEAK}-{i}") for i, each in enumerate([*pooled, *made]))
        sizes = {task: len(questions) for task, questions in self.pool.items()}
        planned = _with_weak(run, samples, sizes, Path(folder))
        return Proposal(weakness, planned, samples, tuple(examples), len(pooled), len(made), how)


def _unseen(questions: Iterable[Question], seen: set[str]) -> list[Question]:
    """Questions whose texts are met for the first time, which are seen from then on."""
    found = []
    for question in questions:
        if (text := text_of(question)) not in seen:
            seen.add(text)
            found.append(question)
    return found


def _with_weak(run: RunConfig, samples: Sequence[Question], sizes: Mapping[str, int], folder: Path) -> RunConfig:
    """The run with the weak samples as a task of its own, with a weight that gives them their share of the batches."""
    root = 1 / run.temperature
    others = sum(task.weight * min(task.limit or sizes[name], sizes[name]) ** root for name, task in run.tasks.items())
    weight = SHARE / (1 - SHARE) * others / max(1.0, len(samples) * (1 - run.held_out)) ** root
    weak = TaskConfig(
        str(folder / "weak.jsonl"),
        dev=str(folder / "weak-dev.jsonl"),
        weight=round(weight, 6),
        own_facts=any(question.facts for question in samples),
    )
    name = next(name for i in range(len(run.tasks) + 1) if (name := f"{WEAK}{i or ''}") not in run.tasks)
    return replace(run, output=str(folder / "run"), tasks={**run.tasks, name: weak}, test=False)


def write_proposal(folder: str | Path, proposal: Proposal) -> None:
    """Write ``proposal.toml``, ``weak.jsonl`` and ``weak-dev.jsonl``, so that ``kgreason train`` runs it.

    Args:
        folder: that the proposal was drawn up for.
        proposal: what to write.

    Raises:
        StorageError: they cannot be written.
    """
    folder, weakness = Path(folder), proposal.weakness
    write_samples(folder / "weak.jsonl", proposal.samples)
    write_samples(folder / "weak-dev.jsonl", (replace(each, id=f"dev-{i}") for i, each in enumerate(proposal.dev)))
    head = (
        f"{weakness.phenomenon} in {weakness.file}: {weakness.accuracy:.1%} right, {weakness.rest:.1%} of the rest",
        f"{proposal.pooled} samples of the run's own data and {proposal.made} made ({proposal.how})",
    )
    comments = "".join(f"# {' '.join(line.split())}\n" for line in head)
    storage.write_text(folder / "proposal.toml", f"{comments}{to_toml(proposal.run)}")
