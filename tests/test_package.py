"""The package as a whole: its public names, what importing it costs, and the wheel made of it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile  # noqa: TID251 - looks into the wheel
from pathlib import Path

import pytest

import kgreason as kr

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "transformers", "torch_geometric", "polars", "pyarrow", "numba", "numpy")


def run(python: str | Path, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *arguments], cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300
    )


def test_exported_names():
    assert kr.__all__ == sorted(kr.__all__, key=lambda name: (name.startswith("_"), name))
    assert set(kr.__all__) == {*kr._HOME, "__version__"}
    for name in kr.__all__:
        assert getattr(kr, name) is not None
        assert name in dir(kr)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'KnowledgeGarph'"):
        kr.KnowledgeGarph  # noqa: B018 - looking it up is the test


def test_every_exported_class_says_where_it_lives():
    for name, home in kr._HOME.items():
        assert getattr(kr, name).__module__.startswith(home)


def test_version_is_that_of_the_distribution():
    assert kr.__version__ == importlib.metadata.version("kgreason")


def test_import_is_light(tmp_path):
    seen = run(sys.executable, "-c", "import sys, kgreason; print(*sys.modules)", cwd=tmp_path)
    assert seen.returncode == 0, seen.stderr
    assert not set(HEAVY) & set(seen.stdout.split())


@pytest.mark.parametrize(
    "room", ["graph", "grounding", "language", "metrics", "records", "retrieval", "storage", "tasks"]
)
def test_rooms_before_nn_are_free_of_torch(room, tmp_path):
    seen = run(sys.executable, "-c", f"import sys, kgreason.{room}; print(*sys.modules)", cwd=tmp_path)
    assert seen.returncode == 0, seen.stderr
    assert not {"torch", "transformers"} & set(seen.stdout.split())


@pytest.mark.slow
def test_the_wheel_works_away_from_the_checkout(tmp_path):
    built = run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
        "--wheel-dir", str(tmp_path), str(ROOT), cwd=tmp_path,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("kgreason-*.whl")
    shipped = {str(path.relative_to(ROOT)) for path in (ROOT / "kg_data").rglob("*") if path.is_file()}
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {path for path in shipped if "__pycache__" not in path} <= packed

    python = clean_environment(tmp_path / "env")
    installed = run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel), cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr
    where = run(python, "-c", "import kgreason, kg_data; print(kgreason.__file__, kg_data.__file__)", cwd=tmp_path)
    assert where.stdout.count(str(tmp_path)) == 2, where.stdout + where.stderr

    command = python.with_name("kgreason")
    shown = run(command, "graph", "info", "--json", cwd=tmp_path, KGREASON_HOME=str(tmp_path / "home"))
    assert shown.returncode == 0, shown.stderr
    assert '"nodes"' in shown.stdout
    question = ("ask", "Where would you find a penguin?", "--options", "zoo", "desert", "oven", "--json")
    asked = run(command, *question, cwd=tmp_path, KGREASON_HOME=str(tmp_path / "home"))
    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    assert answer["choice"] == "zoo"
    assert answer["graph_used"]


def clean_environment(path: Path) -> Path:
    """A new environment that reads this one's dependencies, but not this checkout."""
    venv.create(path, with_pip=True)
    (site,) = path.glob("lib/python*/site-packages")
    # As a path entry the folder gives its packages; its own .pth files, the editable install among them, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return path / "bin" / "python"
