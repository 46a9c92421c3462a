"""How much of what is personal is masked, and how much of what is masked is personal.

    python -m tools.measure_masking [--missed] [--record]

A thousand invented texts, a fifth of them without a detail, in wordings that no pattern was written for. A detail
counts as found where all of it is masked; what is masked counts as right where it lies within the detail.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from kgreason.privacy import find, mask
from tools import results
from tools.bench.figures import Figure, report
from tools.claims.claim import at_least
from tools.personal import HELD_OUT, Sample, samples

__all__ = ["PRECISION", "RECALL", "TARGETS", "measure", "missed"]

RECALL, PRECISION = "masking, share of details masked", "masking, share of masks that are right"
TARGETS = {RECALL: at_least(0.95), PRECISION: at_least(0.95)}
SEED, TEXTS = 20, 1000


def missed(sample: Sample) -> bool:
    """Whether some of a detail is left to be read."""
    return bool(sample.kind) and not any(d.start <= sample.start and sample.end <= d.end for d in find(sample.text))


def measure(texts: Iterable[Sample]) -> list[Figure]:
    """Recall, in all and by kind, and precision."""
    texts = list(texts)
    asked, lost = (
        Counter(each.kind for each in texts if each.kind),
        Counter(each.kind for each in texts if missed(each)),
    )
    by_kind = {kind: round(1 - lost[kind] / count, 4) for kind, count in asked.items()}
    right = [sample.start <= found.start and found.end <= sample.end for sample in texts for found in find(sample.text)]
    more = {"texts": len(texts), "details": asked.total(), "by_kind": by_kind}
    return [
        Figure(RECALL, 1 - lost.total() / asked.total(), "", more),
        Figure(PRECISION, sum(right) / len(right), "", {"masks": len(right)}),
    ]


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--missed", action="store_true", help="print the texts that were not masked as they should be")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    parser.add_argument("--book", type=Path, default=results.RESULTS, help="another file to append to")
    arguments = parser.parse_args()
    texts = list(samples(HELD_OUT, SEED, TEXTS))
    figures = measure(texts)
    report(figures, "python -m tools.measure_masking --record", TARGETS, record=arguments.record, book=arguments.book)
    sys.stdout.write(f"{figures[0].more['by_kind']}\n")
    for each in texts if arguments.missed else ():
        if missed(each) or (not each.kind and find(each.text)):
            sys.stdout.write(f"{each.text!r}: {mask(each.text)!r}\n")


if __name__ == "__main__":
    main()
