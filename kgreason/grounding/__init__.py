"""From a text to concepts of the graph."""

from __future__ import annotations

from kgreason.grounding.link import Grounder, topics
from kgreason.grounding.names import local_names, namesakes, resolve

__all__ = ["Grounder", "local_names", "namesakes", "resolve", "topics"]
