from __future__ import annotations

import re
from pathlib import Path

from kgreason.serving.metrics import Metrics


def test_figures_of_an_answer(reasoner):
    metrics = Metrics()
    metrics.answered(reasoner.ask("Where would you keep a penguin?", ["zoo", "oven"]))
    metrics.answered(reasoner.emotion("The penguin froze."))
    metrics.refused("busy")
    metrics.step(3, 5)
    metrics.request("/v1/ask", 200, 0.1)
    text = metrics.text().decode()
    for line in (
        'kgreason_stage_seconds_count{stage="model"} 2.0',
        'kgreason_stage_seconds_count{stage="evidence"} 2.0',
        "kgreason_confidence_count 2.0",
        "kgreason_gate_count 1.0",
        "kgreason_abstentions_total 0.0",
        'kgreason_refusals_total{reason="busy"} 1.0',
        "kgreason_queue_depth 5.0",
        "kgreason_batch_size_sum 3.0",
        'kgreason_requests_total{route="/v1/ask",status="200"} 1.0',
    ):
        assert line in text.splitlines()
    assert "penguin" not in text


def test_alerts_and_boards_name_figures_that_there_are():
    folder = Path(__file__).parents[2] / "docs" / "deploy"
    told = Metrics().text().decode()
    known = {line.split()[2] for line in told.splitlines() if line.startswith("# TYPE")}
    for name in ("alerts.yaml", "grafana.json", "kubernetes.yaml"):
        named = set(re.findall(r"kgreason_\w+", (folder / name).read_text()))
        assert named
        assert {re.sub(r"_(bucket|sum|count)$", "", each) for each in named} <= known
