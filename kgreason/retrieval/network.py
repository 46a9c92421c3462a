"""What the kernels read of a graph under the edits of a question, and where they write the edges that they find."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kgreason.config import RetrievalConfig
from kgreason.retrieval.edits import GraphView, Rows

__all__ = ["Network", "Room"]

#: Every float16 as float32, by its bits.
_HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)


class Network(NamedTuple):
    """The adjacency of a view, as kernels read it.

    Shapes:
        ptr, idx, rel of the image; weight [m] uint16 (bits of float16), halves [65536] float32 (by these bits);
        codes [2R of the image] int32 (its codes in the view); patched [p] int64 (ascending) and their rows ``own``;
        symmetric [R] bool, hidden [2R] bool (codes left out), role [k] uint8 (of seeds).
    """

    ptr: npt.NDArray[np.int64]
    idx: npt.NDArray[np.int32]
    rel: npt.NDArray[Any]
    weight: npt.NDArray[np.uint16]
    halves: npt.NDArray[np.float32]
    codes: npt.NDArray[np.int32]
    patched: npt.NDArray[np.int64]
    own: Rows
    symmetric: npt.NDArray[np.bool_]
    hidden: npt.NDArray[np.bool_]
    role: npt.NDArray[np.uint8]
    direct: bool

    @classmethod
    def of(cls, view: GraphView, role: npt.NDArray[np.uint8], config: RetrievalConfig) -> Network:
        """The adjacency of a view, with what the configuration leaves out."""
        graph = view.graph
        return cls(
            ptr=graph.ptr,
            idx=graph.idx,
            rel=graph.rel,
            weight=graph.weight.view(np.uint16),
            halves=_HALVES,
            codes=view.image_codes,
            patched=view.patched,
            own=view.own,
            symmetric=view.symmetric,
            hidden=np.zeros_like(view.negated) if config.negated else view.negated,
            role=role,
            direct=config.direct,
        )


class Room(NamedTuple):
    """Where edges are written.

    Shapes:
        source, target [h] int32, code [h] uint16, weight [h] float32, origin [h] uint8.
    """

    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    code: npt.NDArray[np.uint16]
    weight: npt.NDArray[np.float32]
    origin: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, size: int) -> Room:
        """Room for so many edges."""
        source, target = np.empty((2, size), np.int32)
        return cls(source, target, np.empty(size, np.uint16), np.empty(size, np.float32), np.empty(size, np.uint8))
