from __future__ import annotations

from kgreason.tasks import read_samples


def test_quiz_writes_its_splits_and_shows_three(run, tiny_folder, tmp_path):
    made = run("quiz", tiny_folder, "-o", tmp_path / "quiz", "-n", "24", "--pseudonyms", "--seed", "3")
    assert made.code == 0
    assert {path.name for path in (tmp_path / "quiz").iterdir()} == {
        "train.jsonl", "dev.jsonl", "test.jsonl", "wordings.jsonl", "quiz.json",
    }  # fmt: skip
    train = read_samples(tmp_path / "quiz" / "train.jsonl")
    assert len(train) == 24
    assert made.out.count("✓") == 3
    assert made.out.count("·") == 12
    assert all(f"✓ {question.options[question.answer or 0]}" in made.out for question in train[:3])
    assert "24 train, 2 dev, 2 test, 2 wordings" in made.out
    assert "questions: train" not in made.out


def test_quiz_of_open_questions_as_json(run, tiny_folder, tmp_path):
    made = run(
        "quiz", tiny_folder, "-o", tmp_path / "q", "-n", "6", "--pseudonyms", "--open", "--kinds", "1,2", "--json"
    )
    values = made.json()
    assert values["path"] == str(tmp_path / "q")
    assert values["counts"]["train"] == {"1": 3, "2": 3}
    assert values["config"]["form"] == "open"
    assert all(question.gold for question in read_samples(tmp_path / "q" / "test.jsonl"))


def test_quiz_shows_the_answers_of_open_questions(run, tiny_folder, tmp_path):
    shown = run("quiz", tiny_folder, "-o", tmp_path / "q", "-n", "3", "--pseudonyms", "--open", "--quiet")
    assert shown.out.count("✓") >= 3
    assert shown.err == ""


def test_quiz_borrows_names(run, tiny_folder, tmp_path, tiny_graph):
    run("quiz", tiny_folder, "-o", tmp_path / "q", "-n", "6", "--pseudonyms", "--borrowed", "1", "--quiet")
    labels = {tiny_graph.label(node) for node in range(tiny_graph.num_nodes)}
    assert any(labels.intersection(question.options) for question in read_samples(tmp_path / "q" / "train.jsonl"))
    failed = run("quiz", tiny_folder, "-o", tmp_path / "p", "--borrowed", "1")
    assert failed.code == 2
    assert "without pseudonyms" in failed.err


def test_quiz_overwrites_nothing(run, tiny_folder, tmp_path):
    (tmp_path / "quiz").mkdir()
    failed = run("quiz", tiny_folder, "-o", tmp_path / "quiz", "-n", "6", "--pseudonyms")
    assert failed.code == 2
    assert "quiz exists. Name a new folder" in failed.err.replace("\n", " ")
    assert not list((tmp_path / "quiz").iterdir())


def test_quiz_says_which_kinds_there_are(run, tiny_folder, tmp_path):
    failed = run("quiz", tiny_folder, "-o", tmp_path / "quiz", "--kinds", "1,seven")
    assert failed.code == 2
    assert "Give some of 1, 2, 3, and, not" in failed.err
