from __future__ import annotations

import threading

from starlette.testclient import TestClient

from kgreason.engine import Reasoner
from kgreason.serving.app import make_app
from kgreason.serving.graphs import Graphs
from kgreason.serving.service import Service


class Slow(Reasoner):
    """Answers once it may."""

    def __init__(self, reasoner):
        super().__init__(reasoner.model, reasoner.graph)
        self.go = threading.Event()

    def answers(self, requests, **named):
        assert self.go.wait(30)
        return super().answers(requests, **named)


def test_it_is_ready_once_it_is_warm_and_until_it_ends(reasoner):
    slow = Slow(reasoner)
    service = Service(Graphs({"default": slow}))
    with TestClient(make_app(service)) as client:
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        slow.go.set()
        assert service.warmed.wait(30)
        assert client.get("/readyz").status_code == 200
        service.draining = True
        assert client.get("/readyz").status_code == 503
        ending = client.get("/v1/graph/info")
        assert (ending.status_code, ending.json()["error"]["code"]) == (503, "ending")
        assert client.get("/healthz").status_code == 200
