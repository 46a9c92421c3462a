"""Questions made from any graph, of one to three steps or with two clues, whose answer only the graph knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Literal

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.records import Question
from kgreason.storage import publish, write_json
from kgreason.tasks.quiz_facts import Draft, Edited, Facts, decisive_edit, solve, support
from kgreason.tasks.quiz_graph import QuizGraph, QuizSplit, draw_from_graph
from kgreason.tasks.quiz_names import Pseudonyms, borrowed_names, other_names, phrase_names, with_names
from kgreason.tasks.quiz_world import draw_world
from kgreason.tasks.samples import write_samples
from kgreason.tasks.wordings import Name, Style, Wordings

__all__ = ["KINDS", "QuizConfig", "about", "make_quiz", "quiz_splits", "write_quiz"]

KINDS = ("1", "2", "3", "and", "not")
#: Attempts at one question before its kind counts as impossible.
ATTEMPTS = 5000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class QuizConfig:
    """What kind of questions a quiz has.

    Args:
        kinds: "1", "2", "3": so many steps from one concept; "and", "not": two clues, the second one negated. All are
            equally frequent.
        options: how many to choose from.
        pseudonyms: each question is about a world of its own, which comes with it as facts and whose concepts have
            invented names.
        form: "choice", or "open": all answers are wanted and no options given.
        labelled: share of the questions that name relations as the graph does instead of in words of their own.
        renamed: share of the questions whose relations have other names in the facts; only with pseudonyms.
        borrowed: share of the worlds whose concepts are called like concepts of the graph, drawn at random, instead of
            by invented names; only with pseudonyms.
        synonyms: share of the renamed questions whose relations are called like concepts of the graph and asked for by
            a synonym, or called by a verb and asked for by its forms, so that names have to be understood.
        phrases: share of the other renamed questions whose relations are called and asked for by several words.
        facts_limit: most facts of a world.
    """

    kinds: tuple[str, ...] = KINDS
    options: int = 5
    pseudonyms: bool = False
    form: Literal["choice", "open"] = "choice"
    labelled: float = 0.3
    renamed: float = 0.2
    borrowed: float = 0.0
    synonyms: float = 0.0
    phrases: float = 0.0
    facts_limit: int = 60

    @classmethod
    def to_train_on(cls, form: Literal["choice", "open"] = "choice") -> QuizConfig:
        """What K is trained on, which is more than tests ask.

        Worlds with names of the graph, whose words stand in questions too, more renamed relations, and relations asked
        for by a synonym of their name, or called by several words.
        """
        return cls(pseudonyms=True, form=form, borrowed=0.3, renamed=0.6, synonyms=0.45, phrases=0.5)

    def __post_init__(self) -> None:
        if not self.kinds or set(self.kinds) - set(KINDS):
            raise InputError(f"kinds is {self.kinds!r}", fix=f"Give some of {', '.join(KINDS)}.")
        if not 2 <= self.options <= 10:
            raise InputError(f"options is {self.options}", fix="Give 2 to 10.")
        if self.form not in ("choice", "open"):
            raise InputError(f"form is {self.form!r}", fix="Give choice or open.")
        for name in ("labelled", "renamed", "borrowed", "synonyms", "phrases"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}", fix=f"Give {name} a share from 0 to 1.")
        if self.borrowed and not self.pseudonyms:
            raise InputError(f"borrowed is {self.borrowed} without pseudonyms", fix="Ask for pseudonyms too.")
        if self.facts_limit < 40:
            raise InputError(f"facts_limit is {self.facts_limit}", fix="Give facts_limit a value of 40 or more.")


def make_quiz(
    graph: KnowledgeGraph | QuizGraph,
    n: int,
    config: QuizConfig = QuizConfig(),
    *,
    split: QuizSplit | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Question]:
    """Questions from a graph.

    Each carries in ``extra`` its ``kind``, its ``clues`` ([concept, [step, ...], positive] each), the steps of all as
    ``relations``, the facts that make the answer right as ``support``, an ``edit`` (facts to remove and to add, and
    what is right then), the ``style`` of asking ("wording" or "label") and whether relations are ``renamed``.

    Args:
        graph: any graph.
        n: how many.
        config: of what kind.
        split: whose concepts are asked about and are answers, those of all splits without one; "wordings" asks with
            wordings that no other split uses.
        seed: the same graph, configuration, split and seed give the same questions.
        progress: called with (stage, done, total).

    Returns:
        n questions.

    Raises:
        InputError: the graph does not have what a kind of question needs.

    Example:
        >>> graph = KnowledgeGraph.from_triples(
        ...     [("a", "IsA", "b"), ("a", "HasA", "c"), ("a", "PartOf", "d"), ("b", "UsedFor", "c"), ("b", "IsA", "d")]
        ... )
        >>> question, = make_quiz(graph, 1, QuizConfig(kinds=("1",), pseudonyms=True))
        >>> len(question.options), question.extra["kind"]
        (5, '1')
    """
    world = graph if isinstance(graph, QuizGraph) else QuizGraph(graph)
    if not world.concepts(split):
        raise InputError(
            f"the graph has no concept with 3 to 60 edges{f' for split {split}' if split else ''}",
            fix="Give a larger graph.",
        )
    random = Random(f"{seed} {split}")
    maker = _Maker(world, config, split, random, Pseudonyms(world.graph, random))
    kinds = [config.kinds[number % len(config.kinds)] for number in range(n)]
    random.shuffle(kinds)
    stage = f"questions: {split}" if split else "questions"
    questions = []
    for number, kind in enumerate(kinds):
        questions.append(maker.question(kind, f"{split or 'quiz'}-{seed}-{number}"))
        if progress and number % 100 == 99:
            progress(stage, number + 1, n)
    return questions


def quiz_splits(
    graph: KnowledgeGraph,
    sizes: Mapping[QuizSplit, int],
    config: QuizConfig = QuizConfig(),
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[QuizSplit, list[Question]]:
    """Questions in splits: nothing asked about, and no answer, of train occurs so in dev, test or wordings.

    Args:
        graph: any graph.
        sizes: questions of each split.
        config: of what kind.
        seed: see :func:`make_quiz`.
        progress: called with (stage, done, total).

    Returns:
        The questions of each split; those of "wordings" are put in words that no other split uses.
    """
    world = QuizGraph(graph)
    return {
        split: make_quiz(world, size, config, split=split, seed=seed, progress=progress)
        for split, size in sizes.items()
    }


@dataclass(slots=True)
class _Maker:
    """Makes questions one by one."""

    graph: QuizGraph
    config: QuizConfig
    split: QuizSplit | None
    random: Random
    pseudonyms: Pseudonyms

    def question(self, kind: str, name: str) -> Question:
        for _ in range(ATTEMPTS):
            if made := self._try(kind, name):
                return made
        raise InputError(
            f"no question of kind {kind!r} could be made{f' for split {self.split}' if self.split else ''}",
            fix="Leave that kind out, or give a graph with more concepts and relations.",
        )

    def _try(self, kind: str, name: str) -> Question | None:
        config, random = self.config, self.random
        renamed = config.pseudonyms and random.random() < config.renamed
        style: Style = "label" if random.random() < (0.5 if renamed else config.labelled) else "wording"
        if config.pseudonyms:
            self.pseudonyms.forget()
            borrowed = bool(config.borrowed) and random.random() < config.borrowed
            call = self.pseudonyms.borrowed if borrowed else self.pseudonyms.new
            draft = draw_world(
                self.graph, kind, config.options, self.split, random,
                name=call, facts_limit=config.facts_limit, directed=renamed,
            )  # fmt: skip
        else:
            draft = draw_from_graph(self.graph, kind, config.options, self.split, random)
        if draft is None:
            return None
        names, shown, style = self._names(draft, style) if renamed else ({}, {}, style)
        if not all(map(Wordings.load().knows, (step for clue in draft.clues for step in clue.steps))):
            style = "label"
        label = str if config.pseudonyms else self.graph.label
        asked = [replace(clue, seed=label(clue.seed)) for clue in draft.clues]
        text = Wordings.load().ask(asked, random, style=style, held_out=self.held_out, shown=shown)
        extra = {"kind": kind, "style": style, "renamed": bool(names)}
        return self._finish(with_names(draft, names) if names else draft, text, label, name, extra)

    def _names(self, draft: Draft, style: Style) -> tuple[dict[str, str], Mapping[str, Name], Style]:
        """Other names of a world's relations, those by which they are asked for, and how."""
        assert isinstance(draft.world, Facts)
        relations = {relation for _, relation, _ in draft.world.facts}
        if self.config.synonyms and self.random.random() < self.config.synonyms:
            return *borrowed_names(relations, self.pseudonyms), "label"
        if self.config.phrases and self.random.random() < self.config.phrases:
            names = phrase_names(relations, self.pseudonyms)
            return names, names, "label"
        names, invented = other_names(relations, self.pseudonyms, self.random, held_out=self.held_out)
        return names, names, "label" if invented else style

    @property
    def held_out(self) -> bool:
        return self.split == "wordings"

    def _finish(
        self, draft: Draft, text: str, label: Callable[[str], str], name: str, extra: dict[str, Any]
    ) -> Question | None:
        """The question as a sample, if it is sound and some edit turns it."""
        world, clues, choice = draft.world, draft.clues, self.config.form == "choice"
        right = solve(world, clues)
        offered = draft.options if choice else ()
        labels = [label(node) for node in (*offered, *(clue.seed for clue in clues))]
        if draft.answer not in right or len(right & set(offered)) > 1 or len(set(labels)) < len(labels):
            return None
        others = set(offered or draft.others) - right
        turned = decisive_edit(world, clues, draft.answer, others, offered, self.random)
        if turned is None:
            return None
        other, (remove, add) = turned
        edit: dict[str, Any] = {"remove": [list(fact) for fact in remove], "add": [list(fact) for fact in add]}
        if choice:
            edit["answer"] = offered.index(other)
        else:
            edit["answers"] = sorted(solve(Edited(world, remove, add), clues))
        extra |= {
            "relations": [step for clue in clues for step in clue.steps],
            "clues": [clue.to_list() for clue in clues],
            "support": [list(fact) for fact in support(world, clues, draft.answer)],
            "edit": edit,
        }
        return Question(
            text=text,
            options=tuple(map(label, offered)),
            task=self.config.form,
            answer=offered.index(draft.answer) if choice else None,
            gold=() if choice else tuple(sorted(right)),
            facts=world.facts if isinstance(world, Facts) else (),
            id=name,
            extra=extra,
        )


