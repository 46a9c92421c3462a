"""How well a model answers, with the graph and without, where it is weak, and what cures that."""

from kgreason.evaluation.answers import answers
from kgreason.evaluation.diagnosis import diagnose
from kgreason.evaluation.ensemble import Ensemble
from kgreason.evaluation.evaluate import evaluate, figures
from kgreason.evaluation.findings import Diagnosis
from kgreason.evaluation.improve import Improvement, LoopConfig, improve

__all__ = [
    "Diagnosis",
    "Ensemble",
    "Improvement",
    "LoopConfig",
    "answers",
    "diagnose",
    "evaluate",
    "figures",
    "improve",
]
