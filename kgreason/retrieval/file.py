"""Subgraphs of a whole sample file, computed once and mapped from disk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kgreason import storage
from kgreason.config import RetrievalConfig
from kgreason.graph.schema import default_label
from kgreason.graph.valence import Valence
from kgreason.grounding import Grounder, topics
from kgreason.records import Candidate, Grounding, Mention, Question, Subgraph
from kgreason.retrieval.denial import standing
from kgreason.retrieval.lazy import Lazy
from kgreason.retrieval.names import Names
from kgreason.retrieval.relevance import Relevance
from kgreason.retrieval.subgraph import Retriever

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["SubgraphFile"]

#: Rises whenever the same question may give another subgraph, or files are laid out in another way.
FORMAT = 2

_Array = npt.NDArray[Any]
_CHUNK = 64
#: Every array of a file: the count that says where a question's part of it ends, type, width.
_ARRAYS: Mapping[str, tuple[str, Any, int]] = {
    "node": ("nodes", np.int32, 1),
    "role": ("nodes", np.uint8, 1),
    "prior": ("nodes", np.float32, 1),
    "relevance": ("nodes", np.float32, 1),
    "edge_end": ("edges", np.int32, 2),
    "edge_code": ("edges", np.uint16, 2),
    "edge_weight": ("edges", np.float16, 1),
    "edge_origin": ("edges", np.uint8, 1),
    "option_node": ("options", np.int32, 2),
    "path_option": ("paths", np.int16, 1),
    "path_type": ("paths", np.int32, 2),
    "path_value": ("paths", np.float32, 1),
    "mention": ("mentions", np.int32, 4),
    "candidate": ("candidates", np.int32, 1),
    "candidate_prior": ("candidates", np.float64, 1),
    "mention_node": ("links", np.int32, 2),
    "gold": ("answers", np.int32, 1),
    "text": ("bytes", np.uint8, 1),
}
_COUNTS = tuple(dict.fromkeys(count for count, _, _ in _ARRAYS.values()))


class SubgraphFile(Lazy[Subgraph]):
    """Subgraphs of a list of questions, mapped from a directory of arrays in the user's cache.

    The directory is named by what the subgraphs depend on: graph, configuration, the questions and their order. It is
    made at first use; a second process waits for the first.

    Args:
        graph: the graph.
        questions: the questions.
        config: sizes, and what takes part.
        threads: how many work at once; all processors if None.
        progress: called with (stage, done, total).

    Example:
        >>> import os, tempfile
        >>> from kgreason.graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo")])
        >>> questions = [Question("Where do penguins live?", ("zoo", "desert")), Question("What?")]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = SubgraphFile(graph, questions, home=folder)
        ...     len(file), tuple(file[0].keys), len(file[1])
        (2, ('penguin', 'zoo'), 0)
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        questions: Sequence[Question],
        config: RetrievalConfig | None = None,
        *,
        threads: int | None = None,
        progress: Callable[[str, int, int], None] | None = None,
        home: str | Path | None = None,
    ) -> None:
        self.graph = graph
        self.questions = tuple(questions)
        config = config or RetrievalConfig()
        home = Path(home) if home is not None else storage.cache_home() / "subgraphs"
        self.path = home / _name(graph, self.questions, config)
        if not storage.is_directory(self.path):
            with storage.lock(home / f"{self.path.name}.lock"):
                if not storage.is_directory(self.path):
                    retrieve = _retrieve(graph, config)
                    known = len(graph.relations)
                    packed = _pack_all(retrieve, self.questions, known, threads or os.cpu_count() or 1, progress)
                    storage.publish(self.path, lambda folder: _write(folder, packed))
        self._relevance = Relevance(graph)
        self._valence = Valence(graph)
        self._arrays = {name: storage.load_npy(self.path / f"{name}.npy") for name in _ARRAYS}
        self._ptr = dict(zip(_COUNTS, storage.load_npy(self.path / "ptr.npy"), strict=True))

    def __len__(self) -> int:
        return len(self.questions)

    def make(self, i: int) -> Subgraph:
        """The subgraph of a question."""
        part = {}
        for name, (count, _, _) in _ARRAYS.items():
            ptr = self._ptr[count]
            part[name] = self._arrays[name][ptr[i] : ptr[i + 1]]
        return _unpack(part, self._relevance, self._valence, self.questions[i])


def _name(graph: KnowledgeGraph, questions: Sequence[Question], config: RetrievalConfig) -> str:
    asked = (
        (
            *(q.text, q.options, q.hypothesis if q.task == "entailment" else None, q.task, q.facts, q.language),
            *(q.gold, topics(q)),
            *((asdict(edge) for edge in q.edges) if q.edges else ()),
        )
        for q in questions
    )
    head = {"format": FORMAT, "graph": graph.digest, "config": asdict(config)}
    lines = (json.dumps(part, ensure_ascii=False, sort_keys=True).encode() + b"\n" for part in (head, *asked))
    return storage.digest_bytes(*lines)


def _retrieve(graph: KnowledgeGraph, config: RetrievalConfig) -> Callable[[Question], Subgraph]:
    grounder, retriever = Grounder(graph, config), Retriever(graph, config)
    return lambda question: retriever.retrieve(grounder.ground(question))