def write_quiz(
    graph: KnowledgeGraph,
    folder: str | Path,
    sizes: Mapping[QuizSplit, int],
    config: QuizConfig = QuizConfig(),
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[QuizSplit, list[Question]]:
    """Makes the splits of a quiz and writes them: one file of samples a split, and ``quiz.json`` about all.

    Args:
        graph: any graph.
        folder: a new folder, which appears whole or not at all.
        sizes: questions of each split.
        config: of what kind.
        seed: see :func:`make_quiz`.
        progress: called with (stage, done, total).

    Returns:
        The questions of each split.

    Raises:
        InputError: the folder exists, or the graph does not have what a kind of question needs.
        StorageError: the folder cannot be written.
    """
    folder = Path(folder)
    if folder.exists():
        raise InputError(f"{folder} exists", fix="Name a new folder, or remove that one.")
    splits = quiz_splits(graph, sizes, config, seed=seed, progress=progress)
    described = about(graph, splits, config, seed)

    def write(place: Path) -> None:
        for split, questions in splits.items():
            write_samples(place / f"{split}.jsonl", questions)
        write_json(place / "quiz.json", described)

    publish(folder, write)
    return splits


def about(
    graph: KnowledgeGraph, splits: Mapping[QuizSplit, Sequence[Question]], config: QuizConfig, seed: int
) -> dict[str, Any]:
    """What is said of a quiz beside its samples: what it was made from, under which licences, and how much there is."""
    return {
        "graph": graph.digest,
        "seed": seed,
        "config": asdict(config),
        "counts": {
            split: dict(sorted(Counter(str(question.extra["kind"]) for question in questions).items()))
            for split, questions in splits.items()
        },
        "sources": list(graph.manifest.get("sources", ())),
        "licences": dict(graph.manifest.get("licences", {})),
    }
