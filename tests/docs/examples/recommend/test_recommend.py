from __future__ import annotations

import pytest

from tests.docs.examples.conftest import Run, plain, transcript


@pytest.mark.slow
def test_the_readme_says_what_the_commands_write(run: Run):
    for command, told in transcript("recommend"):
        assert plain(run(command)) == plain(told), command


@pytest.mark.parametrize("names", ["Zoe", "Anna --also Ulysses"])
def test_what_is_not_in_the_graph_is_named(run: Run, capsys: pytest.CaptureFixture[str], names: str):
    run("kgreason graph build docs/examples/recommend/books.ttl -o runs/books --quiet")
    with pytest.raises(SystemExit):
        run(f"python docs/examples/recommend/recommend.py {names}")
    assert f"the graph has no concept {names.split()[-1]!r}" in capsys.readouterr().err
