"""Read-only SPARQL over a graph that was exported as N-Triples, in a process that is stopped when it takes too much.

The first query loads the file into a store beside it (``FILE.nt.store``), which is named after the digest of the file:
those that follow open that in milliseconds, and a file that has changed is loaded anew.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kgreason import guards, storage
from kgreason.errors import FormatError, InputError, LimitError, StorageError
from kgreason.graph.terms import iri, name_of

__all__ = ["Rows", "query"]

_CHILD = Path(__file__).with_name("sparql_child.py")
_STORE = re.compile(r"[0-9a-f]{64}-[\w.+]+")
_TEXT_BYTES = 64 * 1024
_RESULT_BYTES = 64 * 1024**2
#: Words that reach out of the loaded file, or would change it.
_REFUSED = ("SERVICE", "FROM", "LOAD", "INSERT", "DELETE", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD")
#: What can hold such a word without meaning it: texts, comments, IRIs, variables, languages, prefixed names.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|' + r"'''(?:[^'\\]|\\.|'(?!''))*'''|"
    r'"(?:[^"\\\n\r]|\\.)*"|' + r"'(?:[^'\\\n\r]|\\.)*'|"
    r"#[^\n\r]*|<[^<>\"{}|^`\\\x00-\x20]*>|[?$]\w+|@[A-Za-z-]+|[\w.-]*:(?:[\w.:%-]|\\.)*|\w+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query found.

    Args:
        variables: of a SELECT, in its order; ``answer`` of an ASK; subject, predicate, object of a CONSTRUCT.
        rows: a value for each variable: key of a concept, name of a relation, text of a literal, or None.
        complete: False where there are more than were asked for.
    """

    variables: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    complete: bool


def query(
    path: str | Path,
    text: str,
    *,
    concepts: Mapping[str, str] | None = None,
    relations: Mapping[str, str] | None = None,
    texts: Mapping[str, str] | None = None,
    rows: int = 1000,
    seconds: float = 120,
    megabytes: int = 4096,
    progress: Callable[[str, int, int], None] | None = None,
) -> Rows:
    """Asks a SELECT, ASK, CONSTRUCT or DESCRIBE query.

    The file is loaded for the first query alone (a few seconds a million triples). What a user has typed belongs into
    ``concepts``, ``relations`` and ``texts``, never into the query: it is bound as a term and cannot become syntax. A
    SELECT has to name the variables that are bound.

    Args:
        path: an N-Triples file, as :func:`kgreason.interop.write` makes it.
        text: the query. Concepts and relations are named as :func:`kgreason.graph.terms.iri` says.
        concepts: variable, without its question mark, to the key of a concept that it stands for.
        relations: the same of relations.
        texts: the same of literals, such as labels.
        rows: at most so many.
        seconds: at most so long, once the file is loaded.
        megabytes: at most so much memory.
        progress: called with (stage, done, total).

    Raises:
        InputError: the query is no query, would change the graph, or reaches out (SERVICE, FROM, LOAD).
        LimitError: it took too long, too much memory, or is too long itself.
        FormatError: the file is missing or no N-Triples.
        StorageError: the store can be written neither beside the file nor in the cache.

    Example:
        >>> import tempfile
        >>> from kgreason.graph import KnowledgeGraph
        >>> from kgreason.interop import write
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo")]), f"{folder}/a.nt")
        ...     query(f"{folder}/a.nt", "SELECT ?place {?who <urn:kgreason:relation:AtLocation> ?place}").rows
        (('zoo',),)
    """
    _refuse(text)
    path = Path(path)
    if storage.size(path) is None:
        raise FormatError(path, "there is no such file", fix="Export a graph to it: kgreason graph export -o FILE.nt")
    if rows < 1 or seconds <= 0 or megabytes < 1:
        raise InputError(f"caps are {rows} rows, {seconds} s, {megabytes} MB", fix="Give more than nothing.")
    try:
        bind = {name: ("iri", iri(key)) for name, key in (concepts or {}).items()}
        bind |= {name: ("iri", iri(relation, relation=True)) for name, relation in (relations or {}).items()}
        bind |= {name: ("text", value.encode().decode()) for name, value in (texts or {}).items()}
    except UnicodeEncodeError as error:  # half a surrogate pair
        raise InputError(f"{error.object!r} is no Unicode text", fix="Give whole characters.") from error
    report = progress or (lambda stage, done, total: None)
    store = _store(path, megabytes, report)
    report("query", 0, 0)
    request = {"store": str(store), "query": text, "bind": bind, "rows": rows, "bytes": _RESULT_BYTES}
    found = _ask(path, {**request, "seconds": int(seconds) + 1}, megabytes, seconds)
    values = tuple(tuple(_value(term) for term in row) for row in found["rows"])
    return Rows(tuple(found["variables"]), values, found["complete"])


