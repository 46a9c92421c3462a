from __future__ import annotations

import json

from tests.chat import chat
from tests.web import LOCAL

pytestmark = LOCAL
WHERE = ("ask", "Where would you keep a penguin?", "--options", "zoo", "oven")
REPLY = {"answer": "zoo", "because": "It is kept there.", "claims": [["penguin", "AtLocation", "zoo"], ["a", "b", "c"]]}


def test_a_language_model_answers_beside_and_its_claims_are_marked(run, checkpoint, tiny_folder, monkeypatch):
    monkeypatch.setenv("KGREASON_LLM_KEY", "secret")
    with chat(json.dumps(REPLY)) as server:
        asked = (*WHERE, "-g", tiny_folder, "-m", checkpoint, "--llm", server.address, "--llm-model", "tiny")
        shown, values = run(*asked), run(*asked, "--json").json()
    assert "tiny says: zoo" in shown.out
    assert "supported: penguin is found at zoo" in shown.out
    assert "not in the graph: a b c" in shown.out
    assert [claim["supported"] for claim in values["llm"]["claims"]] == [True, False]
    assert "secret" not in shown.out + shown.err
    assert server.headers[0]["authorization"] == "Bearer secret"


def test_it_has_to_be_named(run, checkpoint, tiny_folder):
    shown = run(*WHERE, "-g", tiny_folder, "-m", checkpoint, "--llm", "http://my-server/v1")
    assert shown.code == 2
    assert "--llm-model" in shown.err
