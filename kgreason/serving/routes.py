"""Routes that ask the model, and those that find concepts and evidence, as the commands of these names do.

Each takes one item, and with ``/batch`` behind it a list of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from kgreason.retrieval import gather
from kgreason.serving.graphs import Live
from kgreason.serving.visit import Visit
from kgreason.serving.wire import Ask, Emotion, Entails, Ground, Item, Items, Retrieve

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["reasoning"])
Visiting = Annotated[Visit, Depends(Visit)]
Answering = Callable[[Visit, Sequence[Any], bool], Awaitable[JSONResponse]]


def _add(name: str, kind: type[Item], answer: Answering, about: str) -> None:
    """A route for an item of a kind, and one for a list of them."""
    listed: Any = Items

    async def single(item: Any, visit: Visiting) -> JSONResponse:
        return await answer(visit, [item], False)

    async def batch(items: Any, visit: Visiting) -> JSONResponse:
        return await answer(visit, items.items, True)

    single.__annotations__["item"], batch.__annotations__["items"] = kind, listed[kind]  # what bodies are parsed by
    router.post(f"/{name}", name=name, summary=about)(single)
    router.post(f"/{name}/batch", name=f"{name}_batch", summary=f"{about}, for each of several items")(batch)


def _asks(visit: Visit, items: Sequence[Any], several: bool) -> Awaitable[JSONResponse]:
    return visit.answer(items, several=several)


def _reads(work: Callable[[Live, Any], dict[str, Any]], *, dear: bool) -> Answering:
    return lambda visit, items, several: visit.read(items, work, dear=dear, several=several)


def _grounded(live: Live, item: Ground) -> dict[str, Any]:
    return live[item.graph].reasoner.stages.grounder.ground(item.asked()).to_dict()


def _retrieved(live: Live, item: Retrieve) -> dict[str, Any]:
    stages = live[item.graph].reasoner.stages
    add, remove = item.edits()
    grounding = stages.grounder.ground(item.asked(), add=add)
    return gather(stages.retriever, grounding, add=add, remove=remove).to_dict()


_add("ask", Ask, _asks, "Choose among options, or name the answers that the graph holds")
_add("entails", Entails, _asks, "Say whether a premise entails, contradicts or leaves open a hypothesis")
_add("emotion", Emotion, _asks, "Tell sentiment, emotions and affect of a text")
_add("ground", Ground, _reads(_grounded, dear=False), "Find the concepts that a text names")
_add("retrieve", Retrieve, _reads(_retrieved, dear=True), "Gather the evidence of a question")
