"""How reasoners are asked, whatever their model runs on: questions, label sets, and what all of them do alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError, KGReasonError
from kgreason.front import Front, Read
from kgreason.graph import KnowledgeGraph
from kgreason.graph.valence import ONE as VALENCE_ONE
from kgreason.language import called, detect
from kgreason.language.sentences import sentences
from kgreason.metrics import turning_point
from kgreason.nn.confidence import confidence
from kgreason.records import Answer, ConceptMood, Evidence, KeySentence, Mood, Option, Question, Subgraph, Task, Triple
from kgreason.tasks import validate
from kgreason.tasks.entailment import THREE_WAY

__all__ = [
    "EKMAN",
    "SENTIMENT",
    "BaseReasoner",
    "Calibration",
    "Model",
    "Request",
    "attempt",
    "chosen",
    "sentiment_of",
    "together",
]

SENTIMENT = ("negative", "positive")
EKMAN = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
#: Characters of questions and options that are scored in one step.
STEP_CHARACTERS = 20_000
#: Valence times confidence at which a concept is not worth telling.
WEAK = 0.05


@dataclass(frozen=True, eq=False)
class Request:
    """One of several questions that are answered together.

    Args:
        question: the question.
        add: edges that hold for this question, too.
        remove: edges that do not hold for it.
        check: called before each stage; an error that it raises ends this request and no other.
    """

    question: Question
    add: tuple[Triple, ...] = ()
    remove: tuple[Triple, ...] = ()
    check: Callable[[], None] = lambda: None


class Calibration(Protocol):
    """What of a model's settings makes answers of its scores; see :class:`kgreason.nn.model.ModelConfig`."""

    @property
    def temperature(self) -> Mapping[str, float]:
        """Per task."""

    @property
    def threshold(self) -> Mapping[str, float]:
        """Per label set."""

    @property
    def valence(self) -> bool:
        """Whether the valence of concepts is read."""


class Model(Protocol):
    """What every reasoner's model has."""

    @property
    def settings(self) -> Calibration:
        """Of the model."""

    def forget_relations(self, most: int) -> None:
        """Lets go of relation names where so many were met."""


