"""Retrieved subgraphs as a PyG data set, for graph networks of anyone's making."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kgreason import storage
from kgreason.errors import FormatError, InputError
from kgreason.graph import KnowledgeGraph
from kgreason.records import Subgraph
from kgreason.retrieval import SubgraphFile
from kgreason.retrieval.lazy import Lazy
from kgreason.tasks import read_samples, write_samples

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch_geometric.data import Data

__all__ = ["QuestionGraphs", "save_samples", "to_question_graph"]

_VECTOR_ONE = 127  # length of a static vector
_DIGEST = re.compile("[0-9a-f]{64}")


class QuestionGraphs(Lazy["Data"]):
    """A data set that ``kgreason retrieve FILE -o OUT`` made: one PyG graph a question, made when it is read.

    PyG's ``DataLoader`` takes it as it is. The graphs are as :func:`to_question_graph` says.

    Args:
        path: the folder of the data set, OUT/<digest>, or OUT if it holds only one.
        graph: the graph that it was made from; opened where it was then, if None.

    Attributes:
        relations: names of the R relations that edge_type counts: the graph's, then those that only the questions'
            own facts name.
        questions: the questions, in the order of the file.

    Raises:
        FormatError: there is no data set, or several.
        InputError: the graph is another one, or was one in memory and is not given.
        GraphImageError: the graph is no longer where it was.

    Example:
        >>> import tempfile
        >>> from kgreason.records import Question
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo")])
        >>> questions = [Question("Where do penguins live?", ("zoo", "oven"), answer=0)]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_samples(SubgraphFile(graph, questions, home=folder))
        ...     QuestionGraphs(folder, graph)[0].edge_index.tolist()
        [[0, 1], [1, 0]]
    """

    def __init__(self, path: str | Path, graph: KnowledgeGraph | None = None) -> None:
        described = _description(Path(path))
        about = storage.read_json(described)
        if not isinstance(about, dict) or not all(isinstance(about.get(name), str) for name in ("graph", "digest")):
            raise FormatError(described, "it describes no data set", fix="Retrieve again.")
        if graph is None and not about["graph"]:
            raise InputError(f"{path} was made from a graph in memory", fix="Give that graph.")
        graph = graph or KnowledgeGraph.open(about["graph"])
        if graph.digest != about["digest"]:
            made, given = about["digest"][:16], graph.digest[:16]
            raise InputError(
                f"{path} was made from the graph {made}, not from {given}", fix="Open that graph, or retrieve again."
            )
        self.questions = tuple(read_samples(described.with_suffix(".jsonl")))
        self._file = SubgraphFile(graph, self.questions, home=described.parent)
        own = {name for i, asked in enumerate(self.questions) if asked.facts for name in self._file[i].relations}
        self.relations = (*graph.relations, *sorted(own - set(graph.relations)))

    def __len__(self) -> int:
        return len(self._file)

    def make(self, i: int) -> Data:
        """The graph of a question."""
        return to_question_graph(self._file[i], self.relations)


def save_samples(stored: SubgraphFile) -> None:
    """Puts beside the arrays what opens them again: the samples, and which graph they were made from.

    Raises:
        StorageError: they cannot be written.
    """
    write_samples(stored.path.with_suffix(".jsonl"), stored.questions)
    about = {"graph": str(stored.graph.path or ""), "digest": stored.graph.digest, "questions": len(stored)}
    storage.write_json(stored.path.with_suffix(".json"), about)


def _description(path: Path) -> Path:
    places = [path.with_suffix(".json")] if _DIGEST.fullmatch(path.name) else path.glob("*.json")
    found = sorted(place for place in places if _DIGEST.fullmatch(place.stem) and place.is_file())
    if len(found) != 1:
        what = f"it holds {len(found)} data sets" if found else "there is no data set"
        raise FormatError(path, what, fix="Name the folder that kgreason retrieve FILE -o OUT has printed.")
    return found[0]


def to_question_graph(subgraph: Subgraph, relations: Sequence[str] | None = None) -> Data:
    """The evidence of one question as a PyG graph of n nodes and e edges, each edge once in each direction.

    Args:
        subgraph: what was retrieved.
        relations: the R names that edge_type counts; the subgraph's own if None.

    Returns:
        ``Data``, which PyG batches: names with ``index`` hold node numbers, which it moves. Beside the tensors:
        num_options, and as texts question, options, node_key and node_label.

    Raises:
        InputError: an edge has a relation that is not among the names.

    Shapes:
        x [n, 128] float32 (static vector of the label, of length 1 or 0), role [n] int64 (bit 1 question, bit 2
        option), relevance [n] float32, edge_index [2, e] int64, edge_type [e] int64 (r, or r + R against the
        direction; a symmetric relation has r both ways), edge_weight [e] float32, edge_origin [e] int64 (0 graph,
        1 stated, 2 given, 3 rule), option_node_index [m] int64 and option_node_option [m] int64 (which node stands
        for which option), gold_index [g] int64 (answers of an open question), y [1] int64 (the right option, −1 where
        it is not known or there are several).
    """
    import torch
    from torch_geometric.data import Data

    def tensor(values: Any, kind: Any = np.int64) -> torch.Tensor:
        return torch.from_numpy(np.array(values, kind))

    asked = subgraph.question
    return Data(
        x=tensor(subgraph.vectors, np.float32) / _VECTOR_ONE,
        role=tensor(subgraph.role),
        relevance=tensor(subgraph.relevance, np.float32),
        edge_index=tensor(subgraph.edge_index),
        edge_type=tensor(_codes(subgraph, relations)),
        edge_weight=tensor(subgraph.edge_weight, np.float32),
        edge_origin=tensor(subgraph.edge_origin),
        option_node_index=tensor(subgraph.option_node[1]),
        option_node_option=tensor(subgraph.option_node[0]),
        gold_index=tensor(subgraph.gold),
        y=tensor([-1 if asked.answer is None else asked.answer]),
        num_nodes=len(subgraph),
        num_options=len(asked.options),
        question=asked.text,
        options=list(asked.options),
        node_key=list(subgraph.keys),
        node_label=list(subgraph.labels),
    )


def _codes(subgraph: Subgraph, relations: Sequence[str] | None) -> npt.NDArray[np.int64]:
    """Relation codes of the edges among other names. Shapes: [e]."""
    code = subgraph.edge_relation.astype(np.int64)
    if relations is None:
        return code
    place = {name: number for number, name in enumerate(relations)}
    numbers = np.array([place.get(name, -1) for name in subgraph.relations], np.int64)
    own = len(subgraph.relations)
    moved = numbers[code % max(own, 1)]
    if (moved < 0).any():
        wanted = subgraph.relations[int(code[moved < 0][0]) % own]
        raise InputError(f"the relation {wanted!r} is not among the names", fix="Give the names of all questions.")
    return moved + np.where(code >= own, len(relations), 0)
