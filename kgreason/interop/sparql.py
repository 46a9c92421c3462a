"""Read-only SPARQL over a graph that was exported as N-Triples, in a process that is stopped when it takes too much."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgreason import storage
from kgreason.errors import FormatError, InputError, LimitError
from kgreason.graph.terms import iri, name_of

__all__ = ["Rows", "query"]

_CHILD = Path(__file__).with_name("sparql_child.py")
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
) -> Rows:
    """Asks a SELECT, ASK, CONSTRUCT or DESCRIBE query.

    The file is loaded for each query (a few seconds a million triples). What a user has typed belongs into
    ``concepts``, ``relations`` and ``texts``, never into the query: it is bound as a term and cannot become syntax. A
    SELECT has to name the variables that are bound.

    Args:
        path: an N-Triples file, as :func:`kgreason.interop.write` makes it.
        text: the query. Concepts and relations are named as :func:`kgreason.graph.terms.iri` says.
        concepts: variable, without its question mark, to the key of a concept that it stands for.
        relations: the same of relations.
        texts: the same of literals, such as labels.
        rows: at most so many.
        seconds: at most so long, loading included.
        megabytes: at most so much memory.

    Raises:
        InputError: the query is no query, would change the graph, or reaches out (SERVICE, FROM, LOAD).
        LimitError: it took too long, too much memory, or is too long itself.
        FormatError: the file is missing or no N-Triples.

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
    memory, whole = megabytes * 1024**2, int(seconds) + 1
    request = {"path": str(path), "query": text, "bind": bind, "rows": rows, "bytes": _RESULT_BYTES}
    found = _ask({**request, "memory": memory, "seconds": whole}, seconds, megabytes)
    if (fault := found.get("fault")) is not None:
        raise _fault(path, fault, found["message"], megabytes)
    values = tuple(tuple(_value(term) for term in row) for row in found["rows"])
    return Rows(tuple(found["variables"]), values, found["complete"])


def _ask(request: Mapping[str, Any], seconds: float, megabytes: int) -> dict[str, Any]:
    """What the child says; it is killed when the time is over, and dies of itself where memory ends."""
    command = [sys.executable, "-I", str(_CHILD)]
    try:
        ran = subprocess.run(
            command, input=json.dumps(request), capture_output=True, text=True, encoding="utf-8", timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise LimitError(f"the query took more than {seconds:g} seconds", fix="Narrow it, or allow more.") from None
    if ran.returncode < 0:
        raise _fault(Path(request["path"]), "memory", "", megabytes)
    if ran.returncode:
        raise RuntimeError(f"the query's process failed: {ran.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def _fault(path: Path, fault: str, message: str, megabytes: int) -> Exception:
    if fault == "file":
        return FormatError(path, f"it is no N-Triples ({message})", fix="Export the graph again.")
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
