"""``kgreason graph``: build graphs, look at them, check them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgreason.cli.arguments import factors, mapping, names
from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.picture import Html, draw
from kgreason.errors import GraphImageError

if TYPE_CHECKING:
    from rich.table import Table

    from kgreason.graph import KnowledgeGraph
    from kgreason.graph.readers import Source
    from kgreason.records import Edge

__all__ = [
    "ColumnsOption",
    "GraphArgument",
    "GraphOption",
    "LanguagesOption",
    "ReaderOption",
    "WeightOption",
    "app",
    "make_graph",
    "open_graph",
    "read_sources",
]

#: Named here as well, so that help needs no graph.
READERS = (
    "atomic, cn100k, conceptnet4, conceptnet5, facts, graphml, jsonl, jsonld, ntriples, parquet, prolog, rdfxml, "
    "senticnet, table, triples, turtle, wordnet"
)

SHOWN = 8  #: Languages, sources and licences that are listed by name.

app = typer.Typer(help="Build, inspect and check knowledge graphs.", no_args_is_help=True)

GraphOption = Annotated[str, typer.Option("--graph", "-g", help="A graph's folder; the packaged graph by default.")]
GraphArgument = Annotated[str, typer.Argument(metavar="[GRAPH]", help="A graph's folder; the packaged one by default.")]

ReaderOption = Annotated[
    str | None, typer.Option("--reader", help=f"How to read the files, if not by their look: {READERS}.")
]
LanguagesOption = Annotated[str | None, typer.Option("--languages", metavar="en,zh", help="Languages to keep.")]
ColumnsOption = Annotated[
    str | None, typer.Option("--columns", metavar="source=A,...", help="Columns of a table, by name or by number.")
]
WeightOption = Annotated[
    list[str] | None,
    typer.Option("--weight", metavar="NAME=0.5", help="Multiplies a source's weights; for each source its own."),
]


def read_sources(
    files: list[str], reader: str | None, languages: str | None, columns: str | None, weight: list[str] | None
) -> Source:
    """What files say, by the options with which a graph is built or changed."""
    from kgreason.graph import readers

    return readers.read(
        files, reader, languages=names(languages), columns=mapping(columns), weights=factors(weight or ())
    )


def open_graph(source: str, out: Output) -> KnowledgeGraph:
    """Open a graph; the first use of the packaged one builds it, which shows."""
    from kgreason.graph import KnowledgeGraph

    with out.progress() as report:
        return KnowledgeGraph.open(source, progress=report)


@app.command()
def build(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Files; folders of a graph, facts, WordNet.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The graph's folder; an older version in it stays.")],
    reader: ReaderOption = None,
    languages: LanguagesOption = None,
    columns: ColumnsOption = None,
    weight: WeightOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Build a graph from ConceptNet, ATOMIC, WordNet, SenticNet, RDF, GraphML, tables, triples or facts."""
    make_graph(read_sources(sources, reader, languages, columns, weight), output, Output(as_json, quiet))


def make_graph(source: Source, output: Path, out: Output) -> None:
    """Build a graph from what files say, and tell what it holds."""
    from kgreason.graph import KnowledgeGraph
    from kgreason.graph.build import build as build_image

    with out.progress() as report:
        path = build_image(
            source, output, labels=source.labels, aliases=source.aliases, sources=source.sources, progress=report
        )
    graph = KnowledgeGraph.open(path)
    counts = dict(graph.manifest["counts"])
    out.show(
        {"path": str(path), "digest": graph.digest, "counts": counts},
        f"{counts['nodes']:,} concepts, {counts['edges']:,} edges of {counts['assertions']:,} assertions in {output}",
    )


