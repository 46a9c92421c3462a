from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from kgreason.engine import Reasoner
from kgreason.serving.app import make_app
from kgreason.serving.graphs import Graphs
from kgreason.serving.logs import log_to
from kgreason.serving.service import Service
from tests.models import opened, tiny_model


@pytest.fixture(scope="session")
def reasoner(tiny_base, tiny_graph) -> Reasoner:
    return Reasoner(opened(tiny_model(tiny_base)), tiny_graph)


@pytest.fixture(scope="package")
def served(reasoner) -> Iterator[tuple[TestClient, Service]]:
    """A client of a running service, open to everybody."""
    service = Service(Graphs({"default": reasoner, "none": Reasoner(reasoner.model, None)}), timeout=60)
    with TestClient(make_app(service)) as client:
        assert service.warmed.wait(60)
        yield client, service


@pytest.fixture
def client(served: tuple[TestClient, Service]) -> TestClient:
    return served[0]


@pytest.fixture
def service(served: tuple[TestClient, Service]) -> Service:
    return served[1]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the service's loggers write, as they were before afterwards."""
    loggers = [logging.getLogger(name) for name in ("kgreason.serving", "uvicorn")]
    before = [(each.handlers, each.propagate, each.level) for each in loggers]
    stream = io.StringIO()
    log_to(stream)
    yield stream
    for each, (handlers, propagate, level) in zip(loggers, before, strict=True):
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)
