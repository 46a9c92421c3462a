"""What the command writes is read in tests/export."""

from __future__ import annotations


def test_export_overwrites_nothing(run, tmp_path):
    failed = run("export", "mini", "-o", tmp_path)
    assert failed.code == 2
    assert "exists. Name a new folder." in failed.err.replace("\n", " ")


def test_export_of_no_checkpoint(run, tmp_path):
    failed = run("export", "nonsense", "-o", tmp_path / "onnx")
    assert failed.code == 2
    assert "no checkpoint 'nonsense'" in failed.err


def test_layers_are_chosen_by_samples(run, tmp_path):
    failed = run("export", "mini", "-o", tmp_path / "onnx", "--layers", "5")
    assert failed.code == 2
    assert "--layers and --dev go together" in failed.err


def test_what_cannot_be_exported_is_told_before_layers_are_tried(run, checkpoint, tmp_path):
    (tmp_path / "dev.jsonl").write_text('{"task": "choice", "question": "Why?", "options": ["a", "b"], "answer": 0}\n')
    more = ("--layers", "1", "--dev", tmp_path / "dev.jsonl", "-g", "none")
    failed = run("export", checkpoint, "-o", tmp_path / "onnx", *more)
    assert failed.code == 2
    assert "fusion of the model cannot be exported" in failed.err
    assert "try without each layer" not in failed.err
