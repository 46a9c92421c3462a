"""Graphs of PyG, with one type of edge or many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.interop.edges import NamedEdge, edges_of, names_of

if TYPE_CHECKING:
    from torch_geometric.data import Data, HeteroData

__all__ = ["from_pyg", "to_heterogeneous", "to_pyg"]

_CONCEPT = "concept"
_DEFAULT_RELATION = "RelatedTo"


def to_pyg(graph: KnowledgeGraph, *, column: str | None = None) -> Data:
    """A PyG graph whose edges run as facts do, each once.

    Args:
        graph: the graph.
        column: a node column to give as ``x``.

    Returns:
        ``Data`` with node_key, node_label (lists of n texts) and relation (list of R names).

    Raises:
        InputError: the graph has no such column.

    Shapes:
        edge_index [2, e] int64, edge_type [e] int64 (0..R−1), edge_weight [e] float32, x [n, k] as it is stored.
    """
    import torch
    from torch_geometric.data import Data

    (keys, labels), edges = names_of(graph), edges_of(graph)
    made = Data(
        edge_index=torch.from_numpy(np.stack([edges.source, edges.target])),
        edge_type=torch.from_numpy(edges.relation),
        edge_weight=torch.from_numpy(edges.weight),
        num_nodes=graph.num_nodes,
        node_key=keys,
        node_label=labels,
        relation=list(graph.relations),
    )
    if column is not None:
        if (values := graph.column(column)) is None:
            raise InputError(f"the graph has no node column {column!r}", fix="Leave it out.")
        made.x = torch.from_numpy(values.copy())
    return made


def to_heterogeneous(graph: KnowledgeGraph) -> HeteroData:
    """The same as one node type ``concept`` (key, label, num_nodes) and one edge type a relation.

    Shapes:
        of every edge type: edge_index [2, e] int64, edge_weight [e] float32.
    """
    import torch
    from torch_geometric.data import HeteroData

    (keys, labels), edges = names_of(graph), edges_of(graph)
    made = HeteroData()
    made[_CONCEPT].num_nodes, made[_CONCEPT].key, made[_CONCEPT].label = graph.num_nodes, keys, labels
    for number, name in enumerate(graph.relations):
        of = edges.relation == number
        store = made[_CONCEPT, name, _CONCEPT]
        store.edge_index = torch.from_numpy(np.stack([edges.source[of], edges.target[of]]))
        store.edge_weight = torch.from_numpy(edges.weight[of])
    return made


def from_pyg(data: Data | HeteroData) -> KnowledgeGraph:
    """A graph in memory from PyG's ``Data`` or ``HeteroData``.

    Names are taken as :func:`to_pyg` and :func:`to_heterogeneous` give them. Where there are none, a node is called by
    its number (in ``HeteroData`` after its type and a slash), a relation ``relation_`` and its number; without an
    ``edge_type`` it is RelatedTo.

    Raises:
        InputError: there is no edge_index, or names and numbers do not fit together.
    """
    from torch_geometric.data import HeteroData

    labels: dict[str, str] = {}
    edges: list[NamedEdge] = []
    try:
        if isinstance(data, HeteroData):
            named = {kind: _named(data[kind], f"{kind}/", "key", "label", labels) for kind in data.node_types}
            for source, relation, target in data.edge_types:
                edges += _listed(data[source, relation, target], named[source], named[target], [relation])
        else:
            keys = _named(data, "", "node_key", "node_label", labels)
            edges += _listed(data, keys, keys, data.get("relation"))
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"the PyG graph does not fit together: {error}", fix="Check its indices and names.") from error
    return KnowledgeGraph.from_triples(edges, labels=labels)


def _named(store: Any, before: str, key: str, label: str, labels: dict[str, str]) -> list[str]:
    """Keys of a store's nodes; what they are called is put among the labels."""
    if key in store:
        keys = [*store[key]]
    else:  # PyG warns where it has to infer their number from the edges
        known = "num_nodes" in store or "x" in store
        size = int(store.num_nodes) if known else int(store["edge_index"].max()) + 1
        keys = [f"{before}{number}" for number in range(size)]
    labels.update(zip(keys, store[label] if label in store else [""] * len(keys), strict=True))
    return keys


def _listed(
    store: Any, sources: Sequence[str], targets: Sequence[str], names: Sequence[str] | None
) -> Iterator[NamedEdge]:
    """Edges of a store by name."""
    ends = store["edge_index"].tolist()
    size = len(ends[0])
    kinds = store["edge_type"].tolist() if "edge_type" in store else [0] * size
    if names is None:
        names = [f"relation_{number}" for number in range(max(kinds, default=0) + 1)]
        names = names if "edge_type" in store else [_DEFAULT_RELATION]
    weights = store["edge_weight"].tolist() if "edge_weight" in store else [1.0] * size
    for source, target, kind, weight in zip(*ends, kinds, weights, strict=True):
        if min(source, target, kind) < 0:
            raise ValueError(f"edge {source} to {target} of type {kind} has a negative number")
        yield sources[source], names[kind], targets[target], weight
