from __future__ import annotations

import pytest


def test_rules_alone(run):
    shown = run("rules", "--model", "none", "--limit", "3", "--json").json()
    assert len(shown["rules"]) == 3
    assert shown["count"] > 200
    assert shown["learned"] == []
    assert shown["rules"][0]["weight"] == 1.0


def test_a_users_rules_are_counted(run, tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text('[[rule]]\nif = ["x likes y"]\nthen = "y knows x"\n')
    count = run("rules", "--model", "none", "--json").json()["count"]
    assert run("rules", "--model", "none", "--rules", str(file), "--json").json()["count"] == count + 1


@pytest.mark.parametrize(
    ("name", "value", "wrong"), [("--limit", "0", "limit is 0"), ("--rules", "nowhere.toml", "nowhere")]
)
def test_what_is_wrong_is_named(run, name, value, wrong):
    shown = run("rules", "--model", "none", name, value)
    assert shown.code == 2
    assert wrong in shown.err


@pytest.mark.slow
def test_what_the_shipped_model_learned(run):
    shown = run("rules", "--limit", "5", "--json").json()
    weights = [abs(rule["weight"]) for rule in shown["learned"]]
    assert len(weights) == 5
    assert weights == sorted(weights, reverse=True)
    assert all(rule["text"].startswith("question … ") for rule in shown["learned"])
