"""Names in the triples that come with a question: the concept each means, and those the question alone knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from kgreason.graph.surfaces import Surfaces
from kgreason.language import normal_form
from kgreason.records import Triple

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["local_names", "local_surfaces", "namesakes", "resolve"]


def resolve(graph: KnowledgeGraph, name: str) -> int | None:
    """The concept that a key or label means: the key first, then the label's likeliest candidate.

    Args:
        graph: the graph.
        name: a key or a label.

    Returns:
        Its node, or None where the graph knows no such name.
    """
    if not graph.num_nodes:
        return None
    if (node := graph.find(name)) is not None:
        return node
    candidates = graph.lookup(name)
    return candidates[0][0] if candidates else None


def namesakes(graph: KnowledgeGraph, name: str) -> list[int]:
    """All concepts that a key or label names exactly, or else by its normal form; an alias names none.

    Args:
        graph: the graph.
        name: a key, which one concept has, or a label, which several may have.

    Returns:
        Their nodes, ascending.
    """
    if (node := graph.find(name)) is not None:
        return [node]
    labels = {node: graph.label(node) for node, _ in graph.lookup(name)}
    form = normal_form(name)
    exact = [node for node, label in labels.items() if label == name]
    return sorted(exact or [node for node, label in labels.items() if normal_form(label) == form])


def local_names(graph: KnowledgeGraph, triples: Iterable[Triple]) -> dict[str, str]:
    """Concepts of the triples that the graph does not know.

    Args:
        graph: the graph.
        triples: source, relation, target each; keys or labels.

    Returns:
        Normal form of a name -> the name as it stands first, which is the key of the concept, in reading order.
    """
    names: dict[str, str] = {}
    for source, _, target in triples:
        for name in (source, target):
            form = normal_form(name)
            if form not in names and resolve(graph, name) is None:
                names[form] = name
    return names


def local_surfaces(names: Iterable[str]) -> Surfaces:
    """A surface table of names in normal form; the candidate of a name is its position in ``names``."""
    from kgreason.graph.kernels import fill_slots  # numba is slow to import

    order = sorted((name.encode(), position) for position, name in enumerate(names))
    offsets = np.zeros(len(order) + 1, np.int64)
    np.cumsum([len(form) for form, _ in order], out=offsets[1:])
    data = np.frombuffer(b"".join(form for form, _ in order), np.uint8)
    offsets.flags.writeable = False  # as in an image, so that the same compiled walk serves both
    size = 1 << max(1, 2 * len(order) - 1).bit_length()
    slots = fill_slots(offsets, data, size)
    slots.flags.writeable = False
    return Surfaces(
        slots=slots,
        offsets=offsets,
        data=data,
        ptr=np.arange(len(order) + 1),
        node=np.array([position for _, position in order], np.int32),
        prior=np.ones(len(order), np.float32),
    )
