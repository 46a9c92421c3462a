"""Files of other libraries, by their suffix."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from kgreason import guards, storage
from kgreason.config import LIMITS
from kgreason.errors import FormatError, InputError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.readers import graphml, rdf
from kgreason.graph.readers.common import Options
from kgreason.graph.schema import alias_table, assertion_table, label_table
from kgreason.interop.multigraph import write_graphml
from kgreason.interop.rdf import ntriples
from kgreason.interop.tables import frame_of, from_table, to_arrow

__all__ = ["FORMATS", "read", "write"]

#: Suffixes of the files that :func:`write` makes and :func:`read` reads.
FORMATS = (".csv", ".graphml", ".nt", ".parquet")

#: What ``kgreason graph build`` reads them with.
_READERS: Mapping[str, Callable[..., Any]] = {".graphml": graphml.read, ".nt": partial(rdf.read, syntax="ntriples")}

_LINES = 1 << 14  # written at a time


def write(graph: KnowledgeGraph, path: str | Path) -> None:
    """Writes a graph to a file, whole or not at all.

    Args:
        graph: the graph.
        path: its suffix, one of :data:`FORMATS`, is the format.

    Raises:
        InputError: another suffix, or a name that the format cannot hold.
        StorageError: the file cannot be written.

    Example:
        >>> import tempfile
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo", 2.0)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(graph, f"{folder}/zoo.nt")
        ...     read(f"{folder}/zoo.nt").digest == graph.digest
        True
    """
    path = Path(path)
    suffix = _suffix(path)
    if suffix == ".graphml":
        write_graphml(graph, path)
    elif suffix == ".nt":
        with storage.create(path) as handle:
            lines = ntriples(graph)
            while some := b"".join(islice(lines, _LINES)):
                handle.write(some)
    else:
        frame = frame_of(to_arrow(graph))
        with storage.create(path) as handle:
            frame.write_parquet(handle) if suffix == ".parquet" else frame.write_csv(handle)


def read(path: str | Path) -> KnowledgeGraph:
    """Reads a file that :func:`write` made, or one like it, as a graph in memory.

    Raises:
        InputError: another suffix, or what it holds is no graph.
        FormatError: the file is missing, too large or damaged; a GraphML file with a document type is refused.
    """
    path = Path(path)
    suffix = _suffix(path)
    if suffix in _READERS:
        from kgreason.graph.derive import derive

        chunks, labels, aliases = _READERS[suffix](path, Options(languages=None, columns={}))
        return KnowledgeGraph(derive(assertion_table(chunks), label_table(labels), alias_table(aliases)))
    import polars as pl

    if suffix == ".parquet":
        with guards.open_parquet(path) as file:
            frames = list(file.frames())
        return from_table(pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(file.names, pl.String)))
    size = storage.size(path) or 0  # a read takes the memory of its limit
    data = storage.read_limited(path, min(size, LIMITS.file_bytes))
    try:
        return from_table(pl.read_csv(io.BytesIO(data), infer_schema=False))
    except pl.exceptions.PolarsError as error:
        raise FormatError(path, f"it is no complete table ({error})", fix="Fetch the file again.") from error


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path.name!r} has the suffix {suffix!r}", fix=f"Give one of {', '.join(FORMATS)}.")
    return suffix
