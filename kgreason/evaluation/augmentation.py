"""Training samples made for a phenomenon, where they can be made so that their answers are sure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from random import Random
from typing import NamedTuple, cast, get_args

from kgreason.errors import InputError
from kgreason.evaluation.phenomena import LONG, phenomena
from kgreason.graph import KnowledgeGraph
from kgreason.language.negation import negated
from kgreason.language.sentences import sentences
from kgreason.records import Question, Task
from kgreason.tasks.needles import needles
from kgreason.tasks.quiz import KINDS, QuizConfig, make_quiz
from kgreason.tasks.stories import StoryKind, stories

__all__ = ["Form", "form", "label", "label_shares", "make"]

#: What becomes of a label where its hypothesis is denied, and pairs looked at for each that is made.
_DENIED, _TRIED = {"entailment": "contradiction", "contradiction": "entailment", "neutral": "neutral"}, 8
#: Steps of stories, how much longer than a long text a made one may be, and sentences that fill them.
_STEPS, _LONGER, _FILLER = (2, 3, 4, 5), 3, 5000

Maker = Callable[[], Iterable[Question]]


class Form(NamedTuple):
    """What samples have in common that teach the same: task, language, label set, and what they bring with them."""

    task: Task
    language: str
    labels: frozenset[str]
    facts: bool
    context: bool


def form(question: Question) -> Form:
    """The form of a sample; options that are no labels are its own and do not count.

    Example:
        >>> form(Question("Where?", ("zoo", "oven"), context="A long text."))
        Form(task='choice', language='en', labels=frozenset(), facts=False, context=True)
    """
    labels = question.options if question.task in ("entailment", "emotion") else ()
    return Form(question.task, question.language, frozenset(labels), bool(question.facts), question.context is not None)


def label(question: Question) -> str:
    """The right label of a sample that has one, else nothing."""
    return question.options[question.answer] if form(question).labels and question.answer is not None else ""


def label_shares(questions: Sequence[Question]) -> dict[str, float]:
    """How often each label is right.

    Example:
        >>> label_shares([Question("A joy.", ("bad", "good"), "emotion", answer=1)])
        {'good': 1.0}
    """
    return {name: count / len(questions) for name, count in Counter(map(label, questions)).items()}


def make(
    phenomenon: str,
    examples: Sequence[Question],
    pool: Sequence[Question],
    number: int,
    *,
    graph: KnowledgeGraph | None = None,
    seed: int = 0,
) -> tuple[list[Question], str]:
    """Samples that show a phenomenon, in the form of those given.

    A kind of quiz question, or as many hops, is asked of worlds drawn from the graph
    (:func:`kgreason.tasks.quiz.make_quiz`); a kind of story is told (:func:`kgreason.tasks.stories.stories`); a
    question about a long text gets one in which one sentence answers (:func:`kgreason.tasks.needles.needles`); a
    hypothesis is denied, which turns entailment into contradiction, and round. Nothing else is made, since its answer
    would not be sure.

    Args:
        phenomenon: one of :func:`kgreason.evaluation.phenomena.phenomena`.
        examples: samples of one form that show it; their labels are made as often as they have them.
        pool: training samples of its form, to be denied or to fill texts.
        number: how many at most.
        graph: that a quiz is made from.
        seed: of the drawing.

    Returns:
        The samples, all of which show the phenomenon, and in words how they were made, or why there are none.
    """
    how, maker = _maker(phenomenon, examples, pool, number, graph, seed)
    if maker is None:
        return [], f"nothing is made for {phenomenon}: {how}"
    try:
        found = [question for question in maker() if phenomenon in phenomena(question)]
    except InputError as error:
        return [], f"nothing is made for {phenomenon}: {error.message}"
    return found, how


def _maker(
    phenomenon: str,
    examples: Sequence[Question],
    pool: Sequence[Question],
    number: int,
    graph: KnowledgeGraph | None,
    seed: int,
) -> tuple[str, Maker | None]:
    """How samples are made, and what makes them; the reason instead where nothing does."""
    tag, _, value = phenomenon.partition(" ")
    of = form(examples[0])
    if of.language != "en":
        return "samples are made in English alone", None
    if phenomenon == "negation" and of.task == "entailment":
        return "hypotheses denied", lambda: _denied(pool, label_shares(examples), number, seed)
    if tag in ("kind", "hops") and value in KINDS and of.facts:
        if graph is None:
            return "a quiz needs a graph", None
        return "questions of a quiz", lambda: _quiz(tag, value, examples[0], number, graph, seed)
    if tag == "kind" and value in get_args(StoryKind) and of.context:
        told = stories(cast(StoryKind, value), number, steps=_STEPS, seed=seed)
        return "stories", lambda: (replace(story, extra={**story.extra, tag: value}) for story in told)
    if phenomenon == "long range" and of.task == "choice" and of.context:
        return "needles in long texts", lambda: needles(number, _filler(pool), words=(LONG, _LONGER * LONG), seed=seed)
    return "no way to make such samples is sure of their answers", None


def _denied(pool: Sequence[Question], wanted: Mapping[str, float], number: int, seed: int) -> Iterator[Question]:
    """Hypotheses denied, each label as often as wanted."""
    found: dict[str, list[Question]] = defaultdict(list)
    for question in Random(f"deny {seed}").sample(pool, min(len(pool), _TRIED * number)):
        turned = _DENIED.get(label(question), "")
        if turned in wanted and turned in question.options and "negation" not in phenomena(question):
            denied = negated(question.hypothesis or "")
            found[turned].append(replace(question, hypothesis=denied, answer=question.options.index(turned)))
    return chain.from_iterable(each[: int(number * wanted[name])] for name, each in found.items())


def _quiz(tag: str, kind: str, example: Question, number: int, graph: KnowledgeGraph, seed: int) -> Iterator[Question]:
    config = QuizConfig.to_train_on("open" if example.task == "open" else "choice")
    options = min(10, len(example.options)) or config.options
    made = make_quiz(graph, number, replace(config, kinds=(kind,), options=options), split="train", seed=seed)
    return (replace(question, extra={**question.extra, tag: kind}) for question in made)


def _filler(pool: Sequence[Question]) -> list[str]:
    texts = (question.context or question.text for question in pool if question.language == "en")
    return list(islice(chain.from_iterable(map(sentences, texts)), _FILLER))