@app.command()
def info(graph: GraphArgument = "default", as_json: Json = False, quiet: Quiet = False) -> None:
    """Count what a graph holds, and draw its degrees."""
    from rich.table import Column, Table

    out = Output(as_json, quiet)
    opened = open_graph(graph, out)
    values = opened.info()
    values["degrees"] = _degrees(opened)
    summary = Table.grid("", Column(overflow="fold"), padding=(0, 2))
    for title, value in (
        ("concepts", f"{values['nodes']:,}"),
        ("edges", f"{values['edges']:,}"),
        ("surface forms", f"{values['forms']:,}"),
        ("degree", f"mean {values['degree']['mean']:.1f}, median {values['degree']['p50']:.0f}"),
        ("node columns", ", ".join(values["columns"]) or "none"),
        ("languages", _counted(values["languages"], "of none")),
        ("sources", _counted(values["origins"], "not stated")),
        ("licences", _counted(values["licences"], "not stated")),
        ("digest", values["digest"][:16]),
        ("folder", str(opened.path or "in memory")),
    ):
        summary.add_row(title, value)
    hubs = ", ".join(f"{opened.label(node)} ({opened.degree(node):,})" for node in range(min(5, opened.num_nodes)))
    summary.add_row("largest hubs", hubs)
    out.show(values, summary, "", _bars("edges by relation", values["relations"]), "", _degree_chart(values["degrees"]))


def _counted(counts: Mapping[str, int], unnamed: str) -> str:
    """Names with their counts, the most frequent ones first."""
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    more = [f"{len(rows) - SHOWN:,} more"] if len(rows) > SHOWN else []
    return ", ".join([*(f"{name or unnamed} ({count:,})" for name, count in rows[:SHOWN]), *more]) or unnamed


def _degrees(graph: KnowledgeGraph) -> dict[str, int]:
    """How many concepts have a degree between two powers of two."""
    import numpy as np

    degrees = np.diff(graph.ptr)
    bins = np.bincount(np.ceil(np.log2(degrees + 1)).astype(np.int64))
    spans = ["0"] + [f"{1 << i}" if i == 0 else f"{1 << i}–{(2 << i) - 1}" for i in range(len(bins) - 1)]
    return {span: int(count) for span, count in zip(spans, bins, strict=True) if count}


def _degree_chart(degrees: dict[str, int]) -> Table:
    return _bars("concepts by degree", degrees, keep_order=True)


def _bars(title: str, counts: dict[str, int], keep_order: bool = False) -> Table:
    """A table of counts with a bar each, the largest first unless their order says something."""
    from rich.bar import Bar
    from rich.table import Table

    table = Table(title, "count", "", box=None, pad_edge=False, header_style="bold")
    table.columns[1].justify = "right"
    largest = max(counts.values(), default=1)
    rows = counts.items() if keep_order else sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    for name, count in rows:
        table.add_row(name, f"{count:,}", Bar(largest, 0, count, width=40, color="cyan"))
    return table


@app.command()
def verify(graph: GraphArgument = "default", as_json: Json = False, quiet: Quiet = False) -> None:
    """Read every byte of a graph and compare it with its digests; exit code 2 if anything is damaged."""
    from kgreason.graph.index import verify_indexes
    from kgreason.graph.manifest import verify as findings

    out = Output(as_json, quiet)
    # Only the packaged graph has to be opened to know where it lies; a damaged one is told as such, not refused.
    path = open_graph(graph, out).path if graph == "default" else Path(graph)
    assert path is not None
    with out.progress() as report:
        report("verify", 0, 0)
        damaged, spoilt = findings(path), verify_indexes(path)
    found = (*damaged, *spoilt)
    out.show({"path": str(path), "ok": not found, "findings": list(found)}, *(found or (f"{path} is sound.",)))
    if found:
        again = "Build the graph again." if damaged else "Remove the index's folder, and run kgreason graph index."
        raise GraphImageError(f"{path} is damaged", fix=again)


def _edge_table(edges: Sequence[Edge], columns: Sequence[str], cells: Callable[[Edge], Sequence[str]]) -> Table:
    """A row an edge: some columns, then its weight and its words."""
    from rich.table import Table

    table = Table(*columns, "weight", "in words", box=None, pad_edge=False, header_style="bold")
    table.columns[len(columns)].justify = "right"
    for edge in edges:
        table.add_row(*cells(edge), f"{edge.weight:.4g}", edge.text)
    return table


