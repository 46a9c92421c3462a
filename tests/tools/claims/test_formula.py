from __future__ import annotations

import subprocess
import sys

from tools.claims.formula import CLAIMS
from tools.results import ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.claims", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_claim_names_are_distinct():
    names = [claim.name for claim in CLAIMS]
    assert len(names) == len(set(names))


def test_the_runner_prints_a_line_for_each_claim_that_is_asked_for():
    shown = run("formula", "--only", "import kgreason")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "≤ 0.3 s" in shown.stdout
    assert "yes" in shown.stdout


def test_no_claim_measured_is_no_success():
    assert run("formula", "--only", "no such claim").returncode == 1


def test_an_unknown_area_is_named():
    failed = run("formulas")
    assert failed.returncode == 2
    assert "'formulas'" in failed.stderr
