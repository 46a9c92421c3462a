from __future__ import annotations

import json
import re
import select
import signal
import subprocess
import sys
from dataclasses import replace

import httpx
import polars as pl
import pytest

from kgreason.asking import Request
from kgreason.cli import main
from kgreason.engine import Reasoner
from kgreason.errors import InputError, KGReasonError, UnsupportedError
from kgreason.export.reasoner import ExportedReasoner
from kgreason.graph.build import build
from kgreason.records import Answer, Evidence, Question
from tests.formula import CHOICES, LONG, MOOD, PAIR
from tests.web import LOCAL


@pytest.fixture(scope="module")
def without(exported, tiny_graph):
    """Without torch."""
    return ExportedReasoner.from_pretrained(exported, tiny_graph, threads=1)


@pytest.fixture(scope="module")
def reasoner(model, tiny_graph):
    return Reasoner(model, tiny_graph)


def numbers(values):
    """All numbers in JSON-ready values, those of times left out."""
    for name, each in values.items() if isinstance(values, dict) else enumerate(values):
        if isinstance(each, dict | list | tuple):
            yield from numbers(each)
        elif isinstance(each, float) and not str(name).endswith("_ms"):
            yield each


STORY = Question(
    "Anna is the mother of Ben. Ben is the father of Carl. How is Anna related to Carl?", ("aunt", "grandmother")
)


def test_an_answer_has_what_the_reasoner_tells_but_for_what_a_path_adds(without, reasoner):
    for asked in (*CHOICES, PAIR, MOOD, STORY):
        found, wanted = without.answer(asked), reasoner.answer(asked)
        assert [option.text for option in found.options] == [option.text for option in wanted.options]
        assert (found.choice, found.index, found.graph_used) == (wanted.choice, wanted.index, wanted.graph_used)
        bare, other = (
            replace(each, options=tuple(replace(o, evidence=Evidence()) for o in each.options), evidence=Evidence())
            for each in (found, wanted)
        )
        assert list(numbers(bare.to_dict())) == pytest.approx(list(numbers(other.to_dict())), abs=1e-4)
        assert found.trace.keys() == wanted.trace.keys()
        assert found.evidence == found.options[0].evidence
    told = without.answer(CHOICES[0])
    assert told.evidence.paths
    assert not any(path.contribution for option in told.options for path in option.evidence.paths)
    assert "does not tell what a path adds" in told.note
    story = without.answer(STORY).evidence.paths
    assert story[0] == reasoner.answer(STORY).evidence.paths[0]  # what proves an option is known without K


def test_edits_are_obeyed_as_by_the_reasoner(without, reasoner):
    edit = {"add": [("penguin", "AtLocation", "oven")], "remove": [("penguin", "AtLocation", "zoo")]}
    found, wanted = (each.answer(CHOICES[0], **edit) for each in (without, reasoner))
    assert [option.score for option in found.options] == pytest.approx([o.score for o in wanted.options], abs=1e-4)
    assert [o.score for o in found.options] != [o.score for o in without.answer(CHOICES[0]).options]
    edges = {edge.triple for option in found.options for path in option.evidence.paths for edge in path.edges}
    assert ("penguin", "AtLocation", "oven") in edges
    with pytest.raises(InputError, match="oven"):
        without.answer(CHOICES[0], remove=[("penguin", "AtLocation", "oven")])


def test_a_mood_is_that_of_the_reasoner(without, reasoner):
    text = "The penguin is cold. It was a warm and happy day!"
    found, wanted = without.emotion(text), reasoner.emotion(text)
    assert (found.sentiment, found.found, found.shift) == (wanted.sentiment, wanted.found, wanted.shift)
    assert list(found.categories) == list(wanted.categories)
    assert list(numbers(found.to_dict())) == pytest.approx(list(numbers(wanted.to_dict())), abs=1e-4)
    assert found.vad is not None
    assert found.evidence == wanted.evidence


def test_of_questions_answered_together_each_is_as_alone_and_errors_stay_in_their_place(without):
    def late():
        raise InputError("too late")

    asked = [*map(Request, (*CHOICES, PAIR)), Request(LONG), Request(MOOD, check=late)]
    found = without.answers(asked)
    for request, answer in zip(asked[:4], found, strict=False):
        assert isinstance(answer, Answer)
        alone = without.answer(request.question)
        assert list(numbers(answer.to_dict())) == pytest.approx(list(numbers(alone.to_dict())), abs=1e-4)
    assert [each.code for each in found[4:] if isinstance(each, KGReasonError)] == ["unsupported", "input"]
    assert without.answers([]) == []


