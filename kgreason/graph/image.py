"""The knowledge graph as everyone reads it: arrays mapped from an image on disk, or derived in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kgreason import storage
from kgreason.errors import FormatError, GraphImageError, InputError
from kgreason.graph.arrays import FILES, Arrays
from kgreason.graph.manifest import live_version, named_version, read_manifest
from kgreason.graph.match import match_edges, relation_index
from kgreason.graph.schema import default_label, is_negated, language_of, scaled_weight
from kgreason.language import normal_form
from kgreason.records import Edge

if TYPE_CHECKING:
    import networkx as nx

    from kgreason.graph.derive import Progress
    from kgreason.graph.relations import RelationTable

__all__ = ["KnowledgeGraph"]

_Triple = Sequence[Any]


class KnowledgeGraph:
    """A graph of concepts and typed, weighted relations; nothing in it can be changed.

    Node ids run by degree descending, then key; they hold for this ``digest`` only. Relation code ``r`` means
    ``relations[r]`` walked forward, ``r + R`` the same walked backward; a symmetric relation uses ``r`` both ways.

    Args:
        arrays: its arrays, made read-only here.
        manifest: what the image says of itself; empty for a graph in memory.
        path: version directory of the image, or None.
        columns: node columns by name, [n, k] each.

    Attributes:
        ptr, idx, rel, weight: the CSR of both directions, see :class:`kgreason.graph.arrays.Arrays`.
        relations: names of the R relations in byte order.
        symmetric, is_negated: [R] bool.
        surfaces: surface forms and their candidates.

    Example:
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo"), ("zoo", "IsA", "park")])
        >>> [str(edge) for edge in graph.neighbors(graph.resolve("penguin"))]
        ['penguin is found at zoo']
    """

    def __init__(
        self,
        arrays: Arrays,
        manifest: Mapping[str, Any] | None = None,
        path: Path | None = None,
        columns: Mapping[str, npt.NDArray[Any]] | None = None,
    ) -> None:
        for array in arrays.to_files().values():
            array.flags.writeable = False
        self.arrays = arrays
        self.manifest: Mapping[str, Any] = manifest or {}
        self.path = path
        self.ptr, self.idx, self.rel, self.weight = arrays.ptr, arrays.idx, arrays.rel, arrays.weight
        self.relations, self.symmetric, self.surfaces = arrays.relations, arrays.symmetric, arrays.surfaces
        self.is_negated = np.array([is_negated(name) for name in self.relations], np.bool_)
        self._columns = dict(columns or {})

    @classmethod
    def open(cls, source: str | Path = "default", *, progress: Progress | None = None) -> KnowledgeGraph:
        """Opens an image by mapping its files; lengths are checked, digests only by ``manifest.verify``.

        The graph stays the version that was live, whatever is added, removed or cleaned away later.

        Args:
            source: "default" (built in the user's cache at first use), an image directory, or one version of it.
            progress: called with (stage, done, total) while the default graph is built.

        Raises:
            GraphImageError: it is missing, truncated, altered or of a newer format.
        """
        if source == "default":
            from kgreason.graph.default import default_image

            source = default_image(progress)
        path = Path(source)
        while True:
            named = named_version(path)
            try:
                return cls._map(live_version(path))
            except (GraphImageError, FileNotFoundError):
                if named_version(path) == named:
                    raise
                # another version went live meanwhile, and the one that we were opening was cleaned away

    @classmethod
    def _map(cls, version: Path) -> KnowledgeGraph:
        manifest = read_manifest(version)
        try:
            names = manifest["relations"]
            symmetric = np.array([entry["symmetric"] for entry in names], np.bool_)
            files = {name: storage.load_npy(version / name) for name in FILES}
            arrays = Arrays.from_files(files, tuple(entry["name"] for entry in names), symmetric)
            columns = {name: storage.load_npy(version / f"node-{name}.npy") for name in manifest["columns"]}
        except (FormatError, KeyError, TypeError, ValueError) as error:
            raise GraphImageError(f"{version} is damaged: {error}", fix="Build the graph again.") from error
        return cls(arrays, manifest, version, columns)

    @classmethod
    def from_triples(
        cls, triples: Iterable[_Triple], *, labels: Mapping[str, str] | None = None, aliases: Any = None
    ) -> KnowledgeGraph:
        """Derives a graph in memory.

        Args:
            triples: (source, relation, target) or (source, relation, target, weight); names are texts, a weight is
                1 where absent, and a negative one negates.
            labels: key to label; keys without a triple become nodes without neighbours.
            aliases: table of form, key, prior, as :func:`kgreason.graph.build.build` takes it.

        Raises:
            InputError: a triple has another length, an empty name, or a weight that is no number in range.
        """
        import polars as pl

        from kgreason.graph.derive import derive
        from kgreason.graph.schema import alias_table, assertion_table, label_table

        rows = [_row(triple) for triple in triples]
        names = {"source": pl.String, "relation": pl.String, "target": pl.String, "weight": pl.Int64}
        frame = pl.DataFrame(rows, schema=names, orient="row")
        return cls(derive(assertion_table(frame), label_table(labels), alias_table(aliases)))

    @classmethod
    def from_networkx(
        cls, graph: nx.Graph[Any], *, relation: str = "relation", default: str = "RelatedTo"
    ) -> KnowledgeGraph:
        """Derives a graph in memory from a networkx graph of any kind.

        Keys are ``str(node)``; a node's ``label`` and an edge's ``weight`` are used where there are any. An undirected
        edge is taken in the order in which networkx gives it.

        Args:
            graph: the graph.
            relation: edge attribute that names the relation; else a multigraph's edge key, if that is a text.
            default: relation of an edge that has neither.
        """
        edges: list[_Triple] = []
        keyed = graph.edges(keys=True, data=True) if graph.is_multigraph() else graph.edges(data=True)
        for source, target, *key, data in keyed:
            named = key[0] if key and isinstance(key[0], str) else default
            edges.append((str(source), str(data.get(relation, named)), str(target), data.get("weight", 1.0)))
        labels = {str(node): str(data.get("label", "")) for node, data in graph.nodes(data=True)}
        return cls.from_triples(edges, labels=labels)

    @property
    def num_nodes(self) -> int:
        """Concepts."""
        return len(self.ptr) - 1

    @property
    def num_edges(self) -> int:
        """Entries of the CSR: every merged edge counts once in each direction."""
        return len(self.idx)

    @cached_property
    def digest(self) -> str:
        """Digest of the image; of the arrays for a graph in memory."""
        if self.manifest:
            return str(self.manifest["digest"])
        names = "\0".join(self.relations).encode("utf-8")
        return storage.digest_bytes(names, *(array.tobytes() for array in self.arrays.to_files().values()))

    @cached_property
    def relation_table(self) -> RelationTable:
        """Phrases and sentence forms of relations; a relation it does not know is named by its own words."""
        from kgreason.graph.relations import RelationTable

        return RelationTable.load()

    def key(self, node: int) -> str:
        """Unique key of a node."""
        return self.arrays.keys[node]

    def label(self, node: int) -> str:
        """Label of a node; labels may repeat."""
        return self.arrays.labels[node]

    def find(self, key: str) -> int | None:
        """Node with this key, or None."""
        return self.arrays.keys.search(key, self.arrays.key_order)

    def lookup(self, form: str) -> list[tuple[int, float]]:
        """Candidates (node, prior) of a surface form, best first.

        Args:
            form: any spelling; its normal form is looked up.
        """
        return self.surfaces.lookup(normal_form(form))

    def resolve(self, name: str) -> int:
        """The node with this key, else the best candidate of this surface form.

        Senses fold into the term: ``/c/en/dog/n/wn/animal`` is ``/c/en/dog``, or ``dog`` in a graph whose keys have no
        language.

        Raises:
            InputError: there is neither.
        """
        if (node := self.find(name)) is not None:
            return node
        candidates = self.lookup(name)
        if language_of(name) is not None:
            if (node := self.find("/".join(name.split("/", 4)[:4]))) is not None:
                return node
            candidates = [each for each in self.lookup(default_label(name)) if language_of(self.key(each[0])) is None]
        if candidates:
            return candidates[0][0]
        raise InputError(f"the graph has no concept {name!r}", fix="Check its spelling, or give its key.")

    def degree(self, node: int) -> int:
        """Entries in the row of a node."""
        return int(self.ptr[node + 1] - self.ptr[node])

    def column(self, name: str) -> npt.NDArray[Any] | None:
        """A node column [n, k], such as ``text`` (static label vectors), or None."""
        return self._columns.get(name)

    def edge(self, node: int, entry: int) -> Edge:
        """Entry ``ptr[node] <= entry < ptr[node + 1]`` as an edge in its own direction, in words."""
        code, other, forward = int(self.rel[entry]), int(self.idx[entry]), len(self.relations)
        name = self.relations[code % forward]
        source, target = (other, node) if code >= forward else (node, other)
        if self.symmetric[code % forward] and self.arrays.keys.raw(source) > self.arrays.keys.raw(target):
            source, target = target, source
        text = self.relation_table.sentence(name, self.label(source), self.label(target))
        return Edge(self.key(source), name, self.key(target), float(self.weight[entry]), text=text)

    def neighbors(self, node: int, relation: str | None = None, limit: int | None = None) -> tuple[Edge, ...]:
        """Edges at a node, heaviest first, then in row order.

        Args:
            node: its id.
            relation: only edges of this relation.
            limit: at most so many.

        Raises:
            InputError: the graph has no such relation.
        """
        start, stop = int(self.ptr[node]), int(self.ptr[node + 1])
        entries = np.arange(start, stop)
        if relation is not None:
            wanted = relation_index(self, relation)
            entries = entries[self.rel[start:stop] % len(self.relations) == wanted]
        entries = entries[np.argsort(-self.weight[entries], kind="stable")][:limit]
        return tuple(self.edge(node, entry) for entry in entries.tolist())

    def match(
        self,
        source: str | None = None,
        relation: str | None = None,
        target: str | None = None,
        *,
        node: str | None = None,
        other: str | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> tuple[Edge, ...]:
        """Edges that fit a pattern, heaviest first, then by the ids of source and target; None fits everything.

        An end is a key, a prefix of keys with ``*`` after it, or any name, see
        :func:`kgreason.graph.match.named_nodes`. An edge of a symmetric relation fits either way round.

        Args:
            source: where the edge begins.
            relation: its name.
            target: where the edge ends.
            node: one of its ends, whichever.
            other: the end that is not ``node``.
            offset: so many edges are passed over.
            limit: at most so many.

        Raises:
            InputError: a name names no concept or relation, or offset or limit is negative.

        Example:
            >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo"), ("zoo", "IsA", "park")])
            >>> [str(edge) for edge in graph.match(relation="AtLocation", target="z*")]
            ['penguin is found at zoo']
            >>> len(graph.match(node="zoo")), len(graph.match(node="zoo", offset=1)), len(graph.match("zoo"))
            (2, 1, 1)
        """
        return match_edges(self, (source, target, node, other), relation, offset, limit)

    def info(self) -> dict[str, Any]:
        """Counts, relations, degrees, languages, sources and licences as JSON-ready values."""
        codes = np.bincount(self.rel, minlength=2 * len(self.relations))
        degrees = np.diff(self.ptr)
        halves = np.where(self.symmetric, 2, 1)
        per_relation = codes[: len(self.relations)] // halves
        quantiles = np.percentile(degrees, [50, 90, 99]) if len(degrees) else np.zeros(3)
        return {
            "digest": self.digest,
            "nodes": self.num_nodes,
            "edges": int(per_relation.sum()),
            "forms": len(self.surfaces),
            **{name: self.manifest.get(name, {}) for name in ("counts", "origins", "licences")},
            "languages": dict(Counter(language_of(key) or "" for key in self.arrays.keys.to_list()).most_common()),
            "sources": list(self.manifest.get("sources", ())),
            "relations": dict(zip(self.relations, per_relation.tolist(), strict=True)),
            "degree": {
                "mean": float(degrees.mean()) if len(degrees) else 0.0,
                **{name: float(value) for name, value in zip(("p50", "p90", "p99"), quantiles, strict=True)},
                "max": int(degrees.max(initial=0)),
            },
            "columns": {name: [str(array.dtype), *array.shape] for name, array in self._columns.items()},
        }

    def __repr__(self) -> str:
        where = f", path={str(self.path)!r}" if self.path else ""
        counts = f"nodes={self.num_nodes}, edges={self.num_edges // 2}, relations={len(self.relations)}"
        return f"KnowledgeGraph({counts}{where})"


def _row(triple: _Triple) -> tuple[str, str, str, int]:
    if len(triple) not in (3, 4) or not all(isinstance(name, str) for name in triple[:3]):
        raise InputError(f"{triple!r} is no triple", fix="Give (source, relation, target) or add a weight.")
    weight = triple[3] if len(triple) == 4 else 1.0
    try:
        scaled = scaled_weight(weight)
        "".join(triple[:3]).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise InputError(f"{triple!r} is no triple: {error}", fix="Give Unicode names and a number.") from None
    source, relation, target = triple[:3]
    return source, relation, target, scaled
