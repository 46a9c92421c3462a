from __future__ import annotations

import json

WHERE = {"question": "Where would you keep a penguin?", "options": ["zoo", "desert", "oven"]}


def test_it_answers_as_the_library_does(client, reasoner):
    expected = json.loads(json.dumps(reasoner.ask(WHERE["question"], WHERE["options"]).to_dict()))
    answer = client.post("/v1/ask", json=WHERE).json()
    assert answer | {"trace": {}} == expected | {"trace": {}}
