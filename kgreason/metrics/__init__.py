"""Metrics, intervals and tests as plain functions of numpy arrays."""

from kgreason.metrics.calibration import (
    ReliabilityBin,
    RiskCoverage,
    apply_thresholds,
    expected_calibration_error,
    fit_temperature,
    fit_thresholds,
    reliability,
    risk_coverage,
)
from kgreason.metrics.classification import (
    ClassificationReport,
    ClassScore,
    accuracy,
    classification_report,
    macro_f1,
)
from kgreason.metrics.intervals import (
    McNemar,
    PairedDifference,
    ci95,
    mcnemar,
    newcombe_interval,
    paired_bootstrap,
    wilson_interval,
)
from kgreason.metrics.ranking import best_rank, first_hit, hits_at_k, pearson, set_f1
from kgreason.metrics.shift import turning_point

__all__ = [
    "ClassScore",
    "ClassificationReport",
    "McNemar",
    "PairedDifference",
    "ReliabilityBin",
    "RiskCoverage",
    "accuracy",
    "apply_thresholds",
    "best_rank",
    "ci95",
    "classification_report",
    "expected_calibration_error",
    "first_hit",
    "fit_temperature",
    "fit_thresholds",
    "hits_at_k",
    "macro_f1",
    "mcnemar",
    "newcombe_interval",
    "paired_bootstrap",
    "pearson",
    "reliability",
    "risk_coverage",
    "set_f1",
    "turning_point",
    "wilson_interval",
]
