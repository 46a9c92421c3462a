"""The façade: a graph, a trained model, and questions answered with evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec, Self, TypeVar

import numpy as np

from kgreason.audit import AuditLog
from kgreason.config import RetrievalConfig
from kgreason.errors import CheckpointError, InputError, KGReasonError
from kgreason.explain import Explanation, explain
from kgreason.graph import KnowledgeGraph
from kgreason.graph.valence import ONE as VALENCE_ONE
from kgreason.grounding import Rules
from kgreason.grounding.unknown import Meaning
from kgreason.language import called, detect
from kgreason.language.sentences import sentences
from kgreason.metrics import turning_point
from kgreason.nn import evidence
from kgreason.nn.confidence import OPEN_THRESHOLD, confidence
from kgreason.nn.key_sentences import key_sentences
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import rank_nodes
from kgreason.nn.weights import find_checkpoint
from kgreason.records import Answer, ConceptMood, Evidence, Mood, Option, Question, Subgraph, Task, Triple
from kgreason.stages import Read, Stages, on_cpu
from kgreason.tasks import validate

__all__ = ["EKMAN", "ENTAILMENT", "SENTIMENT", "Reasoner", "Request", "shipped_for"]

ENTAILMENT = ("entailment", "neutral", "contradiction")
SENTIMENT = ("negative", "positive")
EKMAN = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
KEY_SENTENCES = 3
BEST_ANSWERS = 10
#: Characters of questions and options that are scored in one step.
STEP_CHARACTERS = 20_000
#: Valence times confidence at which a concept is not worth telling.
WEAK = 0.05
_SHIPPED = {"en": "mini", "zh": "multilingual"}


def shipped_for(language: str) -> str:
    """The name of the shipped checkpoint that reads a language.

    Raises:
        CheckpointError: there is none.
    """
    if language not in _SHIPPED:
        raise CheckpointError(
            f"no shipped checkpoint reads the language {language!r}",
            fix="Train one, as tools/recipes/multilingual.toml does, and name its folder as the model.",
        )
    return _SHIPPED[language]


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


class Reasoner:
    """Answers questions with a model and a graph.

    Args:
        model: a trained model.
        graph: the graph, or None for the text alone.
        config: of the retrieval.
        index: of the graph, such as :class:`kgreason.nn.meaning.MeaningIndex`; with it, names that the graph does not
            know are linked by spelling and meaning.
        stated: whether edges that a question's texts state, and what follows from them, are read too.
        rules: what follows; the packaged rules if None.
        hidden: edges of the graph that no question reads, see :mod:`kgreason.graph.offensive`.
        audit: a file to which a line is added for every answer, see :mod:`kgreason.audit`.
        audit_text: whether such a line holds what was asked and answered.

    Example:
        >>> import kgreason as kr
        >>> reasoner = kr.Reasoner.from_pretrained("mini", graph="default")  # doctest: +SKIP
        >>> reasoner.ask("Where would you find a penguin?", options=["zoo", "desert", "oven"]).choice  # doctest: +SKIP
        'zoo'
    """

    def __init__(
        self,
        model: ReasoningModel,
        graph: KnowledgeGraph | None,
        config: RetrievalConfig | None = None,
        *,
        index: Meaning | None = None,
        stated: bool = True,
        rules: Rules | None = None,
        hidden: Sequence[Triple] = (),
        audit: str | Path | None = None,
        audit_text: bool = False,
    ) -> None:
        if index is not None and graph is None:
            raise InputError("an index was given, but there is no graph", fix="Open a graph, or leave it out.")
        self.model = model.eval()
        self.graph = graph
        self.stages = Stages(self.model, graph, config, index, stated, rules, tuple(hidden))
        self._audit = None if audit is None else AuditLog(audit, self.model, graph, text=audit_text)

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path = "mini",
        graph: KnowledgeGraph | str | Path | None = "default",
        *,
        index: Meaning | None = None,
        stated: bool = True,
        rules: Rules | None = None,
        hidden: Sequence[Triple] = (),
        audit: str | Path | None = None,
        audit_text: bool = False,
        device: str = "auto",
    ) -> Self:
        """A reasoner from a checkpoint.

        Args:
            name: a checkpoint's folder or the name of a shipped one.
            graph: an open graph, a graph's folder, "default", or None (also "none") for the text alone.
            index: of the graph, to link names that it does not know.
            stated: whether edges that texts state are read.
            rules: what follows from them; the packaged rules if None.
            hidden: edges of the graph that no question reads.
            audit: a file to which a line is added for every answer.
            audit_text: whether such a line holds what was asked and answered.
            device: auto, cpu or cuda.

        Raises:
            CheckpointError: the checkpoint cannot be used; GraphImageError: the graph cannot.
        """
        if isinstance(graph, str | Path):
            graph = None if str(graph) == "none" else KnowledgeGraph.open(graph)
        model = ReasoningModel.from_pretrained(find_checkpoint(name), device=device)
        return cls(
            model, graph, index=index, stated=stated, rules=rules, hidden=hidden, audit=audit, audit_text=audit_text
        )

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
        return self.answer(Question(premise, ENTAILMENT, task="entailment", hypothesis=hypothesis, language=told))

    def answer(
        self, question: Question, *, add: Sequence[Triple] = (), remove: Sequence[Triple] = (), audited: bool = True
    ) -> Answer:
        """Answer a question of any kind: among its options, or an open one by the graph's concepts.

        Args:
            question: the question.
            add: edges that hold for this question, too.
            remove: edges that do not hold for it.
            audited: whether the audit log, if there is one, gets a line.

        Raises:
            InputError: what is asked cannot be answered, or names an edge that is not there to remove.
            StorageError: the audit log cannot be written.
        """
        (found,) = self.answers([Request(question, tuple(add), tuple(remove))], audited=audited)
        if isinstance(found, KGReasonError):
            raise found
        return found

    def answers(self, requests: Sequence[Request], *, audited: bool = True) -> list[Answer | KGReasonError]:
        """Answer several questions, each as :meth:`answer` does, in as few steps of the model as there can be.

        Questions with options and without a context are scored together; of the others each is large by itself.

        Args:
            requests: the questions.
            audited: whether the audit log, if there is one, gets lines.

        Returns:
            The answer of each request, or what was wrong with it.
        """
        reads = {i: _attempt(self._begin, request) for i, request in enumerate(requests)}
        found: dict[int, Answer | KGReasonError] = {i: e for i, e in reads.items() if isinstance(e, KGReasonError)}
        begun = {i: read for i, read in reads.items() if isinstance(read, Read)}
        for rows in _together(begun):
            late = {i: error for i in rows if (error := _attempt(requests[i].check)) is not None}
            found |= late
            rows = [i for i in rows if i not in late]
            for i, reading in zip(rows, self.stages.readings([begun[i] for i in rows]), strict=True):
                found[i] = _attempt(self._told, requests[i], begun[i], reading, audited)
        return [found[i] for i in range(len(requests))]

    def _begin(self, request: Request) -> Read:
        request.check()
        question = self.stages.with_stated(validate(request.question), request.add, request.remove)
        if question.task == "open":
            self._check_open(question)
        return self.stages.read(question, request.add, request.remove)

    def _told(self, request: Request, read: Read, reading: evidence.Reading, audited: bool) -> Answer:
        request.check()
        answer = (self._open_answer if read.question.task == "open" else self._chosen)(read, reading)
        if audited and self._audit is not None:
            self._audit.answered(request.question, answer, edits=len(request.add) + len(request.remove))
        return answer

    def _chosen(self, read: Read, reading: evidence.Reading) -> Answer:
        scores = on_cpu(reading.scores)
        logits = scores.logits.numpy()
        probability = confidence(read.question, logits, self.model.settings.temperature)
        graph_score = (scores.logits - scores.text).numpy()
        found = self.stages.evidence(read, reading, range(len(logits)))
        ranked = sorted(range(len(logits)), key=lambda i: (-probability[i], i))
        options = tuple(
            Option(
                index=i,
                text=read.question.options[i],
                probability=float(probability[i]),
                score=float(logits[i]),
                text_score=float(scores.text[i]),
                graph_score=float(graph_score[i]),
                evidence=found[i],
            )
            for i in ranked
        )
        used, note = _graph_note(read, found)
        return Answer(
            choice=options[0].text,
            index=options[0].index,
            confidence=options[0].probability,
            options=options,
            evidence=options[0].evidence,
            graph_used=used,
            gate=float(scores.gate[0]),
            note=note,
            sentences=key_sentences(self.model, read.question, scores.sentence, KEY_SENTENCES),
            trace=read.trace,
        )

    def _check_open(self, question: Question) -> None:
        follower = None if self.model.knowledge is None else self.model.knowledge.follower
        if follower is None or (self.graph is None and not (question.facts or question.edges)):
            missing = "there is no graph" if follower is not None else "this model follows no paths"
            raise InputError(
                f"the question has no options, and {missing} to find answers in",
                fix="Give options, or a graph and a model whose K has a path follower.",
            )

    def _open_answer(self, read: Read, reading: evidence.Reading) -> Answer:
        ranked = rank_nodes(on_cpu(reading.scores), reading.batch)[0]
        if ranked is None or read.subgraph is None:
            note = "the graph gave nothing: it knows no concept of the question, or none near it"
            return Answer("", -1, 0.0, (), abstained=True, graph_used=False, note=note, trace=read.trace)
        probability = np.exp(ranked.log_p)
        limit = self.model.settings.threshold.get("open", OPEN_THRESHOLD)
        abstained = ranked.answerable < 0.5
        label = read.subgraph.labels
        best = ranked.node[:BEST_ANSWERS].tolist()
        options = tuple(
            Option(node, label[node], float(p), float(score), 0.0, float(score), paths)
            for node, p, score, paths in zip(
                best, probability, ranked.log_p, self.stages.evidence(read, reading, best), strict=False
            )
        )
        among = probability >= limit * probability[0]
        return Answer(
            choice=options[0].text,
            index=options[0].index,
            confidence=ranked.answerable * float(probability[among].sum()),
            options=options,
            evidence=options[0].evidence,
            abstained=abstained,
            answers=() if abstained else tuple(dict.fromkeys(label[int(node)] for node in ranked.node[among])),
            gate=1.0,
            note="the graph does not seem to hold an answer" if abstained else "",
            trace=read.trace,
        )

    def explain(
        self,
        question: Question | str,
        options: Sequence[str] = (),
        *,
        add: Sequence[Triple] = (),
        remove: Sequence[Triple] = (),
        against: str | None = None,
        limit: int = 64,
    ) -> Explanation:
        """Why this answer, why not another, and the smallest edit that turns it; see :func:`kgreason.explain.explain`.

        Raises:
            InputError: what is asked cannot be answered, or ``against`` is none of the other options.
        """
        return explain(self, question, options, add=add, remove=remove, against=against, limit=limit)

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
        language = language or detect(text)
        sides, feelings = called(SENTIMENT, language), called(EKMAN, language)
        parts = sentences(text)
        asked = Question(text, sides, task="emotion", language=language)
        several = replace(asked, options=feelings, multi_label=True)
        alone = [replace(asked, text=part) for part in parts] if len(parts) > 1 else []
        reads = [self.stages.read(validate(question)) for question in (asked, several, *alone)]
        read = reads[1]
        read.trace.update({name: sum(each.trace[name] for each in reads) for name in read.trace})
        scores = self.stages.score(reads, read.trace)
        ends = np.cumsum([len(each.question.options) for each in reads])[:-1]
        judged = zip(reads, np.split(scores.logits.numpy(), ends), strict=True)
        polarity, sure, *each = (confidence(r.question, part, self.model.settings.temperature) for r, part in judged)
        positive = [float(probability[1]) for probability in each]
        limit = self.model.settings.threshold.get("|".join(EKMAN), 0.5)  # the labels mean the same in any language
        order = np.argsort(-sure, kind="stable")
        paths = self.stages.evidence(read, None, range(len(EKMAN)))
        spoken = next((paths[i] for i in order if EKMAN[i] != "neutral" and paths[i].paths), Evidence())
        used, note = _graph_note(read, paths)
        concepts = _concept_moods(read.subgraph) if self.model.settings.valence and read.subgraph is not None else ()
        affect = None if scores.affect is None else scores.affect[0].tolist()
        mood = Mood(
            text=text,
            sentiment=sides[int(polarity.argmax())],
            confidence=float(polarity.max()),
            categories={feelings[i]: float(sure[i]) for i in order},
            found=tuple(feelings[i] for i in order if sure[i] >= limit) or (feelings[order[0]],),
            vad=None if affect is None else (affect[0], affect[1], affect[2]),
            intensity=None if affect is None else affect[3],
            concepts=concepts,
            sentences=tuple(zip(parts, positive, strict=True)) if positive else (),
            shift=turning_point(positive),
            evidence=spoken,
            graph_used=used or bool(concepts),
            note="" if concepts else note,
            trace=read.trace,
        )
        if self._audit is not None:
            self._audit.felt(asked, mood)
        return mood


_P = ParamSpec("_P")
_T = TypeVar("_T")


def _attempt(step: Callable[_P, _T], *given: _P.args, **named: _P.kwargs) -> _T | KGReasonError:
    """What a step gives, or what was wrong."""
    try:
        return step(*given, **named)
    except KGReasonError as error:
        return error


def _together(reads: Mapping[int, Read]) -> Iterator[list[int]]:
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
