"""Text vectors of a graph's concepts, kept beside its image, and the search for those that lie nearest.

An index is a folder next to the versions of an image, ``i-<graph>-<model>``, named by the digests of both: a version
is never changed, and an index never serves another graph or another model. While it is made, finished vectors lie in
a folder of the same name with ``.part`` behind it, so that a killed process goes on where it ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kgreason import storage
from kgreason.errors import FormatError, GraphImageError, InputError
from kgreason.graph.manifest import VERSION

if TYPE_CHECKING:
    from kgreason.graph.derive import Progress
    from kgreason.graph.image import KnowledgeGraph

__all__ = ["EXACT", "Model", "TextIndex", "orphans", "verify_indexes"]

#: Version of the files' layout.
FORMAT = 1
#: Concepts that are compared one by one; a larger index is searched by a library made for it.
EXACT = 1 << 20
#: Concepts of one file of finished vectors: what a killed process loses at most.
CHUNK = 2048
#: Concepts of one step of the search.
BLOCK = 8192

_ONE = 127
_FOLDER = re.compile(r"i-([0-9a-f]{16})-[0-9a-f]{16}(\.part)?")
_DESCRIPTION, _VECTORS, _LOCK = "index.json", "vectors.npy", ".lock"


@dataclass(frozen=True, slots=True)
class Model:
    """What makes vectors of texts.

    Args:
        name: how people call it; no path.
        digest: of all that its vectors depend on.
        encode: texts to vectors, whose length does not matter. Shapes: [n, d] float32.
    """

    name: str
    digest: str
    encode: Callable[[Sequence[str]], npt.NDArray[np.float32]]


@dataclass(frozen=True, eq=False, slots=True)
class TextIndex:
    """One vector for the label of each concept.

    A row is a unit vector times a scale of its own, as large as int8 allows. The cosine needs no scale, so that none
    is kept.

    Shapes:
        vectors [n, d] int8.

    Example:
        >>> import numpy as np
        >>> index = TextIndex(quantised(np.eye(3, dtype=np.float32)))
        >>> nodes, cosines = index.nearest(np.float32([[0.6, 0.8, 0]]), 2)
        >>> nodes.tolist(), [[round(cosine, 2) for cosine in row] for row in cosines.tolist()]
        ([[1, 0]], [[0.8, 0.6]])
    """

    vectors: npt.NDArray[np.int8]

    @classmethod
    def build(cls, graph: KnowledgeGraph, model: Model, *, progress: Progress | None = None) -> TextIndex:
        """Makes the index of a graph on disk, or opens the one that is there.

        A process that was killed is gone on with: what it finished is used again where its digest holds. Of two
        processes the second waits for the first.

        Args:
            graph: opened from an image.
            model: makes the vectors.
            progress: called with (stage, done, total).

        Raises:
            InputError: the graph lies in memory or is empty, or a vector of the model is not finite.
            StorageError: the index cannot be written; finished vectors stay.
        """
        report = progress or (lambda stage, done, total: None)
        folder = _folder(graph, model.digest)
        part = folder.with_name(f"{folder.name}.part")
        if not storage.is_directory(folder):
            with storage.lock(part / _LOCK):
                if not storage.is_directory(folder):
                    vectors = np.concatenate(list(_chunks(graph, model, part, report)))
                    storage.publish(folder, lambda out: _write(out, vectors, graph, model))
                storage.remove(part)
        return cls.open(graph, model)

    @classmethod
    def open(cls, graph: KnowledgeGraph, model: Model) -> TextIndex:
        """Maps the index of a graph and a model; its length is checked, its digest only by :func:`verify_indexes`.

        Raises:
            InputError: there is none for this graph and this model; says for which models there is one.
            GraphImageError: it is damaged.
        """
        folder = _folder(graph, model.digest)
        if not storage.is_directory(folder):
            others = sorted({str(made["model"]) for made in _beside(graph) if made["graph"] == graph.digest})
            known = f"; there is one of {', '.join(others)}, whose files may differ" if others else ""
            raise InputError(
                f"this version of the graph has no index of the model {model.name!r}{known}",
                fix=f"Run: kgreason graph index {graph.path and graph.path.parent} --model {model.name}",
            )
        made = _described(folder)
        if (made["graph"], made["model_digest"]) != (graph.digest, model.digest):
            raise GraphImageError(f"{folder} is the index of another graph or model", fix=_AGAIN)
        try:
            vectors = storage.load_npy(folder / _VECTORS)
        except FormatError as error:
            raise GraphImageError(f"{folder} is damaged: {error.message}", fix=_AGAIN) from error
        if vectors.dtype != np.int8 or vectors.shape != (graph.num_nodes, made["width"]):
            raise GraphImageError(f"{folder / _VECTORS} does not fit the graph: {vectors.shape}", fix=_AGAIN)
        return cls(vectors)

    def nearest(
        self, queries: npt.NDArray[np.float32], limit: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """The concepts nearest to each vector by cosine, nearest first.

        Up to :data:`EXACT` concepts numpy compares all; beyond that usearch does, with the queries in int8 too.

        Args:
            queries: vectors of texts, of any length but zero.
            limit: at most so many each.

        Returns:
            Their nodes and cosines.

        Raises:
            InputError: the index is large, and usearch is not installed.

        Shapes:
            queries [q, d]; the result [q, k] twice, k the smaller of limit and n.
        """
        units = queries / np.linalg.norm(queries, axis=1, keepdims=True)
        limit = min(limit, len(self.vectors))
        if len(self.vectors) > EXACT:
            return self._by_usearch(units, limit)
        node, cosine = np.zeros((len(units), 0), np.int64), np.zeros((len(units), 0), np.float32)
        for start in range(0, len(self.vectors), BLOCK):
            block = self.vectors[start : start + BLOCK].astype(np.float32)
            norms = np.sqrt(np.einsum("nd,nd->n", block, block))
            found = units @ block.T / np.where(norms > 0, norms, 1)
            best = np.argpartition(-found, min(limit, len(block)) - 1, axis=1)[:, :limit]
            node = np.concatenate([node, best + start], axis=1)
            cosine = np.concatenate([cosine, np.take_along_axis(found, best, axis=1)], axis=1)
            order = np.lexsort((node, -cosine), axis=1)[:, :limit]
            node, cosine = np.take_along_axis(node, order, axis=1), np.take_along_axis(cosine, order, axis=1)
        return node, cosine

    def _by_usearch(
        self, units: npt.NDArray[np.float32], limit: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        try:
            from usearch.index import MetricKind, search
        except ImportError:
            raise InputError(
                f"the index holds {len(self.vectors):,} concepts, more than the {EXACT:,} that numpy compares in time",
                fix="Run: pip install 'kgreason[large]'",
            ) from None
        found = search(self.vectors, quantised(units), limit, MetricKind.Cos, exact=True)
        shape = (len(units), limit)
        return found.keys.reshape(shape).astype(np.int64), 1 - found.distances.reshape(shape).astype(np.float32)


_AGAIN = "Remove the folder, and make the index again."


def quantised(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
    """Each row scaled so that its largest entry is ±127, and rounded; a row of zeros stays one. Shapes: [n, d]."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    return np.rint(_ONE * vectors / np.where(largest > 0, largest, 1)).astype(np.int8)


