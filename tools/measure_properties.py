"""Run the property tests that the formula is claimed to keep, with 1,000 random examples each, and write the row down.

python -m tools.measure_properties
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from xml.etree import ElementTree

from tools import results

__all__ = ["PROPERTIES", "counted", "run"]

PROPERTIES = (
    # the matcher against a scan by definition
    "tests/grounding/test_match.py::test_the_walk_finds_what_a_scan_by_definition_finds",
    # neighbours, paths, two-hop evidence and typed counts against networkx
    "tests/graph/test_image.py::test_edges_are_those_of_a_multigraph",
    "tests/graph/test_walk.py::test_paths_are_those_of_networkx",
    "tests/retrieval/test_subgraph.py::test_evidence_edges_and_counts_are_those_of_the_definition",
    "tests/retrieval/test_subgraph.py::test_renaming_concepts_renames_the_evidence",
    "tests/retrieval/test_paths.py::test_every_path_is_there_and_leads_from_question_to_option",
    # options, nodes, sequences, questions and batches in another order
    "tests/nn/test_model.py::TestOrder",
    "tests/nn/test_logic.py::test_order_changes_nothing",
    "tests/nn/test_gnn.py::test_order_changes_nothing",
)


def counted(report: Path) -> tuple[int, int]:
    """Tests that ran and tests that did not pass, from pytest's JUnit report."""
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))

    def total(name: str) -> int:
        return sum(int(suite.get(name, "0")) for suite in suites)

    return total("tests"), total("failures") + total("errors") + total("skipped")


def run(tests: Sequence[str], profile: str = "full") -> tuple[int, int]:
    """Run tests in a profile of hypothesis; how many there were and how many of them did not pass.

    Raises:
        RuntimeError: none ran.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", *tests],
            cwd=results.ROOT, env={**os.environ, "KGREASON_PROFILE": profile}, capture_output=True, text=True,
        )  # fmt: skip
        ran, failed = counted(report) if report.is_file() else (0, 0)
    if not ran or (done.returncode and not failed):
        raise RuntimeError(f"pytest ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    return ran, failed


def main() -> None:
    """Measure, and write the row down."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    start = perf_counter()
    ran, failed = run(PROPERTIES)
    seconds = round(perf_counter() - start, 1)
    results.append(
        "properties broken", failed, command="python -m tools.measure_properties", tests=ran, seconds=seconds
    )
    sys.stderr.write(f"{failed} of {ran} tests did not pass, {seconds} s\n")


if __name__ == "__main__":
    main()
