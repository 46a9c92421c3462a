"""Answers from an exported model: onnxruntime, numpy and a graph, no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kgreason import storage
from kgreason.errors import CheckpointError, InputError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.relations import RelationTable
from kgreason.grounding import with_stated
from kgreason.nn.confidence import confidence
from kgreason.nn.packing import Arrays, Item, Packer, RelationNames
from kgreason.records import Answer, Evidence, Option, Question, Subgraph
from kgreason.retrieval import Pairs
from kgreason.tasks import validate

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding

__all__ = ["CONFIG", "FORMAT", "REASON", "SCORES", "SETTINGS", "TEXT", "TOKENIZER", "ExportedModel", "ExportedReasoner"]

FORMAT = 1
CONFIG, TEXT, REASON, TOKENIZER = "config.json", "text.onnx", "reason.onnx", "tokenizer.json"
#: What is written of a model's settings, under the same names.
SETTINGS = ("base", "reading", "max_length", "knowledge", "temperature", "threshold")
#: What the second graph writes, of :class:`kgreason.nn.state.Scores`.
SCORES = ("logits", "text", "paths", "graph", "gate")
#: Texts that are run at once, of like length so that short ones carry little padding.
_CHUNK = 16
#: Relation names that are kept in mind; questions bring names of their own without end.
_RELATIONS = 2048

Floats = npt.NDArray[np.float32]


class ExportedModel:
    """The scores of an exported model.

    Args:
        folder: what :func:`kgreason.export.graphs.export_model` wrote.
        threads: of onnxruntime; 0 for as many as there are cores.

    Raises:
        CheckpointError: a file is missing or damaged, or of another format.
        InputError: onnxruntime is not installed.

    Example:
        >>> model = ExportedModel("mini-onnx")  # doctest: +SKIP
        >>> model.scores([(question, None)])["logits"]  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path, *, threads: int = 0) -> None:
        from tokenizers import Tokenizer

        folder = Path(folder)
        self.settings = _settings(folder)
        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # the library raises no other
            raise _unusable(folder / TOKENIZER, error) from error
        self.relations = RelationNames()
        self.packer = Packer(
            tokenizer,
            self.relations,
            reading=self.settings["reading"],
            max_length=self.settings["max_length"],
            padding=tokenizer.padding or {},
        )
        self._text, self._reason = (_session(folder / name, threads) for name in (TEXT, REASON))
        self._phrases: dict[str, tuple[Floats, Floats]] = {}

    def scores(self, items: Sequence[Item]) -> dict[str, Floats]:
        """Score questions with their subgraphs as one batch.

        Args:
            items: (question, subgraph or None).

        Returns:
            logits, text, paths, graph [o] and gate [b], as :class:`kgreason.nn.state.Scores` has them.

        Raises:
            InputError: an open question, one with a context, or one with more nodes than the model was exported for.
        """
        knowledge = self.settings["knowledge"]
        for question, subgraph in items:
            _check(question, subgraph, knowledge["max_nodes"] if knowledge else None)
        batch = self.packer.pack(items)
        names = [self.relations.names[number] for number in batch["relation"]]
        batch["tokens"], batch["words"] = self._encode(batch)
        batch["relation_state"], batch["relation_words"] = self._relation_texts(names)
        relations = knowledge["relations"] if knowledge else ()
        batch["codes"] = np.array(self.relations.known(relations, batch["relation"].tolist()), np.int64)
        batch["slots"] = np.arange(max(_beginnings(subgraph) for _, subgraph in items))
        found = dict(zip(SCORES, self._run(self._reason, batch), strict=True))
        for name in self.relations.forget(_RELATIONS):
            self._phrases.pop(name, None)
        return found

    @staticmethod
    def _run(session: InferenceSession, arrays: Arrays) -> list[Floats]:
        found: list[Floats] = session.run(None, {each.name: arrays[each.name] for each in session.get_inputs()})
        return found

    def _encode(self, batch: Arrays) -> tuple[Floats, Floats]:
        """States and word embeddings of distinct texts, padding positions 0. Shapes: [t, l, d], [t, l, w]."""
        lengths = batch["attention_mask"].sum(1)
        order = np.argsort(lengths, kind="stable")
        rows, parts = [], []
        for start in range(0, len(order), _CHUNK):
            row = order[start : start + _CHUNK]
            width = int(lengths[row[-1]])
            texts = {name: batch[name][row, :width] for name in ("input_ids", "attention_mask", "token_type_ids")}
            rows.append(row)
            parts.append(self._run(self._text, texts))
        states, words = (np.zeros((*batch["input_ids"].shape, part.shape[-1]), np.float32) for part in parts[0])
        for row, (state, word) in zip(rows, parts, strict=True):
            states[row, : state.shape[1]], words[row, : word.shape[1]] = state, word
        return states, words

    def _relation_texts(self, names: Sequence[str]) -> tuple[Floats, Floats]:
        """Texts of relations, forward and backward, kept. Shapes: [2v, d], [2v, w]."""
        if new := [name for name in names if name not in self._phrases]:
            self._phrases.update(zip(new, self._read_relations(new), strict=True))
        d, w = (each.shape[-1] for each in self._text.get_outputs())
        states, words = zip(*(self._phrases[name] for name in names), strict=True) if names else ((), ())
        empty = np.zeros((0, d), np.float32), np.zeros((0, w), np.float32)
        return np.concatenate([empty[0], *states]), np.concatenate([empty[1], *words])

    def _read_relations(self, names: Sequence[str]) -> Iterator[tuple[Floats, Floats]]:
        """Mean states, and mean word embeddings without those of special tokens: the two rows of each name."""
        table = RelationTable.load()
        phrases = [phrase for name in names for phrase in (table[name].phrase, table[name].inverse)]
        encoded = self.packer.encode(phrases)
        texts = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        batch = {name: _column(encoded, of) for name, of in texts.items()}
        states, words = self._encode(batch)
        mask = batch["attention_mask"].astype(np.float32)
        own = mask * (1 - _column(encoded, "special_tokens_mask")).astype(np.float32)
        state = states.sum(1) / mask.sum(1, keepdims=True)
        word = np.einsum("tlw,tl->tw", words, own) / np.maximum(own.sum(1, keepdims=True), 1)
        return ((state[i : i + 2], word[i : i + 2]) for i in range(0, len(phrases), 2))


