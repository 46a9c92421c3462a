from __future__ import annotations

from kgreason.records import Question
from kgreason.tasks import write_samples


def test_bias_prints_a_table_and_json(run, checkpoint, tiny_folder, tmp_path, home):
    questions = [
        Question(f"Where would a man put oven {i}?", ("zoo", "kitchen"), answer=1, id=f"q{i}") for i in range(7)
    ]
    write_samples(tmp_path / "a.jsonl", questions)
    asked = ("bias", tmp_path / "a.jsonl", "-g", tiny_folder, "-m", checkpoint)
    found = run(*asked, "--least", "5", "--json").json()
    assert found["axes"]["gender"]["pairs"]["male → female"]["n"] == 7
    assert found["graph"] == []
    shown = run(*asked)
    assert shown.code == 0
    assert "fewer than 30" in shown.out
    assert "male → female" in run(*asked, "--least", "5").out
