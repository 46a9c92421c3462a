"""Graphs are fast and safe: what we claim of building, opening and reading them."""

from __future__ import annotations

from tools.claims.graph_safety import SAFETY
from tools.claims.graph_speed import SPEED

__all__ = ["CLAIMS"]

CLAIMS = [*SPEED, *SAFETY]
