from __future__ import annotations

import pytest

from kgreason.evaluation import evaluate
from kgreason.tasks import ADAPTERS
from tests.models import moods, opened, places, tiny_model
from tools.claims.formula import CLAIMS
from tools.measure_mini import FIGURES, reads_graph, row


def test_every_claim_on_a_dev_set_is_measured():
    claimed = {claim.name for claim in CLAIMS if claim.name.startswith("mini ") and claim.name.endswith(" dev")}
    assert claimed <= {f"mini {called}" for called, _ in FIGURES.values()}
    assert all("dev" in ADAPTERS[name].splits for name in FIGURES)


def test_a_row_holds_both_arms_in_percent(tiny_base, tiny_graph, home):
    found = evaluate(opened(tiny_model(tiny_base)), places(31), tiny_graph)
    written = row(found, "accuracy", graph=True)
    assert written["value"] == pytest.approx(100 * found["accuracy"], abs=0.01)
    assert written["text"] == pytest.approx(100 * found["text"]["accuracy"], abs=0.01)
    assert written["value"] > written["text"]
    assert written["ci95"] == pytest.approx([100 * end for end in found["ci95"]], abs=0.01)
    assert written["n"] == 31


def test_another_figure_is_taken_where_one_is_named(tiny_base):
    found = evaluate(tiny_model(tiny_base, knowledge=None), moods(11), None)
    assert row(found, "macro_f1", graph=False)["value"] == pytest.approx(100 * found["macro_f1"], abs=0.01)


def test_a_graph_is_only_read_where_it_can_change_an_answer(tiny_base):
    assert not reads_graph(tiny_model(tiny_base, knowledge=None), "choice")
    assert reads_graph(opened(tiny_model(tiny_base)), "choice")
