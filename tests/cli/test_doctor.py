from __future__ import annotations

import kg_data
import kgreason
from kgreason.cli.doctor import _licences


def test_doctor(run, home):
    shown = run("doctor")
    assert shown.code == 0
    assert str(home) in "".join(shown.out.split())
    values = run("doctor", "--json").json()
    assert values["kgreason"] == kgreason.__version__
    assert values["cache"]["folder"] == str(home)
    assert {source["name"]: source["licence"] for source in values["graph"]}["ConceptNet 4"].startswith("CC BY-SA")
    assert all(source["attribution"] for source in values["graph"])
    assert values["device"].startswith(("cpu", "cuda"))
    assert not home.exists()


def test_every_shipped_checkpoint_is_named_with_the_licences_of_its_data(run, home):
    shown = run("doctor")
    found = {checkpoint["name"]: checkpoint for checkpoint in run("doctor", "--json").json()["checkpoints"]}
    assert set(found) == {folder.name for folder in kg_data.path("checkpoints").iterdir() if folder.is_dir()}
    for name, checkpoint in found.items():
        assert name in shown.out
        assert checkpoint["licence"]
        assert checkpoint["training data"]
    assert found["mini"]["training data"]["commonsenseqa"] == "MIT"
    assert "sst2 research use" in " ".join(shown.out.split())


def test_a_card_is_read_up_to_the_end_of_its_table():
    table = "## Training data\n\n| set | licence |\n| --- | --- |\n| a | MIT |\n"
    card = f"---\nlicense: mit\n---\n{table}\n## Scores\n| b | 1 |\n"
    assert _licences(card) == {"licence": "mit", "training data": {"a": "MIT"}}
    assert _licences("# A model\n") == {"licence": "not stated", "training data": {}}
