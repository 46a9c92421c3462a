"""What all readers share: their options, relation names, and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from kgreason.errors import InputError
from kgreason.graph.schema import COLUMNS

__all__ = ["CHUNK_ROWS", "Options", "relation_name"]

CHUNK_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of a reader.

    Args:
        languages: kept languages; None keeps all.
        columns: column of the assertion table to the file's name for it.
    """

    languages: tuple[str, ...] | None
    columns: Mapping[str, str]

    def check(self) -> None:
        """Refuses a map from columns that do not exist."""
        for name in self.columns:
            if name not in COLUMNS:
                raise InputError(f"assertions have no column {name!r}", fix=f"Map one of {', '.join(COLUMNS)}.")


@lru_cache(maxsize=4096)
def relation_name(name: str) -> str:
    """The relation table's name for a relation of ConceptNet (``/r/IsA``); unknown names stay, without ``/r/``."""
    from kgreason.graph.relations import RelationTable  # reads the data package

    return RelationTable.load().canonical(name).removeprefix("/r/")
