"""The arrays of a graph, and the file each of them is stored in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kgreason.graph.strings import Strings
from kgreason.graph.surfaces import Surfaces

__all__ = ["FILES", "Arrays"]


@dataclass(frozen=True, eq=False, slots=True)
class Arrays:
    """All that a graph holds: n nodes, m directed entries, R relations.

    Row i of the CSR lists the neighbours of node i, sorted by neighbour, then relation code: ``r`` for an edge that
    leaves i, ``r + R`` for one that enters it, ``r`` both ways for a symmetric relation.

    Shapes:
        ptr [n + 1] int64, idx [m] int32, rel [m] the smallest unsigned integer for 2 R, weight [m] float16,
        key_order [n] int32 (nodes in byte order of their keys), symmetric [R] bool.
    """

    ptr: npt.NDArray[np.int64]
    idx: npt.NDArray[np.int32]
    rel: npt.NDArray[Any]
    weight: npt.NDArray[np.float16]
    keys: Strings
    key_order: npt.NDArray[np.int32]
    labels: Strings
    surfaces: Surfaces
    relations: tuple[str, ...]
    symmetric: npt.NDArray[np.bool_]

    def to_files(self) -> dict[str, npt.NDArray[Any]]:
        """File name to array; relations and their symmetry are in the manifest."""
        return {name: getter(self) for name, getter in FILES.items()}

    @classmethod
    def from_files(
        cls, files: Mapping[str, npt.NDArray[Any]], relations: tuple[str, ...], symmetric: npt.NDArray[np.bool_]
    ) -> Arrays:
        """The inverse of :meth:`to_files`.

        Raises:
            ValueError: lengths or types do not fit together.
        """
        surfaces = Surfaces(*(files[name] for name in FILES if name.startswith("surfaces.")))
        arrays = cls(
            ptr=files["ptr.npy"],
            idx=files["idx.npy"],
            rel=files["rel.npy"],
            weight=files["weight.npy"],
            keys=Strings(files["labels.key_offsets.npy"], files["labels.key_data.npy"]),
            key_order=files["labels.key_order.npy"],
            labels=Strings(files["labels.offsets.npy"], files["labels.data.npy"]),
            surfaces=surfaces,
            relations=relations,
            symmetric=symmetric,
        )
        for name in arrays._unfit():
            raise ValueError(f"{name} does not fit the other arrays")
        return arrays

    def _unfit(self) -> Iterator[str]:
        """Files whose length or type is wrong, judged by the headers and last entries alone."""
        nodes, entries, table = len(self.ptr) - 1, len(self.idx), self.surfaces
        forms, candidates = len(table.offsets) - 1, len(table.node)
        wanted = {
            "ptr.npy": (np.int64, nodes + 1),
            "idx.npy": (np.int32, entries),
            "rel.npy": (np.min_scalar_type(max(2 * len(self.relations) - 1, 0)), entries),
            "weight.npy": (np.float16, entries),
            "labels.key_offsets.npy": (np.int64, nodes + 1),
            "labels.key_order.npy": (np.int32, nodes),
            "labels.offsets.npy": (np.int64, nodes + 1),
            "surfaces.slots.npy": (np.uint64, 1 << max(3, (2 * forms - 1).bit_length())),
            "surfaces.offsets.npy": (np.int64, forms + 1),
            "surfaces.ptr.npy": (np.int64, forms + 1),
            "surfaces.node.npy": (np.int32, candidates),
            "surfaces.prior.npy": (np.float32, candidates),
        }
        files = self.to_files()
        for name, (dtype, length) in wanted.items():
            if files[name].dtype != dtype or files[name].shape != (length,):
                yield name
        for ends, data in _SPANS.items():
            if data in _BYTES and (files[data].dtype != np.uint8 or files[data].ndim != 1):
                yield data
            elif not len(files[ends]) or files[ends][0] != 0 or files[ends][-1] != len(files[data]):
                yield ends

    def misfits(self) -> Iterator[str]:
        """Files that hold an index outside its range, judged by every entry."""
        files = self.to_files()
        nodes, forms = len(self.ptr) - 1, len(self.surfaces)
        yield from (name for name in _SPANS if np.any(np.diff(files[name]) < 0))
        ranges: dict[str, int] = {
            "idx.npy": nodes,
            "rel.npy": 2 * len(self.relations),
            "labels.key_order.npy": nodes,
            "surfaces.node.npy": nodes,
        }
        for name, size in ranges.items():
            if len(files[name]) and not 0 <= files[name].min() <= files[name].max() < size:
                yield name
        used = self.surfaces.slots[self.surfaces.slots != 0] & np.uint64(0xFFFFFFFF)
        if not np.array_equal(np.sort(used), np.arange(1, forms + 1, dtype=np.uint64)):
            yield "surfaces.slots.npy"


FILES: Mapping[str, Callable[[Arrays], npt.NDArray[Any]]] = {
    "ptr.npy": lambda a: a.ptr,
    "idx.npy": lambda a: a.idx,
    "rel.npy": lambda a: a.rel,
    "weight.npy": lambda a: a.weight,
    "labels.key_offsets.npy": lambda a: a.keys.offsets,
    "labels.key_data.npy": lambda a: a.keys.data,
    "labels.key_order.npy": lambda a: a.key_order,
    "labels.offsets.npy": lambda a: a.labels.offsets,
    "labels.data.npy": lambda a: a.labels.data,
    "surfaces.slots.npy": lambda a: a.surfaces.slots,
    "surfaces.offsets.npy": lambda a: a.surfaces.offsets,
    "surfaces.data.npy": lambda a: a.surfaces.data,
    "surfaces.ptr.npy": lambda a: a.surfaces.ptr,
    "surfaces.node.npy": lambda a: a.surfaces.node,
    "surfaces.prior.npy": lambda a: a.surfaces.prior,
}

#: Files of row ends, and the file whose rows they end.
_SPANS = {
    "ptr.npy": "idx.npy",
    "labels.key_offsets.npy": "labels.key_data.npy",
    "labels.offsets.npy": "labels.data.npy",
    "surfaces.offsets.npy": "surfaces.data.npy",
    "surfaces.ptr.npy": "surfaces.node.npy",
}
_BYTES = {"labels.key_data.npy", "labels.data.npy", "surfaces.data.npy"}
