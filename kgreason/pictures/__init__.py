"""Pictures: records as a scene of nodes and edges, a scene or a diagnosis as one page that needs nothing else."""

from __future__ import annotations

from kgreason.pictures.diagnosis import diagnosis_page
from kgreason.pictures.page import page
from kgreason.pictures.scene import Link, Node, Picture, evidence, neighbourhood, paths

__all__ = ["Link", "Node", "Picture", "diagnosis_page", "evidence", "neighbourhood", "page", "paths"]
