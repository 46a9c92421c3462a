from __future__ import annotations

import json
import re

import pytest

from kgreason.cli.console import Output
from kgreason.cli.picture import draw
from kgreason.pictures import Picture
from tests.models import opened, tiny_model


def data(path):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text(), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_page_is_written_and_named(tmp_path, capsys):
    draw(Picture("a", (), (), {}, ()), tmp_path / "deep" / "a.html", Output(False, False))
    assert data(tmp_path / "deep" / "a.html")["nodes"] == []
    assert "a.html" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("neighbors", "penguin"), ("path", "penguin", "house")])
def test_graph_commands_draw(run, tiny_folder, tmp_path, command):
    path = tmp_path / "a.html"
    values = run("graph", *command, "-g", tiny_folder, "--html", path, "--json").json()
    edges = values["edges"] if "edges" in values else values["paths"][0]["edges"]
    assert {edge["text"] for edge in data(path)["edges"] if edge["strong"]} == {edge["text"] for edge in edges}


def test_ask_draws(run, tiny_base, tiny_folder, tmp_path):
    opened(tiny_model(tiny_base)).save_pretrained(tmp_path / "model")
    path, asked = tmp_path / "a.html", "Where would you keep a penguin?"
    shown = run("ask", asked, "--options", "zoo", "oven", "-g", tiny_folder, "-m", tmp_path / "model", "--html", path)
    assert shown.code == 0
    assert "A picture is in" in shown.err
    assert any(edge["text"] == "penguin is found at zoo" for edge in data(path)["edges"])
    assert ">penguin</mark>?" in path.read_text()


def test_a_place_that_cannot_be_written_is_named(run, tiny_folder, tmp_path):
    (tmp_path / "file").write_text("")
    failed = run("graph", "neighbors", "penguin", "-g", tiny_folder, "--html", tmp_path / "file" / "a.html")
    assert failed.code == 2
    assert "cannot be written" in failed.err
