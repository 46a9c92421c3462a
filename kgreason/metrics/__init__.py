"""Metrics, intervals and tests as plain functions of numpy arrays."""

from kgreason.metrics.calibration import (
    RiskCoverage,
    apply_thresholds,
    expected_calibration_error,
    fit_temperature,
    fit_thresholds,
    risk_coverage,
)
from kgreason.metrics.classification import (
    ClassificationReport,
    ClassScore,
    accuracy,
    classification_report,
    macro_f1,
)
from kgreason.metrics.intervals import McNemar, PairedDifference, ci95, mcnemar, paired_bootstrap, wilson_interval
from kgreason.metrics.ranking import best_rank, first_hit, hits_at_k, pearson, set_f1
from kgreason.metrics.shift import turning_point

__all__ = [
    "ClassScore",
    "ClassificationReport",
    "McNemar",
    "PairedDifference",
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
    "paired_bootstrap",
    "pearson",
    "risk_coverage",
    "set_f1",
    "turning_point",
    "wilson_interval",
]
