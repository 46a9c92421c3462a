"""How well a model answers, with the graph and without."""

from kgreason.evaluation.answers import answers
from kgreason.evaluation.evaluate import evaluate, figures

__all__ = ["answers", "evaluate", "figures"]
