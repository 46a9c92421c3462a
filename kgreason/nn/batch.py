"""Packed batches: texts padded once each, everything else ragged and flat.

A batch is a frozen dataclass of tensors; toward the Hugging Face Trainer it is a mapping whose first entry is
``labels``. Indices count within the batch: b questions, o options, s sequences, t distinct texts, l tokens, n nodes,
e directed edges, r relation codes, p (option, node) pairs, c path counts, q (question, relation code) pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal, Self, get_args

import torch
from torch import Tensor
from torch.utils import _pytree

from kgreason.nn.packing import LABELS, TASKS, VECTOR_WIDTH, Item, Packer, Reading, RelationNames
from kgreason.records import ROLE_QUESTION

__all__ = ["LABELS", "TASKS", "VECTOR_WIDTH", "Collator", "GraphBatch", "Item", "Of", "Reading", "RelationNames"]

Of = Literal["questions", "sequences", "options", "nodes", "edges", "pairs", "paths", "codes", "tokens"]


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
        rows = {of: self.rows(of, b) for of in get_args(Of)}
        first = {of: span.start for of, span in rows.items()}
        own = {name: getattr(self, name)[rows[of]] for name, of in _OF.items()}
        question_code, option_node = self.question_code[:, rows["codes"]], self.option_node[:, rows["pairs"]]
        option, token_node = self.sequence_option[rows["sequences"]], self.token_node[:, rows["tokens"]]
        return replace(
            self,
            **own,
            sequence_question=torch.zeros_like(option),
            sequence_option=torch.where(option < 0, option, option - first["options"]),
            option_question=torch.zeros_like(self.option_question[rows["options"]]),
            question_code=question_code * question_code.new_tensor([[0], [1]]),
            node_question=torch.zeros_like(self.node_question[rows["nodes"]]),
            edge_index=self.edge_index[:, rows["edges"]] - first["nodes"],
            option_node=option_node - option_node.new_tensor([[first["options"]], [first["nodes"]]]),
            token_node=token_node - token_node.new_tensor([[first["sequences"]], [0], [first["nodes"]]]),
            path_option=self.path_option[rows["paths"]] - first["options"],
        )

    def rows(self, of: Of, b: int) -> slice:
        """Where a question has its rows; everything stands in the order of the questions."""
        return slice(self._bounds[of][b], self._bounds[of][b + 1])

    @cached_property
    def _bounds(self) -> dict[Of, list[int]]:
        """Where the rows of each question begin, and where those of the last one end."""
        question: dict[Of, Tensor] = {
            "questions": torch.arange(self.num_questions, device=self.labels.device),
            "sequences": self.sequence_question,
            "options": self.option_question,
            "nodes": self.node_question,
            "edges": self.node_question[self.edge_index[0]],
            "pairs": self.option_question[self.option_node[0]],
            "paths": self.option_question[self.path_option],
            "codes": self.question_code[0].contiguous(),
            "tokens": self.sequence_question[self.token_node[0]],
        }
        ends = torch.arange(self.num_questions + 1, device=self.labels.device)
        return {of: torch.searchsorted(each, ends).tolist() for of, each in question.items()}

    def with_relations(self, state: Tensor, words: Tensor | None = None) -> Self:
        """The batch with its relation texts written."""
        return replace(self, relation_state=state, relation_words=self.relation_words if words is None else words)

    def known_codes(self, relations: Sequence[str], names: RelationNames) -> Tensor:
        """Codes in ``relations`` of the batch's codes, −1 for a name not among them; last for code −1. Shape: [2v + 1].

        Args:
            relations: names.
            names: what the batch's relations are called.
        """
        known = names.known(relations, self.relation.tolist())
        return torch.tensor(known, dtype=torch.int64, device=self.relation.device)

    @property
    def num_questions(self) -> int:
        """b."""
        return self.labels.shape[0]

    @property
    def num_options(self) -> int:
        """o."""
        return self.option_question.shape[0]

    @cached_property
    def asking(self) -> Tensor:
        """The sequence of each question itself, before those of its context. Shape: [b]."""
        end = self.sequence_option.shape[0]
        place = torch.where(self.sequence_option < 0, torch.arange(end, device=self.sequence_option.device), end)
        last = torch.full((self.num_questions,), end, device=place.device)
        return last.scatter_reduce(0, self.sequence_question, place, "amin")

    @property
    def has_contexts(self) -> bool:
        """Whether a question brings one."""
        return int((self.sequence_option < 0).sum()) > self.num_questions

    @property
    def has_open(self) -> bool:
        """Whether a question is open."""
        return bool((self.question_task == TASKS.index("open")).any())

    @property
    def has_alone(self) -> bool:
        """Whether a sequence holds an option alone."""
        return bool(((self.sequence_option >= 0) & ~self.sequence_joint).any())

    @property
    def has_joint(self) -> bool:
        """Whether a sequence holds an option with its question."""
        return bool(self.sequence_joint.any())

    @property
    def largest(self) -> int:
        """Nodes of the question that has most."""
        return int(torch.bincount(self.node_question, minlength=1).max())

    @cached_property
    def walker(self) -> Tensor:
        """One for each mention in the question: concepts whose mention begins at the same token share it. Shape: [n].

        Numbers count within the question; −1 is no concept of the question.
        """
        sequence, token, node = self.token_node
        length = self.attention_mask.shape[1]  # where what no token names begins
        token = torch.where(self.sequence_option[sequence] < 0, token, length)
        first = torch.full_like(self.node_question, length).scatter_reduce(0, node, token, "amin")
        seed = self.node_role & ROLE_QUESTION > 0
        place = self.node_question * (length + 1) + first
        begins = torch.zeros(self.num_questions * (length + 1), dtype=torch.int64, device=place.device)
        begins = begins.scatter_reduce(0, place, seed.long(), "amax").view(-1, length + 1).cumsum(1)
        return torch.where(seed, begins.flatten()[place] - 1, -1)

    @property
    def num_walkers(self) -> int:
        """Of the question that has most."""
        return int(self.walker.max()) + 1 if len(self.walker) else 0

    @property
    def num_nodes(self) -> int:
        """n."""
        return self.node_question.shape[0]


#: What the rows of some tensors belong to, where that is all that they say.
_OF: dict[str, Of] = {
    "labels": "questions", "vad": "questions", "question_task": "questions", "multi_label": "questions",
    "question_given": "questions", "sequence_text": "sequences", "sequence_joint": "sequences", "target": "options",
    "option_label": "options", "option_proof": "options", "node_role": "nodes", "node_vector": "nodes",
    "node_prior": "nodes", "node_relevance": "nodes", "node_gold": "nodes", "node_valence": "nodes",
    "node_rare": "nodes", "edge_relation": "edges", "edge_weight": "edges", "path_type": "paths",
    "path_value": "paths",
}  # fmt: skip


_pytree.register_dataclass(GraphBatch, field_names=[f.name for f in fields(GraphBatch)], drop_field_names=[])


class Collator(Packer):
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
        padding = {
            "length": None,
            "pad_to_multiple_of": None,
            "pad_id": tokenizer.pad_token_id,
            "pad_token": tokenizer.pad_token,
            "pad_type_id": tokenizer.pad_token_type_id,
            "direction": tokenizer.padding_side,
        }
        backend = tokenizer.backend_tokenizer
        super().__init__(backend, relations, reading=reading, max_length=max_length, padding=padding)

    def __call__(self, items: Sequence[Item]) -> GraphBatch:
        """Collate; one item is one question with its subgraph, or None without a graph."""
        tensors = {name: torch.from_numpy(array) for name, array in self.pack(items).items()}
        return GraphBatch(**tensors, relation_state=torch.zeros(0, 0))
