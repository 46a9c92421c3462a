"""How well a model answers, with the graph and without."""

from kgreason.evaluation.evaluate import evaluate

__all__ = ["evaluate"]
