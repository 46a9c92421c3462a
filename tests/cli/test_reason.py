from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from kgreason import journal
from kgreason.config import LIMITS
from kgreason.engine import Reasoner
from kgreason.graph import KnowledgeGraph
from kgreason.nn.model import ReasoningModel
from kgreason.records import Answer
from tests.models import KNOWLEDGE, opened, tiny_config, tiny_model

WHERE = "Where would you keep a penguin?"


@pytest.fixture
def ask(run, checkpoint, tiny_folder):
    def call(*arguments, graph=tiny_folder):
        return run("ask", WHERE, "--options", "zoo", "desert", "oven", *arguments, "-g", graph, "-m", checkpoint)

    return call


def test_ask(ask):
    shown = ask()
    assert shown.code == 0
    assert "penguin is found at zoo" in shown.out
    assert "%" in shown.out
    assert "gate" in shown.err
    values = ask("--json").json()
    assert Answer.from_dict(values).choice == values["options"][0]["text"] == "zoo"
    assert ask("--quiet").err == ""


def test_ask_prints_what_the_library_answers(ask, checkpoint, tiny_folder):
    reasoner = Reasoner.from_pretrained(checkpoint, KnowledgeGraph.open(tiny_folder))
    expected = json.loads(json.dumps(reasoner.ask(WHERE, ["zoo", "desert", "oven"]).to_dict()))
    assert ask("--json").json() | {"trace": {}} == expected | {"trace": {}}


@pytest.fixture(scope="session")
def follower(tiny_base, tmp_path_factory):
    """A model that follows relations."""
    folder = tmp_path_factory.mktemp("checkpoints") / "follower"
    knowledge = replace(KNOWLEDGE, paths="follower", nodes=False, fusion=False)
    tiny_model(tiny_base, knowledge=knowledge).save_pretrained(folder)
    return folder


def test_an_open_question_is_answered_by_the_graph(run, follower, tiny_folder):
    shown = run("ask", WHERE, "-g", tiny_folder, "-m", follower)
    values = run("ask", WHERE, "-g", tiny_folder, "-m", follower, "--json").json()
    assert shown.code == 0
    assert shown.out.startswith(values["choice"])  # evidence first
    assert set(values["answers"]) <= {option["text"] for option in values["options"]}
    assert values["evidence"]["paths"]


def test_an_open_question_needs_a_model_that_follows(run, checkpoint, tiny_folder):
    failed = run("ask", WHERE, "-g", tiny_folder, "-m", checkpoint)
    assert failed.code == 2
    assert "follows no paths" in failed.err


def test_options_stand_in_their_rank_with_what_paths_add(ask):
    shown, values = ask(), ask("--json").json()
    ranked = shown.out.splitlines()[:3]
    for line, option in zip(ranked, values["options"], strict=True):
        assert line.startswith(option["text"])
        assert f"{option['probability']:.1%}" in line
        assert f"graph {option['graph_score']:+.2f}" in line
    best = values["evidence"]["paths"][0]
    assert f"{best['contribution']:+.2f}" in shown.out
    assert "oven  no path speaks for it" in shown.out


def test_ask_shows_every_options_evidence(ask):
    shown, less = ask("--all"), ask()
    assert shown.code == 0
    assert "└── no path speaks for it" in shown.out
    assert len(shown.out.splitlines()) > len(less.out.splitlines())


def test_paths_that_speak_against_every_option_are_not_called_missing(tiny_base, tiny_graph):
    model = opened(tiny_model(tiny_base))
    assert model.knowledge is not None
    assert model.knowledge.counter is not None
    torch.nn.init.constant_(model.knowledge.counter.weight, -1.0)
    answer = Reasoner(model, tiny_graph).ask(WHERE, ["zoo", "desert", "oven"])
    assert not any(option.evidence.paths for option in answer.options)
    assert answer.graph_used
    assert "none of the options" in answer.note


def test_a_model_without_k_shows_evidence_that_adds_nothing(run, tiny_base, tiny_folder, tmp_path):
    model = ReasoningModel.create(replace(tiny_config(tiny_base, knowledge=None), emotion=False))
    model.save_pretrained(tmp_path / "plain")
    asked = ("-g", tiny_folder, "-m", tmp_path / "plain")
    shown = run("ask", WHERE, "--options", "zoo", "oven", *asked)
    assert "penguin is found at zoo" in shown.out
    assert "adds nothing to the scores" in shown.out
    assert "+0.00" not in shown.out
    mood = run("emotion", "The penguin froze.", *asked, "--json").json()
    assert mood["vad"] is None
    assert "valence" not in run("emotion", "The penguin froze.", *asked).out


def test_a_question_that_the_graph_does_not_know(run, checkpoint, tiny_folder):
    shown = run("ask", "Zxqv?", "--options", "qqq", "vvv", "-g", tiny_folder, "-m", checkpoint)
    assert "The graph gave nothing: it knows no concept" in shown.out


def test_ask_obeys_edits(ask):
    shown = ask("--add", "penguin", "AtLocation", "oven", "--remove", "penguin", "AtLocation", "zoo", "--json").json()
    by_text = {option["text"]: option for option in shown["options"]}
    assert any(path["edges"][0]["origin"] == "given" for path in by_text["oven"]["evidence"]["paths"])
    assert all(len(path["edges"]) == 2 for path in by_text["zoo"]["evidence"]["paths"])


