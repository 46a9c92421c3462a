from __future__ import annotations

import asyncio

import pytest
from mcp import Client
from mcp.types import TextContent

from kgreason.agents.server import make_server
from kgreason.engine import Reasoner
from kgreason.records import Answer
from tests.models import opened, tiny_model

WHERE = "Where would you keep a penguin?"


@pytest.fixture(scope="module")
def reasoner(tiny_base, tiny_graph):
    return Reasoner(opened(tiny_model(tiny_base)), tiny_graph)


@pytest.fixture(scope="module")
def call(reasoner, tiny_graph):
    """Calls a tool as an agent does, through the official client."""

    def called(tool, **arguments):
        async def talk():
            async with Client(make_server(tiny_graph, lambda: reasoner)) as client:
                return await client.call_tool(tool, arguments)

        return asyncio.run(talk())

    return called


def text(result):
    return "".join(part.text for part in result.content if isinstance(part, TextContent))


def test_the_tools_are_listed_and_only_read(reasoner, tiny_graph):
    async def talk():
        async with Client(make_server(tiny_graph, lambda: reasoner)) as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in asyncio.run(talk())}
    assert set(tools) == {"find_concept", "neighbors", "paths", "ask"}
    for tool in tools.values():
        assert tool.description
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert not {"path", "file", "folder", "url"} & set(tool.input_schema["properties"])


def test_concepts_edges_and_paths(call):
    assert call("find_concept", name="penguins").structured_content["result"][0]["concept"] == "penguin"
    near = call("neighbors", concept="penguin", relation="AtLocation").structured_content
    assert near["concept"] == "penguin"
    assert {edge["relation"] for edge in near["edges"]} == {"AtLocation"}
    between = call("paths", start="penguin", end="zoo").structured_content
    assert between["paths"][0]["edges"][0]["source"] == "penguin"
    assert between["paths"][0]["text"]


def test_answers_are_those_of_the_library_and_follow_edits(call, reasoner):
    asked = {"question": WHERE, "options": ["zoo", "oven"]}
    found = call("ask", **asked).structured_content
    assert Answer.from_dict(found).options == reasoner.ask(WHERE, ["zoo", "oven"]).options
    gone = [["penguin", "AtLocation", "zoo"]]
    without = call("ask", **asked, remove=gone).structured_content
    assert without["options"][0]["graph_score"] != found["options"][0]["graph_score"]
    assert call("ask", **asked).structured_content["options"] == found["options"]  # one question


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("neighbors", {"concept": "zorb"}, "the graph has no concept 'zorb'. Check its spelling"),
        ("neighbors", {"concept": "penguin", "relation": "Eats"}, "Eats"),
        ("neighbors", {"concept": "penguin", "limit": 101}, "less than or equal to 100"),
        ("find_concept", {"name": "x" * 201}, "at most 200"),
        ("paths", {"start": "penguin", "end": "zoo", "max_hops": 7}, "less than or equal to 6"),
        ("ask", {"question": WHERE, "options": ["zoo"]}, "options has 1"),
        ("ask", {"question": WHERE, "options": ["zoo", "oven"], "remove": [["zorb", "IsA", "zoo"]]}, "zorb"),
        ("ask", {"question": "x" * 9000, "options": ["zoo", "oven"]}, "at most"),
    ],
)
def test_bad_input_is_told_to_the_agent(call, name, arguments, said):
    result = call(name, **arguments)
    assert result.is_error
    assert said in text(result)
    assert "Traceback" not in text(result)
