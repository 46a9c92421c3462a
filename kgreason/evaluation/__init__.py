"""How well a model answers, with the graph and without, and where it is weak."""

from kgreason.evaluation.answers import answers
from kgreason.evaluation.diagnosis import diagnose
from kgreason.evaluation.evaluate import evaluate, figures
from kgreason.evaluation.findings import Diagnosis

__all__ = ["Diagnosis", "answers", "diagnose", "evaluate", "figures"]