def test_ask_without_a_graph(ask):
    shown = ask(graph="none")
    assert shown.code == 0
    assert "Answered without a graph." in shown.out
    failed = ask("--add", "penguin", "AtLocation", "oven", graph="none")
    assert failed.code == 2
    assert "there is no graph" in failed.err
    values, full = ask("--json", graph="none").json(), ask("--json").json()
    text = {option["text"]: option["text_score"] for option in full["options"]}
    assert text == {option["text"]: option["score"] for option in values["options"]}


def test_ask_reads_a_context(ask, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("A penguin is kept in the zoo of the city. " * 20)
    shown = ask("--context", path)
    assert shown.code == 0
    assert "what was read most" in shown.out
    path.write_bytes(b"fine\nbad \xff\n")
    failed = ask("--context", path)
    assert failed.code == 2
    assert "text.txt, line 2: byte 0xff is not UTF-8" in failed.err
    assert ask("--context", tmp_path / "none.txt").code == 2
    with path.open("wb") as file:
        file.truncate(LIMITS.context_bytes + 1)
    assert "limit of 16777216 bytes" in ask("--context", path).err


@pytest.mark.parametrize(("count", "says"), [(1, "1 entry"), (65, "65 entries")])
def test_ask_refuses_too_few_or_too_many_options(run, checkpoint, count, says):
    options = ["--options", *(f"place {i}" for i in range(count))] if count else []
    failed = run("ask", WHERE, *options, "-g", "none", "-m", checkpoint)
    assert failed.code == 2
    assert says in failed.err
    assert failed.out == ""


def test_what_is_wrong_is_told_before_a_model_is_loaded(run, tmp_path):
    failed = run("ask", "x" * 8193, "--options", "a", "b", "-g", "none", "-m", tmp_path / "none")
    assert failed.code == 2
    assert "8,193 bytes" in failed.err
    failed = run("emotion", " ", "-g", "none")
    assert failed.code == 2
    assert "text is empty" in failed.err


def test_an_unknown_model_or_graph_is_named(run, tmp_path, tiny_folder):
    asked = ("ask", WHERE, "--options", "a", "b")
    failed = run(*asked, "-g", "none", "-m", "maxi")
    assert failed.code == 2
    assert "no checkpoint 'maxi'" in failed.err
    assert run(*asked, "-g", "none", "-m", tiny_folder).code == 2
    assert run(*asked, "-g", tmp_path / "none").code == 2


def test_entails(run, checkpoint, tiny_folder):
    asked = ("entails", "A penguin stands there.", "A bird is there.", "-g", tiny_folder, "-m", checkpoint)
    shown = run(*asked)
    assert shown.code == 0
    assert "from the premise to the hypothesis" in shown.out
    values = run(*asked, "--json").json()
    assert values["choice"] in ("entailment", "neutral", "contradiction")
    failed = run("entails", "A penguin.", "", "-g", tiny_folder, "-m", checkpoint)
    assert failed.code == 2
    assert "hypothesis is empty" in failed.err


def test_emotion(run, checkpoint, tiny_folder):
    asked = ("emotion", "The penguin froze.", "-g", tiny_folder, "-m", checkpoint)
    shown = run(*asked)
    assert shown.code == 0
    assert all(word in shown.out for word in ("sadness", "valence", "intensity"))
    values = run(*asked, "--json").json()
    assert values["sentiment"] in ("negative", "positive")
    assert len(values["vad"]) == 3
    assert len(values["categories"]) == 7


@pytest.mark.slow
def test_no_library_of_training_or_building_is_loaded(tiny_base, tiny_folder, tmp_path):
    """Message passing is left out: PyTorch Geometric itself loads pandas and pyarrow."""
    k = replace(KNOWLEDGE, nodes=False, fusion=False)
    opened(tiny_model(tiny_base, knowledge=k)).save_pretrained(tmp_path / "paths")
    code = f"""
import sys
from kgreason.cli import main
try:
    main(["ask", {WHERE!r}, "--options", "zoo", "oven", "-m", {str(tmp_path / "paths")!r}, "-g", {str(tiny_folder)!r}])
finally:
    sys.stderr.write(" ".join(sys.modules))
"""
    shown = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert shown.returncode == 0, shown.stderr
    heavy = {"peft", "datasets", "sklearn", "polars", "pyarrow", "pandas", "transformers.trainer", "tensorboard"}
    assert not heavy & set(shown.stderr.split())


def test_what_texts_prove_is_no_silence_of_the_graph(run):
    story = "Anna is the mother of Ben. Ben's sister is Carla. How is Anna related to Carla?"
    shown = run("ask", story, "--options", "mother", "aunt", "-g", "none")
    assert shown.code == 0
    assert "Anna is the mother of Carla" in shown.out
    assert "adds nothing" not in shown.out


def test_answers_are_audited_where_that_is_asked_for(ask, run, checkpoint, tmp_path, monkeypatch):
    ask("--audit", tmp_path / "log")
    monkeypatch.setenv("KGREASON_AUDIT", str(tmp_path / "log"))
    ask("--audit-text")
    run("entails", "A bird flies.", "It moves.", "-g", "none", "-m", checkpoint)
    run("emotion", "Well.", "-g", "none", "-m", checkpoint)
    rows, _ = journal.read(tmp_path / "log")
    assert [row["task"] for row in rows] == ["choice", "choice", "entailment", "emotion"]
    assert [row.get("choice") for row in rows] == [None, "zoo", None, None]
