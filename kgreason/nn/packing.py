"""Questions and subgraphs as flat arrays, in numpy alone: what a batch of tensors holds, with or without torch.

What each array is stands at :class:`kgreason.nn.batch.GraphBatch`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from kgreason.graph.valence import ONE as VALENCE_ONE
from kgreason.language.sentences import sentence_spans
from kgreason.records import Question, Subgraph, Task

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

    from kgreason.nn.batch import GraphBatch

__all__ = ["LABELS", "PROOF", "TASKS", "VECTOR_WIDTH", "Arrays", "Item", "Packer", "Reading", "RelationNames"]

Reading = Literal["separate", "joint", "summed"]
Item = tuple[Question, Subgraph | None]
Arrays = dict[str, npt.NDArray[Any]]
Ints = npt.NDArray[np.int64]
TASKS: tuple[Task, ...] = get_args(Task)
#: Options of an entailment.
LABELS = ("entailment", "neutral", "contradiction", "not_entailment")
VECTOR_WIDTH = 128
#: What a sure proof adds to an option, more than any text score differs.
PROOF = 20.0


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

    def known(self, relations: Sequence[str], met: Iterable[int]) -> list[int]:
        """Codes in ``relations`` of the codes of a batch that met these; −1 for others, and last for code −1."""
        index = {name: i for i, name in enumerate(relations)}
        places = [index.get(self.names[number]) for number in met]
        return [*(-1 if place is None else 2 * place + way for place in places for way in (0, 1)), -1]

    def codes(self, relations: Sequence[str]) -> Ints:
        """Codes ``2·v`` and ``2·v + 1`` of a subgraph's codes: R forward ones, then R backward. Shape: [2R]."""
        base: Ints = 2 * np.array([self.index(name) for name in relations], dtype=np.int64)
        return np.concatenate([base, base + 1])


class Packer:
    """Turns (question, subgraph) pairs into flat arrays.

    Args:
        tokenizer: of the model.
        relations: the model's relation names; grows as subgraphs bring new ones.
        reading: separate (question and option apart), joint (each option with the question) or summed (both).
        max_length: tokens a sequence; a sentence of a context that is longer is cut.
        padding: how texts are padded, in the words of the tokenizer.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        relations: RelationNames,
        *,
        reading: Reading,
        max_length: int,
        padding: Mapping[str, Any],
    ) -> None:
        self.tokenizer = tokenizer
        self.relations = relations
        self.reading = reading
        self.padding = dict(padding)
        self.truncation = {"max_length": max_length, "strategy": "longest_first", "stride": 0, "direction": "right"}
        self.longest = max_length - tokenizer.num_special_tokens_to_add(False)

    def pack(self, items: Sequence[Item]) -> Arrays:
        """Pack; one item is one question with its subgraph, or None without a graph."""
        questions = [question for question, _ in items]
        texts = self._texts(questions)
        graph, offsets = _pack_graphs(items, self.relations)
        graph["token_node"], rare = _token_nodes(items, offsets, texts)
        graph["node_rare"] = np.isin(np.arange(len(graph["node_question"])), rare)
        return {**_truth(questions), **texts.arrays, **graph}

    def encode(self, texts: Sequence[str | tuple[str, str]]) -> list[Encoding]:
        """Tokens of texts and pairs, cut and padded to one length."""
        self._set(self.truncation, self.padding)
        return self.tokenizer.encode_batch(list(texts))

    def spans(self, context: str) -> list[tuple[int, int]]:
        """Where the sentences of a context begin and end, of a long one its parts: each is a sequence of its own."""
        self._set(None, None)
        offsets = self.tokenizer.encode(context, add_special_tokens=False).offsets
        ends = [end for _, end in offsets]
        found = []
        for first, last in sentence_spans(context):  # a token may begin with the white space before its word
            begin, end = bisect_right(ends, first), bisect_right(ends, last)
            found += [
                (max(first, offsets[i][0]), ends[min(i + self.longest, end) - 1])
                for i in range(begin, end, self.longest)
            ]
        return found

    def _set(self, truncation: dict[str, Any] | None, padding: dict[str, Any] | None) -> None:
        """Settings change only where they differ: a tokenizer that another thread reads with cannot be changed."""
        tokenizer = self.tokenizer
        if tokenizer.truncation != truncation:
            tokenizer.no_truncation() if truncation is None else tokenizer.enable_truncation(**truncation)
        if tokenizer.padding != padding:
            tokenizer.no_padding() if padding is None else tokenizer.enable_padding(**padding)

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
        texts.tokenize(self.encode)
        return texts

    def _own_texts(self, question: Question) -> list[tuple[str, str | None]]:
        context = question.context
        told = [(context[start:end], None) for start, end in self.spans(context)] if context else []
        return [(question.text, question.hypothesis), *told]


class _Texts:
    """Sequences of a batch and the distinct texts behind them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str | None], int] = {}
        self.sequences: list[tuple[int, int, int, bool]] = []
        self.arrays: Arrays = {}
        self.offsets: list[list[tuple[int, int]]] = []
        self.parts: list[list[int | None]] = []

    def add(self, first: str, second: str | None, question: int, option: int, *, joint: bool) -> None:
        row = self.rows.setdefault((first, second), len(self.rows))
        self.sequences.append((row, question, option, joint))

    def tokenize(self, encode: Callable[[Sequence[str | tuple[str, str]]], list[Encoding]]) -> None:
        encoded = encode([(first, second) if second is not None else first for first, second in self.rows])
        self.offsets = [each.offsets for each in encoded]
        self.parts = [each.sequence_ids for each in encoded]
        row, question, option, joint = (np.array(column) for column in zip(*self.sequences, strict=True))
        self.arrays = {
            "input_ids": np.array([each.ids for each in encoded], np.int64),
            "attention_mask": np.array([each.attention_mask for each in encoded], np.int64),
            "token_type_ids": np.array([each.type_ids for each in encoded], np.int64),
            "sequence_text": row.astype(np.int64),
            "sequence_question": question.astype(np.int64),
            "sequence_option": option.astype(np.int64),
            "sequence_joint": joint.astype(bool),
        }


