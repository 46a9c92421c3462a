from __future__ import annotations

from tests.models import opened, places, tiny_model
from tools.claims.mini import differing, megabytes


def test_scores_without_a_trained_k_are_the_text_models(tiny_base, tiny_graph, home):
    wrong, scores = differing(opened(tiny_model(tiny_base)), places(13), tiny_graph)
    assert wrong == 0
    assert scores == 2 * 13 * (2 + 4)


def test_the_size_of_a_checkpoint_is_that_of_all_its_files(tiny_base, tmp_path):
    tiny_model(tiny_base, knowledge=None).save_pretrained(tmp_path / "m")
    size = sum(path.stat().st_size for path in (tmp_path / "m").rglob("*") if path.is_file())
    assert megabytes(tmp_path / "m").value == size / 1e6
