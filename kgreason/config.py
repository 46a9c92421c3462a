"""Frozen configuration shared by more than one room. Values are checked when made."""

from __future__ import annotations

from dataclasses import dataclass

from kgreason.errors import ConfigError

__all__ = ["LIMITS", "Limits", "RetrievalConfig"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes beyond which input is refused (bytes of UTF-8, counts, levels)."""

    question_bytes: int = 8 * 1024
    context_bytes: int = 16 * 1024 * 1024
    min_options: int = 2
    max_options: int = 64
    option_bytes: int = 1024
    line_bytes: int = 32 * 1024 * 1024
    file_bytes: int = 64 * 1024**3
    nesting: int = 100


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class RetrievalConfig:
    """How much of the graph one question may read.

    Args:
        max_nodes: nodes kept in a subgraph, seeds included.
        max_edges: directed edges kept.
        max_candidates: concepts kept for one mention.
        best_paths: paths kept for one option as evidence.
        negated: whether ``Not…`` relations take part.
        direct: whether edges straight from a question concept to an option concept take part.
        wide: whether every question with options is read wide, as open questions and those about their own
            facts alone are: everything within ``hops`` of its concepts.
        hops: of wide reading.
        wide_nodes: nodes kept of a wide subgraph.
        wide_edges: directed edges kept of a wide subgraph.
    """

    max_nodes: int = 200
    max_edges: int = 2000
    max_candidates: int = 3
    best_paths: int = 5
    negated: bool = False
    direct: bool = True
    wide: bool = False
    hops: int = 3
    wide_nodes: int = 20_000
    wide_edges: int = 200_000

    def __post_init__(self) -> None:
        for name in ("max_nodes", "max_edges", "max_candidates", "best_paths", "hops", "wide_nodes", "wide_edges"):
            if (value := getattr(self, name)) < 1:
                raise ConfigError(f"{name} is {value}", fix=f"Give {name} a value of 1 or more.")
