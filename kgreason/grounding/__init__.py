"""From a text to concepts of the graph."""

from __future__ import annotations

from kgreason.grounding.link import Grounder, topics
from kgreason.grounding.names import local_names, namesakes, resolve
from kgreason.grounding.proofs import with_stated
from kgreason.grounding.rules import Rules

__all__ = ["Grounder", "Rules", "local_names", "namesakes", "resolve", "topics", "with_stated"]
