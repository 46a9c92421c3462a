"""What the HTTP service does under load, on this machine's own address.

    python -m tools.bench.serve [--seconds N] [--model NAME] [--workers N] [--record]

One process or several serve mini, or an exported model, over the default graph; this one asks them questions with three
options, no two of them alike. Names of an exported model's figures end so.
Steady: clients that ask again as soon as they are answered. Overload: ten times as many requests a second as were
answered, whatever becomes of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import select
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import numpy as np

from kgreason.export.runtime import is_export
from kgreason.graph import KnowledgeGraph
from tools import results
from tools.bench.figures import Figure, report
from tools.claims.claim import at_least, at_most

__all__ = ["TARGETS", "Load", "measure", "overload", "questions", "serving", "steady", "workers_of"]

RATE, ERRORS, SPREAD = "serve, asks a second", "serve, errors", "serve, p99 over p50"
BATCHING = "serve, batches over one at a time"
REFUSED, LATE = "serve, overload, p99 of refusals", "serve, overload, accepted requests past the deadline"
GROWTH, BACK = "serve, overload, growth of memory", "serve, seconds until 95 % of the rate are back"
TARGETS = {
    RATE: at_least(60, "/s"),
    ERRORS: at_most(0),
    SPREAD: at_most(3, "times"),
    BATCHING: at_least(2, "times"),
    REFUSED: at_most(50, "ms"),
    LATE: at_most(0),
    GROWTH: at_most(10, "%"),
    BACK: at_most(5, "s"),
}
EXPORTED = ", exported"
CLIENTS, DEADLINE, TIMES = 32, 10.0, 10
#: Seconds of a look at the rate while it comes back, and of all looks.
LOOK, LOOKS = 3.0, 15.0
#: Seconds within which a server takes its address.
STARTED = 120
POPULAR = 20_000


@dataclass
class Load:
    """What came of requests: seconds of each by its status (0: the connection broke), and how long all took."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    took: float = 0.0
    began: float = field(default_factory=perf_counter)
    answered: list[float] = field(default_factory=list)

    def add(self, status: int, seconds: float) -> None:
        """One more."""
        self.seconds.setdefault(status, []).append(seconds)
        if status == 200:
            self.answered.append(perf_counter() - self.began)

    def reached(self, rate: float) -> float:
        """Seconds after which there was such a rate, over a look that begins then; all of them if there never was."""
        ends, starts = np.array(self.answered), np.arange(0, self.took - LOOK, 0.5)
        rates = [((start <= ends) & (ends < start + LOOK)).sum() / LOOK for start in starts]
        return next((float(start) for start, found in zip(starts, rates, strict=True) if found >= rate), self.took)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds.get(200, ())) / self.took

    @property
    def counts(self) -> dict[str, int]:
        """Requests by status."""
        return {str(status): len(each) for status, each in sorted(self.seconds.items())}

    def milliseconds(self, status: int, share: float) -> float:
        """A quantile of those with a status; not a number if there are none."""
        return 1000 * float(np.quantile(self.seconds.get(status) or [np.nan], share))