class ExportedReasoner:
    """Answers closed questions from an exported model and a graph; a :class:`kgreason.engine.Reasoner` without torch.

    It reads what texts state as the reasoner does. It gives no evidence, which needs the inside of K.

    Args:
        folder: what :func:`kgreason.export.graphs.export_model` wrote.
        graph: an open graph, a graph's folder, "default", or None (also "none"): then a question's own facts are it.
        threads: of onnxruntime; 0 for as many as there are cores.

    Raises:
        CheckpointError: the folder cannot be used; GraphImageError: the graph cannot.

    Example:
        >>> reasoner = ExportedReasoner("mini-onnx")  # doctest: +SKIP
        >>> asked = Question("Where would you find a penguin?", ("zoo", "desert", "oven"))  # doctest: +SKIP
        >>> reasoner.answer(asked).choice  # doctest: +SKIP
        'zoo'
    """

    def __init__(
        self, folder: str | Path, graph: KnowledgeGraph | str | Path | None = "default", *, threads: int = 0
    ) -> None:
        self.model = ExportedModel(folder, threads=threads)
        if isinstance(graph, str | Path):
            graph = None if str(graph) == "none" else KnowledgeGraph.open(graph)
        self.graph = graph
        self._pairs = Pairs([], graph)

    def answer(self, question: Question) -> Answer:
        """Answer a choice, an entailment or an emotion question.

        Raises:
            InputError: the question is open, has a context, or cannot be answered at all; says why.
        """
        question, subgraph = self._pairs.anew(with_stated(validate(question), None, add=(), remove=()))
        scores = self.model.scores([(question, subgraph)])
        probability = confidence(question, scores["logits"], self.model.settings["temperature"])
        order = np.argsort(-probability, kind="stable").tolist()
        graph = scores["logits"] - scores["text"]
        options = tuple(
            Option(
                index=i,
                text=question.options[i],
                probability=float(probability[i]),
                score=float(scores["logits"][i]),
                text_score=float(scores["text"][i]),
                graph_score=float(graph[i]),
                evidence=Evidence(),
            )
            for i in order
        )
        return Answer(
            choice=options[0].text,
            index=options[0].index,
            confidence=options[0].probability,
            options=options,
            graph_used=bool(graph.any()),
            gate=float(scores["gate"][0]),
            note="an exported model tells no evidence",
        )


def _settings(folder: Path) -> dict[str, Any]:
    """The settings of an export whose files are as they were written."""
    if not storage.is_directory(folder):
        raise CheckpointError(f"there is no folder {folder}", fix="Run: kgreason export MODEL -o FOLDER.")
    settings: dict[str, Any] = storage.read_json(folder / CONFIG)
    if (found := settings.get("format")) != FORMAT or not {"files", *SETTINGS} <= settings.keys():
        raise CheckpointError(f"{folder} has export format {found}, this kgreason reads {FORMAT}", fix="Export again.")
    for name in (TEXT, REASON, TOKENIZER):
        if storage.size(folder / name) is None or storage.digest(folder / name) != settings["files"].get(name):
            raise CheckpointError(f"{folder / name} is missing or damaged", fix="Export the model again.")
    return settings


def _session(path: Path, threads: int) -> InferenceSession:
    try:
        import onnxruntime
    except ImportError:
        raise InputError(
            "an exported model needs onnxruntime, which is not installed", fix="Run: pip install 'kgreason[export]'"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no class in common
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path} cannot be used: {str(error)[:200]}", fix="Export the model again.")


def _column(encoded: Sequence[Encoding], name: str) -> npt.NDArray[np.int64]:
    return np.array([getattr(each, name) for each in encoded], np.int64)


def _check(question: Question, subgraph: Subgraph | None, most: int | None) -> None:
    if question.task == "open" or question.context:
        kind = "an open question" if question.task == "open" else "a context"
        raise InputError(f"an exported model does not read {kind}", fix="Ask the model that it was exported from.")
    if most is not None and subgraph is not None and len(subgraph) > most:
        raise InputError(
            f"the question's evidence has {len(subgraph)} nodes, an exported model reads {most}",
            fix="Ask the model that it was exported from.",
        )


def _beginnings(subgraph: Subgraph | None) -> int:
    """Places at which mentions in the question begin: as many walkers it has at most, and one of what none names."""
    if subgraph is None:
        return 1
    return 1 + len({mention.start for mention in subgraph.grounding.mentions if mention.option < 0})
