"""The façade: a graph, a trained model, and questions answered with evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from kgreason.asking import BaseReasoner, Request, attempt, chosen, sentiment_of
from kgreason.audit import AuditLog
from kgreason.config import RetrievalConfig
from kgreason.errors import CheckpointError, InputError, KGReasonError
from kgreason.explain import Explanation, explain
from kgreason.front import Read
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Rules
from kgreason.grounding.unknown import Meaning
from kgreason.nn import evidence
from kgreason.nn.confidence import OPEN_THRESHOLD
from kgreason.nn.key_sentences import key_sentences
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import rank_nodes
from kgreason.nn.weights import find_checkpoint
from kgreason.records import Answer, Mood, Option, Question, Triple
from kgreason.stages import Stages, on_cpu

__all__ = ["Reasoner", "shipped_for"]

KEY_SENTENCES = 3
BEST_ANSWERS = 10
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


class Reasoner(BaseReasoner):
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

    model: ReasoningModel
    stages: Stages

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
        self.model = model.eval()
        self.graph = graph
        self.stages = Stages(graph, config, index, stated, rules, tuple(hidden), model=self.model)
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

    def over(self, graph: KnowledgeGraph | None, *, hidden: Sequence[Triple] = ()) -> Self:
        """The same model over another graph; what else it was given is as it is by default."""
        return type(self)(self.model, graph, hidden=hidden)

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
        """Answer several questions, as :meth:`kgreason.asking.BaseReasoner.answers` says.

        Args:
            requests: the questions.
            audited: whether the audit log, if there is one, gets lines.

        Returns:
            The answer of each request, or what was wrong with it.
        """
        found = super().answers(requests)
        if not audited or self._audit is None:
            return found
        return [
            answer if isinstance(answer, KGReasonError) else attempt(self._logged, self._audit, request, answer)
            for request, answer in zip(requests, found, strict=True)
        ]

    def _logged(self, audit: AuditLog, request: Request, answer: Answer) -> Answer:
        audit.answered(request.question, answer, edits=len(request.add) + len(request.remove))
        return answer

    def _scored(self, reads: Sequence[Read]) -> list[evidence.Reading]:
        return self.stages.readings(reads)

    def _told(self, read: Read, said: evidence.Reading) -> Answer:
        return (self._open_answer if read.question.task == "open" else self._chosen)(read, said)

    def _chosen(self, read: Read, reading: evidence.Reading) -> Answer:
        scores = on_cpu(reading.scores)
        return chosen(
            read,
            scores.logits.numpy(),
            scores.text.numpy(),
            float(scores.gate[0]),
            self.stages.evidence(read, reading, range(len(scores.logits))),
            self.model.settings.temperature,
            sentences=key_sentences(self.model, read.question, scores.sentence, KEY_SENTENCES),
        )

    def _check(self, question: Question) -> None:
        if question.task != "open":
            return
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

    def emotion(self, text: str, *, language: str | None = None) -> Mood:
        """As every reasoner does, and with a line in the audit log, if there is one.

        Raises:
            InputError: the text is empty or too long.
            StorageError: the audit log cannot be written.
        """
        mood = super().emotion(text, language=language)
        if self._audit is not None:
            self._audit.felt(sentiment_of(text, language), mood)
        return mood

    def _judged(
        self, reads: Sequence[Read], trace: dict[str, float]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
        scores = self.stages.score(reads, trace)
        return scores.logits.numpy(), None if scores.affect is None else scores.affect.numpy()