class Connection:
    """One connection to the server, kept open."""

    def __init__(self, address: str) -> None:
        self._host, self._port = urlsplit(address).hostname, urlsplit(address).port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> int:
        """Status of a request; 0 if the connection breaks. One that was closed meanwhile is opened again."""
        kept = self._streams is not None
        return await self._post(path, body) or (await self._post(path, body) if kept else 0)

    async def _post(self, path: str, body: bytes) -> int:
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._streams
            head = f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(answer.partition("content-length:")[2].partition("\r\n")[0])
            await reader.readexactly(length)
            if "connection: close" in answer:
                self.close()
            return int(answer.split(" ", 2)[1])
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0

    def close(self) -> None:
        """Ends it."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


def questions(graph: KnowledgeGraph, seed: int = 7) -> Iterator[bytes]:
    """Bodies without end: a concept, and three places where it might be."""
    chance = np.random.default_rng(seed)
    most = min(POPULAR, graph.num_nodes)
    while True:
        named, *places = (graph.label(int(node)) for node in chance.choice(most, 4, replace=False))
        yield json.dumps({"question": f"Where would you find {named}?", "options": places}).encode()


async def steady(address: str, bodies: Iterator[bytes], seconds: float, clients: int = CLIENTS) -> Load:
    """So many clients, each of which asks again as soon as it is answered."""
    load, start = Load(), perf_counter()

    async def ask() -> None:
        connection = Connection(address)
        while perf_counter() < start + seconds:
            began = perf_counter()
            load.add(await connection.post("/v1/ask", next(bodies)), perf_counter() - began)
        connection.close()

    await asyncio.gather(*(ask() for _ in range(clients)))
    load.took = perf_counter() - start
    return load


async def overload(address: str, bodies: Iterator[bytes], seconds: float, rate: float) -> Load:
    """So many requests a second, whatever becomes of those before."""
    load, start, free = Load(), perf_counter(), list[Connection]()

    async def ask() -> None:
        connection = free.pop() if free else Connection(address)
        began = perf_counter()
        load.add(await connection.post("/v1/ask", next(bodies)), perf_counter() - began)
        free.append(connection)

    running: list[asyncio.Task[None]] = []
    while (now := perf_counter() - start) < seconds:
        running += [asyncio.create_task(ask()) for _ in range(int(now * rate) - len(running))]
        await asyncio.sleep(0.005)
    await asyncio.gather(*running)
    load.took = perf_counter() - start
    for connection in free:
        connection.close()
    return load


async def once(address: str, body: bytes, path: str = "/v1/ask") -> int:
    """Status of one request."""
    connection = Connection(address)
    status = await connection.post(path, body)
    connection.close()
    return status


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[str, int]]:
    """A server of its own: its address and process id, once it is ready."""
    command = [sys.executable, "-m", "kgreason", "serve", "--port", "0", "--quiet", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            if not select.select([process.stdout], [], [], STARTED)[0] or not (
                address := process.stdout.readline().strip()
            ):
                raise RuntimeError("the server did not start")
            ready = b'{"question": "Where would you find a penguin?", "options": ["zoo", "oven"]}'
            while asyncio.run(once(address, ready)) != 200:
                if process.poll() is not None:
                    raise RuntimeError("the server has ended")
            yield address, process.pid
        finally:
            process.terminate()


def workers_of(process: int) -> list[int]:
    """The processes that a server has forked."""
    return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()))


def resident_mb(process: int) -> float:
    """Memory of a process that no file stands behind, in MB; what workers share is theirs in equal parts."""
    kilobytes = 0
    for each in (process, *workers_of(process)):
        lines = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii").splitlines()
        kilobytes += next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon"))
    return kilobytes / 1000


@asynccontextmanager
async def watched(process: int, peak: list[float]) -> AsyncIterator[None]:
    """Notes the memory of a process ten times a second."""

    async def look() -> None:
        while True:
            peak.append(resident_mb(process))
            await asyncio.sleep(0.1)

    looking = asyncio.create_task(look())
    yield
    looking.cancel()


async def under_overload(address: str, process: int, bodies: Iterator[bytes], seconds: float) -> list[Figure]:
    """Ten times the rate, and how the server comes back from it."""
    base = await steady(address, bodies, seconds)
    before, peak = resident_mb(process), [0.0]
    async with watched(process, peak):
        load = await overload(address, bodies, seconds, TIMES * base.rate)
    after = await steady(address, bodies, LOOKS)
    more = {"statuses": load.counts, "rate": round(TIMES * base.rate), "seconds": seconds}
    return [
        Figure(REFUSED, load.milliseconds(429, 0.99), "ms", more),
        Figure(LATE, len(load.seconds.get(504, ())), "", more | {"slowest": load.milliseconds(200, 1.0)}),
        Figure(GROWTH, 100 * (max(peak) / before - 1), "%", {"before_mb": round(before)}),
        Figure(BACK, after.reached(0.95 * base.rate), "s"),
    ]


def measure(seconds: float, *arguments: str, workers: int = 1) -> list[Figure]:
    """All figures; what batches give is told of one process.

    Args:
        seconds: of each load.
        arguments: of ``kgreason serve``.
        workers: processes that answer.
    """
    bodies = questions(KnowledgeGraph.open("default"))

    def steadily(address: str) -> Load:
        asyncio.run(steady(address, bodies, min(5.0, seconds)))  # to warm up
        return asyncio.run(steady(address, bodies, seconds))

    with serving(*arguments, "--workers", str(workers), "--timeout", str(DEADLINE)) as (address, process):
        load = batched = steadily(address)
        strained = asyncio.run(under_overload(address, process, bodies, seconds))
    if workers > 1:
        with serving(*arguments) as (address, _):
            batched = steadily(address)
    with serving(*arguments, "--batch", "1") as (address, _):
        alone = steadily(address)
    half, most = load.milliseconds(200, 0.5), load.milliseconds(200, 0.99)
    of_load = {"seconds": seconds, "clients": CLIENTS, "p50_ms": round(half), "p99_ms": round(most)}
    return [
        Figure(RATE, load.rate, "/s", of_load),
        Figure(ERRORS, sum(load.counts.values()) - load.counts.get("200", 0), "", {"of": load.counts}),
        Figure(SPREAD, most / half, "times"),
        Figure(
            BATCHING,
            batched.rate / alone.rate,
            "times",
            {"one_at_a_time": round(alone.rate, 1), "batches": round(batched.rate, 1)},
        ),
        *strained,
    ]


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each load")
    parser.add_argument("--model", default="mini", help="an exported model's folder")
    parser.add_argument("--workers", type=int, default=1, help="processes that answer")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    parser.add_argument("--book", type=Path, default=results.RESULTS, help="another file to append to")
    arguments = parser.parse_args()
    suffix = EXPORTED if is_export(arguments.model) else ""
    if not suffix and arguments.model != parser.get_default("model"):
        parser.error(f"{arguments.model} is no exported model")  # its figures would bear the names of mini's
    measured = measure(arguments.seconds, "--model", arguments.model, workers=arguments.workers)
    figures = [replace(each, name=each.name + suffix) for each in measured]
    targets = {name + suffix: target for name, target in TARGETS.items()}
    model = Path(arguments.model).name
    workers = f" --workers {arguments.workers}" if arguments.workers > 1 else ""
    command = f"python -m tools.bench.serve --seconds {arguments.seconds:g} --model {model}{workers} --record"
    report(figures, command, targets, record=arguments.record, book=arguments.book)
    for each in figures:
        sys.stdout.write(f"{each.name}: {each.more}\n" if each.more else "")


if __name__ == "__main__":
    main()
