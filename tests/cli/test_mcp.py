from __future__ import annotations

import asyncio
import sys

import pytest
from mcp import Client, StdioServerParameters


@pytest.mark.slow
def test_an_agent_starts_it_and_asks(checkpoint, tiny_folder):
    async def talk():
        arguments = ["-m", "kgreason", "mcp", "-g", str(tiny_folder), "-m", str(checkpoint)]
        async with Client(StdioServerParameters(command=sys.executable, args=arguments)) as client:
            near = await client.call_tool("neighbors", {"concept": "penguin"})
            asked = {"question": "Where is a penguin?", "options": ["zoo", "oven"]}
            return near.structured_content, (await client.call_tool("ask", asked)).structured_content

    near, answer = asyncio.run(talk())
    assert near["concept"] == "penguin"
    assert answer["choice"] in ("zoo", "oven")


def test_without_the_package_it_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    monkeypatch.delitem(sys.modules, "kgreason.agents.server", raising=False)
    shown = run("mcp")
    assert shown.code == 2
    assert "pip install 'kgreason[mcp]'" in shown.err
