"""Answer messages out of an FAQ, or hand them over to a person where the model is not sure.

Run it with ``python docs/examples/faq/faq.py "Do you take cheques?"`` once README.md's model is trained.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import kgreason as kr
from kgreason.metrics import risk_coverage
from kgreason.tasks import read_samples

HERE = Path(__file__).parent


def judged(reasoner: kr.Reasoner, file: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How sure the model is of its answer to each message of a file, and whether that is right.

    A message that no entry answers has no ``answer`` in its line: whatever is said to it is wrong.
    """
    questions = read_samples(file)
    answers = [reasoner.answer(question) for question in questions]
    right = [answer.index == question.answer for answer, question in zip(answers, questions, strict=True)]
    return np.array([answer.confidence for answer in answers]), np.array(right)


def threshold(sure: NDArray[np.float64], right: NDArray[np.bool_], risk: float) -> float:
    """The lowest confidence from which on at most a share ``risk`` of the answers is wrong; writes the table."""
    curve, surest = risk_coverage(sure, right), np.sort(sure)[::-1]
    sys.stdout.write("answered  wrong  confidence\n")
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        lowest = surest[np.searchsorted(curve.coverage, share - 1e-9)]
        sys.stdout.write(f"{share:8.0%}  {curve.at(share):5.0%}  {lowest:10.2f}\n")
    allowed = np.flatnonzero(curve.risk <= risk)
    limit = float(surest[allowed[-1]]) if len(allowed) else 1.0
    sys.stdout.write(f"hand over below {limit:.2f}\n")
    return limit


def main() -> None:
    """Read the command line, choose the threshold, answer the messages."""
    parser = argparse.ArgumentParser(description="Answer messages out of an FAQ.")
    parser.add_argument("messages", nargs="+", metavar="MESSAGE")
    parser.add_argument("--model", default="runs/faq/model", help="the trained model")
    parser.add_argument("--dev", type=Path, default=HERE / "dev.jsonl", help="messages that the threshold is chosen on")
    parser.add_argument("--test", type=Path, default=HERE / "test.jsonl", help="messages that it is tried on")
    parser.add_argument("--risk", type=float, default=0.1, help="share of the answers that may be wrong")
    given = parser.parse_args()
    try:
        reasoner = kr.Reasoner.from_pretrained(given.model, graph=None)
        limit = threshold(*judged(reasoner, given.dev), given.risk)
        sure, right = judged(reasoner, given.test)
        said = sure >= limit
        sys.stdout.write(
            f"of {len(said)} other messages {said.sum()} are answered, {(said & ~right).sum()} wrongly\n\n"
        )
        entries = read_samples(given.dev)[0].options
        for message in given.messages:
            answer = reasoner.ask(message, entries)
            reply = answer.choice if answer.confidence >= limit else "hand over to a person"
            sys.stdout.write(f"{message}\n    {reply}  ({answer.confidence:.2f})\n")
    except kr.KGReasonError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
