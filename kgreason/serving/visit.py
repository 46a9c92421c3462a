"""One request on its way: its key, its permits, its deadline, and whether its client is still there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from kgreason import asking
from kgreason.errors import KGReasonError
from kgreason.records import Answer, Mood
from kgreason.serving.admission import Deadline, late
from kgreason.serving.batcher import Job
from kgreason.serving.graphs import Live
from kgreason.serving.logs import fault
from kgreason.serving.refusals import FAULT, Refusal, body, ending
from kgreason.serving.service import Service
from kgreason.serving.wire import Asked, Item

__all__ = ["Visit"]

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
Found = dict[str, Any] | KGReasonError


class Visit:
    """What a route does its work with.

    Args:
        request: as it came.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._service: Service = request.app.state.service
        self._live = self._service.graphs.live
        self._deadline = Deadline(self._service.timeout)

    async def answer(self, items: Sequence[Asked], *, several: bool) -> JSONResponse:
        """Asks the model.

        Args:
            items: what is asked.
            several: whether they are answered as a list, errors in their places.
        """
        return _written(await self._inside(items, self._submit, dear=True), several)

    async def read(
        self, items: Sequence[T], work: Callable[[Live, T], dict[str, Any]], *, dear: bool, several: bool
    ) -> JSONResponse:
        """Reads graphs, in a thread.

        Args:
            items: what is asked.
            work: gives the answer to one item.
            dear: whether it counts as asking the model does.
            several: whether they are answered as a list, errors in their places.
        """

        def begin(item: T) -> asyncio.Future[dict[str, Any]]:
            def step() -> dict[str, Any]:
                self._deadline.check()
                return work(self._live, item)

            return asyncio.wrap_future(self._service.readers.submit(step))

        return _written(await self._inside(items, begin, dear=dear), several)

    def _submit(self, item: Asked) -> asyncio.Future[dict[str, Any]]:
        asked = asking.Request(item.asked(), *item.edits(), self._deadline.check)
        job = Job(self._live[item.graph].reasoner, asked, self._deadline)

        async def told() -> dict[str, Any]:
            answer: Answer | Mood = await asyncio.wrap_future(self._service.batcher.submit(job))
            self._service.metrics.answered(answer)
            return answer.to_dict()

        return asyncio.ensure_future(told())

    async def _inside(
        self, items: Sequence[T], begin: Callable[[T], asyncio.Future[dict[str, Any]]], *, dear: bool
    ) -> list[Found]:
        """Holds permits until all items are settled, the deadline is over, or the client has gone."""
        key = self._request.scope.get("key")
        self._request.scope["about"] |= {"items": len(items), "key": None if key is None else key.name}
        permits = self._service.dear if dear else self._service.cheap
        permits.check(len(items))  # who is refused has spent nothing
        self._service.access.spend(key, len(items), dear=dear)
        with permits.held(len(items)):
            if self._service.tell is not None:
                self._request.scope["about"]["texts"] = (
                    await run_in_threadpool(_texts, self._service.tell, items) or None
                )
            begun = [_begun(begin, item) for item in items]
            running = [each for each in begun if isinstance(each, asyncio.Future)]
            gone = asyncio.ensure_future(self._left())
            try:
                await self._settled(running, gone)
            finally:
                self._deadline.gone.set()  # the model's thread drops what it has not begun
                for each in (gone, *running):
                    each.cancel()
            return [each if isinstance(each, KGReasonError) else _found(each) for each in begun]

    async def _settled(self, running: Sequence[asyncio.Future[Any]], gone: asyncio.Future[None]) -> None:
        every = asyncio.gather(*running, return_exceptions=True)
        await asyncio.wait((every, gone), timeout=max(0.0, self._deadline.left), return_when=asyncio.FIRST_COMPLETED)
        if not every.done():
            every.cancel()
            raise Refusal(499, "gone", "The client has gone") if gone.done() else late()

    async def _left(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass


def _texts(tell: Callable[[str], str], items: Sequence[object]) -> list[str]:
    """What the log says of items."""
    return [tell(text) for item in items if isinstance(item, Item) for text in item.texts()]


def _begun(begin: Callable[[T], asyncio.Future[dict[str, Any]]], item: T) -> asyncio.Future[Any] | KGReasonError:
    try:
        return begin(item)
    except KGReasonError as error:
        return error


def _found(future: asyncio.Future[dict[str, Any]]) -> Found:
    if future.cancelled():  # the model's thread has ended
        return ending()
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, KGReasonError):
        return error
    _LOG.error("an item failed", extra={"fault": fault(error)})
    return FAULT


def _written(found: Sequence[Found], several: bool) -> JSONResponse:
    if several:
        return JSONResponse({"items": [body(each) if isinstance(each, KGReasonError) else each for each in found]})
    if isinstance(found[0], KGReasonError):
        raise found[0]
    return JSONResponse(found[0])
