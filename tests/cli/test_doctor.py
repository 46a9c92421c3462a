from __future__ import annotations

import kgreason


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
