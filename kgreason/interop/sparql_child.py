"""One SPARQL query in a process of its own, under caps that it cannot lift; started by :mod:`kgreason.interop.sparql`.

It imports nothing of kgreason, so that it starts quickly and runs isolated. The request is JSON on the standard input,
the result, or what is wrong, JSON on the standard output. A first such process loads the file into a store on the disk.
Those that answer open it to read; from then on no further file or socket can be opened, whatever the query asks for.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["answer", "load"]


def load(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Loads a file into a new store, in an empty directory.

    Args:
        asked: path, store, memory (bytes).

    Returns:
        Nothing; or fault and message.
    """
    _cap(AS=asked["memory"], CORE=0)
    try:
        from pyoxigraph import RdfFormat, Store

        store = Store(asked["store"])
        store.bulk_load(path=asked["path"], format=RdfFormat.N_TRIPLES)
        store.optimize()
        store.flush()
    except (SyntaxError, ValueError) as error:
        return {"fault": "file", "message": str(error)}
    except (OSError, RuntimeError) as error:
        return {"fault": "store", "message": str(error)}
    except MemoryError:
        return {"fault": "memory", "message": ""}
    return {}


def _cap(**caps: int) -> None:
    for name, cap in caps.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (cap, cap))


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Runs the query under its caps; this process is of no use for anything else afterwards.

    Args:
        asked: store, query, bind (variable to kind and value), rows, bytes, memory (bytes), seconds.

    Returns:
        variables, rows (of kind and value, or None) and whether they are complete; or fault and message.
    """
    _cap(AS=asked["memory"], CPU=asked["seconds"], CORE=0, FSIZE=0)
    try:
        from pyoxigraph import Store

        store = Store.read_only(asked["store"])
    except (OSError, RuntimeError, ValueError) as error:
        return {"fault": "store", "message": str(error)}
    _cap(NOFILE=0)
    try:
        return _run(store, asked)
    except (OSError, RuntimeError, SyntaxError, ValueError) as error:
        return {"fault": "query", "message": str(error)}
    except MemoryError:
        return {"fault": "memory", "message": ""}


def _run(store: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    from pyoxigraph import Literal, NamedNode, QueryBoolean, QuerySolutions, Variable

    kinds = {"iri": NamedNode, "text": Literal}
    bound = {Variable(name): kinds[kind](value) for name, (kind, value) in asked["bind"].items()}
    found = store.query(asked["query"], substitutions=bound)
    if isinstance(found, QueryBoolean):
        return {"variables": ["answer"], "rows": [[["text", str(bool(found)).lower()]]], "complete": True}
    names = [each.value for each in found.variables] if isinstance(found, QuerySolutions) else []
    rows: list[list[tuple[str, str] | None]] = []
    size = 0
    for solution in found:
        if len(rows) == asked["rows"] or size > asked["bytes"]:
            return {"variables": names or list(_TRIPLE), "rows": rows, "complete": False}
        rows.append([_term(term) for term in _terms(solution, names)])
        size += sum(len(term[1]) for term in rows[-1] if term)
    return {"variables": names or list(_TRIPLE), "rows": rows, "complete": True}


_TRIPLE = ("subject", "predicate", "object")


def _terms(solution: Any, names: list[str]) -> Iterator[Any]:
    return (solution[name] for name in names) if names else (getattr(solution, part) for part in _TRIPLE)


def _term(term: Any) -> tuple[str, str] | None:
    from pyoxigraph import BlankNode, Literal, NamedNode

    if term is None:
        return None
    if isinstance(term, NamedNode):
        return "iri", term.value
    if isinstance(term, BlankNode):
        return "text", f"_:{term.value}"
    return "text", term.value if isinstance(term, Literal) else str(term)


if __name__ == "__main__":
    request = json.load(sys.stdin)
    sys.stdout.write(json.dumps((answer if "query" in request else load)(request)))