def orphans(path: Path, kept: Sequence[str]) -> list[Path]:
    """Indexes, finished or not, in an image directory that belong to none of the kept versions' digests."""
    found = ((entry, _FOLDER.fullmatch(entry.name)) for entry in storage.entries(path))
    return [entry for entry, name in found if name and name[1] not in {digest[:16] for digest in kept}]


def verify_indexes(path: str | Path) -> tuple[str, ...]:
    """Reads every byte of the indexes of an image.

    Args:
        path: an image directory, or one version of it.

    Returns:
        one sentence a finding, each beginning with the file; empty where all indexes are sound or there are none.
    """
    image = Path(path).parent if VERSION.fullmatch(Path(path).name) else Path(path)
    folders = [entry for entry in storage.entries(image) if _finished(entry)] if storage.is_directory(image) else []
    findings = []
    for folder in folders:
        try:
            if storage.digest(folder / _VECTORS) != _described(folder)["vectors"]:
                findings.append(f"{folder / _VECTORS} is damaged: its digest is not the stated one")
        except (FormatError, GraphImageError) as error:
            findings.append(error.message)
    return tuple(findings)


def _finished(entry: Path) -> bool:
    name = _FOLDER.fullmatch(entry.name)
    return name is not None and not name[2]


def _folder(graph: KnowledgeGraph, model_digest: str) -> Path:
    if graph.path is None:
        raise InputError("a graph in memory has no place for an index", fix="Build it into a folder, and open that.")
    if not graph.num_nodes:
        raise InputError("the graph has no concepts, so that there is nothing to index", fix="Add facts to it.")
    return graph.path.parent / f"i-{graph.digest[:16]}-{model_digest[:16]}"


