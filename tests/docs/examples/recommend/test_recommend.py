from __future__ import annotations

import pytest

from tests.docs.examples.conftest import Run, plain, transcript


def test_the_readme_says_what_the_commands_write(run: Run):
    for command, told in transcript("recommend"):
        assert plain(run(command)) == plain(told), command


def test_who_is_not_in_the_graph_is_named(run: Run, capsys: pytest.CaptureFixture[str]):
    run("kgreason graph build docs/examples/recommend/books.ttl -o runs/books --quiet")
    with pytest.raises(SystemExit):
        run("python docs/examples/recommend/recommend.py Zoe")
    assert "no concept 'Zoe'" in capsys.readouterr().err
