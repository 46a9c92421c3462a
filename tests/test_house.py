"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kgreason"
SOURCES = sorted(path for folder in ("kgreason", "kg_data", "tools") for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

#: Calls that write files; kgreason/disk.py is the only place for them.
WRITES = {"write_text", "write_bytes", "mkdir", "touch", "unlink", "rmdir", "rmtree", "symlink_to", "tofile", "savez"}
#: Modules that can run code hidden in data.
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
#: Keyword arguments that lower a guard.
UNSAFE_ARGUMENTS = {("allow_pickle", True), ("weights_only", False), ("trust_remote_code", True), ("shell", True)}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node, node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def imports(path: Path) -> set[str]:
    """Top-level modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_no_file_is_longer_than_500_lines():
    assert not [name(path) for path in [*SOURCES, *TESTS] if len(lines(path)) > 500]


def test_files_and_functions_are_small():
    files = [len(lines(path)) for path in SOURCES if path.name != "__init__.py"]
    functions = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
    ]
    assert statistics.median(files) <= 160
    assert statistics.quantiles(functions, n=10)[-1] <= 45


def test_only_storage_writes_files():
    def writes(path: Path, call: ast.Call) -> bool:
        """Whether a method of something else than kgreason.storage is called that writes; of disk within it."""
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        allowed = "disk" if path in (PACKAGE / "storage.py", PACKAGE / "journal.py") else "storage"
        return owner is not None and not (isinstance(owner, ast.Name) and owner.id == allowed)

    rooms = [path for path in SOURCES if path != PACKAGE / "disk.py"]
    assert not [
        f"{name(path)}:{call.lineno} {called}"
        for path in rooms
        for call, called in calls(path)
        if called in WRITES and writes(path, call)
    ]


def test_only_storage_opens_files():
    """Texts of the package itself are read where they are needed; what opens by way of storage is named here."""
    opens = {"open", "fdopen", "read_bytes"}
    by_storage = {"KnowledgeGraph.open", "MeaningIndex.open", "TextIndex.open", "cls.open", "archive.open"}
    rooms = [path for path in PACKAGE.rglob("*.py") if path.name not in {"disk.py", "storage.py"}]
    assert [
        name(path)
        for path in sorted(rooms)
        for call, called in calls(path)
        if called in opens
        and (opener := ast.unparse(call.func)) not in by_storage
        and not opener.startswith("kg_data.path(")
    ] == ["kgreason/cli/__init__.py"]  # the device that swallows what nobody reads any more


def test_nothing_unsafe_is_loaded():
    assert not [(name(path), found) for path in SOURCES if (found := UNSAFE_MODULES & imports(path))]
    assert not [
        f"{name(path)}:{node.lineno} {keyword.arg}"
        for path in SOURCES
        for node, _ in calls(path)
        for keyword in node.keywords
        if isinstance(keyword.value, ast.Constant) and (keyword.arg, keyword.value.value) in UNSAFE_ARGUMENTS
    ]


def test_every_module_has_its_test():
    modules = [path for path in PACKAGE.rglob("*.py") if path.name not in {"__init__.py", "__main__.py"}]
    mirrors = {path: ROOT / "tests" / path.relative_to(PACKAGE).with_name(f"test_{path.name}") for path in modules}
    assert not [name(path) for path, mirror in sorted(mirrors.items()) if not mirror.exists()]


def test_every_test_has_its_module():
    of_the_whole = {"test_house.py", "test_package.py"}

    def homes(path: Path) -> list[Path]:
        inside = path.relative_to(ROOT / "tests")
        subject = inside.with_name(inside.name.removeprefix("test_"))
        modules = [PACKAGE / subject, ROOT / subject]
        return [*modules, *(module.with_suffix("") / "__init__.py" for module in modules)]

    named = [path for path in TESTS if path.name.startswith("test_") and path.name not in of_the_whole]
    assert not [name(path) for path in named if not any(home.exists() for home in homes(path))]


def test_exceptions_from_rules_carry_a_code_and_a_reason():
    comment = re.compile(r"#\s*(?:type: ignore|noqa)(.*)")
    complete = re.compile(r"(\[[\w\-, ]+\]|: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)*)\s+(#|-)\s*\w")
    assert not [
        f"{name(path)}:{number}"
        for path in [*SOURCES, *TESTS]
        for number, line in enumerate(lines(path), 1)
        if (found := comment.search(line)) and not complete.match(found[1])
    ]


def tracked() -> list[Path]:
    """Files that travel with the project: known to git, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    return [path for item in listed.stdout.split("\0") if item and (path := ROOT / item).is_file()]


def test_no_machine_path_or_registry_address():
    here = re.escape(f"{ROOT.parent.as_posix()}/")
    address = re.compile(rf"{here}|/home/|/root/|(index|find)-(url|links)|https?://(localhost|127\.)")
    texts = {".py", ".toml", ".md", ".txt", ".jsonl", ".json", ""}
    assert not [
        f"{name(path)}:{number}"
        for path in tracked()
        if path.suffix in texts and path != Path(__file__)
        for number, line in enumerate(lines(path), 1)
        if address.search(line)
    ]


def test_tracked_files_stay_small():
    sizes = {path: path.stat().st_size for path in tracked()}
    assert sum(sizes.values()) <= 40 * 1024**2
    assert sum(size for path, size in sizes.items() if "facts" in path.parts) <= 14 * 1024**2
    assert max(sizes.values()) <= 10 * 1024**2


def test_licences_travel_with_the_data():
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    notice = (ROOT / "NOTICE").read_text()
    assert all(source in notice for source in ("ConceptNet 4", "WordNet", "MiniLM"))
    assert any((ROOT / "kg_data" / "licenses").iterdir())


def test_every_import_is_a_declared_dependency():
    project = PROJECT["project"]
    declared = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    distributions = {re.split(r"[<>=~! \[]", item)[0].replace("-", "_") for item in declared}
    named = {"opentelemetry"} if "opentelemetry_api" in distributions else set()  # a module of another name
    known = {"kgreason", "kg_data", "tools", "tests", *sys.stdlib_module_names, *distributions, *named}
    assert not [(name(path), unknown) for path in [*SOURCES, *TESTS] if (unknown := imports(path) - known)]


def test_constraints_cap_but_do_not_floor():
    lines = (ROOT / "tools" / "constraints.txt").read_text().splitlines()
    caps = [line for line in lines if line and not line.startswith("#")]
    assert caps
    assert all(re.fullmatch(r"[\w-]+<[\d.]+", cap) for cap in caps)
