from __future__ import annotations

import pytest

from kgreason.interop import QuestionGraphs

WHERE = "Where would you keep penguins?"


def test_ground(run, tiny_folder):
    shown = run("ground", WHERE, "-g", tiny_folder)
    assert shown.code == 0
    assert WHERE in shown.out
    values = run("ground", WHERE, "-g", tiny_folder, "--json").json()
    mentions = {mention["surface"]: mention for mention in values["mentions"]}
    assert mentions["penguins"]["candidates"][0]["key"] == "penguin"
    assert all(WHERE[each["start"] : each["end"]] == each["surface"] for each in mentions.values())


def test_ground_says_that_it_found_nothing(run, tiny_folder):
    shown = run("ground", "Zxqv!", "-g", tiny_folder)
    assert shown.code == 0
    assert "no concept" in shown.err


def test_retrieve_shows_paths_to_each_option(run, tiny_folder):
    asked = ("retrieve", WHERE, "--options", "zoo", "desert", "oven", "-g", tiny_folder)
    shown = run(*asked)
    assert shown.code == 0
    assert "penguin is found at zoo" in shown.out
    values = run(*asked, "--json").json()
    assert list(values["paths"]) == ["zoo", "desert", "oven"]
    assert values["paths"]["zoo"][0]["edges"][0]["relation"] == "AtLocation"
    assert values["paths"]["oven"] == []


def test_edits_change_the_evidence(run, tiny_folder):
    asked = ("retrieve", WHERE, "--options", "zoo", "oven", "-g", tiny_folder, "--json")
    edited = run(*asked, "--add", "penguin", "AtLocation", "oven", "--remove", "penguin", "AtLocation", "zoo").json()
    (edge,) = edited["paths"]["oven"][0]["edges"]
    assert (edge["source"], edge["target"], edge["origin"]) == ("penguin", "oven", "given")
    assert all(len(path["edges"]) == 2 for path in edited["paths"]["zoo"])


def test_an_edit_of_another_length_is_refused(run, tiny_folder):
    failed = run("retrieve", WHERE, "--options", "zoo", "oven", "-g", tiny_folder, "--add", "penguin", "zoo")
    assert failed.code == 2
    assert "2 of 3 parts" in failed.err


def test_without_options_there_is_a_subgraph_and_no_path(run, tiny_folder):
    values = run("retrieve", WHERE, "-g", tiny_folder, "--json").json()
    assert values["nodes"] >= 1
    assert values["paths"] == {}


@pytest.mark.parametrize(("count", "says"), [(1, "1 entry"), (65, "65 entries")])
def test_too_few_or_too_many_options_are_refused(run, tiny_folder, count, says):
    failed = run("retrieve", WHERE, "--options", *(f"place {i}" for i in range(count)), "-g", tiny_folder)
    assert failed.code == 2
    assert says in failed.err
    assert "2 to 64" in failed.err


def test_a_file_is_retrieved_once(run, tiny_folder, tmp_path):
    samples = tmp_path / "samples.jsonl"
    samples.write_text(
        '{"id": "1", "task": "choice", "question": "Where are penguins?", "options": ["zoo", "oven"], "answer": 0}\n'
        '{"id": "2", "task": "choice", "question": "Zxqv?", "options": ["qqq", "vvv"], "answer": 1}\n'
    )
    asked = ("retrieve", samples, "-o", tmp_path / "out", "-g", tiny_folder, "--json")
    first = run(*asked)
    assert first.json() | {"nodes": 0} == {
        "path": first.json()["path"],
        "questions": 2,
        "with_concepts": 0.5,
        "nodes": 0,
    }
    assert "retrieve …" in first.err
    again = run(*asked)
    assert again.json() == first.json()
    assert again.err == ""
    opened = QuestionGraphs(tmp_path / "out")
    assert [data.num_options for data in opened] == [2, 2]
    assert "penguin" in opened[0].node_key


def test_a_bad_sample_is_named_by_its_line(run, tiny_folder, tmp_path):
    samples = tmp_path / "samples.jsonl"
    samples.write_text('{"task": "open", "question": "What?", "answers": ["a"]}\n{"task": "choice"}\n')
    failed = run("retrieve", samples, "-o", tmp_path / "out", "-g", tiny_folder)
    assert failed.code == 2
    assert "samples.jsonl, line 2" in failed.err
    assert not (tmp_path / "out").exists()
