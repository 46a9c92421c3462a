from __future__ import annotations

from starlette.testclient import TestClient

from kgreason.engine import Reasoner
from kgreason.serve.app import make_app
from tests.models import opened, tiny_model

WHERE = "Where would you keep a penguin?"


def test_it_answers_as_the_library_does(tiny_base, tiny_graph):
    reasoner = Reasoner(opened(tiny_model(tiny_base)), tiny_graph)
    with TestClient(make_app(reasoner)) as client:
        answer = client.post("/v1/ask", json={"question": WHERE, "options": ["zoo", "oven"]}).json()
    assert answer["choice"] == reasoner.ask(WHERE, ["zoo", "oven"]).choice
