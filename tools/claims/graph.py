"""What we claim of graphs on disk."""

from __future__ import annotations

from tools.claims.graph_safety import SAFETY

__all__ = ["CLAIMS"]

CLAIMS = [*SAFETY]
