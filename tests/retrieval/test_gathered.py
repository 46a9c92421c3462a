from __future__ import annotations

import json

from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever, gather

ASKED = Question("Where would you keep a penguin?", ("zoo", "oven"))


def test_it_is_what_retrieval_finds(tiny_graph):
    retriever, grounding = Retriever(tiny_graph), Grounder(tiny_graph).ground(ASKED)
    found = gather(retriever, grounding, add=[("penguin", "AtLocation", "oven")])
    values = json.loads(json.dumps(found.to_dict()))
    assert values["nodes"] == len(found.subgraph) > 2
    assert [mention["surface"] for mention in values["mentions"]] == ["penguin", "zoo", "oven"]
    assert values["paths"]["oven"][0]["edges"][0]["origin"] == "given"
    assert found.paths["zoo"] == retriever.paths(found.subgraph, 0)
