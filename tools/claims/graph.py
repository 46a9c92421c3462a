"""Graphs are fast, safe and worth reading: what we claim of building, opening and searching them."""

from __future__ import annotations

from tools.claims.graph_quality import QUALITY
from tools.claims.graph_safety import SAFETY
from tools.claims.graph_speed import SPEED

__all__ = ["CLAIMS"]

CLAIMS = [*SPEED, *QUALITY, *SAFETY]
