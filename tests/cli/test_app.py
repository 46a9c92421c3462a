from __future__ import annotations

import os
import subprocess
import sys

import pytest

import kgreason
from kgreason import errors
from kgreason.cli import TRACEBACK, main
from kgreason.cli.app import app


def test_version(run):
    assert run("--version").out.strip() == kgreason.__version__


def test_help_lists_every_command(run):
    shown = run("--help")
    assert shown.code == 0
    for command in (
        "ask",
        "entails",
        "emotion",
        "train",
        "evaluate",
        "predict",
        "graph",
        "ground",
        "retrieve",
        "doctor",
    ):
        assert command in shown.out


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["graph", "nonsense"], ["ground"], ["ground", "text", "--nonsense"]]
)
def test_usage_errors_exit_with_2(run, arguments):
    failed = run(*arguments)
    assert failed.code == 2
    assert failed.out == ""
    assert "Error" in failed.err


#: They run until they are stopped, and their output is a protocol's.
SERVERS = {"mcp"}


def test_every_command_takes_json_and_quiet():
    families = [family.typer_instance for family in app.registered_groups if family.typer_instance]
    commands = [command for typer in (app, *families) for command in typer.registered_commands]
    assert len(commands) >= 8
    callbacks = [command.callback for command in commands if command.callback]
    lacking = {each.__name__ for each in callbacks if not {"as_json", "quiet"} <= set(each.__annotations__)}
    assert lacking == SERVERS


@pytest.fixture
def failing(monkeypatch):
    """Makes ``doctor`` fail."""

    def fail_with(error: BaseException) -> None:
        def version(_: str) -> str:
            raise error

        monkeypatch.setattr("kgreason.cli.doctor._version", version)

    return fail_with


def test_errors_of_the_tree_exit_with_2_and_others_with_1(run, failing):
    failing(errors.ConfigError("max_nodes is 0", fix="Give 1 or more."))
    assert run("doctor").code == 2
    failing(RuntimeError("of ours"))
    failed = run("doctor")
    assert failed.code == 1
    assert "RuntimeError: of ours" in failed.err
    assert TRACEBACK in failed.err


def test_a_fault_shows_where_it_arose_when_asked(failing, monkeypatch):
    monkeypatch.setenv(TRACEBACK, "1")
    failing(RuntimeError("of ours"))
    with pytest.raises(RuntimeError, match="of ours"):
        main(["doctor"])


def test_a_reader_that_leaves_early_is_no_fault(tiny_folder):
    """As in ``kgreason ... | head``: no traceback, whatever the shell's exit code."""
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "kgreason", "graph", "info", str(tiny_folder), "--json"],
        stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60,
    )  # fmt: skip
    os.close(writing)
    assert process.returncode == 1
    assert process.stderr == ""


def test_help_and_version_load_no_heavy_library(tmp_path):
    code = """
import sys
from kgreason.cli import main
try:
    main(["--help"])
finally:
    sys.stderr.write(" ".join(sys.modules))
"""
    shown = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0
    assert not {"torch", "transformers", "polars", "numba", "numpy"} & set(shown.stderr.split())
