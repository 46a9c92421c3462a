from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever, gather

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what schemathesis imports
    import schemathesis
    from schemathesis.core.result import Err

WHERE = "Where would you keep a penguin?"
PLACES = ["zoo", "desert", "oven"]


def plain(record):
    return json.loads(json.dumps(record.to_dict())) | {"trace": {}}


def post(client, path, **item):
    response = client.post(path, json=item)
    assert response.status_code == 200, response.text
    return response.json()


def test_edits_facts_and_context_reach_the_reasoner(client, reasoner):
    edits = {"add": [("penguin", "AtLocation", "oven")], "remove": [("penguin", "AtLocation", "zoo")]}
    more = {"context": "A penguin was seen in the oven.", "facts": [("zorblax", "AtLocation", "oven")]}
    answer = post(client, "/v1/ask", question=WHERE, options=PLACES, **edits, **more, language="en")
    assert answer | {"trace": {}} == plain(reasoner.ask(WHERE, PLACES, **edits, **more))


def test_entailment_emotion_grounding_and_retrieval(client, reasoner, tiny_graph):
    pair = "A penguin stands there.", "A bird is there."
    entailed = post(client, "/v1/entails", premise=pair[0], hypothesis=pair[1])
    assert entailed | {"trace": {}} == plain(reasoner.entails(*pair))
    felt = post(client, "/v1/emotion", text="The penguin froze.")
    assert felt | {"trace": {}} == plain(reasoner.emotion("The penguin froze."))
    grounding = Grounder(tiny_graph).ground(Question(WHERE, task="open"))
    assert post(client, "/v1/ground", text=WHERE) == json.loads(json.dumps(grounding.to_dict()))
    asked = Grounder(tiny_graph).ground(Question(WHERE, tuple(PLACES)))
    expected = json.loads(json.dumps(gather(Retriever(tiny_graph), asked).to_dict()))
    assert post(client, "/v1/retrieve", question=WHERE, options=PLACES) == expected


def test_graphs_by_name(client):
    assert not post(client, "/v1/ask", question=WHERE, options=PLACES, graph="none")["graph_used"]
    assert client.post("/v1/ask", json={"question": WHERE, "options": PLACES, "graph": "other"}).status_code == 404


def test_a_list_is_answered_in_its_order_and_errors_stand_in_their_places(client):
    items: list[dict[str, Any]] = [
        {"question": WHERE, "options": options} for options in (PLACES, ["zoo"], PLACES[::-1])
    ]
    items.append({"question": WHERE, "options": PLACES, "remove": [["penguin", "AtLocation", "SECRET"]]})
    found = post(client, "/v1/ask/batch", items=items)["items"]
    assert [each.get("choice") for each in found] == [found[0]["choice"], None, found[0]["choice"], None]
    assert found[1]["error"]["code"] == "limit"
    assert found[3]["error"]["code"] == "input"
    assert "SECRET" not in json.dumps(found)
    texts = [{"text": "A penguin."}, {"text": " "}]
    assert "error" in post(client, "/v1/ground/batch", items=texts)["items"][1]
    assert len(post(client, "/v1/emotion/batch", items=texts[:1])["items"]) == 1
    many = client.post("/v1/ask/batch", json={"items": items[:1] * 33})
    assert (many.status_code, many.json()["error"]["message"]) == (422, "items: too_long")


FINE = {"question": WHERE, "options": PLACES}
WRONG = [
    {}, {"question": 3}, {"question": "x" * 9000}, FINE | {"SECRET": 1}, FINE | {"question": "\ud800"},
    FINE | {"options": ["a", "\ud800"]}, FINE | {"add": [["a", "b", "\ud800"]]}, FINE | {"add": [["a", "b"]]},
    FINE | {"language": "xx"}, FINE | {"facts": [["a", "b", "c"]] * 101},
]  # fmt: skip


@pytest.mark.parametrize("item", WRONG)
def test_what_is_no_question_is_refused(client, item):
    response = client.post("/v1/ask", content=json.dumps(item), headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert set(response.json()["error"]) == {"code", "message", "hint"}
    assert "SECRET" not in response.text


def test_no_request_made_up_from_the_schema_fails_the_server(client):
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    operations = [found.ok() for found in schema.get_all_operations() if not isinstance(found, Err)]
    assert len(operations) == 17
    for operation in operations:

        @settings(max_examples=4, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
        @given(operation.as_strategy())
        def sent(case):
            values = case.as_transport_kwargs(base_url="http://testserver")
            known = {name: values[name] for name in ("method", "url", "params", "json", "headers") if name in values}
            response = client.request(**known, content=values.get("data"))
            assert response.status_code < 500, response.text
            assert response.status_code < 400 or set(response.json()["error"]) == {"code", "message", "hint"}

        sent()