def _truth(questions: Sequence[Question]) -> Arrays:
    labels = [q.answer if q.answer is not None and not q.multi_label else -100 for q in questions]
    target: list[float] = []
    for q in questions:
        known = q.multi_label and q.answers is not None
        right = set(q.answers or ())
        target += [float(i in right) if known else float("nan") for i in range(len(q.options))]
    proof = [{proof.option: proof.weight for proof in q.proofs} for q in questions]
    proofs = [proven.get(i, 0.0) for q, proven in zip(questions, proof, strict=True) for i in range(len(q.options))]
    return {
        "labels": np.array(labels, np.int64),
        "target": np.array(target, np.float32),
        "vad": np.array([q.vad or (float("nan"),) * 3 for q in questions], np.float32),
        "option_question": np.repeat(np.arange(len(questions)), [len(q.options) for q in questions]),
        "option_label": np.array([_label(q, option) for q in questions for option in q.options], np.int64),
        "option_proof": np.array(proofs, np.float32),
        "question_task": np.array([TASKS.index(q.task) for q in questions], np.int64),
        "multi_label": np.array([q.multi_label for q in questions], np.bool_),
    }


def _label(question: Question, option: str) -> int:
    return LABELS.index(option) if question.task == "entailment" and option in LABELS else -1


def _pack_graphs(items: Sequence[Item], relations: RelationNames) -> tuple[Arrays, list[int]]:
    """Concatenate subgraphs with offsets; local relation codes become the model's. With the first node of each."""
    parts: dict[str, list[npt.NDArray[Any]]] = {name: [array] for name, array in _EMPTY.items()}
    node_offset, option_offset = 0, 0
    offsets: list[int] = []
    given = np.zeros(len(items), np.bool_)
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
    packed: Arrays = {
        name: np.ascontiguousarray(np.concatenate(arrays, axis=_AXIS.get(name, 0)), _EMPTY[name].dtype)
        for name, arrays in parts.items()
    }
    return {**_renumber(packed, relations), "question_given": given}, offsets


def _valence(graph: Subgraph) -> npt.NDArray[Any]:
    return graph.valence / np.float32(VALENCE_ONE) if len(graph.valence) else np.zeros((len(graph), 2), np.float32)


def _renumber(packed: Arrays, relations: RelationNames) -> Arrays:
    """Number relations within the batch, by name, so that results do not depend on what was met before."""
    met = np.unique(packed["question_code"][1] // 2).tolist()
    relation = np.array(sorted(met, key=relations.names.__getitem__), np.int64)
    place = np.zeros(len(relations), np.int64)
    place[relation] = np.arange(len(relation))

    def local(code: Ints) -> Ints:
        return np.where(code < 0, -1, 2 * place[code // 2] + code % 2) if len(code) else code

    return {
        **packed,
        "relation": relation,
        "question_code": np.stack([packed["question_code"][0], local(packed["question_code"][1])]),
        "edge_relation": local(packed["edge_relation"]),
        "path_type": local(packed["path_type"]),
    }


_EMPTY: dict[str, npt.NDArray[Any]] = {
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


def _token_nodes(items: Sequence[Item], node_offset: Sequence[int], texts: _Texts) -> tuple[Ints, list[int]]:
    """Which token of which sequence stands in a mention of which node; nodes of words cut up. Shape: [3, k]."""
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
                            if mention.option < 0 and start == before and not question.text[start].isspace():
                                rare.add(node + node_offset[b])
                            before = end
        option_offset += len(question.options)
    return np.ascontiguousarray(np.array(found, np.int64).reshape(-1, 3).T), sorted(rare)


def _places(
    option: int, question: Question, own: int, of_option: dict[int, list[int]], option_offset: int
) -> list[tuple[int, int]]:
    """Sequences that hold a mention, and the part (0 first text, 1 second) of each; contexts have none."""
    if option < 0:
        return [(own, 0)]
    if question.task == "entailment":
        return [(own, 1)]
    return [(s, 0) for s in of_option.get(option + option_offset, [])]
