"""Routes that ask the model, and those that find what it would read; each takes one item, or a list of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from kgreason.retrieval import gather
from kgreason.serving.graphs import Live
from kgreason.serving.visit import Visit
from kgreason.serving.wire import Ask, Emotion, Entails, Ground, Items, Retrieve

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["reasoning"])
Visiting = Annotated[Visit, Depends(Visit)]


@router.post("/ask")
async def ask(item: Ask, visit: Visiting) -> JSONResponse:
    """Choose among options, or name the answers that the graph holds."""
    return await visit.answer([item], several=False)


@router.post("/ask/batch")
async def ask_batch(items: Items[Ask], visit: Visiting) -> JSONResponse:
    """Answer several questions."""
    return await visit.answer(items.items, several=True)


@router.post("/entails")
async def entails(item: Entails, visit: Visiting) -> JSONResponse:
    """Say whether a premise entails, contradicts or leaves open a hypothesis."""
    return await visit.answer([item], several=False)


@router.post("/entails/batch")
async def entails_batch(items: Items[Entails], visit: Visiting) -> JSONResponse:
    """Judge several pairs."""
    return await visit.answer(items.items, several=True)


@router.post("/emotion")
async def emotion(item: Emotion, visit: Visiting) -> JSONResponse:
    """Tell sentiment, emotions and affect of a text."""
    return await visit.answer([item], several=False)


@router.post("/emotion/batch")
async def emotion_batch(items: Items[Emotion], visit: Visiting) -> JSONResponse:
    """Feel several texts."""
    return await visit.answer(items.items, several=True)


@router.post("/ground")
async def ground(item: Ground, visit: Visiting) -> JSONResponse:
    """Find the concepts that a text names."""
    return await visit.read([item], _ground, dear=False, several=False)


@router.post("/ground/batch")
async def ground_batch(items: Items[Ground], visit: Visiting) -> JSONResponse:
    """Ground several texts."""
    return await visit.read(items.items, _ground, dear=False, several=True)


@router.post("/retrieve")
async def retrieve(item: Retrieve, visit: Visiting) -> JSONResponse:
    """Gather the evidence of a question."""
    return await visit.read([item], _retrieve, dear=True, several=False)


@router.post("/retrieve/batch")
async def retrieve_batch(items: Items[Retrieve], visit: Visiting) -> JSONResponse:
    """Gather the evidence of several questions."""
    return await visit.read(items.items, _retrieve, dear=True, several=True)


def _ground(live: Live, item: Ground) -> dict[str, Any]:
    return live[item.graph].reasoner.stages.grounder.ground(item.asked()).to_dict()


def _retrieve(live: Live, item: Retrieve) -> dict[str, Any]:
    stages = live[item.graph].reasoner.stages
    add, remove = item.edits()
    grounding = stages.grounder.ground(item.asked(), add=add)
    return gather(stages.retriever, grounding, add=add, remove=remove).to_dict()