def _store(path: Path, megabytes: int, report: Callable[[str, int, int], None]) -> Path:
    """The store of a file as it is now, made where there is none; stores of what it was go."""
    guards.check_size(path)
    name = f"{storage.digest(path)}-{version('pyoxigraph')}"
    homes = [path.with_name(f"{path.name}.store"), storage.cache_home() / "stores" / path.name]
    if found := next((home / name for home in homes if storage.is_directory(home / name)), None):
        return found
    report("load the file", 0, 0)
    try:
        return _made(path, homes[0] / name, megabytes)
    except StorageError:  # files that are only read can be queried too
        return _made(path, homes[1] / name, megabytes)


def _made(path: Path, store: Path, megabytes: int) -> Path:
    with storage.staged(store.parent) as directory:
        _ask(path, {"path": str(path), "store": str(directory)}, megabytes, None)
        storage.settle(directory, store)
    for other in storage.entries(store.parent):
        if _STORE.fullmatch(other.name) and other != store:
            storage.remove(other)
    return store


def _ask(path: Path, request: Mapping[str, Any], megabytes: int, seconds: float | None) -> dict[str, Any]:
    """What the child says; it is killed when the time is over, and dies of itself where memory ends."""
    asked = json.dumps({**request, "memory": megabytes * 1024**2})
    try:
        ran = subprocess.run(
            [sys.executable, "-I", str(_CHILD)], input=asked, capture_output=True, encoding="utf-8", timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise LimitError(f"the query took more than {seconds:g} seconds", fix="Narrow it, or allow more.") from None
    if ran.returncode > 0:
        raise RuntimeError(f"the query's process failed: {ran.stderr[-2000:]}")
    answer: dict[str, Any] = {"fault": "memory", "message": ""} if ran.returncode else json.loads(ran.stdout)
    if (fault := answer.get("fault")) is not None:
        raise _fault(path, Path(request["store"]).parent, fault, answer["message"], megabytes)
    return answer


def _fault(path: Path, stores: Path, fault: str, message: str, megabytes: int) -> Exception:
    if fault == "file":
        return FormatError(path, f"it is no N-Triples ({message})", fix="Export the graph again.")
    if fault == "store":
        return StorageError(f"the store of {path} cannot be used: {message}", fix=f"Remove {stores}.")
    if fault == "memory":
        what = f"the query took more than {megabytes} MB, or is nested too deep"
        return LimitError(what, fix="Narrow it, or allow more.")
    return InputError(f"the query cannot be answered: {message}", fix="Correct the query.")


def _value(term: tuple[str, str] | None) -> str | None:
    return None if term is None else name_of(term[1]) if term[0] == "iri" else term[1]


def _refuse(text: str) -> None:
    """Refuses what reaches out or would change the graph, by its words.

    A number can run into a word, ``1SERVICE``, and less-than signs can look like the ends of an IRI,
    ``?a<?b)SERVICE#>``; so words count that hold a refused one, and in an IRI what comes after a closing bracket.
    Should one slip through, the process that runs the query can open no connection.
    """
    if len(text.encode("utf-8", "replace")) > _TEXT_BYTES:
        raise LimitError(f"the query is longer than {_TEXT_BYTES} bytes", fix="Shorten it.")
    for token in _TOKEN.findall(text):
        said = token.partition(")")[2] if token[0] == "<" else token if token[0].isalnum() and ":" not in token else ""
        if found := next((word for word in _REFUSED if word in said.upper()), None):
            raise InputError(f"the query says {found}", fix="Only read: SELECT, ASK, CONSTRUCT, DESCRIBE.")
