"""What the HTTP service does with requests nobody would send by hand, and what it lets out of those it was sent.

    python -m tools.measure_service [--cases N] [--record]

Requests made up from the schema of every route; questions that name an invented person's number or address, after
which logs and figures are searched for it; questions asked again with an edge more or less, as a click on the page
does. All of it over the packaged graph, with the shipped checkpoint, in this process.
"""

from __future__ import annotations

import argparse
import io
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from starlette.testclient import TestClient

from kgreason.engine import Reasoner
from kgreason.graph import KnowledgeGraph
from kgreason.nn.model import ReasoningModel
from kgreason.nn.weights import find_checkpoint
from kgreason.serving.app import make_app
from kgreason.serving.graphs import Graphs
from kgreason.serving.logs import log_to
from kgreason.serving.service import Service
from tools import results
from tools.bench.figures import Figure, report
from tools.claims.claim import at_most
from tools.personal import details

__all__ = ["TARGETS", "edited", "leaked", "made_up", "serving"]

BROKEN = "serve, requests made up from the schema that fail the server"
LEAKED = "serve, personal details in logs and figures"
EDITED = "serve, an edited question answered again, p50"
TARGETS = {BROKEN: at_most(0, "requests"), LEAKED: at_most(0, "details"), EDITED: at_most(100, "ms")}
CASES, DETAILS, EDITS = 2000, 500, 100
_WHERE = {"question": "Where would you find a penguin?", "options": ["zoo", "oven", "library"]}
_SENT = ("method", "url", "params", "json", "headers")
_CHANGES: tuple[dict[str, list[list[str]]], ...] = (
    {},
    {"add": [["penguin", "AtLocation", "library"]]},
    {"remove": [["penguin", "AtLocation", "zoo"]]},
)


@contextmanager
def serving(reasoner: Reasoner) -> Iterator[TestClient]:
    """A client of a service without bounds on who asks how much, once it is warm."""
    service = Service(Graphs({"default": reasoner}), timeout=60)
    with TestClient(make_app(service), raise_server_exceptions=False) as client:
        service.warmed.wait()
        yield client


def made_up(client: TestClient, cases: int) -> Figure:
    """Answers of the 500s to at least so many requests made up from the schema, as many for each route."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what schemathesis imports
        import schemathesis
        from schemathesis.core.result import Err
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    routes = [found.ok() for found in schema.get_all_operations() if not isinstance(found, Err)]
    each, told = -(-cases // len(routes)), Counter[str]()
    for route in routes:
        sent = 0

        # hypothesis ends early where it has seen all that a strategy can give
        while sent < each:
            before = sent

            @seed(sent)
            @settings(max_examples=each, phases=[Phase.generate], deadline=None, database=None,
                      suppress_health_check=list(HealthCheck))  # fmt: skip
            @given(route.as_strategy())
            def send(case: Any) -> None:
                nonlocal sent
                values = case.as_transport_kwargs(base_url="http://testserver")
                known = {
                    name: values[name] for name in ("method", "url", "params", "json", "headers") if name in values
                }
                told[f"{client.request(**known, content=values.get('data')).status_code // 100}xx"] += 1
                sent += 1

            send()
            if sent == before:
                break
    return Figure(BROKEN, told["5xx"], "requests", {"requests": told.total(), "routes": len(routes), "of": dict(told)})


def leaked(client: TestClient, log: io.StringIO, texts: Sequence[str]) -> Figure:
    """Details that stand in what the service logs and counts once questions have named them.

    Raises:
        ValueError: questions were not answered, or broken ones not refused, so that nothing was tried.
    """
    told = Counter[str]()
    for detail, route in zip(texts, cycle(("ask", "emotion", "ground", "broken")), strict=False):
        said = f"Where would {detail} find a penguin?"
        body = {"ask": {**_WHERE, "question": said}, "broken": {"question": said, "options": 3}}.get(route)
        sent = client.post(f"/v1/{'ask' if route == 'broken' else route}", json=body or {"text": said})
        if sent.status_code != (422 if route == "broken" else 200):
            raise ValueError(f"{route} was answered by {sent.status_code}")
        told[route] += 1
        client.get("/v1/graph/concept", params={"name": detail})
    out = log.getvalue() + client.get("/metrics").text
    found = sum(detail in out for detail in texts)
    return Figure(LEAKED, found, "details", {"details": len(texts), "characters": len(out), "of": dict(told)})


def edited(client: TestClient, count: int) -> Figure:
    """Milliseconds until a question that was edited is answered again."""
    times = []
    for change in islice(cycle(_CHANGES), count + len(_CHANGES)):
        start = perf_counter()
        client.post("/v1/ask", json={**_WHERE, **change}).raise_for_status()
        times.append(1000 * (perf_counter() - start))
    kept = times[len(_CHANGES) :]  # the first of each fills what is kept between questions
    return Figure(EDITED, float(np.median(kept)), "ms", {"n": count, "p99": round(float(np.quantile(kept, 0.99)), 1)})


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=CASES, help="requests made up from the schema")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    parser.add_argument("--book", type=Path, default=results.RESULTS, help="another file to append to")
    arguments = parser.parse_args()
    log = io.StringIO()
    log_to(log)
    model = ReasoningModel.from_pretrained(find_checkpoint("mini"), device="cpu")
    with serving(Reasoner(model, KnowledgeGraph.open("default"))) as client:
        texts = [detail for _, detail in details(7, DETAILS)]
        figures = [edited(client, EDITS), leaked(client, log, texts), made_up(client, arguments.cases)]
    command = f"python -m tools.measure_service --cases {arguments.cases} --record"
    report(figures, command, TARGETS, record=arguments.record, book=arguments.book)


if __name__ == "__main__":
    main()
