from __future__ import annotations

import json
import logging
import time
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from kgreason.engine import Reasoner
from kgreason.privacy import mask
from kgreason.serving.access import Access, Rates, add_key, read_keys
from kgreason.serving.app import make_app
from kgreason.serving.graphs import Graphs
from kgreason.serving.middleware import NESTING
from kgreason.serving.service import Service
from tools.personal import details

WHERE = {"question": "Where would you keep a penguin?", "options": ["zoo", "desert", "oven"]}


def test_it_answers_as_the_library_does(client, reasoner):
    expected = json.loads(json.dumps(reasoner.ask(WHERE["question"], WHERE["options"]).to_dict()))
    answer = client.post("/v1/ask", json=WHERE).json()
    assert answer | {"trace": {}} == expected | {"trace": {}}


class Failing(Reasoner):
    """Once it is told to, fails with the text of a question, or is late."""

    late = failing = False

    def answers(self, requests, **named):
        if self.failing:
            raise ValueError(requests[0].question.text)
        time.sleep(0.4 if self.late else 0)
        return super().answers(requests, **named)


def refused(client, text):
    """Responses to requests that hold a text, each by another way to be refused."""
    ask, question = "/v1/ask", {"question": text, "options": ["zoo", text[:200]]}
    bodies = [
        {text: 1}, WHERE | {text: text}, {"question": [text]}, question | {"options": text}, question | {"options": []},
        question | {"options": ["zoo"]}, question | {"language": text}, question | {"graph": text},
        question | {"graph": text[:60]}, question | {"add": [[text, text]]}, question | {"question": text * 20},
        question | {"remove": [[text[:200], "AtLocation", "zoo"]]}, question | {"add": [["zoo", text[:200], "oven"]]},
        question | {"graph": "failing"}, question | {"graph": "late"}, question | {"context": text + "\ud800"},
    ]  # fmt: skip
    plain = {"content-type": "application/json"}
    yield from (client.post(ask, content=json.dumps(body), headers=plain) for body in bodies)
    yield client.post("/v1/ask/batch", json={"items": [{"question": text, "options": ["a"]}] * 3})
    yield client.post("/v1/ask/batch", json={"items": [question] * 33})
    yield client.post("/v1/entails", json={"premise": text, "hypothesis": text, "graph": "failing"})
    yield client.post("/v1/emotion", json={"text": text, "graph": text[:60]})
    yield client.post("/v1/ground", json={"text": text, "language": text})
    yield client.post("/v1/retrieve", json=question | {"remove": [[text[:200], "IsA", "zoo"]]})
    yield client.post(ask, content=text.encode(), headers=plain)
    yield client.post(ask, content=json.dumps(question).encode()[:-1], headers=plain)
    yield client.post(ask, content=b"[" * (NESTING + 1) + text.encode())
    yield client.post(ask, json=question, headers={"content-type": quote(text)})
    yield client.post(f"/v1/{quote(text, safe='')}", json=question)
    yield client.request("DELETE", f"{ask}?{quote(text)}")
    yield client.get("/v1/graph/neighbors", params={"name": text, "graph": text})
    yield client.get("/v1/graph/paths", params={"from": text, "to": text, "max_hops": text})
    yield client.get("/v1/graph/info", params={"graph": text[:60]})
    yield client.get("/v1/graph/info", headers={"host": quote(text)})


@pytest.fixture
def strained(reasoner, tmp_path):
    """Two services, the second for whom it knows alone, whose graphs fail and are late."""
    failing, late = Failing(reasoner.model, None), Failing(reasoner.model, None)
    add_key(tmp_path / "keys.json", "ann")
    keyed = Access(read_keys(tmp_path / "keys.json"), Rates())
    graphs = Graphs({"default": reasoner, "failing": failing, "late": late})
    services = [Service(graphs, access, 0.2, hosts=frozenset({"testserver"})) for access in (Access(), keyed)]
    with TestClient(make_app(services[0])) as open_to_all, TestClient(make_app(services[1])) as closed:
        assert all(service.warmed.wait(30) for service in services)
        failing.failing = late.late = True
        yield services, open_to_all, closed


def test_no_personal_detail_leaves_by_an_error_a_log_or_a_figure(strained, lines, capfd):
    """Five hundred details, fifty in a text, by every way to be refused."""
    (service, keyed), client, closed = strained
    logger, raw = logging.getLogger(), logging.StreamHandler(lines)  # what no other logger keeps to itself
    logger.addHandler(raw)
    seeded = [detail for _, detail in details(5, 560) if len(detail) > 5][:500]
    assert len(seeded) == 500
    told, codes, statuses = "", set(), set()
    for place in range(0, 500, 50):
        text = "\n".join(seeded[place : place + 50])
        wrong = [closed.post("/v1/ask", json=WHERE, headers={"authorization": quote(text)}) for _ in range(2)]
        responses = [*refused(client, text), *wrong]
        with service.dear.held(service.permits):
            responses.append(client.post("/v1/ask", json=WHERE | {"question": text}))
        service.draining = True
        responses.append(client.post("/v1/ask", json=WHERE | {"question": text}))
        service.draining = False
        for response in responses:
            statuses.add(response.status_code)
            found = response.json()
            errors = [each["error"] for each in found.get("items", [found]) if "error" in each]
            codes |= {error["code"] for error in errors}
            told += json.dumps([errors, dict(response.headers)], ensure_ascii=False)
    logger.removeHandler(raw)
    assert statuses >= {401, 404, 405, 421, 422, 429, 500, 503, 504}
    assert codes >= {
        "busy",
        "deadline",
        "ending",
        "fault",
        "graph",
        "host",
        "input",
        "key",
        "limit",
        "nesting",
        "schema",
        "tries",
    }
    told += (
        lines.getvalue() + service.metrics.text().decode() + keyed.metrics.text().decode() + "".join(capfd.readouterr())
    )
    assert "/v1/ask" in told
    forms = {form for each in seeded for form in (each, json.dumps(each)[1:-1], quote(each))}
    assert not [form for form in forms if form in told]


def test_a_log_that_may_hold_texts_holds_them_masked(client, service, lines, monkeypatch):
    monkeypatch.setattr(service, "tell", mask)
    client.post("/v1/ask", json=WHERE | {"question": "Where is ann@example.org?"})
    client.post("/v1/entails/batch", json={"items": [{"premise": "I am 10.0.0.1.", "hypothesis": "It is wet."}]})
    client.get("/v1/graph/concept", params={"name": "penguin"})
    told = [json.loads(line).get("texts") for line in lines.getvalue().splitlines()]
    assert told == [["Where is [mail]?"], ["I am [address].", "It is wet."], None]
