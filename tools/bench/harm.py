"""What the HTTP service bears, on this machine's own address.

    python -m tools.bench.harm [--share F] [--model NAME] [--record]

Slow senders and half-open sockets beside others who ask; clients that leave once they have asked; a process told to
end while it is asked; all workers of a server killed at once; a graph whose version changes while it is asked; the
server's memory over ten thousand questions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import polars as pl

from kgreason.graph import KnowledgeGraph
from kgreason.graph.build import build
from kgreason.graph.update import add, remove
from tools import results
from tools.bench.figures import Figure, report
from tools.bench.serve import CLIENTS, STARTED, Connection, once, questions, resident_mb, serving, steady, workers_of
from tools.claims.claim import at_least, at_most

__all__ = ["FACTS", "TARGETS", "ended", "grown", "killed", "left", "measure", "slowed", "swapped"]

SLOW, FREED = (
    "serve, rate beside 200 slow senders over that without",
    "serve, seconds until those who left are forgotten",
)
LOST = "serve, accepted requests lost in 20 ends under load"
KILLED = "serve, seconds until killed workers are replaced, the longest of 50"
MIXED, FAILED = "serve, answers of no version in 100 changes", "serve, errors in 100 changes"
SLOPE = "serve, slope of memory over 10,000 questions, the second half"
TARGETS = {
    SLOW: at_least(0.8, "times"), FREED: at_most(1, "s"), LOST: at_most(0), KILLED: at_most(5, "s"),
    MIXED: at_most(0), FAILED: at_most(0),
    SLOPE: at_most(1, "MB"),
}  # fmt: skip
SENDERS, LEAVERS, ENDS, KILLS, CHANGES, QUESTIONS = 200, 50, 20, 50, 100, 10_000
WORKERS = 2
#: Items of the largest request.
ITEMS = 32
FACTS = pl.DataFrame({"source": ["penguin", "bread"], "relation": "AtLocation", "target": ["zoo", "oven"]})
_MORE = pl.DataFrame({"source": ["penguin"], "relation": "AtLocation", "target": ["igloo"]})
_WHERE = {"question": "Where would you find a penguin?", "options": ["zoo", "igloo", "oven"]}


def _head(path: str, length: int) -> bytes:
    lines = f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", f"Content-Length: {length}"
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _opened(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    at = urlsplit(address)
    return await asyncio.open_connection(at.hostname, at.port)


async def slowed(address: str, bodies: Iterator[bytes], seconds: float, senders: int) -> Figure:
    """The rate of others beside senders of nothing, of half of the first lines, or of a byte of a body a second."""

    async def send(kind: int) -> None:
        while True:  # whoever is cut off comes back
            _, writer = await _opened(address)
            try:
                writer.write((b"", _head("/v1/ask", 500)[:30], _head("/v1/ask", 500))[kind])
                while not writer.is_closing():
                    await asyncio.sleep(1)
                    writer.write(b" " if kind == 2 else b"")
                    await writer.drain()
            except OSError:
                pass
            finally:
                writer.close()

    before = await steady(address, bodies, seconds)
    tasks = [asyncio.create_task(send(i % 3)) for i in range(senders)]
    await asyncio.sleep(0.5)
    beside = await steady(address, bodies, seconds)
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    after = await steady(address, bodies, seconds)
    alone = (before.rate + after.rate) / 2
    return Figure(
        SLOW, beside.rate / alone, "times", {"senders": senders, "alone": round(alone, 1), "of": beside.counts}
    )


async def left(address: str, bodies: Iterator[bytes], leavers: int) -> Figure:
    """Seconds until all places are free once clients asked and left; there are as many as the largest request takes."""

    async def leave() -> None:
        _, writer = await _opened(address)
        body = next(bodies)
        writer.write(_head("/v1/ask", len(body)) + body)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()

    await asyncio.gather(*(leave() for _ in range(leavers)))
    start = began = perf_counter()
    every = json.dumps({"items": [_WHERE] * ITEMS}).encode()
    while await once(address, every, "/v1/ask/batch") == 429:
        began = perf_counter()
    return Figure(FREED, began - start, "s", {"leavers": leavers})


async def ended(address: str, process: int, bodies: Iterator[bytes]) -> tuple[int, int]:
    """Requests sent before a server was told to end, and those of them that were not answered."""
    sent: list[tuple[float, asyncio.Task[int]]] = []
    for _ in range(CLIENTS):
        sent.append((perf_counter(), asyncio.create_task(once(address, next(bodies)))))
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.02)  # the last of them has connected
    os.kill(process, signal.SIGTERM)
    statuses = await asyncio.gather(*(task for _, task in sent))
    return len(statuses), sum(status not in (200, 429, 503) for status in statuses)


def killed(address: str, process: int, bodies: Iterator[bytes]) -> float:
    """Seconds until a question is answered once all workers of a server are killed at the same time."""
    for worker in workers_of(process):
        os.kill(worker, signal.SIGKILL)
    start = perf_counter()
    while asyncio.run(once(address, next(bodies))) != 200 and perf_counter() < start + STARTED:
        pass
    return perf_counter() - start


async def swapped(address: str, folder: Path, changes: int, pause: float = 1.2) -> list[Figure]:
    """Errors, and answers that are of no version or of two, while an edge comes and goes."""
    answers, done = list[tuple[int, frozenset[str]]](), asyncio.Event()

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as client:
            while not done.is_set():
                response = await client.post("/v1/ask/batch", json={"items": [_WHERE] * 4})
                answers.append((response.status_code, frozenset(map(_told, response.json().get("items", ())))))

    def at_rest() -> frozenset[str]:
        return answers[-1][1]

    asking = [asyncio.create_task(ask()) for _ in range(4)]
    versions = set[frozenset[str]]()
    for change in range(changes):
        await asyncio.to_thread(remove if change % 2 else add, folder, _MORE)
        await asyncio.sleep(pause if change > 1 else 3)
        versions |= {at_rest()} if change < 2 else set()
    done.set()
    await asyncio.gather(*asking)
    versions |= {frozenset()}  # of an error
    more = {"changes": changes, "requests": len(answers), "versions": len(versions) - 1}
    mixed = sum(found not in versions or len(found) > 1 for _, found in answers)
    return [
        Figure(MIXED, mixed if more["versions"] == 2 else len(answers), "", more),
        Figure(FAILED, sum(status != 200 for status, _ in answers), "", more),
    ]


def _told(item: dict[str, Any]) -> str:
    """What tells the version that an answer is of: sums of one batch and of another differ in their last digits."""
    return json.dumps({each["text"]: round(each["probability"], 3) for each in item.get("options", ())}, sort_keys=True)


async def grown(address: str, process: int, bodies: Iterator[bytes], count: int) -> Figure:
    """Growth of a server's memory, as the slope of the second half of so many questions says of all of them."""
    connections, seen = [Connection(address) for _ in range(8)], list[tuple[int, float]]()

    async def ask(connection: Connection) -> None:
        for _ in range(count // len(connections)):
            await connection.post("/v1/ask", next(bodies))

    async def look() -> None:
        while True:
            seen.append((len(seen), resident_mb(process)))
            await asyncio.sleep(0.5)

    looking = asyncio.create_task(look())
    await asyncio.gather(*map(ask, connections))
    looking.cancel()
    for each in connections:
        each.close()
    late = np.array(seen[len(seen) // 2 :])
    slope = np.polyfit(late[:, 0], late[:, 1], 1)[0] * len(seen) if len(late) > 1 else np.nan
    return Figure(
        SLOPE, float(slope), "MB", {"questions": count, "first_mb": round(seen[0][1]), "last_mb": round(seen[-1][1])}
    )


def measure(share: float, *arguments: str, bodies: Iterator[bytes], only: str = "") -> Iterator[Figure]:
    """All figures, or those whose name holds a text.

    Args:
        share: of the amounts that are promised.
        arguments: of ``kgreason serve``.
        bodies: questions.
        only: part of a name.
    """

    def of(amount: int) -> int:
        return max(1, round(amount * share))

    if only in SLOW:
        with serving(*arguments) as (address, _):
            yield asyncio.run(slowed(address, bodies, max(2, 20 * share), of(SENDERS)))
    if only in FREED:
        with serving(*arguments, "--permits", str(ITEMS)) as (address, _):
            yield asyncio.run(left(address, bodies, of(LEAVERS)))
    if only in LOST:
        counts = []
        for _ in range(of(ENDS)):
            with serving(*arguments) as (address, process):
                counts.append(asyncio.run(ended(address, process, bodies)))
        yield Figure(
            LOST, sum(lost for _, lost in counts), "", {"ends": len(counts), "of": sum(sent for sent, _ in counts)}
        )
    if only in KILLED:
        with serving(*arguments, "--workers", str(WORKERS)) as (address, process):
            waited = [killed(address, process, bodies) for _ in range(of(KILLS))]
        yield Figure(KILLED, max(waited), "s", {"kills": len(waited), "median": round(float(np.median(waited)), 2)})
    if only in MIXED:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name, "graph")
            build(FACTS, folder)
            with serving(*arguments, "--graph", f"default={folder}") as (address, _):
                yield from asyncio.run(swapped(address, folder, max(4, of(CHANGES))))
    if only in SLOPE:
        with serving(*arguments) as (address, process):
            yield asyncio.run(grown(address, process, bodies, of(QUESTIONS)))


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the amounts that are promised")
    parser.add_argument("--model", default="mini", help="that is served")
    parser.add_argument("--only", default="", help="only figures whose name holds this text")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    parser.add_argument("--book", type=Path, default=results.RESULTS, help="another file to append to")
    arguments = parser.parse_args()
    bodies = questions(KnowledgeGraph.open("default"))
    figures = list(measure(arguments.share, "--model", arguments.model, bodies=bodies, only=arguments.only))
    command = f"python -m tools.bench.harm --model {arguments.model} --share {arguments.share:g} --record"
    report(figures, command, TARGETS, record=arguments.record, book=arguments.book)
    for each in figures:
        sys.stdout.write(f"{each.name}: {each.more}\n")


if __name__ == "__main__":
    main()
