"""Watch a stream of Chinese reviews and raise an alert while too many are negative.

Run it with ``python docs/examples/monitor/monitor.py docs/examples/monitor/reviews.jsonl``, or pipe lines into it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import kgreason as kr
from kgreason.language import called
from kgreason.metrics import wilson_interval

(NEGATIVE,) = called(["negative"], "zh")


def judged(lines: Iterable[str], reasoner: kr.Reasoner) -> Iterator[tuple[str, str, bool]]:
    """Time and text of each review, and whether it is negative; lines that are none are reported and passed over."""
    for number, line in enumerate(lines, 1):
        try:
            review = json.loads(line)
            yield review["time"], review["text"], reasoner.emotion(review["text"], language="zh").sentiment == NEGATIVE
        except (ValueError, KeyError, TypeError, RecursionError, kr.KGReasonError) as error:
            sys.stderr.write(f"line {number} is passed over: {error!r}\n")


def watch(lines: Iterable[str], reasoner: kr.Reasoner, window: int, limit: float) -> Iterator[str]:
    """What is to be told: an alert when it begins, with the reviews that caused it, and when it is over.

    All that is kept is the reviews of the window.
    """
    recent: deque[tuple[str, str, bool]] = deque(maxlen=window)
    alert = False
    for review in judged(lines, reasoner):
        recent.append(review)
        bad = [f"    {time}  {text}" for time, text, negative in recent if negative]
        low, high = wilson_interval(len(bad), len(recent))
        share = f"{len(bad)} of the last {len(recent)} reviews are negative ({low:.0%} to {high:.0%})"
        if len(recent) == window and (low > limit) != alert:
            alert = not alert
            yield "\n".join([f"{review[0]}  ALERT: {share}", *bad] if alert else [f"{review[0]}  over: {share}"])


def main() -> None:
    """Read the command line, then the stream."""
    parser = argparse.ArgumentParser(description="Alerts for a stream of Chinese reviews.")
    parser.add_argument("file", nargs="?", type=Path, help="JSON lines with time and text; standard input if none")
    parser.add_argument("--window", type=int, default=12, help="reviews that are looked back on")
    parser.add_argument("--limit", type=float, default=0.3, help="share of negative ones that is still normal")
    given = parser.parse_args()
    try:
        reasoner = kr.Reasoner.from_pretrained("multilingual", graph=None)
        with given.file.open(encoding="utf-8", errors="replace") if given.file else sys.stdin as lines:
            for told in watch(lines, reasoner, given.window, given.limit):
                sys.stdout.write(f"{told}\n")
                sys.stdout.flush()
    except (OSError, kr.KGReasonError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
