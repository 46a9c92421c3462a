from __future__ import annotations


def test_help_names_the_port(run):
    assert "--port" in run("serve", "--help").out
