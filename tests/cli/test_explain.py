from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from kgreason.engine import Reasoner
from kgreason.explain import explain
from kgreason.graph import KnowledgeGraph
from tests.models import KNOWLEDGE, RELATIONS, opened, tiny_model

WHERE = "Where would you keep a penguin?"
PLACES = ("zoo", "desert", "oven")


@pytest.fixture(scope="session")
def counting(tiny_base, tmp_path_factory):
    """A checkpoint that weighs every kind of path alike and hardly reads the text."""
    folder = tmp_path_factory.mktemp("explained") / "counting"
    relations = (*RELATIONS, "CapableOf", "HasA")
    model = opened(tiny_model(tiny_base, knowledge=replace(KNOWLEDGE, nodes=False, fusion=False, relations=relations)))
    assert model.knowledge is not None
    assert model.knowledge.counter is not None
    torch.nn.init.ones_(model.knowledge.counter.weight)
    model.logic.scale.data.fill_(-9.0)
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def told(run, counting, tiny_folder):
    def call(*arguments, options=("--options", *PLACES)):
        return run("explain", WHERE, *options, *arguments, "-g", tiny_folder, "-m", counting)

    return call


def test_explain(told):
    shown = told("--against", "desert")
    assert shown.code == 0
    assert "why zoo (" in shown.out
    assert "why not desert (" in shown.out
    assert "penguin is found at zoo" in shown.out
    assert "missing: penguin is found at desert" in shown.out
    assert "add: " in shown.out
    assert "asked again, the answer is desert" in shown.out
    assert told("--quiet").err == ""


def test_json_is_what_the_library_says(told, counting, tiny_folder):
    values = told("--json").json()
    expected = explain(Reasoner.from_pretrained(counting, KnowledgeGraph.open(tiny_folder)), WHERE, PLACES)
    assert values["text"] == str(expected)
    assert values["answer"]["choice"] == "zoo"
    assert values["edited"]["choice"] != "zoo"
    assert values["tried"] == expected.tried


def test_edits_hold(told, tiny_folder, counting, run):
    edits = ("--add", "penguin", "AtLocation", "oven", "--remove", "penguin", "AtLocation", "zoo")
    values = told(*edits, "--json").json()
    answer = run("ask", WHERE, "--options", *PLACES, *edits, "-g", tiny_folder, "-m", counting, "--json").json()
    assert values["answer"] | {"trace": {}} == answer | {"trace": {}}
    given = [e for o in answer["options"] for p in o["evidence"]["paths"] for e in p["edges"] if e["origin"] == "given"]
    assert {(e["source"], e["relation"], e["target"]) for e in given} == {("penguin", "AtLocation", "oven")}


def test_no_edit_is_said(told):
    shown = told("--against", "desert", "--limit", "1")
    assert shown.code == 0
    assert "No edit of up to 3 of the edges named leads to desert (1 tried)." in shown.out


def test_entailment(told):
    shown = told("--hypothesis", "A bird is in the zoo.", options=())
    assert shown.code == 0
    assert "why not" in shown.out
    assert "The graph adds nothing to the scores" in shown.out


def test_what_is_wrong_is_told(told):
    failed = told("--against", "moon")
    assert failed.code == 2
    assert "against is 'moon', which is none of the options" in failed.err
    failed = told("--hypothesis", "So.")
    assert failed.code == 2
    assert "options and a hypothesis were given" in failed.err
