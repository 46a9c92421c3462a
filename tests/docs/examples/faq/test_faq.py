from __future__ import annotations

import re

import pytest

from tests.docs.examples.conftest import Run, plain, transcript


def without_figures(text: str) -> str:
    """Training on another machine gives other digits."""
    return re.sub(r"\d+(\.\d+)?", "#", plain(text))


@pytest.mark.slow
def test_the_readme_says_what_the_commands_write(run: Run):
    accuracy = []
    for command, told in transcript("faq"):
        out = run(command)
        assert without_figures(out) == without_figures(told), command
        if command.startswith("kgreason evaluate"):
            accuracy += [float(figure) for figure in re.findall(r"accuracy +(\d+\.\d)", out)]
    before, after = accuracy
    assert after > before + 5
