"""From a text to concepts of the graph."""

from __future__ import annotations

from kgreason.grounding.link import Grounder
from kgreason.grounding.names import local_names, resolve

__all__ = ["Grounder", "local_names", "resolve"]
