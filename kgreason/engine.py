"""The façade: a graph, a trained model, and questions answered with evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Self

import numpy as np
import torch

import kg_data
from kgreason.config import RetrievalConfig
from kgreason.errors import CheckpointError, InputError
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.nn.batch import GraphBatch, Item
from kgreason.nn.confidence import confidence, label_set
from kgreason.nn.model import ReasoningModel
from kgreason.nn.state import Scores
from kgreason.records import Answer, Evidence, Mood, Option, Question, Subgraph, Triple
from kgreason.retrieval import Retriever
from kgreason.tasks import validate

__all__ = ["EKMAN", "ENTAILMENT", "SENTIMENT", "Reasoner", "find_checkpoint"]

ENTAILMENT = ("entailment", "neutral", "contradiction")
SENTIMENT = ("negative", "positive")
EKMAN = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
KEY_SENTENCES = 3


def find_checkpoint(name: str | Path) -> Path:
    """The folder of a checkpoint: a path, or the name of one that is shipped.

    Raises:
        CheckpointError: there is none of that name.
    """
    if Path(name).is_dir():
        return Path(name)
    shipped = kg_data.path("checkpoints")
    names = sorted(folder.name for folder in shipped.iterdir() if folder.is_dir()) if shipped.is_dir() else []
    if str(name) not in names:
        raise CheckpointError(f"no checkpoint {str(name)!r}", fix=f"Give a folder, or one of: {', '.join(names)}.")
    return shipped / str(name)


@dataclass(frozen=True, eq=False)
class _Read:
    """One question on its way: what was retrieved and how long it took."""

    question: Question
    subgraph: Subgraph | None
    add: tuple[Triple, ...]
    remove: tuple[Triple, ...]
    trace: dict[str, float]


class Reasoner:
    """Answers questions with a model and a graph.

    Args:
        model: a trained model.
        graph: the graph, or None for the text alone.
        config: of the retrieval.

    Example:
        >>> import kgreason as kr
        >>> reasoner = kr.Reasoner.from_pretrained("mini", graph="default")  # doctest: +SKIP
        >>> reasoner.ask("Where would you keep a penguin?", options=["zoo", "desert", "oven"]).choice  # doctest: +SKIP
        'zoo'
    """

    def __init__(
        self, model: ReasoningModel, graph: KnowledgeGraph | None, config: RetrievalConfig | None = None
    ) -> None:
        self.model = model.eval()
        self.graph = graph
        self._grounder = None if graph is None else Grounder(graph, config)
        self._retriever = None if graph is None else Retriever(graph, config)

    @classmethod
    def from_pretrained(
        cls, name: str | Path = "mini", graph: KnowledgeGraph | str | Path | None = "default", *, device: str = "auto"
    ) -> Self:
        """A reasoner from a checkpoint.

        Args:
            name: a checkpoint's folder or the name of a shipped one.
            graph: an open graph, a graph's folder, "default", or None (also "none") for the text alone.
            device: auto, cpu or cuda.

        Raises:
            CheckpointError: the checkpoint cannot be used; GraphImageError: the graph cannot.
        """
        if isinstance(graph, str | Path):
            graph = None if str(graph) == "none" else KnowledgeGraph.open(graph)
        return cls(ReasoningModel.from_pretrained(find_checkpoint(name), device=device), graph)

    def ask(
        self,
        question: str,
        options: Sequence[str],
        *,
        context: str | None = None,
        facts: Sequence[Triple] = (),
        add: Sequence[Triple] = (),
        remove: Sequence[Triple] = (),
        language: str = "en",
    ) -> Answer:
        """Choose among options.

        Args:
            question: at most 8 KiB.
            options: 2 to 64.
            context: a text to read with the question, at most 16 MiB.
            facts: triples that hold for this question.
            add: edges to answer as if they existed.
            remove: edges to answer as if they did not.
            language: of the question.

        Returns:
            Options ranked, with evidence for each.

        Raises:
            InputError: what is asked cannot be answered; says why.
        """
        if isinstance(options, str):
            raise InputError("options is one text", fix="Give a list of 2 to 64 texts.")
        asked = Question(question, tuple(options), context=context, facts=tuple(facts), language=language)
        return self.answer(asked, add=add, remove=remove)

    def entails(self, premise: str, hypothesis: str, *, language: str = "en") -> Answer:
        """Whether a premise entails a hypothesis; evidence runs from the premise's concepts to the hypothesis's.

        Raises:
            InputError: a text is empty or too long.
        """
        return self.answer(Question(premise, ENTAILMENT, task="entailment", hypothesis=hypothesis, language=language))

    def answer(self, question: Question, *, add: Sequence[Triple] = (), remove: Sequence[Triple] = ()) -> Answer:
        """Answer a question of the choice or entailment kind, or any with a label set.

        Raises:
            InputError: what is asked cannot be answered, has no options, or names an edge that is not there to remove.
        """
        if not validate(question).options:
            raise InputError("the question has no options", fix="Give 2 to 64 options.")
        read = self._read(question, tuple(add), tuple(remove))
        scores, batch = self._score([(read.question, read.subgraph)], read.trace)
        logits = scores.logits.numpy()
        probability = confidence(read.question, logits, self.model.settings.temperature)
        graph_score = (scores.logits - scores.text).numpy()
        evidence = self._evidence(read, batch, float(scores.gate[0]))
        ranked = sorted(range(len(logits)), key=lambda i: (-probability[i], i))
        options = tuple(
            Option(
                index=i,
                text=read.question.options[i],
                probability=float(probability[i]),
                score=float(logits[i]),
                text_score=float(scores.text[i]),
                graph_score=float(graph_score[i]),
                evidence=evidence[i],
            )
            for i in ranked
        )
        used, note = _graph_note(read, evidence)
        return Answer(
            choice=options[0].text,
            index=options[0].index,
            confidence=options[0].probability,
            options=options,
            evidence=options[0].evidence,
            graph_used=used,
            gate=float(scores.gate[0]),
            note=note,
            sentences=self._key_sentences(read.question, scores),
            trace=read.trace,
        )

    def emotion(self, text: str, *, language: str = "en") -> Mood:
        """Sentiment, emotions and affect of a text; evidence runs from its concepts to the emotion found.

        Raises:
            InputError: the text is empty or too long.
        """
        sentiment = self._read(validate(Question(text, SENTIMENT, task="emotion", language=language)), (), ())
        ekman = Question(text, EKMAN, task="emotion", multi_label=True, language=language)
        read = self._read(validate(ekman), (), ())
        read.trace.update({name: read.trace[name] + value for name, value in sentiment.trace.items()})
        items = [(sentiment.question, sentiment.subgraph), (ekman, read.subgraph)]
        scores, _ = self._score(items, read.trace)
        polarity = confidence(sentiment.question, scores.logits[:2].numpy(), self.model.settings.temperature)
        sure = confidence(ekman, scores.logits[2:].numpy(), self.model.settings.temperature)
        limit = self.model.settings.threshold.get(label_set(ekman), 0.5)
        order = np.argsort(-sure, kind="stable")
        evidence = self._evidence(read, None, 0.0)
        spoken = next((evidence[i] for i in order if EKMAN[i] != "neutral" and evidence[i].paths), Evidence())
        used, note = _graph_note(read, evidence)
        affect = None if scores.affect is None else scores.affect[0].tolist()
        return Mood(
            text=text,
            sentiment=SENTIMENT[int(polarity.argmax())],
            confidence=float(polarity.max()),
            categories={EKMAN[i]: float(sure[i]) for i in order},
            found=tuple(EKMAN[i] for i in order if sure[i] >= limit) or (EKMAN[order[0]],),
            vad=None if affect is None else (affect[0], affect[1], affect[2]),
            intensity=None if affect is None else affect[3],
            evidence=spoken,
            graph_used=used,
            note=note,
            trace=read.trace,
        )

    def _read(self, question: Question, add: tuple[Triple, ...], remove: tuple[Triple, ...]) -> _Read:
        trace: dict[str, float] = {"ground_ms": 0.0, "retrieve_ms": 0.0, "nodes": 0, "edges": 0}
        if self._grounder is None or self._retriever is None:
            if add or remove:
                raise InputError("edits were given, but there is no graph", fix="Open a graph, or leave them out.")
            return _Read(question, None, add, remove, trace)
        start = perf_counter()
        grounding = self._grounder.ground(question, add=add)
        grounded = perf_counter()
        subgraph = self._retriever.retrieve(grounding, add=add, remove=remove)
        trace["ground_ms"] = 1000 * (grounded - start)
        trace["retrieve_ms"] = 1000 * (perf_counter() - grounded)
        trace["nodes"], trace["edges"] = len(subgraph), subgraph.edge_index.shape[1]
        return _Read(question, subgraph, add, remove, trace)

    @torch.inference_mode()
    def _score(self, items: Sequence[Item], trace: dict[str, float]) -> tuple[Scores, GraphBatch]:
        start = perf_counter()
        batch = self.model.collator()(items).to(self.model.device)
        scores = Scores(*(None if part is None else part.cpu() for part in self.model(batch)))  # type: ignore[arg-type]  # parts keep their types
        trace["model_ms"] = 1000 * (perf_counter() - start)
        return scores, batch

    def _evidence(self, read: _Read, batch: GraphBatch | None, gate: float) -> list[Evidence]:
        """Best paths of every option (of the hypothesis, for each label of an entailment)."""
        options = len(read.question.options)
        if self._retriever is None or read.subgraph is None or not len(read.subgraph):
            return [Evidence()] * options
        start = perf_counter()
        weights = self._type_weights(read.subgraph, batch, gate)
        pair = read.question.task == "entailment"
        found = []
        for i in range(1 if pair else options):
            paths = self._retriever.paths(
                read.subgraph, i, weights.get(i, {}) if weights else None, add=read.add, remove=read.remove
            )
            # without weights the graph speaks, but adds nothing to the score
            found.append(Evidence(paths if weights else tuple(replace(path, contribution=0.0) for path in paths)))
        read.trace["evidence_ms"] = 1000 * (perf_counter() - start)
        return found * options if pair else found

    @torch.inference_mode()
    def _type_weights(
        self, subgraph: Subgraph, batch: GraphBatch | None, gate: float
    ) -> dict[int, Mapping[tuple[int, int], float]]:
        """What each path type adds to each option's score, by the codes of the subgraph."""
        knowledge = self.model.knowledge
        if batch is None or gate == 0.0 or knowledge is None or knowledge.counter is None:
            return {}
        value = gate * knowledge.counter(batch, self.model.relations).value.cpu().numpy()
        found: dict[int, dict[tuple[int, int], float]] = {}
        for option, (first, second), added in zip(
            subgraph.path_option.tolist(), subgraph.path_type.tolist(), value.tolist(), strict=True
        ):
            found.setdefault(option, {})[first, second] = added
        return dict(found)

    def _key_sentences(self, question: Question, scores: Scores) -> tuple[tuple[str, float], ...]:
        if not question.context or scores.sentence is None:
            return ()
        chunks = self.model.collator().chunks(question.context)
        weights = scores.sentence[1 : 1 + len(chunks)].tolist()
        order = sorted(range(len(chunks)), key=lambda i: -weights[i])[:KEY_SENTENCES]
        return tuple((chunks[i], weights[i]) for i in order)


def _graph_note(read: _Read, evidence: Sequence[Evidence]) -> tuple[bool, str]:
    """Whether the graph had a say, and if not, why."""
    if read.subgraph is None:
        return False, "answered without a graph"
    if not len(read.subgraph):
        return False, "the graph gave nothing: it knows no concept of the question or its options"
    if not len(read.subgraph.path_option):
        return False, "the graph gave nothing: no path of two steps joins the question to an option"
    if not any(found.paths for found in evidence):
        return True, "the graph's paths speak for none of the options"
    return True, ""
