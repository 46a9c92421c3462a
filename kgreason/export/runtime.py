"""Scores of an exported model: onnxruntime and numpy, no torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kgreason import storage
from kgreason.errors import CheckpointError, InputError, UnsupportedError
from kgreason.graph.relations import RelationTable
from kgreason.nn.packing import Arrays, Item, Packer, Reading, RelationNames
from kgreason.records import Question, Subgraph

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding

__all__ = [
    "CONFIG",
    "FORMAT",
    "REASON",
    "SCORES",
    "TEXT",
    "TOKENIZER",
    "ExportedModel",
    "Settings",
    "is_export",
]

FORMAT = 2
CONFIG, TEXT, REASON, TOKENIZER = "config.json", "text.onnx", "reason.onnx", "tokenizer.json"
#: What the second graph writes, of :class:`kgreason.nn.state.Scores`; affect where the model has E.
SCORES = ("logits", "text", "paths", "graph", "gate", "affect")
#: Texts that are run at once, of like length so that short ones carry little padding.
_CHUNK = 16
_INSTEAD = "Ask the model that it was exported from."

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Settings:
    """What is written of a model's settings, under the same names; see :class:`kgreason.nn.model.ModelConfig`."""

    base: str
    reading: Reading
    max_length: int
    knowledge: Mapping[str, Any] | None
    valence: bool
    temperature: Mapping[str, float]
    threshold: Mapping[str, float]


class ExportedModel:
    """The scores of an exported model.

    Args:
        folder: what :func:`kgreason.export.graphs.export_model` wrote.
        threads: of onnxruntime; 0 for OMP_NUM_THREADS, and without it for as many as there are cores.

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
            reading=self.settings.reading,
            max_length=self.settings.max_length,
            padding=tokenizer.padding or {},
        )
        self._text, self._reason = (_session(folder / name, threads) for name in (TEXT, REASON))
        self._phrases: dict[str, tuple[Floats, Floats]] = {}

    def scores(self, items: Sequence[Item]) -> dict[str, Floats]:
        """Score questions with their subgraphs as one batch.

        Args:
            items: (question, subgraph or None).

        Returns:
            logits, text, paths, graph [o], gate [b] and, where the model has E, affect [b, 4], as
            :class:`kgreason.nn.state.Scores` has them.

        Raises:
            UnsupportedError: what :meth:`check` refuses.
        """
        for item in items:
            self.check(*item)
        knowledge = self.settings.knowledge
        batch = self.packer.pack(items)
        names = [self.relations.names[number] for number in batch["relation"]]
        batch["tokens"], batch["words"] = self._encode(batch)
        batch["relation_state"], batch["relation_words"] = self._relation_texts(names)
        relations = knowledge["relations"] if knowledge else ()
        batch["codes"] = np.array(self.relations.known(relations, batch["relation"].tolist()), np.int64)
        batch["slots"] = np.arange(max(_beginnings(subgraph) for _, subgraph in items))
        written = (each.name for each in self._reason.get_outputs())
        return dict(zip(written, self._run(self._reason, batch), strict=True))

    def check(self, question: Question, subgraph: Subgraph | None = None) -> None:
        """Whether the model reads a question, and what was retrieved for it.

        Raises:
            UnsupportedError: an open question, one with a context, or one with more nodes than messages pass over.
        """
        if question.task == "open" or question.context:
            kind = "an open question" if question.task == "open" else "a context"
            raise UnsupportedError(f"an exported model does not read {kind}", fix=_INSTEAD)
        most = self.settings.knowledge["max_nodes"] if self.settings.knowledge else None
        if most is not None and subgraph is not None and len(subgraph) > most:
            raise UnsupportedError(
                f"the question's evidence has {len(subgraph)} nodes, an exported model reads {most}", fix=_INSTEAD
            )

    def forget_relations(self, most: int) -> None:
        """Where so many relation names were met, lets go of all but the eighth of them that was met first."""
        if len(self.relations) > most:
            for name in self.relations.forget(most // 8):
                self._phrases.pop(name, None)

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


def is_export(folder: str | Path) -> bool:
    """Whether a folder is, or once was, what :func:`kgreason.export.graphs.export_model` wrote."""
    return any(storage.size(Path(folder) / name) is not None for name in (TEXT, REASON))


def _settings(folder: Path) -> Settings:
    """The settings of an export whose files are as they were written."""
    if not storage.is_directory(folder):
        raise CheckpointError(f"there is no folder {folder}", fix="Run: kgreason export MODEL -o FOLDER.")
    values: dict[str, Any] = storage.read_json(folder / CONFIG)
    names = {each.name for each in fields(Settings)}
    if (found := values.get("format")) != FORMAT or not {"files", *names} <= values.keys():
        raise CheckpointError(f"{folder} has export format {found}, this kgreason reads {FORMAT}", fix="Export again.")
    for name in (TEXT, REASON, TOKENIZER):
        if storage.size(folder / name) is None or storage.digest(folder / name) != values["files"].get(name):
            raise CheckpointError(f"{folder / name} is missing or damaged", fix="Export the model again.")
    return Settings(**{name: values[name] for name in names})


def _session(path: Path, threads: int) -> InferenceSession:
    try:
        import onnxruntime
    except ImportError:
        raise InputError(
            "an exported model needs onnxruntime, which is not installed", fix="Run: pip install 'kgreason[export]'"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or int(os.environ.get("OMP_NUM_THREADS") or 0)
    options.log_severity_level = 3  # errors
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a waiting thread takes no core
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no class in common
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path} cannot be used: {str(error)[:200]}", fix="Export the model again.")


def _column(encoded: Sequence[Encoding], name: str) -> npt.NDArray[np.int64]:
    return np.array([getattr(each, name) for each in encoded], np.int64)


def _beginnings(subgraph: Subgraph | None) -> int:
    """Places at which mentions in the question begin: as many walkers it has at most, and one of what none names."""
    if subgraph is None:
        return 1
    return 1 + len({mention.start for mention in subgraph.grounding.mentions if mention.option < 0})