def _beside(graph: KnowledgeGraph) -> Iterator[Mapping[str, Any]]:
    assert graph.path is not None  # _folder has seen it
    yield from (_described(entry) for entry in storage.entries(graph.path.parent) if _finished(entry))


def _described(folder: Path) -> Mapping[str, Any]:
    path = folder / _DESCRIPTION
    try:
        made = storage.read_json(path)
    except FormatError as error:
        raise GraphImageError(f"{path} is damaged: {error.message}", fix=_AGAIN) from error
    kinds = {"format": int, "graph": str, "model": str, "model_digest": str, "vectors": str, "width": int}
    if not isinstance(made, dict) or not all(isinstance(made.get(name), kind) for name, kind in kinds.items()):
        raise GraphImageError(f"{path} is damaged: it does not say {', '.join(kinds)}", fix=_AGAIN)
    if made["format"] > FORMAT:
        raise GraphImageError(f"{path} has format {made['format']}, made by a newer kgreason", fix="Upgrade kgreason.")
    return made


def _chunks(graph: KnowledgeGraph, model: Model, part: Path, report: Progress) -> Iterator[npt.NDArray[np.int8]]:
    """Vectors of all concepts, :data:`CHUNK` at a time, each file of them under its digest."""
    total = graph.num_nodes
    for start in range(0, total, CHUNK):
        report("encode", start, total)
        texts = [graph.label(node) for node in range(start, min(start + CHUNK, total))]
        chunk = _kept(part, start, len(texts))
        if chunk is None:
            chunk = _encoded(model, texts)
            storage.save_npy(part / f"{start:012d}-{storage.digest_bytes(chunk.tobytes())}.npy", chunk)
        yield chunk
    report("encode", total, total)


def _kept(part: Path, start: int, size: int) -> npt.NDArray[np.int8] | None:
    """What an earlier process finished, if it is whole."""
    for path in storage.entries(part):
        if not path.name.startswith(f"{start:012d}-"):
            continue
        with suppress(FormatError):
            chunk = storage.load_npy(path, mmap=False)
            if len(chunk) == size and path.stem.endswith(f"-{storage.digest_bytes(chunk.tobytes())}"):
                return chunk
    return None


def _encoded(model: Model, texts: list[str]) -> npt.NDArray[np.int8]:
    vectors = model.encode(texts)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise InputError(
            f"the model {model.name!r} gives {vectors.shape} for {len(texts)} texts, or numbers that are not finite",
            fix="Take another sentence encoder.",
        )
    return quantised(vectors)


def _write(folder: Path, vectors: npt.NDArray[np.int8], graph: KnowledgeGraph, model: Model) -> None:
    storage.save_npy(folder / _VECTORS, vectors)
    storage.write_json(
        folder / _DESCRIPTION,
        {
            "format": FORMAT,
            "graph": graph.digest,
            "model": model.name,
            "model_digest": model.digest,
            "vectors": storage.digest(folder / _VECTORS),
            "width": vectors.shape[1],
        },
    )