@app.command()
def neighbors(
    concept: Annotated[str, typer.Argument(help="A concept's name or key.")],
    relation: Annotated[str | None, typer.Option("--relation", "-r", help="Only edges of this relation.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many edges.")] = 20,
    graph: GraphOption = "default",
    html: Html = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the edges of a concept, heaviest first."""
    from dataclasses import asdict

    out = Output(as_json, quiet)
    opened = open_graph(graph, out)
    node = opened.resolve(concept)
    edges = opened.neighbors(node, relation, limit)
    key, label, degree = opened.key(node), opened.label(node), opened.degree(node)

    def cells(edge: Edge) -> tuple[str, str]:
        forward = edge.source == key
        other = opened.resolve(edge.target if forward else edge.source)
        return f"{'→' if forward else '←'} {edge.relation}", opened.label(other)

    values = {"concept": key, "label": label, "degree": degree, "edges": list(map(asdict, edges))}
    out.show(values, f"{label}: {degree:,} edges", _edge_table(edges, ("relation", "other concept"), cells))
    if degree > len(edges) and relation is None:
        out.note(f"{degree - len(edges):,} more; --limit shows them.")
    if html is not None:
        from kgreason.pictures import neighbourhood

        draw(neighbourhood(opened, node, edges), html, out)


@app.command()
def match(
    source: Annotated[str | None, typer.Option("--source", "-s", help="Where edges begin: a name or KEY*.")] = None,
    relation: Annotated[str | None, typer.Option("--relation", "-r", help="Only edges of this relation.")] = None,
    target: Annotated[str | None, typer.Option("--target", "-t", help="Where edges end, likewise.")] = None,
    node: Annotated[str | None, typer.Option("--node", help="Either end of an edge.")] = None,
    other: Annotated[str | None, typer.Option("--other", help="The end that is not --node.")] = None,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Pass over so many edges.")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many edges.")] = 20,
    graph: GraphOption = "default",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the edges that fit a pattern, heaviest first; KEY* stands for all keys that begin so."""
    from dataclasses import asdict

    out = Output(as_json, quiet)
    ends = {"source": source, "relation": relation, "target": target, "node": node, "other": other}
    found = open_graph(graph, out).match(**ends, offset=offset, limit=limit + 1)
    edges = found[:limit]
    table = _edge_table(edges, ("source", "relation", "target"), lambda edge: edge.triple)
    out.show({**ends, "offset": offset, "edges": list(map(asdict, edges)), "more": len(found) > limit}, table)
    if len(found) > limit:
        out.note(f"There are more; --offset {offset + limit} shows the next.")


@app.command()
def path(
    start: Annotated[str, typer.Argument(metavar="A", help="A concept's name or key.")],
    end: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    max_hops: Annotated[int, typer.Option("--max-hops", min=1, max=8, help="No path has more edges.")] = 4,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many paths.")] = 5,
    graph: GraphOption = "default",
    html: Html = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the shortest chains of edges between two concepts, strongest first."""
    from dataclasses import asdict

    from rich.text import Text

    from kgreason.cli.evidence import NOTHING, chain
    from kgreason.graph.walk import path_between

    out = Output(as_json, quiet)
    opened = open_graph(graph, out)
    nodes = opened.resolve(start), opened.resolve(end)
    nodes = opened.resolve(start), opened.resolve(end)
    found = path_between(opened, *nodes, max_hops=max_hops, limit=limit)
    values = {"from": opened.key(nodes[0]), "to": opened.key(nodes[1]), "paths": list(map(asdict, found))}
    keys = {end for path in found for edge in path.edges for end in (edge.source, edge.target)}
    labels = {key: opened.label(opened.resolve(key)) for key in keys}
    shown = [Text(f"{opened.label(nodes[0])} to {opened.label(nodes[1])}", style="bold")]
    for path in found:
        shown += [chain(path, opened.key(nodes[0]), labels), Text(f"  {path}", style="dim")]
    out.show(values, *(shown if found else [*shown, NOTHING[False]]))
    if html is not None:
        from kgreason.pictures import paths

        draw(paths(opened, *nodes, found), html, out)