class BaseReasoner(ABC):
    """What can be asked of every reasoner, whether torch or something else runs its model."""

    #: Parts of a question that it refuses: "open" (a question without options) and "context".
    lacks: frozenset[str] = frozenset()
    graph: KnowledgeGraph | None
    model: Model
    stages: Front

    @abstractmethod
    def over(self, graph: KnowledgeGraph | None, *, hidden: Sequence[Triple] = ()) -> Self:
        """The same model over another graph.

        Args:
            graph: the graph, or None for the text alone.
            hidden: edges of it that no question reads.
        """

    @abstractmethod
    def _check(self, question: Question) -> None:
        """Raises InputError where the reasoner does not answer such questions; all others are valid."""

    @abstractmethod
    def _scored(self, reads: Sequence[Read]) -> Sequence[Any]:
        """What one step of the model says of each question, as :meth:`_told` takes it."""

    @abstractmethod
    def _told(self, read: Read, said: Any) -> Answer:
        """The answer to a question, from what a step said of it."""

    @abstractmethod
    def _judged(
        self, reads: Sequence[Read], trace: dict[str, float]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
        """Scores of all options, and affect of each question. Shapes: [o], [b, 4] or None."""

    def ask(
        self,
        question: str,
        options: Sequence[str] = (),
        *,
        context: str | None = None,
        facts: Sequence[Triple] = (),
        add: Sequence[Triple] = (),
        remove: Sequence[Triple] = (),
        language: str | None = None,
    ) -> Answer:
        """Choose among options, or name the answers that the graph holds.

        Args:
            question: at most 8 KiB.
            options: 2 to 64; none for an open question, whose answers are concepts of the graph.
            context: a text to read with the question, at most 16 MiB.
            facts: triples that hold for this question; without a graph they are the graph.
            add: edges to answer as if they existed.
            remove: edges to answer as if they did not.
            language: of the question; by default found from its script.

        Returns:
            Options ranked, with evidence for each. Of an open question the options are the likeliest concepts,
            ``answers`` all that are judged right, and ``abstained`` says that the graph is thought to hold none.

        Raises:
            InputError: what is asked cannot be answered; says why.
        """
        if isinstance(options, str):
            raise InputError("options is one text", fix="Give a list of 2 to 64 texts.")
        task: Task = "choice" if options else "open"
        told = language or detect(question)
        asked = Question(question, tuple(options), task, context=context, facts=tuple(facts), language=told)
        return self.answer(asked, add=add, remove=remove)

    def entails(self, premise: str, hypothesis: str, *, language: str | None = None) -> Answer:
        """Whether a premise entails a hypothesis; evidence runs from the premise's concepts to the hypothesis's.

        Raises:
            InputError: a text is empty or too long.
        """
        told = language or detect(premise)
        return self.answer(Question(premise, THREE_WAY, task="entailment", hypothesis=hypothesis, language=told))

    def answer(self, question: Question, *, add: Sequence[Triple] = (), remove: Sequence[Triple] = ()) -> Answer:
        """Answer a question of any kind: among its options, or an open one by the graph's concepts.

        Args:
            question: the question.
            add: edges that hold for this question, too.
            remove: edges that do not hold for it.

        Raises:
            InputError: what is asked cannot be answered, or names an edge that is not there to remove.
        """
        (found,) = self.answers([Request(question, tuple(add), tuple(remove))])
        if isinstance(found, KGReasonError):
            raise found
        return found

    def answers(self, requests: Sequence[Request]) -> list[Answer | KGReasonError]:
        """Answer several questions, each as :meth:`answer` does, in as few steps of the model as there can be.

        Questions with options and without a context are scored together; of the others each is large by itself.

        Args:
            requests: the questions.

        Returns:
            The answer of each request, or what was wrong with it.
        """
        reads = {i: attempt(self._begin, request) for i, request in enumerate(requests)}
        found: dict[int, Answer | KGReasonError] = {i: e for i, e in reads.items() if isinstance(e, KGReasonError)}
        begun = {i: read for i, read in reads.items() if isinstance(read, Read)}
        for rows in together(begun):
            late = {i: error for i in rows if (error := attempt(requests[i].check)) is not None}
            found |= late
            rows = [i for i in rows if i not in late]
            if rows:
                for i, said in zip(rows, self._scored([begun[i] for i in rows]), strict=True):
                    found[i] = attempt(self._ended, requests[i], begun[i], said)
        return [found[i] for i in range(len(requests))]

    def _begin(self, request: Request) -> Read:
        request.check()
        question = self.stages.with_stated(validate(request.question), request.add, request.remove)
        if question.task == "emotion" and not question.options:
            raise InputError("the text has no labels to choose from", fix="Give labels as options, or use emotion().")
        self._check(question)
        return self.stages.read(question, request.add, request.remove)

    def _ended(self, request: Request, read: Read, said: Any) -> Answer:
        request.check()
        return self._told(read, said)

    def subgraph(
        self, question: Question, *, add: Sequence[Triple] = (), remove: Sequence[Triple] = ()
    ) -> Subgraph | None:
        """What is read of the graph for a question; None without a graph.

        Raises:
            InputError: ``remove`` names an edge that is not there.
        """
        return self.stages.read(self.stages.with_stated(question, add, remove), tuple(add), tuple(remove)).subgraph

    def emotion(self, text: str, *, language: str | None = None) -> Mood:
        """Sentiment, emotions and affect of a text; evidence runs from its concepts to the emotion found.

        Args:
            text: any text.
            language: of the text, in which its labels are too; by default found from its script.

        Raises:
            InputError: the text is empty or too long.
        """
        asked = sentiment_of(text, language)
        sides, feelings = asked.options, called(EKMAN, asked.language)
        parts = sentences(text)
        several = replace(asked, options=feelings, multi_label=True)
        alone = [replace(asked, text=part) for part in parts] if len(parts) > 1 else []
        reads = [self.stages.read(validate(question)) for question in (asked, several, *alone)]
        read = reads[1]
        paths = self.stages.connections(read, range(len(EKMAN)))
        read.trace.update({name: sum(each.trace.get(name, 0.0) for each in reads) for name in read.trace})
        logits, affect = self._judged(reads, read.trace)
        settings = self.model.settings
        ends = np.cumsum([len(each.question.options) for each in reads])[:-1]
        judged = zip(reads, np.split(logits, ends), strict=True)
        polarity, sure, *each = (confidence(r.question, part, settings.temperature) for r, part in judged)
        positive = [float(probability[1]) for probability in each]
        limit = settings.threshold.get("|".join(EKMAN), 0.5)  # the labels mean the same in any language
        order = np.argsort(-sure, kind="stable")
        spoken = next((paths[i] for i in order if EKMAN[i] != "neutral" and paths[i].paths), Evidence())
        used, note = _graph_note(read, paths)
        concepts = _concept_moods(read.subgraph) if settings.valence and read.subgraph is not None else ()
        felt: list[Any] | None = None if affect is None else affect[0].tolist()
        return Mood(
            text=text,
            sentiment=sides[int(polarity.argmax())],
            confidence=float(polarity.max()),
            categories={feelings[i]: float(sure[i]) for i in order},
            found=tuple(feelings[i] for i in order if sure[i] >= limit) or (feelings[order[0]],),
            vad=None if felt is None else (felt[0], felt[1], felt[2]),
            intensity=None if felt is None else felt[3],
            concepts=concepts,
            sentences=tuple(zip(parts, positive, strict=True)) if positive else (),
            shift=turning_point(positive),
            evidence=spoken,
            graph_used=used or bool(concepts),
            note="" if concepts else note,
            trace=read.trace,
        )


def sentiment_of(text: str, language: str | None = None) -> Question:
    """The question for the sentiment of a text, in its language."""
    told = language or detect(text)
    return Question(text, called(SENTIMENT, told), task="emotion", language=told)


_P = ParamSpec("_P")
_T = TypeVar("_T")


def attempt(step: Callable[_P, _T], *given: _P.args, **named: _P.kwargs) -> _T | KGReasonError:
    """What a step gives, or what was wrong."""
    try:
        return step(*given, **named)
    except KGReasonError as error:
        return error


def together(reads: Mapping[int, Read]) -> Iterator[list[int]]:
    """Which questions are scored in one step: small ones together, so that no step takes long."""
    small: list[int] = []
    size = 0
    for i, question in ((i, read.question) for i, read in reads.items()):
        if not question.options or question.context is not None:
            yield [i]
            continue
        length = sum(map(len, (question.text, question.hypothesis or "", *question.options)))
        if small and size + length > STEP_CHARACTERS:
            yield small
            small, size = [], 0
        small.append(i)
        size += length
    yield small


def chosen(
    read: Read,
    logits: npt.NDArray[np.float32],
    text: npt.NDArray[np.float32],
    gate: float,
    evidence: Sequence[Evidence],
    temperature: Mapping[str, float],
    *,
    note: str = "",
    sentences: tuple[KeySentence, ...] = (),
) -> Answer:
    """The answer to a closed question.

    Args:
        read: the question.
        logits: its options' scores.
        text: what the text alone says of them.
        gate: how far the graph counts.
        evidence: of each option.
        temperature: per task.
        note: what is said of the answer where the graph had a say.
        sentences: of its context, those that were read most.

    Shapes:
        logits [o], text [o].
    """
    probability = confidence(read.question, logits, temperature)
    options = tuple(
        Option(
            index=i,
            text=read.question.options[i],
            probability=float(probability[i]),
            score=float(logits[i]),
            text_score=float(text[i]),
            graph_score=float(logits[i] - text[i]),
            evidence=evidence[i],
        )
        for i in np.argsort(-probability, kind="stable").tolist()
    )
    used, why = _graph_note(read, evidence)
    return Answer(
        choice=options[0].text,
        index=options[0].index,
        confidence=options[0].probability,
        options=options,
        evidence=options[0].evidence,
        graph_used=used,
        gate=gate,
        note=why or note,
        sentences=sentences,
        trace=read.trace,
    )


def _graph_note(read: Read, evidence: Sequence[Evidence]) -> tuple[bool, str]:
    """Whether the graph had a say, and if not, why."""
    if read.question.proofs:
        return True, ""
    if read.subgraph is None:
        return False, "answered without a graph"
    if not len(read.subgraph):
        return False, "the graph gave nothing: it knows no concept of the question or its options"
    if not len(read.subgraph.path_option):
        return False, "the graph gave nothing: no path of two steps joins the question to an option"
    if not any(found.paths for found in evidence):
        return True, "the graph's paths speak for none of the options"
    return True, ""


def _concept_moods(subgraph: Subgraph) -> tuple[ConceptMood, ...]:
    """Of every mention its concept with the strongest valence, surest and strongest first; weak ones are left out."""
    best: dict[int, ConceptMood] = {}
    mentions = subgraph.grounding.mentions
    for place, node in subgraph.mention_node.T.tolist():
        valence, confidence = (subgraph.valence[node] / VALENCE_ONE).round(3).tolist()
        found = ConceptMood(mentions[place].surface, subgraph.labels[node], valence, confidence)
        if mentions[place].option < 0 and _strength(found) > max(_strength(best.get(place)), WEAK):
            best[place] = found
    return tuple(sorted(best.values(), key=_strength, reverse=True))


def _strength(found: ConceptMood | None) -> float:
    return 0.0 if found is None else abs(found.valence) * found.confidence
