"""Routes that read a graph: its counts, a concept, its edges, and paths between two."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import JSONResponse

from kgreason.graph import lookups
from kgreason.serving.graphs import Live
from kgreason.serving.visit import Visit

__all__ = ["router"]

router = APIRouter(prefix="/v1/graph", tags=["graph"])
Visiting = Annotated[Visit, Depends(Visit)]
Graph = Annotated[str, Query(max_length=64, examples=["default"])]
Concept = Annotated[str, Query(min_length=1, max_length=1024, examples=["penguin"])]
Number = Annotated[int, Query(description="Brought within its range where it is not.")]

MOST_EDGES, MOST_OFFSET, MOST_PATHS, MOST_HOPS = 100, 10_000, 20, 4


@router.get("/info")
async def info(visit: Visiting, graph: Graph = "default") -> JSONResponse:
    """Count what a graph holds; names the graphs that are served, and what of a question their model does not read."""

    def work(live: Live, name: str) -> dict[str, Any]:
        return {"graphs": list(live.names), "lacks": sorted(live[name].reasoner.lacks), **live[name].info}

    return await visit.read([graph], work, dear=False, several=False)


@router.get("/concept")
async def concept(visit: Visiting, name: Concept, graph: Graph = "default") -> JSONResponse:
    """Find the concepts that a name may mean, likeliest first."""

    def work(live: Live, name: str) -> dict[str, Any]:
        return {"concepts": lookups.find_concepts(live[graph].graph, name)}

    return await visit.read([name], work, dear=False, several=False)


@router.get("/neighbors")
async def neighbors(
    visit: Visiting,
    name: Concept,
    relation: Annotated[str | None, Query(max_length=1024)] = None,
    offset: Number = 0,
    limit: Number = 20,
    graph: Graph = "default",
) -> JSONResponse:
    """List the edges of a concept, heaviest first."""
    first, count = _within(offset, 0, MOST_OFFSET), _within(limit, 1, MOST_EDGES)

    def work(live: Live, name: str) -> dict[str, Any]:
        return lookups.neighbors(live[graph].graph, name, relation, offset=first, limit=count)

    return await visit.read([name], work, dear=False, several=False)


@router.get("/paths")
async def paths(
    visit: Visiting,
    start: Annotated[str, Query(alias="from", min_length=1, max_length=1024, examples=["penguin"])],
    end: Annotated[str, Query(alias="to", min_length=1, max_length=1024, examples=["zoo"])],
    max_hops: Number = 4,
    limit: Number = 5,
    graph: Graph = "default",
) -> JSONResponse:
    """Show the shortest chains of edges between two concepts, strongest first."""
    hops, count = _within(max_hops, 1, MOST_HOPS), _within(limit, 1, MOST_PATHS)

    def work(live: Live, ends: tuple[str, str]) -> dict[str, Any]:
        return lookups.paths(live[graph].graph, *ends, max_hops=hops, limit=count)

    return await visit.read([(start, end)], work, dear=False, several=False)


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))
