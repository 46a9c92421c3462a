from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kgreason.config import LIMITS
from kgreason.engine import Reasoner
from kgreason.graph import KnowledgeGraph
from kgreason.records import Answer
from tests.checkpoints import tiny_model

WHERE = "Where would you keep penguins?"
OPTIONS = ("--options", "zoo", "desert", "oven")


@pytest.fixture(scope="module")
def models(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Checkpoints: of text alone, with K, and without E."""
    home = tmp_path_factory.mktemp("models")
    kinds = {"text": {}, "graph": {"knowledge": True}, "cold": {"emotion": False}}
    for name, settings in kinds.items():
        tiny_model(tiny_base, **settings).save_pretrained(home / name)
    return {name: home / name for name in kinds}


@pytest.fixture
def asked(run, models, tiny_folder):
    """Runs a command with the checkpoint of a name on the tiny graph."""
    return lambda command, *arguments, model="text": run(command, *arguments, "-m", models[model], "-g", tiny_folder)


def test_ask_prints_the_wire_format(asked, models, tiny_folder):
    values = asked("ask", WHERE, *OPTIONS, "--json", model="graph").json()
    reasoner = Reasoner.from_pretrained(models["graph"], KnowledgeGraph.open(tiny_folder))
    expected = reasoner.ask(WHERE, ["zoo", "desert", "oven"]).to_dict()
    assert values | {"trace": {}} == json.loads(json.dumps(expected)) | {"trace": {}}
    assert json.loads(json.dumps(Answer.from_dict(values).to_dict())) == values
    assert sum(option["probability"] for option in values["options"]) == pytest.approx(1)


def test_ask_shows_bars_a_tree_and_a_line_for_each_other_option(asked):
    shown = asked("ask", WHERE, *OPTIONS, model="graph")
    assert shown.code == 0, shown.err
    values = asked("ask", WHERE, *OPTIONS, "--json", model="graph").json()
    ranked = [option["text"] for option in values["options"]]
    lines = shown.out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ranked
    assert all("%" in line and "graph" in line for line in lines[:3])
    assert "penguin is found at zoo" in shown.out
    zoo = next(option for option in values["options"] if option["text"] == "zoo")
    assert f"{zoo['evidence']['paths'][0]['contribution']:+.2f}" in shown.out
    assert "oven  no path speaks for it" in shown.out
    assert "gate" in shown.err
    assert "retrieve" in shown.err


def test_all_shows_every_tree(asked):
    few, many = (asked("ask", WHERE, *OPTIONS, *more, model="graph").out for more in ((), ("--all",)))
    assert "└── no path speaks for it" in many
    assert len(many.splitlines()) > len(few.splitlines())


def test_paths_that_only_speak_against_options_are_not_called_missing(tiny_base, tiny_graph):
    model = tiny_model(tiny_base, knowledge=True)
    assert model.knowledge is not None
    assert model.knowledge.counter is not None
    torch.nn.init.constant_(model.knowledge.counter.weight, -1.0)
    answer = Reasoner(model, tiny_graph).ask(WHERE, ["zoo", "desert", "oven"])
    assert not any(option.evidence.paths for option in answer.options)
    assert answer.graph_used
    assert "none of the options" in answer.note


def test_a_text_model_says_that_evidence_adds_nothing(asked):
    shown = asked("ask", WHERE, *OPTIONS)
    assert "penguin is found at zoo" in shown.out
    assert "adds nothing" in shown.out
    assert "+0.00" not in shown.out


def test_without_a_graph_the_answer_says_so_and_equals_the_text_model(run, models, asked):
    bare = ("ask", WHERE, *OPTIONS, "-g", "none", "-m", models["graph"])
    assert "Answered without a graph." in run(*bare).out
    values = run(*bare, "--json").json()
    assert values["graph_used"] is False
    assert all(option["score"] == option["text_score"] for option in values["options"])
    full = asked("ask", WHERE, *OPTIONS, "--json", model="graph").json()
    text = {option["text"]: option["text_score"] for option in full["options"]}
    assert text == {option["text"]: option["score"] for option in values["options"]}


def test_a_question_unknown_to_the_graph_says_so(asked):
    shown = asked("ask", "Zxqv?", "--options", "qqq", "vvv")
    assert "The graph gave nothing" in shown.out


def test_edits_are_obeyed(asked):
    edits = ("--add", "penguin", "AtLocation", "oven", "--remove", "penguin", "AtLocation", "zoo")
    values = asked("ask", WHERE, *OPTIONS, *edits, "--json").json()
    paths = {option["text"]: option["evidence"]["paths"] for option in values["options"]}
    assert paths["oven"][0]["edges"][0]["origin"] == "given"
    assert all(len(path["edges"]) == 2 for path in paths["zoo"])


def test_edits_without_a_graph_are_refused(run, models):
    failed = run("ask", WHERE, *OPTIONS, "-g", "none", "-m", models["text"], "--add", "a", "IsA", "b")
    assert failed.code == 2
    assert "no graph" in failed.err


def test_a_context_is_read_and_its_passages_shown(asked, tmp_path):
    context = tmp_path / "context.txt"
    context.write_text("Penguins are birds. " * 40 + "The zoo of the city keeps penguins.")
    shown = asked("ask", WHERE, *OPTIONS, "--context", context)
    assert "what was read most" in shown.out
    values = asked("ask", WHERE, *OPTIONS, "--context", context, "--json").json()
    assert values["sentences"]
    assert all(0 <= weight <= 1 for _, weight in values["sentences"])


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"caf\xe9", "line 1: byte 0xe9 is not UTF-8"), (b"one\n\xff", "line 2"), (b"  \n", "context is empty")],
)
def test_a_bad_context_is_named(asked, tmp_path, content, says):
    context = tmp_path / "context.txt"
    context.write_bytes(content)
    failed = asked("ask", WHERE, *OPTIONS, "--context", context)
    assert failed.code == 2
    assert says in failed.err


def test_a_context_over_the_limit_is_refused(asked, tmp_path):
    context = tmp_path / "context.txt"
    with context.open("wb") as file:
        file.truncate(LIMITS.context_bytes + 1)
    failed = asked("ask", WHERE, *OPTIONS, "--context", context)
    assert failed.code == 2
    assert "16777216 bytes" in failed.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ask", WHERE), "options has 0 entries"),
        (("ask", " ", *OPTIONS), "question is empty"),
        (("ask", "where " * 2000, *OPTIONS), "8,192"),
        (("entails", "A man sleeps.", ""), "hypothesis is empty"),
        (("emotion", ""), "text is empty"),
        (("emotion", "Well.", "--language", "English"), "'English'"),
    ],
)
def test_bad_input_is_told_before_anything_is_loaded(run, arguments, says):
    failed = run(*arguments, "-m", "no such model", "-g", "no such graph")
    assert failed.code == 2
    assert failed.out == ""
    assert says in failed.err


def test_a_missing_checkpoint_is_named(run):
    failed = run("ask", WHERE, *OPTIONS, "-g", "none", "-m", "maxi")
    assert failed.code == 2
    assert "'maxi'" in failed.err


def test_entails(asked):
    arguments = ("entails", "A penguin lives in the zoo.", "An animal is in the city.")
    values = asked(*arguments, "--json").json()
    assert {option["text"] for option in values["options"]} == {"entailment", "neutral", "contradiction"}
    shown = asked(*arguments)
    assert shown.code == 0
    assert "from the premise to the hypothesis" in shown.out
    assert shown.out.count("from the premise") == 1


def test_emotion(asked):
    values = asked("emotion", "The penguin is so cold.", "--json").json()
    assert values["sentiment"] in ("negative", "positive")
    assert len(values["categories"]) == 7
    shown = asked("emotion", "The penguin is so cold.")
    assert shown.code == 0
    for name in (values["sentiment"], *values["categories"], "valence", "intensity"):
        assert name in shown.out


def test_a_model_without_affect_still_tells_the_emotion(asked):
    values = asked("emotion", "The penguin is so cold.", "--json", model="cold").json()
    assert values["vad"] is None
    assert values["intensity"] is None
    assert "valence" not in asked("emotion", "The penguin is so cold.", model="cold").out


def test_quiet_prints_the_answer_alone(asked):
    shown = asked("ask", WHERE, *OPTIONS, "--quiet")
    assert "zoo" in shown.out
    assert shown.err == ""


def test_no_heavy_library_is_loaded_on_the_way_to_an_answer(models, tiny_folder, tmp_path):
    heavy = {"peft", "datasets", "sklearn", "polars", "pyarrow", "pandas", "transformers.trainer", "tensorboard"}
    code = f"""
import sys
from kgreason.cli import main
try:
    main(["ask", "{WHERE}", "--options", "zoo", "oven", "-m", {str(models["graph"])!r}, "-g", {str(tiny_folder)!r}])
finally:
    sys.stderr.write(" ".join(sys.modules))
"""
    shown = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert shown.returncode == 0, shown.stderr
    assert not heavy & set(shown.stderr.split())
