"""Pictures of graphs: records as a scene of nodes and edges, and a scene as one page that needs nothing else."""

from __future__ import annotations

from kgreason.pictures.page import page
from kgreason.pictures.scene import Link, Node, Picture, evidence, neighbourhood, paths

__all__ = ["Link", "Node", "Picture", "evidence", "neighbourhood", "page", "paths"]