def _pack_all(
    retrieve: Callable[[Question], Subgraph],
    questions: Sequence[Question],
    known: int,
    threads: int,
    progress: Callable[[str, int, int], None] | None,
) -> list[dict[str, _Array]]:
    packed: list[dict[str, _Array]] = []
    chunks = [questions[i : i + _CHUNK] for i in range(0, len(questions), _CHUNK)]
    with ThreadPoolExecutor(threads) as pool:
        for parts in pool.map(lambda chunk: [_pack(retrieve(question), known) for question in chunk], chunks):
            packed += parts
            if progress is not None:
                progress("retrieve", len(packed), len(questions))
    return packed


def _pack(subgraph: Subgraph, known: int) -> dict[str, _Array]:
    """A subgraph as arrays; concepts that its question alone knows are numbered −1, −2 ... and kept as text.

    Args:
        subgraph: the subgraph.
        known: how many of its relations are the graph's.
    """
    mentions = subgraph.grounding.mentions
    candidates = [candidate for mention in mentions for candidate in mention.candidates]
    local = np.flatnonzero(subgraph.nodes < 0).tolist()
    own = dict.fromkeys(subgraph.keys[i] for i in local)
    own |= dict.fromkeys(candidate.key for candidate in candidates if candidate.node < 0)
    number = {key: -1 - i for i, key in enumerate(own)}
    node = subgraph.nodes.copy()
    node[local] = [number[subgraph.keys[i]] for i in local]
    half = subgraph.edge_index.shape[1] // 2
    text = json.dumps([list(own), list(subgraph.relations[known:])], ensure_ascii=False)
    values = {
        "node": node,
        "role": subgraph.role,
        "prior": subgraph.prior,
        "relevance": subgraph.relevance,
        "edge_end": subgraph.edge_index[:, :half].T,
        "edge_code": subgraph.edge_relation.reshape(2, half).T,
        "edge_weight": subgraph.edge_weight[:half],
        "edge_origin": subgraph.edge_origin[:half],
        "option_node": subgraph.option_node.T,
        "path_option": subgraph.path_option,
        "path_type": subgraph.path_type,
        "path_value": subgraph.path_value,
        "mention": [(m.start, m.end, m.option, len(m.candidates)) for m in mentions],
        "candidate": [c.node if c.node >= 0 else number[c.key] for c in candidates],
        "candidate_prior": [c.prior for c in candidates],
        "mention_node": subgraph.mention_node.T,
        "gold": subgraph.gold,
        "text": np.frombuffer(text.encode(), np.uint8),
    }
    return {name: _shaped(np.asarray(value), name) for name, value in values.items()}


def _shaped(array: _Array, name: str) -> _Array:
    _, dtype, width = _ARRAYS[name]
    return array.astype(dtype).reshape(-1) if width == 1 else array.astype(dtype).reshape(-1, width)


def _write(folder: Path, packed: Sequence[Mapping[str, _Array]]) -> None:
    ptr = np.zeros((len(_COUNTS), len(packed) + 1), np.int64)
    for name, (count, _, _) in _ARRAYS.items():
        parts = [part[name] for part in packed]
        np.cumsum([len(part) for part in parts], out=ptr[_COUNTS.index(count), 1:])
        storage.save_npy(folder / f"{name}.npy", np.concatenate([_shaped(np.empty(0), name), *parts]))
    storage.save_npy(folder / "ptr.npy", ptr)


def _unpack(part: Mapping[str, _Array], relevance: Relevance, valence: Valence, question: Question) -> Subgraph:
    graph = relevance.graph
    own, relations = json.loads(part["text"].tobytes())
    keys = Names(part["node"], lambda node: graph.key(node) if node >= 0 else own[-1 - node])
    labels = Names(part["node"], lambda node: graph.label(node) if node >= 0 else default_label(own[-1 - node]))
    first, second = part["edge_end"].T
    numbered = np.where(part["node"] >= 0, part["node"], graph.num_nodes - 1 - part["node"])
    grounding = Grounding(question, tuple(_mentions(part, graph, own, question)))
    return Subgraph(
        grounding=grounding,
        keys=keys,
        labels=labels,
        relations=(*graph.relations, *relations),
        nodes=np.maximum(part["node"], -1).astype(np.int64),
        role=part["role"],
        prior=part["prior"],
        relevance=part["relevance"],
        vectors=relevance.of_nodes(numbered, relevance.of_names(own)),
        edge_index=np.stack([np.concatenate([first, second]), np.concatenate([second, first])]),
        edge_relation=part["edge_code"].T.reshape(-1),
        edge_weight=np.tile(part["edge_weight"].astype(np.float32), 2),
        edge_origin=np.tile(part["edge_origin"], 2),
        option_node=part["option_node"].T,
        path_option=part["path_option"].astype(np.int32),
        path_type=part["path_type"],
        path_value=part["path_value"],
        mention_node=part["mention_node"].T,
        gold=part["gold"],
        valence=standing(valence, grounding, numbered, own, part["mention_node"].T),
    )


def _mentions(
    part: Mapping[str, _Array], graph: KnowledgeGraph, own: Sequence[str], question: Question
) -> Iterator[Mention]:
    candidates = iter(zip(part["candidate"].tolist(), part["candidate_prior"].tolist(), strict=True))
    for start, end, option, count in part["mention"].tolist():
        if option < 0:
            text = question.text
        else:
            text = (question.hypothesis or "") if question.task == "entailment" else question.options[option]
        found = tuple(
            Candidate(node, graph.key(node), prior) if node >= 0 else Candidate(-1, own[-1 - node], prior)
            for node, prior in islice(candidates, count)
        )
        yield Mention(start, end, text[start:end], found, option)
