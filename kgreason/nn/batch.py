"""Packed batches: texts padded once each, everything else ragged and flat.

A batch is a frozen dataclass of tensors; toward the Hugging Face Trainer it is a mapping whose first entry is
``labels``. Indices count within the batch: b questions, o options, s sequences, t distinct texts, l tokens, n nodes,
e directed edges, r relation codes, p (option, node) pairs, c path counts, q (question, relation code) pairs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal, Self, get_args

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree

from kgreason.graph.valence import ONE as VALENCE_ONE
from kgreason.language.sentences import sentence_spans
from kgreason.records import Question, Subgraph, Task

__all__ = ["LABELS", "TASKS", "Collator", "GraphBatch", "Item", "Reading", "RelationNames"]

Reading = Literal["separate", "joint", "summed"]
Item = tuple[Question, Subgraph | None]
TASKS: tuple[Task, ...] = get_args(Task)
#: Options of an entailment.
LABELS = ("entailment", "neutral", "contradiction", "not_entailment")
VECTOR_WIDTH = 128


@dataclass(frozen=True, eq=False)
class GraphBatch:
    """All tensors of a batch.

    Shapes:
        labels [b] int64 (−100: none), target [o] float (multi-label truth, NaN: none), vad [b, 3] (NaN: none),
        input_ids, attention_mask, token_type_ids [t, l]; sequence_text [s] (row of its text), sequence_question [s],
        sequence_option [s] (−1: the question's own), sequence_joint [s] bool (text holds question and option);
        option_question [o], option_label [o] (index into LABELS, −1: none of them), option_proof [o] (weight of what
        settles the option, 0 without); question_task [b] (index into TASKS), multi_label [b] bool,
        question_given [b] bool (its graph holds facts of its own), question_code [2, q] (question, relation
        code that its graph knows); node_question [n], node_role [n] (bits: 1 question, 2 option), node_vector [n, 128]
        int8 (unit vectors times 127), node_prior [n], node_relevance [n], node_gold [n] bool (right answer of an open
        question), node_valence [n, 2] (valence in −1..1 and confidence in 0..1; 0 unless the task is emotion),
        node_rare [n] bool (the question's own text calls it by tokens that join: a word that the tokenizer has to cut
        in pieces or, where words are not set apart, any of several tokens);
        edge_index [2, e] (source, target), edge_relation [e], edge_weight [e];
        option_node [2, p] (option, node); token_node [3, k] (sequence, token, node: the token stands in a mention of
        the node); path_option [c], path_type [c, 2] (relation codes, second −1 for one step), path_value [c] ≥ 0;
        relation [v] (the batch's relations by their number in the model's :class:`RelationNames`, in the order of
        their names), relation_state [r, d] and relation_words [r, w] (text states and mean word embeddings of the
        relation codes; written by the model before M runs).

    A relation code is ``2·v`` for the batch's relation v walked forward, ``2·v + 1`` for the same walked backward.
    Every edge is present in both directions, so messages need no mirrored copy.
    """

    labels: Tensor
    target: Tensor
    vad: Tensor
    input_ids: Tensor
    attention_mask: Tensor
    token_type_ids: Tensor
    sequence_text: Tensor
    sequence_question: Tensor
    sequence_option: Tensor
    sequence_joint: Tensor
    option_question: Tensor
    option_label: Tensor
    option_proof: Tensor
    question_task: Tensor
    multi_label: Tensor
    question_given: Tensor
    question_code: Tensor
    node_question: Tensor
    node_role: Tensor
    node_vector: Tensor
    node_prior: Tensor
    node_relevance: Tensor
    node_gold: Tensor
    node_valence: Tensor
    node_rare: Tensor
    edge_index: Tensor
    edge_relation: Tensor
    edge_weight: Tensor
    option_node: Tensor
    token_node: Tensor
    path_option: Tensor
    path_type: Tensor
    path_value: Tensor
    relation: Tensor
    relation_state: Tensor
    relation_words: Tensor = field(default_factory=lambda: torch.zeros(0, 0))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Tensor]) -> Self:
        """From the mapping that the Trainer hands to ``forward``."""
        return cls(**values)

    def to_mapping(self) -> dict[str, Tensor]:
        """As a mapping whose first entry is ``labels``."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def to(self, device: torch.device | str) -> Self:
        """The batch on another device."""
        return type(self)(**{name: tensor.to(device) for name, tensor in self.to_mapping().items()})

    def question(self, b: int) -> Self:
        """One question of the batch as a batch; texts and relations stay those of all."""
        own = {name: getattr(self, name)[b : b + 1] for name in _OF_QUESTIONS}
        (s, first_s), (o, first_o), (n, first_n) = (_rows(index, b) for index in (
            self.sequence_question, self.option_question, self.node_question))  # fmt: skip
        own |= {name: getattr(self, name)[s] for name in ("sequence_text", "sequence_joint")}
        own |= {name: getattr(self, name)[o] for name in ("target", "option_label", "option_proof")}
        own |= {each.name: getattr(self, each.name)[n] for each in fields(self) if each.name.startswith("node_")}
        own["node_question"] = torch.zeros_like(own["node_question"])
        e, p, c = (self.node_question[self.edge_index[0]] == b, self.option_question[self.option_node[0]] == b,
                   self.option_question[self.path_option] == b)  # fmt: skip
        own |= {name: getattr(self, name)[e] for name in ("edge_relation", "edge_weight")}
        own |= {name: getattr(self, name)[c] for name in ("path_type", "path_value")}
        option = self.sequence_option[s]
        token = self.token_node[:, self.sequence_question[self.token_node[0]] == b]
        return replace(
            self,
            **own,
            sequence_question=torch.zeros_like(option),
            sequence_option=torch.where(option < 0, option, option - first_o),
            option_question=torch.zeros_like(self.option_question[o]),
            question_code=self.question_code[:, self.question_code[0] == b] * self.question_code.new_tensor([[0], [1]]),
            edge_index=self.edge_index[:, e] - first_n,
            option_node=self.option_node[:, p] - self.option_node.new_tensor([[first_o], [first_n]]),
            token_node=token - token.new_tensor([[first_s], [0], [first_n]]),
            path_option=self.path_option[c] - first_o,
        )

    def with_relations(self, state: Tensor, words: Tensor | None = None) -> Self:
        """The batch with its relation texts written."""
        return replace(self, relation_state=state, relation_words=self.relation_words if words is None else words)

    @property
    def num_questions(self) -> int:
        """b."""
        return len(self.labels)

    @property
    def num_options(self) -> int:
        """o."""
        return len(self.option_question)

    @cached_property
    def asking(self) -> Tensor:
        """The sequence of each question itself, before those of its context. Shape: [b]."""
        own = (self.sequence_option < 0).nonzero().squeeze(1)
        last = torch.full((self.num_questions,), len(self.sequence_option), device=own.device)
        return last.scatter_reduce(0, self.sequence_question[own], own, "amin")

    @property
    def has_contexts(self) -> bool:
        """Whether a question brings one."""
        return int((self.sequence_option < 0).sum()) > self.num_questions

    @property
    def num_nodes(self) -> int:
        """n."""
        return len(self.node_question)


_OF_QUESTIONS = ("labels", "vad", "question_task", "multi_label", "question_given")


def _rows(question: Tensor, b: int) -> tuple[slice, int]:
    """Rows of a question, of ascending numbers of questions, and the first of them."""
    first, end = torch.searchsorted(question, torch.tensor([b, b + 1], device=question.device)).tolist()
    return slice(first, end), first


_pytree.register_dataclass(GraphBatch, field_names=[f.name for f in fields(GraphBatch)], drop_field_names=[])


class RelationNames:
    """Relation names met so far, in order: what connects the numbers in a batch with texts."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names: list[str] = list(names)
        self._index = {name: i for i, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """The number of a relation, new names at the end."""
        if (found := self._index.get(name)) is not None:
            return found
        self._index[name] = len(self.names)
        self.names.append(name)
        return self._index[name]

    def forget(self, keep: int) -> list[str]:
        """Leaves the names met first, and gives the others; what they were met in changes nothing afterwards."""
        gone, self.names = self.names[keep:], self.names[:keep]
        self._index = {name: i for i, name in enumerate(self.names)}
        return gone

    def of(self, batch: GraphBatch) -> list[str]:
        """Names of a batch's relations, in the order of its codes."""
        return [self.names[number] for number in batch.relation.tolist()]

    def codes(self, relations: Sequence[str]) -> np.ndarray:
        """Codes ``2·v`` and ``2·v + 1`` of a subgraph's codes: R forward ones, then R backward. Shape: [2R]."""
        base = 2 * np.array([self.index(name) for name in relations], dtype=np.int64)
        return np.concatenate([base, base + 1])


class Collator:
    """Turns (question, subgraph) pairs into a :class:`GraphBatch`.

    Args:
        tokenizer: a fast Hugging Face tokenizer.
        relations: the model's relation names; grows as subgraphs bring new ones.
        reading: separate (question and option apart), joint (each option with the question) or summed (both).
        max_length: tokens a sequence; a sentence of a context that is longer is cut.
    """

    def __init__(
        self,
        tokenizer: Any,
        relations: RelationNames,
        *,
        reading: Reading = "separate",
        max_length: int = 128,
    ) -> None:
        self.tokenizer = tokenizer
        self.relations = relations
        self.reading = reading
        self.max_length = max_length
        self.longest = max_length - tokenizer.num_special_tokens_to_add()

    def __call__(self, items: Sequence[Item]) -> GraphBatch:
        """Collate; one item is one question with its subgraph, or None without a graph."""
        questions = [question for question, _ in items]
        texts = self._texts(questions)
        graph = _pack_graphs(items, self.relations)
        graph["token_node"], node = _token_nodes(items, graph.pop("node_offset"), texts)
        graph["node_rare"] = torch.zeros(len(graph["node_question"]), dtype=torch.bool).index_fill(0, node, value=True)
        return GraphBatch(**_truth(questions), **texts.tensors, **graph, relation_state=torch.zeros(0, 0))

    def _texts(self, questions: Sequence[Question]) -> _Texts:
        texts = _Texts()
        option_offset = 0
        for b, question in enumerate(questions):
            for first, second in self._own_texts(question):
                texts.add(first, second, b, -1, joint=False)
            for i, option in enumerate(question.options):
                o = option_offset + i
                if self.reading != "joint" or question.task != "choice":
                    texts.add(option, None, b, o, joint=False)
                if self.reading != "separate" and question.task == "choice":
                    texts.add(question.text, option, b, o, joint=True)
            option_offset += len(question.options)
        texts.tokenize(self.tokenizer, self.max_length)
        return texts

    def _own_texts(self, question: Question) -> list[tuple[str, str | None]]:
        context = question.context
        told = [(context[start:end], None) for start, end in self.spans(context)] if context else []
        return [(question.text, question.hypothesis), *told]

    def spans(self, context: str) -> list[tuple[int, int]]:
        """Where the sentences of a context begin and end, of a long one its parts: each is a sequence of its own."""
        offsets = self.tokenizer(context, add_special_tokens=False, return_offsets_mapping=True, verbose=False)[
            "offset_mapping"
        ]
        ends = [end for _, end in offsets]
        found = []
        for first, last in sentence_spans(context):  # a token may begin with the white space before its word
            begin, end = bisect_right(ends, first), bisect_right(ends, last)
            found += [
                (max(first, offsets[i][0]), ends[min(i + self.longest, end) - 1])
                for i in range(begin, end, self.longest)
            ]
        return found


class _Texts:
    """Sequences of a batch and the distinct texts behind them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str | None], int] = {}
        self.sequences: list[tuple[int, int, int, bool]] = []
        self.tensors: dict[str, Tensor] = {}
        self.offsets: list[list[tuple[int, int]]] = []
        self.parts: list[list[int | None]] = []

    def add(self, first: str, second: str | None, question: int, option: int, *, joint: bool) -> None:
        row = self.rows.setdefault((first, second), len(self.rows))
        self.sequences.append((row, question, option, joint))

    def tokenize(self, tokenizer: Any, max_length: int) -> None:
        pairs = [(first, second) if second is not None else first for first, second in self.rows]
        encoded = tokenizer(
            pairs,
            truncation=True,
            max_length=max_length,
            padding=True,
            return_tensors="pt",
            return_offsets_mapping=True,
            return_token_type_ids=True,
        )
        self.offsets = encoded["offset_mapping"].tolist()
        self.parts = [encoded.sequence_ids(i) for i in range(len(pairs))]
        row, question, option, joint = (np.array(column) for column in zip(*self.sequences, strict=True))
        self.tensors = {
            "input_ids": encoded["input_ids"],
            "attention_mask": encoded["attention_mask"],
            "token_type_ids": encoded["token_type_ids"],
            "sequence_text": torch.from_numpy(row.astype(np.int64)),
            "sequence_question": torch.from_numpy(question.astype(np.int64)),
            "sequence_option": torch.from_numpy(option.astype(np.int64)),
            "sequence_joint": torch.from_numpy(joint.astype(bool)),
        }


def _truth(questions: Sequence[Question]) -> dict[str, Tensor]:
    labels = [q.answer if q.answer is not None and not q.multi_label else -100 for q in questions]
    target: list[float] = []
    for q in questions:
        known = q.multi_label and q.answers is not None
        right = set(q.answers or ())
        target += [float(i in right) if known else float("nan") for i in range(len(q.options))]
    counts = torch.tensor([len(q.options) for q in questions])
    proof = [{proof.option: proof.weight for proof in q.proofs} for q in questions]
    proofs = [proven.get(i, 0.0) for q, proven in zip(questions, proof, strict=True) for i in range(len(q.options))]
    return {
        "labels": torch.tensor(labels, dtype=torch.int64),
        "target": torch.tensor(target, dtype=torch.float32),
        "vad": torch.tensor([q.vad or (float("nan"),) * 3 for q in questions], dtype=torch.float32),
        "option_question": torch.repeat_interleave(torch.arange(len(questions)), counts),
        "option_label": torch.tensor([_label(q, option) for q in questions for option in q.options], dtype=torch.int64),
        "option_proof": torch.tensor(proofs, dtype=torch.float32),
        "question_task": torch.tensor([TASKS.index(q.task) for q in questions], dtype=torch.int64),
        "multi_label": torch.tensor([q.multi_label for q in questions], dtype=torch.bool),
    }


def _label(question: Question, option: str) -> int:
    return LABELS.index(option) if question.task == "entailment" and option in LABELS else -1


def _pack_graphs(items: Sequence[Item], relations: RelationNames) -> dict[str, Any]:
    """Concatenate subgraphs with offsets; local relation codes become the model's."""
    parts: dict[str, list[np.ndarray]] = {name: [array] for name, array in _EMPTY.items()}
    node_offset, option_offset, offsets = 0, 0, []
    given = torch.zeros(len(items), dtype=torch.bool)
    for b, (question, graph) in enumerate(items):
        offsets.append(node_offset)
        if graph is not None and len(graph):
            code = relations.codes(graph.relations)
            given[b] = bool(question.facts)
            parts["question_code"].append(np.stack([np.full(len(code), b), code]))
            parts["node_question"].append(np.full(len(graph), b))
            parts["node_role"].append(graph.role)
            parts["node_vector"].append(graph.vectors)
            gold = np.zeros(len(graph), np.bool_)
            gold[graph.gold] = True
            parts["node_gold"].append(gold)
            parts["node_valence"].append(_valence(graph))
            parts["node_prior"].append(graph.prior)
            parts["node_relevance"].append(graph.relevance)
            parts["edge_index"].append(graph.edge_index + node_offset)
            parts["edge_relation"].append(code[graph.edge_relation])
            parts["edge_weight"].append(graph.edge_weight)
            path_option, labels = graph.path_option, 1
            if question.task == "entailment":  # its paths end at the hypothesis, and say something to each label
                labels = len(question.options)
                path_option = np.repeat(np.arange(labels), len(path_option))
            else:
                parts["option_node"].append(graph.option_node + np.array([[option_offset], [node_offset]]))
            path_type = np.where(graph.path_type < 0, -1, code[graph.path_type])
            parts["path_option"].append(path_option + option_offset)
            parts["path_type"].append(np.tile(path_type, (labels, 1)))
            parts["path_value"].append(np.tile(graph.path_value, labels))
            node_offset += len(graph)
        option_offset += len(question.options)
    packed: dict[str, Any] = {
        name: torch.from_numpy(
            np.ascontiguousarray(np.concatenate(arrays, axis=_AXIS.get(name, 0)), _EMPTY[name].dtype)
        )
        for name, arrays in parts.items()
    }
    return {**_renumber(packed, relations), "question_given": given, "node_offset": offsets}


def _valence(graph: Subgraph) -> np.ndarray:
    return graph.valence / np.float32(VALENCE_ONE) if len(graph.valence) else np.zeros((len(graph), 2), np.float32)


def _renumber(packed: dict[str, Any], relations: RelationNames) -> dict[str, Any]:
    """Number relations within the batch, by name, so that results do not depend on what was met before."""
    met = torch.unique(packed["question_code"][1] // 2).tolist()
    relation = torch.tensor(sorted(met, key=relations.names.__getitem__), dtype=torch.int64)
    place = torch.zeros(len(relations), dtype=torch.int64)
    place[relation] = torch.arange(len(relation))

    def local(code: Tensor) -> Tensor:
        return torch.where(code < 0, -1, 2 * place[code // 2] + code % 2) if len(code) else code

    return {
        **packed,
        "relation": relation,
        "question_code": torch.stack([packed["question_code"][0], local(packed["question_code"][1])]),
        "edge_relation": local(packed["edge_relation"]),
        "path_type": local(packed["path_type"]),
    }


_EMPTY: dict[str, np.ndarray] = {
    "question_code": np.zeros((2, 0), np.int64),
    "node_question": np.zeros(0, np.int64),
    "node_role": np.zeros(0, np.int64),
    "node_vector": np.zeros((0, VECTOR_WIDTH), np.int8),
    "node_prior": np.zeros(0, np.float32),
    "node_relevance": np.zeros(0, np.float32),
    "node_gold": np.zeros(0, np.bool_),
    "node_valence": np.zeros((0, 2), np.float32),
    "edge_index": np.zeros((2, 0), np.int64),
    "edge_relation": np.zeros(0, np.int64),
    "edge_weight": np.zeros(0, np.float32),
    "option_node": np.zeros((2, 0), np.int64),
    "path_option": np.zeros(0, np.int64),
    "path_type": np.zeros((0, 2), np.int64),
    "path_value": np.zeros(0, np.float32),
}
_AXIS = {"edge_index": 1, "option_node": 1, "question_code": 1}


def _token_nodes(items: Sequence[Item], node_offset: Sequence[int], texts: _Texts) -> tuple[Tensor, Tensor]:
    """Which token of which sequence stands in a mention of which node; nodes of words cut up. Shapes: [3, k], [r]."""
    own: dict[int, int] = {}  # the question's own text comes before its context
    of_option: dict[int, list[int]] = {}
    for s, (_, b, option, _) in enumerate(texts.sequences):
        if option < 0:
            own.setdefault(b, s)
        else:
            of_option.setdefault(option, []).append(s)
    found: list[tuple[int, int, int]] = []
    rare: set[int] = set()
    option_offset = 0
    for b, (question, graph) in enumerate(items):
        if graph is not None and len(graph):
            for m, node in graph.mention_node.T.tolist():
                mention = graph.grounding.mentions[m]
                for s, part in _places(mention.option, question, own[b], of_option, option_offset):
                    row = texts.sequences[s][0]
                    joint = texts.sequences[s][3]
                    wanted = 1 if joint and mention.option >= 0 else part
                    before = -1  # where the token before ends, if it stands in the mention
                    for t, ((start, end), p) in enumerate(zip(texts.offsets[row], texts.parts[row], strict=True)):
                        if p == wanted and start < mention.end and end > mention.start:
                            found.append((s, t, node + node_offset[b]))
                            joined = start == before and not question.text[start].isspace()
                            if mention.option < 0 and joined:
                                rare.add(node + node_offset[b])
                            before = end
        option_offset += len(question.options)
    return torch.tensor(found, dtype=torch.int64).reshape(-1, 3).T.contiguous(), torch.tensor(
        sorted(rare), dtype=torch.int64
    )


def _places(
    option: int, question: Question, own: int, of_option: dict[int, list[int]], option_offset: int
) -> list[tuple[int, int]]:
    """Sequences that hold a mention, and the part (0 first text, 1 second) of each; contexts have none."""
    if option < 0:
        return [(own, 0)]
    if question.task == "entailment":
        return [(own, 1)]
    return [(s, 0) for s in of_option.get(option + option_offset, [])]
