"""Write docs/performance.md from the rows of tools.bench in docs/results.jsonl.

python -m tools.performance
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kgreason import storage
from tools import results
from tools.bench import caps, coverage, graph, retrieval
from tools.claims.claim import Target

__all__ = ["page"]

PAGE = results.ROOT / "docs" / "performance.md"
HEAD = """# Performance

Made by `python -m tools.performance` from the rows of `python -m tools.bench.graph`, `tools.bench.retrieval`,
`tools.bench.caps` and `tools.bench.coverage` in [results.jsonl](results.jsonl), where each stands with its command,
commit and sizes. Times are CPU seconds of one thread on a shared machine, where other work slows them by a factor of
two and more; ratios come from one run. The made-up graph has the shape of ConceptNet 5 in English; figures with a
number of edges are of it.
"""
CAPS_HEAD = """## Smaller subgraphs

What is kept when a subgraph may have fewer nodes; the default is 200. Of questions with options that the graph leads to
the right one: how many still have such a path, and in brackets how much of the strength of all these paths runs through
kept nodes. Of open questions, which are read wide and with far larger bounds: how many still have a right answer among
the nodes.
"""

COVERAGE = {
    coverage.NAMED: "named concepts",
    coverage.OPTIONS: "options with a concept",
    coverage.RIGHT: "path to the right option",
    coverage.REACHED: "right answer within the hops",
}
COVERAGE_HEAD = """## What is found

Of the questions of dev splits: whether the concept that CommonsenseQA names, or the topic of an open question, is found
in the text; options with a concept; right options that a path of at most two steps leads to; open questions with a
right answer among the nodes that are read.
"""


def _coverage(book: Path) -> str:
    lines = [f"| set | {' | '.join(COVERAGE.values())} |", "| --- " * (1 + len(COVERAGE)) + "|"]
    for shown in coverage.SETS:
        rows = [results.latest(f"{what}: {shown}", book) for what in COVERAGE]
        if known := [row for row in rows if row is not None]:
            shares = " | ".join("" if row is None else f"{row['value']:.1f} %" for row in rows)
            lines.append(f"| {shown}, {known[0]['questions']:,} questions | {shares} |")
    return "\n".join(lines)


def _table(names: Iterable[str], targets: dict[str, Target], book: Path) -> str:
    lines = ["| figure | target | measured | ok | edges | measured at |", "| --- " * 6 + "|"]
    for name in names:
        if row := results.latest(name, book):
            target = targets.get(name)
            ok = "" if target is None else "yes" if target.met(row["value"]) else "**no**"
            shown = f"{row['value']:,.4g} {row['unit']}".replace(" /s", "/s")
            edges = f"{row['edges']:,}" if "edges" in row else ""
            lines.append(f"| {name} | {target or ''} | {shown} | {ok} | {edges} | {row['commit'].rstrip('+')} |")
    return "\n".join(lines)


def _caps(book: Path) -> str:
    lines = [f"| set | {' | '.join(f'{cap} nodes' for cap in caps.CAPS)} |", "| --- " * (1 + len(caps.CAPS)) + "|"]
    for shown in (*caps.CHOICE, *caps.OPEN):
        kept, mass = (results.latest(f"{claim}: {shown}", book) for claim in (caps.KEPT, caps.MASS))
        if kept is not None:
            shares = " | ".join(_kept(kept, mass, cap) for cap in caps.CAPS)
            lines.append(f"| {shown}, {kept['questions']:,} questions | {shares} |")
    return "\n".join(lines)


def _kept(kept: dict[str, Any], mass: dict[str, Any] | None, cap: int) -> str:
    share = "" if mass is None else f" ({mass['by_cap'][str(cap)]:.1f})"
    return f"{kept['by_cap'][str(cap)]:.1f} %{share}"


def page(book: Path = results.RESULTS) -> str:
    """The page, of the newest rows."""
    targets = {**graph.TARGETS, **retrieval.TARGETS}
    beside = (graph.NETWORKX, retrieval.NAIVE_ORDER, retrieval.NAIVE_MATCH, *retrieval.BESIDE)
    parts = (
        HEAD.rstrip(),
        "## Targets",
        _table(targets, targets, book),
        "## Beside them",
        _table(beside, {}, book),
        COVERAGE_HEAD.rstrip(),
        _coverage(book),
        CAPS_HEAD.rstrip(),
        _caps(book),
    )
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--book", type=Path, default=results.RESULTS)
    storage.write_text(PAGE, page(parser.parse_args().book))


if __name__ == "__main__":
    main()