def test_without_a_graph_the_facts_of_a_question_are_read(exported, model):
    asked = Question("Who owns the zorb?", ("quix", "oven"), facts=(("quix", "owns", "zorb"),))
    found = ExportedReasoner.from_pretrained(exported, None, threads=1).answer(asked)
    wanted = Reasoner(model, None).answer(asked)
    assert found.graph_used
    assert [option.score for option in found.options] == pytest.approx([o.score for o in wanted.options], abs=1e-4)


def test_what_was_not_exported_is_refused(without):
    with pytest.raises(UnsupportedError, match="does not read a context"):
        without.answer(LONG)
    with pytest.raises(UnsupportedError, match="does not read an open question"):
        without.ask("What lives in a zoo?")
    many = tuple(
        fact for i in range(60) for fact in (("penguin", "IsA", f"wug {i}"), (f"wug {i}", "AtLocation", "zoo"))
    )
    with pytest.raises(UnsupportedError, match="an exported model reads 40"):
        without.answer(replace(CHOICES[0], facts=many))


SERVING = """
import json, sys
from kgreason.cli import main
try:
    main(sys.argv[1:])
finally:
    print(json.dumps(sorted({"torch", "transformers", "peft", "torch_geometric"} & sys.modules.keys())), flush=True)
"""


@LOCAL
def test_it_is_served_without_torch(exported, model, facts, tmp_path):
    """A process of its own: it answers over HTTP, refuses what it cannot do, and has not imported torch at its end."""
    build(pl.DataFrame(facts, schema=["source", "relation", "target", "weight"], orient="row"), tmp_path / "graph")
    arguments = ("serve", "--port", "0", "--graph", f"default={tmp_path / 'graph'}", "--model", exported)
    process = subprocess.Popen(
        [sys.executable, "-c", SERVING, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0]
        address = re.fullmatch(r"http://127\.0\.0\.1:\d+", process.stdout.readline().strip())
        assert address is not None
        choice, text = CHOICES[0], "It was a sad day."
        item = {"question": choice.text, "options": choice.options}
        edit = item | {"remove": [["penguin", "AtLocation", "zoo"]]}
        items = [item, edit, item | {"context": "A penguin."}, {"question": "What is cold?"}]
        with httpx.Client(base_url=address[0], timeout=30, trust_env=False) as client:
            answer = client.post("/v1/ask", json=item).json()
            several = client.post("/v1/ask/batch", json={"items": items}).json()["items"]
            refused = client.post("/v1/ask", json=items[-1])
            mood = client.post("/v1/emotion", json={"text": text}).json()
            pair = client.post("/v1/entails", json={"premise": PAIR.text, "hypothesis": PAIR.hypothesis}).json()
            lacks = client.get("/v1/graph/info").json()["lacks"]
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert told.splitlines()[-1] == "[]"
    reasoner = Reasoner.from_pretrained(exported.with_name("tiny"), tmp_path / "graph")
    assert answer["choice"] == reasoner.answer(choice).choice
    assert answer["confidence"] == pytest.approx(reasoner.answer(choice).confidence, abs=1e-4)
    assert mood["sentiment"] == reasoner.emotion(text).sentiment
    assert pair["choice"] == reasoner.answer(PAIR).choice
    assert several[0]["confidence"] == pytest.approx(answer["confidence"], abs=1e-5)
    assert several[1]["confidence"] != pytest.approx(answer["confidence"], abs=1e-5)
    assert [each["error"]["code"] for each in several[2:]] == ["unsupported"] * 2
    assert (refused.status_code, refused.json()["error"]["hint"]) == (422, "Ask the model that it was exported from.")
    assert lacks == ["context", "open"]


def test_the_command_line_asks_it_and_says_what_it_does_not_do(exported, tmp_path, monkeypatch, capsys):
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main([*arguments, "-g", "none", "-m", str(exported), "--json"])
        shown = capsys.readouterr()
        return int(leaving.value.code or 0), shown.out, " ".join(shown.err.split())

    asked = ("Where would you keep a penguin?", "--options", "zoo", "oven")
    assert json.loads(run("ask", *asked)[1])["choice"] in ("zoo", "oven")
    assert json.loads(run("emotion", "It was a sad day.")[1])["sentiment"] in ("negative", "positive")
    refused = {("explain", *asked): "explains no answer", ("ask", "Where?"): "not read an open question"}
    for command, said in refused.items():
        code, _, told = run(*command)
        assert code == 2
        assert said in told
    monkeypatch.setenv("KGREASON_AUDIT", str(tmp_path / "log"))
    code, _, told = run("ask", *asked)
    assert code == 2
    assert "keeps no audit log" in told
