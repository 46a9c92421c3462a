"""The loop: find what a model is weak in, train on it, and keep the change only where it gains and the rest holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kgreason import storage
from kgreason.errors import ConfigError, FormatError, InputError
from kgreason.evaluation.diagnosis import LEAST, by_task, weak_slices
from kgreason.evaluation.findings import Slice
from kgreason.evaluation.judging import judge
from kgreason.evaluation.proposal import Proposer, text_of, training_pool, write_proposal
from kgreason.evaluation.verdict import Change, Judging, Rights
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import with_stated
from kgreason.nn.model import ReasoningModel
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.training.config import RunConfig, to_toml
from kgreason.training.run import build_model, falls_in, last_checkpoint, load_data, train

__all__ = ["Improvement", "LoopConfig", "Round", "halves", "improve"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """When a change is kept, and what is trained on.

    Args:
        margin: what the rest may lose: the lower end of its 95 % interval is not below minus this.
        enough: samples from which that is asked of a single part; of a smaller one it is asked that it surely loses
            nothing, since its interval is wider than any margin.
        number: weak samples at most.
        seed: of what is drawn.

    Raises:
        InputError: a value out of its range.
    """

    margin: float = 0.01
    enough: int = 1000
    number: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (("margin", 0, 1), ("enough", 1, 10**9), ("number", LEAST, 10**6)):
            if not low <= (value := getattr(self, name)) <= high:
                raise InputError(f"{name} is {value}", fix=f"Give {low} to {high}.")


@dataclass(frozen=True, slots=True)
class Round:
    """One round.

    Args:
        number: from 1.
        weakness: what was to be cured; None where nothing could be.
        kept: whether the trained model was kept.
        why: in words.
        model: folder of the model at hand from now on.
        pooled: weak samples from the run's own data.
        made: weak samples that were made.
        notes: how, and what was passed over.
        gain: of the weak slice.
        rest: of everything else, against the model before this round.
        since: of everything else, against the model that the loop began with; where that is another.
    """

    number: int
    weakness: Slice | None
    kept: bool
    why: str
    model: str
    pooled: int = 0
    made: int = 0
    notes: tuple[str, ...] = ()
    gain: Change | None = None
    rest: tuple[Change, ...] = ()
    since: tuple[Change, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Round:
        """What ``asdict`` made of one, read back from JSON."""

        def change(each: Mapping[str, Any]) -> Change:
            return Change(**{**each, "ends": tuple(each["ends"])})

        weak, gain = values["weakness"], values["gain"]
        read = {
            "weakness": weak and Slice(**{**weak, "interval": tuple(weak["interval"]), "ends": tuple(weak["ends"])}),
            "gain": gain and change(gain),
            "notes": tuple(values["notes"]),
            "rest": tuple(map(change, values["rest"])),
            "since": tuple(map(change, values["since"])),
        }
        return cls(**{**values, **read})


@dataclass(frozen=True, slots=True)
class Improvement:
    """What :func:`improve` did: its rounds, and the folder of the model that it ends with."""

    rounds: tuple[Round, ...]
    model: str

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        return asdict(self)


def halves(files: Mapping[str, Sequence[Question]]) -> tuple[dict[str, list[Question]], dict[str, list[Question]]]:
    """Each file in two halves: one in which a weakness is looked for, and one by which a cure is judged.

    Its text says where a sample falls, so that pairs of one premise stay together, and the same in every run.

    Args:
        files: questions by name of their file.

    Example:
        >>> looked, judged = halves({"a": [Question(f"Why {i}?", ("x", "y"), answer=0) for i in range(100)]})
        >>> len(looked["a"]), len(judged["a"])
        (46, 54)
    """
    looked: dict[str, list[Question]] = {}
    judged: dict[str, list[Question]] = {}
    for name, questions in files.items():
        for question in questions:
            (looked if falls_in(question, "half", 0.5) else judged).setdefault(name, []).append(question)
    return looked, judged


def improve(
    start: str | Path,
    files: Mapping[str, Sequence[Question]],
    run: RunConfig,
    output: str | Path,
    *,
    rounds: int = 2,
    config: LoopConfig = LoopConfig(),
    graph: KnowledgeGraph | None = None,
    trained_graph: KnowledgeGraph | None = None,
    data: str | Path | None = None,
    on_round: Callable[[Round], None] | None = None,
    progress: Progress | None = None,
) -> Improvement:
    """Rounds of diagnosis, training and judgement.

    A round takes the weakest phenomenon that is surely weak in one half of the samples, trains the model at hand on the
    user's run with samples that show it, and judges both models on the other half. The new one is kept where the weak
    slice surely gains (the lower end of its 95 % interval is above 0) and everything else holds, against the model
    before the round and against the one that the loop began with: all of it together, and each part of
    ``config.enough`` samples, loses no more than the margin; no smaller part surely loses (McNemar's test, Bonferroni
    over the parts). Else the model at hand stays as it is, and the next round takes the next weakness.

    Args:
        start: folder of the model to begin with, which is not touched.
        files: questions by name of their file; what is known of the answers decides everything.
        run: a training run that keeps what the model can do; its ``init`` and ``output`` are set here.
        output: a folder, ``round-N`` of which holds proposal, run and model of a round. Where it holds finished rounds
            of the same loop, they are not done again, and a training that was broken off goes on.
        rounds: at most.
        config: when a change is kept.
        graph: that questions are answered with.
        trained_graph: that the run trains with.
        data: the folder of data sets; KGREASON_DATA if not given.
        on_round: called with each round, those found finished too.
        progress: called with (stage, done, total).

    Returns:
        The rounds, written to ``improve.json`` too.

    Raises:
        ConfigError: the folder holds another loop.
        InputError: a half of the samples has none whose answer is known.
    """
    loop = _Loop(Path(start), by_task(files), run, Path(output), config, graph, trained_graph, data, progress)
    done = loop.finished()[:rounds]
    if not done:
        loop.write([])  # so that a first round that is broken off is taken up by the same loop alone
    for number in range(1, rounds + 1):
        if number > len(done):
            done.append(loop.round(number, done))
            loop.write(done)
        if on_round is not None:
            on_round(done[number - 1])
        if done[number - 1].weakness is None:
            break
    return loop.result(done)


@dataclass(eq=False)
class _Loop:
    """What stays the same over the rounds."""

    start: Path
    files: Mapping[str, Sequence[Question]]
    run: RunConfig
    output: Path
    config: LoopConfig
    graph: KnowledgeGraph | None
    trained_graph: KnowledgeGraph | None
    data: str | Path | None
    progress: Progress | None

    def __post_init__(self) -> None:
        self.looked, self.judged = halves(self.files)
        if not self.looked or not self.judged:
            raise InputError("there are too few samples whose answer is known", fix="Give more, in any file.")
        self.judging = Judging(self.judged, margin=self.config.margin, enough=self.config.enough)
        self._rights: dict[str, Rights] = {}

    @cached_property
    def proposer(self) -> Proposer:
        """Draws up runs, and leaves out whatever is measured on."""
        pool = training_pool(self.run, self.data)
        return Proposer(pool, self.asked, self.graph, self.config.number, self.config.seed)

    @cached_property
    def asked(self) -> set[str]:
        """The texts that models are measured on, so that none is trained on them."""
        return {text_of(each) for questions in self.files.values() for each in questions}

    @cached_property
    def read(self) -> dict[str, list[Question]]:
        """The judging halves, with what their texts state."""
        return {name: [with_stated(each) for each in questions] for name, questions in self.judged.items()}

    @cached_property
    def setup(self) -> dict[str, Any]:
        """What makes it this loop and no other."""
        weights = sorted(path for path in self.start.rglob("*") if path.is_file())
        return {
            "start": storage.digest_bytes(*(storage.digest(path).encode() for path in weights)),
            "files": {
                name: storage.digest_bytes(*(repr(each).encode() for each in questions))
                for name, questions in self.files.items()
            },
            "run": to_toml(self.run),
            "config": asdict(self.config),
            "graph": None if self.graph is None else self.graph.digest,
            "trained graph": None if self.trained_graph is None else self.trained_graph.digest,
        }

    def finished(self) -> list[Round]:
        """The rounds that are done already."""
        path = self.output / "improve.json"
        if not path.exists():
            return []
        found = storage.read_json(path)
        try:
            setup, rounds = found["setup"], [Round.from_dict(each) for each in found["rounds"]]
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(path, f"it holds no rounds ({error!r})", fix="Choose another folder.") from error
        if setup != self.setup:
            what = ", ".join(key for key, value in self.setup.items() if setup.get(key) != value)
            raise ConfigError(f"{self.output} holds a loop of another {what}", fix="Choose another folder.")
        return rounds

    def write(self, rounds: Sequence[Round]) -> None:
        storage.write_json(self.output / "improve.json", {"setup": self.setup, **self.result(rounds).to_dict()})

    def result(self, rounds: Sequence[Round]) -> Improvement:
        return Improvement(tuple(rounds), rounds[-1].model if rounds else str(self.start))

    def round(self, number: int, done: Sequence[Round]) -> Round:
        """One round from diagnosis to judgement."""
        hand = self.result(done).model
        slices = self._slices(hand)
        tried = {(each.weakness.file, each.weakness.phenomenon) for each in done if each.weakness and not each.kept}
        folder, run = self.output / f"round-{number}", replace(self.run, init=hand)
        proposal, notes = self.proposer.first(slices, self.looked, run, folder, skip=tried | self._few(slices))
        if proposal is None:
            return Round(number, None, False, "nothing is surely weak that could be trained on", hand, notes=notes)
        write_proposal(folder, proposal)
        trained = self._train(proposal.run)
        before, after, first = (self._judge(folder) for folder in (hand, trained, str(self.start)))
        gain = self.judging.gain(after, before, proposal.weakness)
        rest = self.judging.rest(after, before, proposal.weakness)
        since = () if first is before else self.judging.rest(after, first, proposal.weakness)
        lost = [each for each in (*rest, *since) if not each.holds]
        kept = gain.holds and not lost
        return Round(
            number, proposal.weakness, kept, _why(gain, lost), trained if kept else hand,
            proposal.pooled, proposal.made, notes, gain, rest, since,
        )  # fmt: skip

    def _slices(self, folder: str) -> tuple[Slice, ...]:
        model = ReasoningModel.from_pretrained(folder, device=self.run.device)
        return weak_slices(model, self.looked, self.graph, progress=self.progress)

    def _few(self, slices: Sequence[Slice]) -> set[tuple[str, str]]:
        """Slices of too few samples to judge by."""
        named = {(each.file, each.phenomenon) for each in slices}
        return {each for each in named if self.judging.inside(*each).sum() < LEAST}

    def _train(self, run: RunConfig) -> str:
        """The folder of the trained model; what was broken off goes on, and what is finished is not repeated."""
        folder = Path(run.output)
        if not (folder / "model").exists():
            begun = last_checkpoint(folder) is not None
            if not begun and folder.exists():
                storage.remove(folder)  # broken off before its first checkpoint was whole
            samples = load_data(
                run,
                lambda each: Pairs(each, self.trained_graph, progress=self.progress),
                self.data,
                leave_out=lambda each: text_of(each) in self.asked,
            )
            train(run, build_model(run), samples, resume=begun, progress=self.progress)
        return str(folder / "model")

    def _judge(self, folder: str) -> Rights:
        """What a model answers rightly of the judging halves."""
        if folder not in self._rights:
            model = ReasoningModel.from_pretrained(folder, device=self.run.device)
            graph = None if model.knowledge is None else self.graph
            self._rights[folder] = {
                name: np.array([each.right for each in judge(model, Pairs(questions, graph, progress=self.progress))])
                for name, questions in self.read.items()
            }
        return self._rights[folder]


def _why(gain: Change, lost: Sequence[Change]) -> str:
    """A verdict in words."""
    if not gain.holds:
        return f"{gain.phenomenon} in {gain.file} does not surely gain"
    if lost:
        first = min(lost, key=lambda each: each.ends[0])
        where = " in ".join(each for each in (first.phenomenon, first.file) if each) or "everything else together"
        return f"{where} loses"
    return f"{gain.phenomenon} in {gain.file} gains, and the rest holds"
