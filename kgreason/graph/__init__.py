"""Knowledge graphs: from sources to an image on disk, and from there to arrays in memory."""

from __future__ import annotations

from kgreason.graph.image import KnowledgeGraph
from kgreason.graph.surfaces import Surfaces

__all__ = ["KnowledgeGraph", "Surfaces"]
